import type {
  PolicyResource,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationPolicy,
} from "@pulumi/policy";
import { plain, type Resource, stackOf } from "./resource.ts";

/** A resource and a problem with it or with a part of it. */
export interface Fault {
  readonly resource: Resource;
  /** One sentence that says what to change. */
  readonly message: string;
}

/** A rule for a single resource. A violation is reported before the resource is made. */
export interface ResourceRule {
  readonly name: string;
  readonly description: string;
  readonly check: (resource: Resource) => readonly string[];
}

/** A rule for all resources together. A violation is reported at the end of a preview. */
export interface StackRule {
  readonly name: string;
  readonly description: string;
  readonly checkStack: (resources: readonly Resource[]) => readonly Fault[];
}

function resourceOf(given: ResourceValidationArgs | PolicyResource): Resource {
  const dependencies = "propertyDependencies" in given ? given.propertyDependencies : {};
  return {
    type: given.type,
    name: given.name,
    urn: given.urn,
    stack: stackOf(given.urn),
    props: plain(given.props),
    protect: given.opts.protect,
    sources: Object.fromEntries(
      Object.entries(dependencies).map(([property, resources]) => [property, resources.map(({ urn }) => urn)]),
    ),
  };
}

/** The rule in the form that Pulumi's policy server expects. */
export function policyOf(rule: ResourceRule | StackRule): ResourceValidationPolicy | StackValidationPolicy {
  const { name, description } = rule;
  if ("check" in rule)
    return {
      name,
      description,
      validateResource: (given, report) => {
        for (const message of rule.check(resourceOf(given))) report(`${given.name}: ${message}`);
      },
    };
  return {
    name,
    description,
    validateStack: ({ resources }, report) => {
      for (const { resource, message } of rule.checkStack(resources.map(resourceOf)))
        report(`${resource.name}: ${message}`, resource.urn);
    },
  };
}
