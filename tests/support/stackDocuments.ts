import type { ProgramRun, Registered } from "./pulumiMocks.ts";

const parsed = (document: unknown): object =>
  typeof document === "string" ? JSON.parse(document) : (document as object);

/** Every policy that a stack declares, by the file that shows it; a role's trust and permissions are in one file. */
export function policiesOf(run: ProgramRun): Readonly<Record<string, object>> {
  const files: Record<string, object> = {};
  const add = (file: string, document: object) => {
    if (file in files) throw new Error(`two policies are ${file}`);
    files[file] = document;
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
  const attached = {
    "aws:s3/bucketPolicy:BucketPolicy": "bucket",
    "aws:sqs/queuePolicy:QueuePolicy": "queue",
    "aws:sns/topicPolicy:TopicPolicy": "topic",
  };
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

/** What a stack consists of, one resource a line, by type and name. */
export function inventoryOf(run: ProgramRun): string {
  const header = ["type", "name in Pulumi", "name in AWS", "guard"];
  const rows = run.resources
    .filter(({ custom }) => custom)
    .map((resource) => {
      const { protect, retainOnDelete } = resource.options;
      const guards = [...(protect ? ["protect"] : []), ...(retainOnDelete ? ["retainOnDelete"] : [])];
      return [resource.type, resource.name, physicalName(resource), guards.join(", ") || "-"];
    })
    .sort(([type, name], [otherType, otherName]) => (`${type} ${name}` < `${otherType} ${otherName}` ? -1 : 1));
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column]!.length)));
  const lines = [header, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}

/**
 * The inputs of a stack's resources and the settings packed into its functions, down to each value, with the stack's own
 * name taken out.
 */
export async function propertiesOf(run: ProgramRun, stack: string): Promise<ReadonlyMap<string, unknown>> {
  const properties = new Map<string, unknown>();
  const asWord = new RegExp(`(?<![a-z])${stack}(?![a-z])`, "g");
  const visit = (path: string, value: unknown): void => {
    if (typeof value === "string" && /^\{\s*"/.test(value)) visit(path, JSON.parse(value));
    else if (typeof value === "object" && value !== null)
      for (const [key, child] of Object.entries(value)) visit(`${path}.${key}`, child);
    else properties.set(path, typeof value === "string" ? value.replaceAll(asWord, "<stack>") : value);
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
