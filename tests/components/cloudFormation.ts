import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root, venvPython } from "../../setup/paths.mjs";
import { type Registered, region } from "./pulumiMocks.ts";

export interface Judgement {
  readonly template: {
    readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties: object }>>;
  };
  /** What cfn-lint has against it, one a line: rule, path, message. */
  readonly findings: readonly string[];
}

/** A logical id has letters and digits only. */
const idOf = (name: string) => name.replace(/(?:^|[-_])([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/**
 * The `aws-native` resources among `resources` as a CloudFormation template, and what cfn-lint says of it. Outputs of
 * other resources stand in it as the values that the mocks gave them.
 */
export function judgeAsCloudFormation(resources: readonly Registered[]): Judgement {
  const native = resources.filter(({ type }) => type.startsWith("aws-native:"));
  const ids = new Map(native.map(({ urn, type, name }) => [urn, `${idOf(name)}${type.split(":").at(-1)}`]));
  const request = {
    region,
    resources: native.map(({ type, urn, inputs, options }) => ({
      type,
      id: ids.get(urn),
      inputs,
      after: options.dependencies.flatMap((dependency) => ids.get(dependency) ?? []),
    })),
  };
  const { status, stdout, stderr, error } = spawnSync(venvPython, [join(root, "tests/components/cloud_formation.py")], {
    input: JSON.stringify(request),
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`cfn-lint did not run: ${error?.message ?? stderr}`);
  return JSON.parse(stdout) as Judgement;
}
