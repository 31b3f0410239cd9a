import { setTimeout as pause } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";

/**
 * Runs a Pulumi program against mocks and returns everything that it registered.
 *
 * Pulumi's own mocks hide failures: a throw in an `apply` makes its resource vanish, a throw in `newResource` is
 * swallowed, and two resources may share one URN. Here each of these fails the run. The monitor is wrapped because
 * options such as protect never reach `newResource`.
 *
 * This folder imports only @pulumi/pulumi and nothing from the repository, because it is copied into the trees of other
 * commits to run their program.
 */

export const account = "123456789012";
export const region = "eu-central-1";

export interface RegisteredOptions {
  readonly parent: string;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  /** URNs of the resources that must exist before. */
  readonly dependencies: readonly string[];
  /** For each property, the URNs of the resources that its value comes from. */
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  /** Properties that can't change without a new resource, as far as the provider's SDK says so. */
  readonly replaceOnChanges: readonly string[];
  /** URNs under which the resource was known before. */
  readonly aliases: readonly string[];
}

export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly custom: boolean;
  // Inputs have the shape of their type; assertions read into it.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly inputs: any;
  /** The properties that AWS would add, as far as this mock makes them up: ARNs and similar. */
  readonly state: Readonly<Record<string, unknown>>;
  readonly options: RegisteredOptions;
}

export interface ProgramRun {
  readonly resources: readonly Registered[];
  readonly outputs: Readonly<Record<string, unknown>>;
  /** The only resource of that type, or of that type and name. Throws when there is none or more than one. */
  only(type: string, name?: string): Registered;
  all(type: string): readonly Registered[];
}

type Inputs = Record<string, unknown>;
type Outputs = (inputs: Inputs, name: string) => { id: string; state?: Inputs };

const arn = (service: string, resource: unknown) => `arn:aws:${service}:${region}:${account}:${resource}`;
const named =
  (field = "name"): Outputs =>
  (inputs, name) => ({ id: String(inputs[field] ?? name) });

/** The properties that the mock adds for each type. An unlisted type fails the run, so no invented property is read. */
export const answers: Readonly<Record<string, Outputs>> = {
  "aws-native:kms:Key": () => ({ id: "key-1", state: { keyId: "key-1", arn: arn("kms", "key/key-1") } }),
  "aws-native:kms:Alias": named("aliasName"),
  "aws-native:s3:Bucket": ({ bucketName }) => ({
    id: String(bucketName),
    state: { arn: `arn:aws:s3:::${bucketName}` },
  }),
  "aws-native:sqs:Queue": ({ queueName }) => {
    const queueUrl = `https://sqs.${region}.amazonaws.com/${account}/${queueName}`;
    return { id: queueUrl, state: { queueUrl, arn: arn("sqs", queueName) } };
  },
  "aws-native:logs:LogGroup": ({ logGroupName }) => ({
    id: String(logGroupName),
    state: { arn: arn("logs", `log-group:${logGroupName}:*`) },
  }),
  "aws-native:glue:Job": named(),
  "aws:s3/bucketPolicy:BucketPolicy": named("bucket"),
  "aws:s3/bucketObjectv2:BucketObjectv2": named("key"),
  "aws:sqs/queuePolicy:QueuePolicy": named("queueUrl"),
  "aws:iam/role:Role": ({ name, path }) => ({
    id: String(name),
    state: { arn: `arn:aws:iam::${account}:role${path ?? "/"}${name}` },
  }),
  "aws:iam/rolePolicy:RolePolicy": named(),
  "aws:lambda/function:Function": ({ name }) => ({
    id: String(name),
    state: {
      arn: arn("lambda", `function:${name}`),
      version: "1",
      qualifiedArn: arn("lambda", `function:${name}:1`),
    },
  }),
  "aws:lambda/eventSourceMapping:EventSourceMapping": () => ({ id: "mapping-1" }),
  "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": ({ functionName, qualifier }) => ({
    id: qualifier === undefined ? String(functionName) : `${functionName}:${qualifier}`,
  }),
  "aws:lambda/permission:Permission": named(),
  "aws:cloudwatch/eventRule:EventRule": ({ name }) => ({
    id: String(name),
    state: { arn: arn("events", `rule/${name}`) },
  }),
  "aws:cloudwatch/eventTarget:EventTarget": named("targetId"),
  "aws:cloudwatch/metricAlarm:MetricAlarm": named(),
  "aws:cloudwatch/dashboard:Dashboard": named("dashboardName"),
  "aws:glue/catalogDatabase:CatalogDatabase": named(),
  "aws:glue/catalogTable:CatalogTable": named(),
  "aws:sns/topic:Topic": ({ name }) => ({ id: String(name), state: { arn: arn("sns", name) } }),
  "aws:sns/topicPolicy:TopicPolicy": named("arn"),
  "aws:sns/topicSubscription:TopicSubscription": named("endpoint"),
};

