import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { PolicyDocument } from "./iam/document.ts";
import { trustPolicy } from "./iam/trust.ts";
import type { Tags } from "./tags.ts";

/** What the account asks of every role. */
export interface RoleRules {
  readonly path: string;
  readonly permissionsBoundary?: string | undefined;
}

export interface ExecutionRoleArgs {
  readonly roleName: string;
  readonly description: string;
  /** The service that runs with the role. */
  readonly service: "lambda.amazonaws.com" | "glue.amazonaws.com";
  /** All that the role may do. */
  readonly policy: pulumi.Input<PolicyDocument>;
  readonly rules: RoleRules;
  readonly tags: Tags;
}

/** A role and its only policy. */
export class ExecutionRole extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  /** For resources that AWS creates only if the role already has its rights. */
  readonly policy: pulumi.Resource;

  constructor(name: string, args: ExecutionRoleArgs, opts?: pulumi.ComponentResourceOptions) {
    super("commerce:identity:ExecutionRole", name, {}, opts);

    const role = new aws.iam.Role(
      name,
      {
        name: args.roleName,
        description: args.description,
        path: args.rules.path,
        ...(args.rules.permissionsBoundary && { permissionsBoundary: args.rules.permissionsBoundary }),
        assumeRolePolicy: JSON.stringify(trustPolicy(args.service)),
        tags: args.tags,
      },
      { parent: this },
    );
    this.policy = new aws.iam.RolePolicy(
      `${name}-policy`,
      { name: args.roleName, role: role.name, policy: pulumi.jsonStringify(args.policy) },
      { parent: this },
    );

    this.arn = role.arn;
    this.registerOutputs({ arn: this.arn });
  }
}
