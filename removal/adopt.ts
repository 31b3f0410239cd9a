import { DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { GetDatabaseCommand, GetTableCommand } from "@aws-sdk/client-glue";
import { DescribeKeyCommand } from "@aws-sdk/client-kms";
import { GetFunctionCommand } from "@aws-sdk/client-lambda";
import { GetBucketPolicyCommand, HeadBucketCommand } from "@aws-sdk/client-s3";
import packageJson from "../package.json" with { type: "json" };
import type { PlannedResource, Snapshot } from "../review/plan/snapshot/snapshot.ts";
import { type NamedStack, RemovalRefused } from "./openStack.ts";
import type { Known } from "./state.ts";

/** A resource that exists in AWS and that the stack's state does not know. */
export interface LeftBehind {
  readonly urn: string;
  readonly type: string;
  /** By which its provider reads it. */
  readonly id: string;
}

/** An entry of the file that `pulumi import --file` reads. */
interface ImportEntry {
  readonly type: string;
  readonly name: string;
  readonly logicalName: string;
  readonly id?: string;
  /** Of the provider that reads it; without one, Pulumi takes the newest that it finds. */
  readonly version?: string;
  readonly component?: true;
  readonly parent?: string;
}

/** The provider that the program uses for a type. */
const providerVersion = (type: string): string =>
  packageJson.dependencies[`@pulumi/${type.split(":")[0]}` as "@pulumi/aws" | "@pulumi/aws-native"];

const absences = [
  "NotFound",
  "NotFoundException",
  "NoSuchBucket",
  "NoSuchBucketPolicy",
  "EntityNotFoundException",
  "ResourceNotFoundException",
];

/** @returns null for what does not exist */
async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (absences.includes((error as Error).name)) return null;
    throw error;
  }
}

async function keyId({ names, clients: { kms } }: NamedStack): Promise<string | null> {
  const found = await orNull(kms.send(new DescribeKeyCommand({ KeyId: names.keyAlias })));
  if (found?.KeyMetadata?.KeyState === "PendingDeletion")
    throw new RemovalRefused(
      `the key of ${names.keyAlias} is about to be deleted, and what it encrypts with it; keep it first: aws kms cancel-key-deletion --key-id ${found.KeyMetadata.KeyId}, then aws kms enable-key with the same id`,
    );
  return found?.KeyMetadata?.KeyId ?? null;
}

const typeOf = (urn: string): string => urn.split("::")[2]!.split("$").at(-1)!;
const nameOf = (urn: string): string => urn.slice(urn.lastIndexOf("::") + 2);
const isStack = (urn: string | undefined): boolean =>
  urn === undefined || urn === "" || typeOf(urn) === "pulumi:pulumi:Stack";

/** The URN as the engine makes it, with the types of all parents in it. */
function engineUrn(urn: string, parents: Snapshot["parents"]): string {
  const parent = parents[urn];
  const type = isStack(parent) ? typeOf(urn) : `${engineUrn(parent!, parents).split("::")[2]}$${typeOf(urn)}`;
  const [scheme, project] = urn.split("::");
  return [scheme, project, type, nameOf(urn)].join("::");
}

type Find = (inputs: Readonly<Record<string, string>>, stack: NamedStack) => Promise<string | null>;

/** How each kind is looked for, in the order in which they are shown. */
const kinds: Readonly<Record<string, Find>> = {
  "aws-native:kms:Key": async (_, stack) => await keyId(stack),
  "aws-native:kms:Alias": async (_, stack) => ((await keyId(stack)) === null ? null : stack.names.keyAlias),
  "aws-native:s3:Bucket": async ({ bucketName }, { account, clients: { s3 } }) =>
    (await orNull(s3.send(new HeadBucketCommand({ Bucket: bucketName, ExpectedBucketOwner: account })))) && bucketName!,
  "aws:s3/bucketPolicy:BucketPolicy": async ({ bucket }, { clients: { s3 } }) =>
    (await orNull(s3.send(new GetBucketPolicyCommand({ Bucket: bucket })))) && bucket!,
  "aws-native:logs:LogGroup": async ({ logGroupName }, { clients: { logs } }) => {
    const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName }));
    return logGroups.some((group) => group.logGroupName === logGroupName) ? logGroupName! : null;
  },
  "aws:glue/catalogDatabase:CatalogDatabase": async ({ name }, { account, clients: { glue } }) =>
    (await orNull(glue.send(new GetDatabaseCommand({ Name: name })))) && `${account}:${name}`,
  "aws:glue/catalogTable:CatalogTable": async ({ databaseName, name }, { account, clients: { glue } }) =>
    (await orNull(glue.send(new GetTableCommand({ DatabaseName: databaseName, Name: name })))) &&
    `${account}:${databaseName}:${name}`,
};

const inOrder = (a: PlannedResource, b: PlannedResource) =>
  Object.keys(kinds).indexOf(a.type) - Object.keys(kinds).indexOf(b.type);

/**
 * A destroy always takes the functions away. If one is there and the state does not know it, then another state does.
 * @throws RemovalRefused when the stack is deployed from another state
 */
export async function refuseLiveStack(known: readonly Known[], { stack, names, clients }: NamedStack): Promise<void> {
  if (known.some(({ type }) => type === "aws:lambda/function:Function")) return;
  if ((await orNull(clients.lambda.send(new GetFunctionCommand({ FunctionName: names.promoteFunction })))) === null)
    return;
  throw new RemovalRefused(
    `${names.promoteFunction} is deployed, but not from this state of ${stack}; see which backend you are logged in to: pulumi whoami --verbose`,
  );
}

/**
 * What the program declares, AWS has and the state lacks.
 * @throws RemovalRefused when the state has another key than the one that the data is under
 */
export async function leftBehind(
  { resources, parents }: Snapshot,
  known: readonly Known[],
  stack: NamedStack,
): Promise<LeftBehind[]> {
  const ids = new Map(known.map(({ urn, id }) => [urn, id]));
  const found: LeftBehind[] = [];
  for (const { urn, type, inputs } of resources.filter(({ type }) => type in kinds).sort(inOrder)) {
    const id = await kinds[type]!(inputs as Readonly<Record<string, string>>, stack);
    if (id === null) continue;
    const stated = ids.get(engineUrn(urn, parents));
    if (stated === undefined) found.push({ urn, type, id });
    else if (type === "aws-native:kms:Key" && stated !== id)
      throw new RemovalRefused(
        `the state has the key ${stated}, but ${stack.names.keyAlias} leads to ${id}, which encrypts the data; pulumi destroy --stack ${stack.stack} forgets the one in the state and keeps the data, then call this again`,
      );
  }
  return found;
}

/** The file for `pulumi import --file`: each resource below its components, which are named first. */
export function importFile(
  found: readonly LeftBehind[],
  { parents }: Snapshot,
): { readonly resources: readonly ImportEntry[] } {
  const entries = new Map<string, ImportEntry>();
  const add = (urn: string, id?: string) => {
    if (entries.has(urn)) return;
    const parent = parents[urn];
    if (!isStack(parent)) add(parent!);
    entries.set(urn, {
      type: typeOf(urn),
      // Names of components and resources may be the same, so the URN tells them apart.
      name: urn,
      logicalName: nameOf(urn),
      ...(id === undefined ? { component: true } : { id, version: providerVersion(typeOf(urn)) }),
      ...(!isStack(parent) && { parent: parent! }),
    });
  };
  for (const { urn, id } of found) add(urn, id);
  return { resources: [...entries.values()] };
}