/** For an unknown type: an ARN of the right service. */
const made =
  (type: string): Outputs =>
  (inputs, name) => ({ id: String(inputs.name ?? name), state: { arn: arn(type.split(/[:/]/)[1]!, name) } });

const invokes: Readonly<Record<string, Inputs>> = {
  "aws:index/getCallerIdentity:getCallerIdentity": {
    accountId: account,
    arn: `arn:aws:iam::${account}:root`,
    id: account,
    userId: account,
  },
  "aws:index/getPartition:getPartition": {
    partition: "aws",
    id: "aws",
    dnsSuffix: "amazonaws.com",
    reverseDnsPrefix: "com.amazonaws",
  },
  // A stack that is deployed.
  "pulumi:pulumi:readStackResourceOutputs": {
    outputs: { "urn:pulumi:any::commerce::any$aws-native:kms:Alias::any": {} },
  },
};

/** The mark with which the engine sends a secret. */
const secretMark = { key: "4dabf18193072939515e22adb298388d", value: "1b47061264138c4ac30d75fd1eb44270" };

/** Unwraps secrets: one secret turns the whole input around it into a wrapped value. */
function unwrap(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrap);
  if (typeof value !== "object" || value === null || pulumi.asset.Asset.isInstance(value)) return value;
  if (pulumi.asset.Archive.isInstance(value)) return value;
  const entries = value as Inputs;
  if (entries[secretMark.key] === secretMark.value) return unwrap(entries.value);
  return Object.fromEntries(Object.entries(entries).map(([key, child]) => [key, unwrap(child)]));
}

interface AliasSpec {
  getName(): string;
  getType(): string;
}
interface RegisterRequest {
  getType(): string;
  getName(): string;
  getParent(): string;
  getCustom(): boolean;
  getProtect(): boolean | undefined;
  getRetainondelete(): boolean | undefined;
  getDependenciesList(): string[];
  getPropertydependenciesMap(): { entries(): Iterable<[string, { getUrnsList(): string[] }]> };
  getReplaceonchangesList(): string[];
  getAliasesList(): { getUrn(): string; getSpec(): AliasSpec | undefined }[];
}
type RegisterCallback = (error: unknown, response?: { getUrn(): string }) => void;

/** The URNs of the aliases. An alias is a URN, or the name or type that the resource had under the same parent. */
function aliasUrns(request: RegisterRequest, urn: string): string[] {
  const [path, name] = [urn.slice(0, urn.lastIndexOf("::")), urn.slice(urn.lastIndexOf("::") + 2)];
  return request.getAliasesList().map((alias) => {
    const spec = alias.getSpec();
    if (!spec) return alias.getUrn();
    const typed = spec.getType() === "" ? path : path.slice(0, -request.getType().length) + spec.getType();
    return `${typed}::${spec.getName() === "" ? name : spec.getName()}`;
  });
}

/** Generous: a run takes well under a second, but an `apply` that never settles would otherwise hang the tests. */
const defaultTimeout = 20_000;

export interface RunOptions {
  readonly stack?: string;
  /** As in Pulumi.<stack>.yaml: `commerce:destroyData` to its value. */
  readonly config?: Readonly<Record<string, string>>;
  /** Answer for unknown types too instead of failing; used for the program of another commit. */
  readonly anyType?: boolean;
  /** Milliseconds within which the program has to end. */
  readonly timeout?: number;
}

