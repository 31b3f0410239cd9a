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

const keyType = "aws-native:kms:Key";
const functionType = "aws:lambda/function:Function";

const absences = [
  "NotFound",
  "NotFoundException",
  "NoSuchBucket",
  "NoSuchBucketPolicy",
  "EntityNotFoundException",
  "ResourceNotFoundException",
];

/** What is looked for, as its errors name it. */
interface Wanted {
  readonly type: string;
  readonly name: string;
  /** Without it AWS does not tell. */
  readonly right: string;
}

/**
 * @returns null for what does not exist
 * @throws RemovalRefused naming what AWS does not tell, and the right that is missing
 */
async function orNull<T>({ type, name, right }: Wanted, asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof RemovalRefused) throw error;
    const { name: kind, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    if (absences.includes(kind)) return null;
    const status = $metadata?.httpStatusCode;
    // HeadBucket's answer has no body, so only its status says what is wrong.
    const code = /^(Unknown|\d)/.test(kind) && status !== undefined ? `status ${status}` : kind;
    const told = `${type} ${name}: ${message === kind || message === "" ? code : `${code}: ${message}`}`;
    if (status !== 403 && !kind.startsWith("AccessDenied"))
      throw new RemovalRefused(`AWS does not say whether there is ${told}`);
    const foreign = type === "aws-native:s3:Bucket" ? ", or the bucket is another account's" : "";
    throw new RemovalRefused(`these credentials may not look for ${told}; they need ${right}${foreign}`);
  }
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

type Inputs = Readonly<Record<string, string>>;

interface Kind {
  readonly right: string;
  readonly name: (inputs: Inputs, stack: NamedStack) => string;
  /** @returns its id; null or an error for what does not exist */
  readonly find: (inputs: Inputs, stack: NamedStack, key: string | null) => Promise<string | null>;
}

/** How each kind is looked for, in the order in which they are shown. */
const kinds: Readonly<Record<string, Kind>> = {
  [keyType]: {
    right: "kms:DescribeKey",
    name: (_, { names }) => names.keyAlias,
    async find(_, { names, clients: { kms } }) {
      const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: names.keyAlias }));
      const { KeyId = null, KeyState } = KeyMetadata ?? {};
      if (KeyState !== "PendingDeletion") return KeyId;
      throw new RemovalRefused(
        `the key of ${names.keyAlias} is about to be deleted, and what it encrypts with it; keep it first: aws kms cancel-key-deletion --key-id ${KeyId}, then aws kms enable-key with the same id`,
      );
    },
  },
  "aws-native:kms:Alias": {
    right: "kms:DescribeKey",
    name: (_, { names }) => names.keyAlias,
    // The key was found by it.
    find: async (_, { names }, key) => key && names.keyAlias,
  },
  "aws-native:s3:Bucket": {
    right: "s3:ListBucket",
    name: ({ bucketName }) => bucketName!,
    async find({ bucketName }, { account, clients: { s3 } }) {
      await s3.send(new HeadBucketCommand({ Bucket: bucketName, ExpectedBucketOwner: account }));
      return bucketName!;
    },
  },
  "aws:s3/bucketPolicy:BucketPolicy": {
    right: "s3:GetBucketPolicy",
    name: ({ bucket }) => bucket!,
    async find({ bucket }, { clients: { s3 } }) {
      await s3.send(new GetBucketPolicyCommand({ Bucket: bucket }));
      return bucket!;
    },
  },
  "aws-native:logs:LogGroup": {
    right: "logs:DescribeLogGroups",
    name: ({ logGroupName }) => logGroupName!,
    async find({ logGroupName }, { clients: { logs } }) {
      const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName }));
      return logGroups.some((group) => group.logGroupName === logGroupName) ? logGroupName! : null;
    },
  },
  "aws:glue/catalogDatabase:CatalogDatabase": {
    right: "glue:GetDatabase",
    name: ({ name }) => name!,
    async find({ name }, { account, clients: { glue } }) {
      await glue.send(new GetDatabaseCommand({ Name: name }));
      return `${account}:${name}`;
    },
  },
  "aws:glue/catalogTable:CatalogTable": {
    right: "glue:GetTable",
    name: ({ databaseName, name }) => `${databaseName}.${name}`,
    async find({ databaseName, name }, { account, clients: { glue } }) {
      await glue.send(new GetTableCommand({ DatabaseName: databaseName, Name: name }));
      return `${account}:${databaseName}:${name}`;
    },
  },
};

const functionRight = "lambda:GetFunction";
/** What the look-ups need, by kind and at last for the function that tells a live stack. */
export const neededRights = [...new Set(Object.values(kinds).map(({ right }) => right)), functionRight];

const inOrder = (a: PlannedResource, b: PlannedResource) =>
  Object.keys(kinds).indexOf(a.type) - Object.keys(kinds).indexOf(b.type);

/**
 * A destroy always takes the functions away. If one is there and the state does not know it, then another state does.
 * @throws RemovalRefused when the stack is deployed from another state
 */
export async function refuseLiveStack(known: readonly Known[], { stack, names, clients }: NamedStack): Promise<void> {
  if (known.some(({ type }) => type === functionType)) return;
  const wanted = { type: functionType, name: names.promoteFunction, right: functionRight };
  const asked = clients.lambda.send(new GetFunctionCommand({ FunctionName: names.promoteFunction }));
  if ((await orNull(wanted, asked)) === null) return;
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
  let key: string | null = null;
  for (const { urn, type, inputs: planned } of resources.filter(({ type }) => type in kinds).sort(inOrder)) {
    const { right, name, find } = kinds[type]!;
    const inputs = planned as Inputs;
    const id: string | null = await orNull({ type, name: name(inputs, stack), right }, find(inputs, stack, key));
    if (id === null) continue;
    if (type === keyType) key = id;
    const stated = ids.get(engineUrn(urn, parents));
    if (stated === undefined) found.push({ urn, type, id });
    else if (type === keyType && stated !== id)
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
