import { resolve } from "node:path";
import { DeleteDatabaseCommand, DeleteTableCommand } from "@aws-sdk/client-glue";
import { DeleteAliasCommand, ScheduleKeyDeletionCommand } from "@aws-sdk/client-kms";
import { DeleteBucketCommand, DeleteBucketPolicyCommand, ListObjectVersionsCommand } from "@aws-sdk/client-s3";
import { DeleteQueueCommand } from "@aws-sdk/client-sqs";
import { asset, runtime } from "@pulumi/pulumi";
import type { Clients } from "../../local/clients.ts";
import { resources as localResources } from "../../local/resources/index.ts";
import type { Context } from "../../local/resources/resource.ts";
import { answers, account as mockAccount } from "../../review/plan/snapshot/mocks.ts";
import { compared, imported, inAws, type Values } from "./asRead.ts";
import { Empty, type Message, proto, type Served, Struct, serve, service } from "./grpc.ts";

/**
 * Stands in for the providers aws and aws-native behind the real engine. What survives a destroy (key, alias, buckets,
 * tables) is made on the local AWS and taken away there; of all other resources only the names are kept, each of which
 * can be taken once. Not proven here: the providers' own checks, and what they would call a replacement beside a name.
 */

/** Properties whose change needs a new resource: what AWS knows a resource by. */
const identity = ["aliasName", "bucket", "bucketName", "functionName", "key", "logGroupName", "name", "queueName"];

const onLocalAws: Readonly<Record<string, (id: string, clients: Clients) => Promise<unknown>>> = {
  "aws-native:kms:Key": (KeyId, { kms }) => kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 })),
  "aws-native:kms:Alias": (AliasName, { kms }) => kms.send(new DeleteAliasCommand({ AliasName })),
  "aws-native:s3:Bucket": async (Bucket, { s3 }) => {
    const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket, MaxKeys: 1 }));
    if (Versions.length + DeleteMarkers.length > 0)
      throw new Error(`BucketNotEmpty: the bucket ${Bucket} that you tried to delete is not empty`);
    await s3.send(new DeleteBucketCommand({ Bucket }));
  },
  // A bucket's notification needs one that accepts it.
  "aws-native:sqs:Queue": (QueueUrl, { sqs }) => sqs.send(new DeleteQueueCommand({ QueueUrl })),
  "aws:sqs/queuePolicy:QueuePolicy": async () => {},
  "aws:s3/bucketPolicy:BucketPolicy": (Bucket, { s3 }) => s3.send(new DeleteBucketPolicyCommand({ Bucket })),
  "aws:s3/bucketObjectv2:BucketObjectv2": async () => {},
  "aws:glue/catalogDatabase:CatalogDatabase": (id, { glue }) =>
    glue.send(new DeleteDatabaseCommand({ Name: id.split(":")[1] })),
  "aws:glue/catalogTable:CatalogTable": (id, { glue }) =>
    glue.send(new DeleteTableCommand({ DatabaseName: id.split(":")[1], Name: id.split(":")[2] })),
};

/** Making them twice is no conflict in AWS. */
const idempotent = new Set([
  "aws:sqs/queuePolicy:QueuePolicy",
  "aws:s3/bucketPolicy:BucketPolicy",
  "aws:s3/bucketObjectv2:BucketObjectv2",
]);

export interface StandIn extends Served {
  /** Whose credentials the program has. */
  account: string;
  partition: string;
  /** Types and ids of what exists. */
  existing(): string[];
  /** What a look-up throws, if it is to fail. */
  failure: string | null;
}