export async function runProgram(
  program: () => Promise<object> | object,
  { stack = "dev", config = {}, anyType = false, timeout = defaultTimeout }: RunOptions = {},
): Promise<ProgramRun> {
  const errors: unknown[] = [];
  const resources: Registered[] = [];
  let latestInputs: unknown;
  let latestState: Inputs = {};

  pulumi.runtime.setAllConfig({ ...config });
  await pulumi.runtime.setMocks(
    {
      newResource({ type, name, inputs, custom }) {
        try {
          latestInputs = unwrap(inputs);
          if (!custom || type === "pulumi:pulumi:Stack") return { id: `${name}-id`, state: {} };
          const answer = answers[type] ?? (anyType ? made(type) : undefined);
          if (!answer) throw new Error(`no answer for type ${type} (${name})`);
          const { id, state = {} } = answer(inputs, name);
          latestState = state;
          return { id, state: { ...inputs, ...state } };
        } catch (error) {
          errors.push(error);
          throw error;
        }
      },
      call({ token }) {
        const result = invokes[token];
        const declared = config["commerce:account"];
        if (token.endsWith(":getCallerIdentity") && declared) return { ...result, accountId: declared };
        if (result) return result;
        const error = new Error(`invoke ${token} is not mocked`);
        errors.push(error);
        throw error;
      },
    },
    "commerce",
    stack,
    false,
    "organization",
  );

  // biome-ignore lint/suspicious/noExplicitAny: the monitor's type is not public
  const monitor = pulumi.runtime.getMonitor() as any;
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request: RegisterRequest, callback: RegisterCallback) => {
    const type = request.getType();
    const name = request.getName();
    // The mock monitor calls newResource before it first waits, so these are this request's inputs.
    latestInputs = undefined;
    latestState = {};
    let inputs: unknown;
    let state: Inputs = {};
    register(request, (error: unknown, response?: { getUrn(): string }) => {
      if (error) errors.push(error);
      const urn = response?.getUrn() ?? "";
      if (resources.some((other) => other.urn === urn)) errors.push(new Error(`two resources share the URN ${urn}`));
      resources.push({
        type,
        name,
        urn,
        custom: request.getCustom(),
        inputs,
        state,
        options: {
          parent: request.getParent(),
          protect: request.getProtect() ?? false,
          retainOnDelete: request.getRetainondelete() ?? false,
          dependencies: request.getDependenciesList(),
          propertyDependencies: Object.fromEntries(
            [...request.getPropertydependenciesMap().entries()].map(([property, from]) => [
              property,
              from.getUrnsList(),
            ]),
          ),
          replaceOnChanges: request.getReplaceonchangesList(),
          aliases: aliasUrns(request, urn),
        },
      });
      callback(error, response);
    });
    inputs = latestInputs;
    state = latestState;
  };

  // A failed `apply` shows only as an unhandled rejection; mocha's own listener would blame the wrong test.
  const others = process.listeners("unhandledRejection");
  const record = (reason: unknown) => errors.push(reason);
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", record);
  let outputs: Record<string, unknown> = {};
  try {
    const finished = (async () => {
      const returned = (await pulumi.runtime.runInPulumiStack(async () => program())) as object | undefined;
      await pulumi.runtime.disconnect();
      const resolved = await (pulumi.output(returned ?? {}) as unknown as { promise(): Promise<object> }).promise();
      outputs = unwrap(resolved) as Record<string, unknown>;
    })();
    await Promise.race([
      finished,
      pause(timeout, undefined, { ref: false }).then(() => {
        throw new Error(`the program did not settle within ${timeout} ms`);
      }),
    ]);
    // Rejections are reported at the end of a turn.
    await pause(0);
  } catch (error) {
    errors.push(error);
  } finally {
    process.off("unhandledRejection", record);
    for (const listener of others) process.on("unhandledRejection", listener);
  }
  if (errors.length > 0) throw errors[0];

  const all = (type: string) => resources.filter((resource) => resource.type === type);
  return {
    resources,
    outputs,
    all,
    only(type, name) {
      const found = all(type).filter((resource) => name === undefined || resource.name === name);
      if (found.length !== 1) throw new Error(`${found.length} resources are ${type} ${name ?? ""}`);
      return found[0]!;
    },
  };
}
