import { setTimeout as pause } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";

/**
 * Runs a Pulumi program against mocks and hands back all that it registered.
 *
 * Pulumi's own mocks hide failures: a throw in an `apply` makes its resource vanish, a throw in `newResource` is
 * swallowed, two resources may share one URN. Here each of these fails the run. The monitor is wrapped because options
 * such as protect never reach `newResource`.
 */

export const account = "123456789012";
export const region = "eu-central-1";

export interface RegisteredOptions {
  readonly parent: string;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  /** URNs of what has to exist before. */
  readonly dependencies: readonly string[];
}

export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly custom: boolean;
  // Inputs have the shape of their type; assertions read into it.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly inputs: any;
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

/** What each type answers. A type that is not here fails the run, so that no property is read that AWS wouldn't give. */
const answers: Readonly<Record<string, Outputs>> = {
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
    state: { arn: arn("lambda", `function:${name}`) },
  }),
  "aws:lambda/eventSourceMapping:EventSourceMapping": () => ({ id: "mapping-1" }),
  "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": named("functionName"),
  "aws:lambda/permission:Permission": named(),
  "aws:cloudwatch/eventRule:EventRule": ({ name }) => ({
    id: String(name),
    state: { arn: arn("events", `rule/${name}`) },
  }),
  "aws:cloudwatch/eventTarget:EventTarget": named("targetId"),
  "aws:cloudwatch/metricAlarm:MetricAlarm": named(),
  "aws:glue/catalogDatabase:CatalogDatabase": named(),
  "aws:glue/catalogTable:CatalogTable": named(),
  "aws:sns/topic:Topic": ({ name }) => ({ id: String(name), state: { arn: arn("sns", name) } }),
  "aws:sns/topicPolicy:TopicPolicy": named("arn"),
  "aws:sns/topicSubscription:TopicSubscription": named("endpoint"),
};

const invokes: Readonly<Record<string, Inputs>> = {
  "aws:index/getCallerIdentity:getCallerIdentity": {
    accountId: account,
    arn: `arn:aws:iam::${account}:root`,
    id: account,
    userId: account,
  },
  "aws:index/getRegion:getRegion": { region, name: region, id: region, description: "", endpoint: "" },
  "aws:index/getPartition:getPartition": {
    partition: "aws",
    id: "aws",
    dnsSuffix: "amazonaws.com",
    reverseDnsPrefix: "com.amazonaws",
  },
};

/** How the engine marks a secret in what it sends. */
const secretMark = { key: "4dabf18193072939515e22adb298388d", value: "1b47061264138c4ac30d75fd1eb44270" };

/** One secret turns the whole input around it into a wrapped value. */
function unwrap(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrap);
  if (typeof value !== "object" || value === null || pulumi.asset.Asset.isInstance(value)) return value;
  if (pulumi.asset.Archive.isInstance(value)) return value;
  const entries = value as Inputs;
  if (entries[secretMark.key] === secretMark.value) return unwrap(entries.value);
  return Object.fromEntries(Object.entries(entries).map(([key, child]) => [key, unwrap(child)]));
}

interface RegisterRequest {
  getType(): string;
  getName(): string;
  getParent(): string;
  getProtect(): boolean | undefined;
  getRetainondelete(): boolean | undefined;
  getDependenciesList(): string[];
}
type RegisterCallback = (error: unknown, response?: { getUrn(): string }) => void;

/** Generous: a run takes well under a second, but an `apply` that never settles would otherwise hang the tests. */
const settleTimeout = 20_000;

export interface RunOptions {
  readonly stack?: string;
  /** As in Pulumi.<stack>.yaml: `commerce:destroyData` to its value. */
  readonly config?: Readonly<Record<string, string>>;
}

export async function runProgram(
  program: () => Promise<object> | object,
  { stack = "dev", config = {} }: RunOptions = {},
): Promise<ProgramRun> {
  const errors: unknown[] = [];
  const resources: Registered[] = [];
  let latestInputs: unknown;

  pulumi.runtime.setAllConfig({ ...config });
  await pulumi.runtime.setMocks(
    {
      newResource({ type, name, inputs, custom }) {
        try {
          latestInputs = unwrap(inputs);
          if (!custom || type === "pulumi:pulumi:Stack") return { id: `${name}-id`, state: {} };
          const answer = answers[type];
          if (!answer) throw new Error(`no answer for type ${type} (${name})`);
          const { id, state } = answer(inputs, name);
          return { id, state: { ...inputs, ...state } };
        } catch (error) {
          errors.push(error);
          throw error;
        }
      },
      call({ token }) {
        const result = invokes[token];
        if (result) return result;
        const error = new Error(`invoke ${token} is not mocked`);
        errors.push(error);
        throw error;
      },
    },
    "commerce",
    stack,
  );

  // biome-ignore lint/suspicious/noExplicitAny: the monitor's type is not public
  const monitor = pulumi.runtime.getMonitor() as any;
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request: RegisterRequest, callback: RegisterCallback) => {
    const type = request.getType();
    const name = request.getName();
    // The mock monitor calls newResource before it first waits, so these are this request's inputs.
    latestInputs = undefined;
    let inputs: unknown;
    register(request, (error: unknown, response?: { getUrn(): string }) => {
      if (error) errors.push(error);
      const urn = response?.getUrn() ?? "";
      if (resources.some((other) => other.urn === urn)) errors.push(new Error(`two resources share the URN ${urn}`));
      resources.push({
        type,
        name,
        urn,
        custom: answers[type] !== undefined,
        inputs,
        options: {
          parent: request.getParent(),
          protect: request.getProtect() ?? false,
          retainOnDelete: request.getRetainondelete() ?? false,
          dependencies: request.getDependenciesList(),
        },
      });
      callback(error, response);
    });
    inputs = latestInputs;
  };

  // A rejection that nobody awaits is how a failed `apply` shows; mocha's own listener would blame the wrong test.
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
      pause(settleTimeout, undefined, { ref: false }).then(() => {
        throw new Error(`the program did not settle within ${settleTimeout} ms`);
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