/** An asset or archive by its hash, as in AWS; everything else as it is. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== "object" || value === null) return value;
  const { hash } = value as { hash?: unknown };
  if ("4dabf18193072939515e22adb298388d" in value && typeof hash === "string") return hash;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, child]) => [key, comparable(child)]));
}
const textOf = (value: unknown) => JSON.stringify(comparable(value));

/** @param folder the program's, below which a provider finds its files */
export async function startStandIn(context: Context, folder: string): Promise<StandIn> {
  const provider = proto("provider_pb.js");
  const plugin = proto("plugin_pb.js");
  const made = new Map<string, { readonly inputs: Values; readonly state: Values }>();
  const keyOf = (type: string, id: string) => `${type} ${id}`;

  async function make(type: string, name: string, inputs: Message, isNew: boolean) {
    const values = runtime.deserializeProperties(inputs) as Record<string, unknown>;
    if (values.source instanceof asset.FileAsset)
      values.source = new asset.FileAsset(resolve(folder, await values.source.path));
    const mocked = JSON.stringify(answers[type]!(values, name)).replaceAll(mockAccount, context.accountId);
    const { id, state = {} } = JSON.parse(mocked) as ReturnType<(typeof answers)[string]>;
    if (isNew && made.has(keyOf(type, id)) && !idempotent.has(type) && !/key-1|mapping-1/.test(id))
      throw new Error(`AlreadyExists: ${type} ${id} already exists`);
    const found =
      type in onLocalAws && isNew
        ? await localResources[type]!(values as never, context)
        : { id: isNew ? id : undefined, outputs: state };
    const plain = inputs.toJavaScript();
    return { id: found.id ?? id, inputs: plain, state: { ...inAws(type, plain), ...found.outputs } };
  }

  const typeOf = (request: Message): string => request.getUrn().split("::")[2].split("$").at(-1);
  const standIn = { account: context.accountId, partition: "aws", failure: null as string | null };

  function lookUp(token: string, { name = "" }: { name?: string }): Values {
    if (standIn.failure !== null) throw new Error(standIn.failure);
    const { account, partition } = standIn;
    switch (token) {
      case "aws:index/getCallerIdentity:getCallerIdentity":
        return { id: account, accountId: account, arn: `arn:${partition}:iam::${account}:root`, userId: account };
      case "aws:index/getPartition:getPartition":
        return { id: partition, partition, dnsSuffix: "amazonaws.com", reverseDnsPrefix: "com.amazonaws" };
      case "aws:kms/getAlias:getAlias":
        if (made.has(keyOf("aws-native:kms:Alias", name))) return { id: name, name };
        throw new Error(`reading KMS Alias (${name}): couldn't find resource`);
      default:
        throw new Error(`${token} is a look-up that the stand-in has no answer for`);
    }
  }

  const served = await serve(
    proto("provider_grpc_pb.js").ResourceProviderService,
    service({
      handshake: () => new provider.ProviderHandshakeResponse(),
      attach: () => new Empty(),
      getPluginInfo() {
        const info = new plugin.PluginInfo();
        // Newer than any that the program asks for.
        info.setVersion("999.0.0");
        return info;
      },
      checkConfig(request) {
        const response = new provider.CheckResponse();
        response.setInputs(request.getNews());
        return response;
      },
      diffConfig: () => new provider.DiffResponse(),
      configure() {
        const response = new provider.ConfigureResponse();
        response.setSupportspreview(true);
        return response;
      },
      invoke(request) {
        const response = new provider.InvokeResponse();
        response.setReturn(Struct.fromJavaScript(lookUp(request.getTok(), request.getArgs().toJavaScript())));
        return response;
      },
      check(request) {
        const response = new provider.CheckResponse();
        response.setInputs(request.getNews());
        return response;
      },
      diff(request) {
        const [olds, news] = [request.getOldInputs(), request.getNews()].map((inputs) =>
          compared(typeOf(request), inputs.toJavaScript()),
        );
        const changed = [...new Set([...Object.keys(olds!), ...Object.keys(news!)])].filter(
          (property) => textOf(olds![property]) !== textOf(news![property]),
        );
        const response = new provider.DiffResponse();
        const { DIFF_NONE, DIFF_SOME } = provider.DiffResponse.DiffChanges;
        response.setChanges(changed.length === 0 ? DIFF_NONE : DIFF_SOME);
        response.setDiffsList(changed);
        response.setReplacesList(changed.filter((property) => identity.includes(property)));
        return response;
      },
      async create(request) {
        const response = new provider.CreateResponse();
        if (request.getPreview()) {
          response.setProperties(request.getProperties());
          return response;
        }
        const type = typeOf(request);
        const { id, inputs, state } = await make(type, request.getName(), request.getProperties(), true);
        made.set(keyOf(type, id), { inputs, state });
        response.setId(id);
        response.setProperties(Struct.fromJavaScript(state));
        return response;
      },
      async update(request) {
        const response = new provider.UpdateResponse();
        if (request.getPreview()) {
          const [olds, news] = [request.getOlds(), request.getNews()];
          response.setProperties(Struct.fromJavaScript({ ...olds.toJavaScript(), ...news.toJavaScript() }));
          return response;
        }
        const type = typeOf(request);
        const key = keyOf(type, request.getId());
        const inputs = request.getNews().toJavaScript();
        const state = { ...made.get(key)?.state, ...inAws(type, inputs) };
        made.set(key, { inputs, state });
        response.setProperties(Struct.fromJavaScript(state));
        return response;
      },
      read(request) {
        const type = typeOf(request);
        const found = made.get(keyOf(type, request.getId()));
        const response = new provider.ReadResponse();
        if (!found) return response;
        const read = imported(type, found.inputs);
        const known: Values = request.getInputs()?.toJavaScript() ?? {};
        // Of what the state knows, a refresh tells only what has become something else.
        const isImport = Object.keys(known).length === 0;
        const inputs = isImport || textOf(imported(type, known)) !== textOf(read) ? read : known;
        response.setId(request.getId());
        response.setInputs(Struct.fromJavaScript(inputs));
        response.setProperties(Struct.fromJavaScript({ ...found.state, ...(isImport && inputs) }));
        return response;
      },
      async delete(request) {
        const type = typeOf(request);
        await onLocalAws[type]?.(request.getId(), context.clients);
        made.delete(keyOf(type, request.getId()));
        const goneWith = (prefix: string) => {
          for (const key of made.keys()) if (key.startsWith(prefix)) made.delete(key);
        };
        // The settings of a function's versions go with it.
        if (type === "aws:lambda/function:Function")
          goneWith(`aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig ${request.getId()}:`);
        // A bucket that can be deleted is empty, so what was uploaded to it is gone.
        if (type === "aws-native:s3:Bucket")
          for (const key of made.keys()) if (key.includes(` ${request.getId()}/`)) made.delete(key);
        return new Empty();
      },
      cancel: () => new Empty(),
    }),
  );
  return Object.assign(standIn, served, { existing: () => [...made.keys()].sort() });
}
