import type { ProgramRun, Registered } from "./pulumiMocks.ts";

const parsed = (document: unknown): object =>
  typeof document === "string" ? JSON.parse(document) : (document as object);

/** Takes the stack's own name out. */
const withoutStack = (text: string, stack: string) =>
  text.replaceAll(new RegExp(`(?<![a-z])${stack}(?![a-z])`, "g"), "<stack>");

/**
 * Every policy that a stack declares, by the file that shows it; a role's trust and permissions are in one file, and so
 * are the buckets whose policies differ in the bucket's name alone.
 */
export function policiesOf(run: ProgramRun, stack: string): Readonly<Record<string, string>> {
  const files: Record<string, string> = {};
  const add = (file: string, document: object, own = "") => {
    const text = withoutStack(`${JSON.stringify(document, null, 2)}\n`, stack);
    const shown = own === "" ? text : text.replaceAll(`-${own}-`, "-<bucket>-");
    if (file in files && files[file] !== shown) throw new Error(`two policies are ${file}`);
    files[file] = shown;
  };
  const short = (name: string) => name.replace(/^commerce-/, "").replace(/-policy$/, "");

  for (const { name, inputs, urn } of run.all("aws:iam/role:Role")) {
    const permissions = run
      .all("aws:iam/rolePolicy:RolePolicy")
      .filter(({ options }) => options.dependencies.includes(urn));
    add(`${short(name)}.json`, {
      trust: parsed(inputs.assumeRolePolicy),
      permissions: permissions.map((policy) => parsed(policy.inputs.policy)),
    });
  }
  for (const { inputs } of run.all("aws-native:kms:Key")) add("key.json", parsed(inputs.keyPolicy));
  for (const { name, inputs } of run.all("aws:s3/bucketPolicy:BucketPolicy"))
    add("bucket.json", parsed(inputs.policy), short(name));
  const attached = { "aws:sqs/queuePolicy:QueuePolicy": "queue", "aws:sns/topicPolicy:TopicPolicy": "topic" };
  for (const [type, kind] of Object.entries(attached))
    for (const { name, inputs } of run.all(type)) add(`${kind}-${short(name)}.json`, parsed(inputs.policy));
  return files;
}

/** The name in AWS, where a resource has one that the program chooses. */
export const physicalName = ({ inputs }: Registered): string =>
  inputs.bucketName ??
  inputs.queueName ??
  inputs.logGroupName ??
  inputs.aliasName ??
  inputs.name ??
  inputs.targetId ??
  // A hash of the content would change the inventory with every line of code.
  inputs.key?.replace(/[0-9a-f]{32}/, "<hash>") ??
  "-";

/**
 * What the stacks consist of, one resource a line, by type and name; `-` where a stack guards it by nothing. Then how
 * long the buckets keep what they hold.
 */
export function inventoryOf(runs: Readonly<Record<string, ProgramRun>>): string {
  const rows = new Map<string, string[]>();
  for (const [column, [stack, run]] of Object.entries(runs).entries())
    for (const resource of run.resources.filter(({ custom }) => custom)) {
      const { type, name, options } = resource;
      const guards = [...(options.protect ? ["protect"] : []), ...(options.retainOnDelete ? ["retainOnDelete"] : [])];
      const physical = withoutStack(physicalName(resource), stack);
      const row = rows.get(`${type} ${name}`) ?? [type, name, physical, ...Object.keys(runs).map(() => "not there")];
      if (row[2] !== physical) throw new Error(`${name} is ${row[2]} in one stack and ${physical} in another`);
      row[3 + column] = guards.join(", ") || "-";
      rows.set(`${type} ${name}`, row);
    }
  const header = ["type", "name in Pulumi", "name in AWS", ...Object.keys(runs).map((stack) => `guard in ${stack}`)];
  const sorted = [...rows].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, row]) => row);
  return `${aligned([header, ...sorted])}\n${aligned(retentionsOf(Object.entries(runs)))}`;
}

/** A table in which every column is as wide as its widest cell. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  "));
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}

/** How long each stack's buckets keep an object and, where they keep versions, one that is no longer current. */
function retentionsOf(runs: readonly [string, ProgramRun][]): string[][] {
  const bucketType = "aws-native:s3:Bucket";
  const days = (count: number | undefined) => (count === undefined ? "none" : `${count} days`);
  const limits = ({ inputs }: Registered) => {
    // biome-ignore lint/suspicious/noExplicitAny: inputs have the shape of their type
    const rules: any[] = inputs.lifecycleConfiguration.rules;
    const age = days(rules.find(({ expirationInDays }) => expirationInDays)?.expirationInDays);
    const old = rules.find(({ noncurrentVersionExpiration: expiry }) => expiry)?.noncurrentVersionExpiration;
    return inputs.versioningConfiguration ? `${age}, old versions ${days(old?.noncurrentDays)}` : age;
  };
  const names = runs[0]![1].all(bucketType).map(({ name }) => name);
  return [
    ["bucket in Pulumi", ...runs.map(([stack]) => `age limit in ${stack}`)],
    ...names.sort().map((name) => [name, ...runs.map(([, run]) => limits(run.only(bucketType, name)))]),
  ];
}

/**
 * The inputs of a stack's resources and the settings packed into its functions, down to each value, with the stack's own
 * name taken out.
 */
export async function propertiesOf(run: ProgramRun, stack: string): Promise<ReadonlyMap<string, unknown>> {
  const properties = new Map<string, unknown>();
  const visit = (path: string, value: unknown): void => {
    if (typeof value === "string" && /^\{\s*"/.test(value)) visit(path, JSON.parse(value));
    else if (typeof value === "object" && value !== null)
      for (const [key, child] of Object.entries(value)) visit(`${path}.${key}`, child);
    else properties.set(path, typeof value === "string" ? withoutStack(value, stack) : value);
  };
  for (const { type, name, inputs } of run.resources.filter(({ custom }) => custom)) {
    const { code, ...others } = inputs;
    visit(`${type.split(":").at(-1)} ${name}`, {
      ...others,
      ...(code && { settings: await (await code.assets)["settings.json"].text }),
    });
  }
  return properties;
}
