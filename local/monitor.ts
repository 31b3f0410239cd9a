import * as pulumi from "@pulumi/pulumi";
import { plain, refuseUndefined, track, unwrapSecrets } from "./inputs.ts";
import { resources as known } from "./resources/index.ts";
import type { Context, Resources } from "./resources/resource.ts";

export interface Program {
  readonly project: string;
  readonly stack: string;
  readonly config: Readonly<Record<string, string>>;
  run(): Promise<object>;
}

export interface ApplyOptions {
  /** The handler of each resource type; when absent, all handlers of this folder. */
  readonly resources?: Resources;
  /** How many milliseconds to wait for the program to settle. */
  readonly timeout?: number;
  /** The resources of earlier calls. A resource with the same inputs is left as it is. This call updates the map. */
  readonly made?: Map<string, Made>;
}

/** A resource that exists, and the inputs that it was made with. */
export interface Made {
  readonly inputs: string;
  readonly result: pulumi.runtime.MockResourceResult;
}

const defaultTimeout = 120_000;
const componentPrefixes = ["pulumi:pulumi:"];

/** A resource that could not be made, or a program that failed. */
export class ApplyError extends Error {
  override readonly name = "ApplyError";
}

/** A resource's inputs as one comparable text; an asset appears as its content. */
async function textOf(value: unknown): Promise<string> {
  const comparable = async (one: unknown): Promise<unknown> => {
    if (one instanceof pulumi.asset.StringAsset) return await one.text;
    if (one instanceof pulumi.asset.FileAsset) return await one.path;
    if (one instanceof pulumi.asset.AssetArchive) return await comparable(await one.assets);
    if (Array.isArray(one)) return await Promise.all(one.map(comparable));
    if (typeof one !== "object" || one === null) return one;
    const entries = Object.entries(one).map(async ([key, child]) => [key, await comparable(child)]);
    return Object.fromEntries(await Promise.all(entries));
  };
  return JSON.stringify(await comparable(value));
}

/** Makes a resource that is new or changed. A change works only if the service accepts the create call again. */
async function createOnce(
  args: pulumi.runtime.MockResourceArgs,
  context: Context,
  resources: Resources,
  made: Map<string, Made>,
): Promise<pulumi.runtime.MockResourceResult> {
  const key = `${args.type} ${args.name}`;
  const inputs = await textOf(unwrapSecrets(args.inputs));
  const known = made.get(key);
  if (known?.inputs === inputs) return known.result;
  const result = await create(args, context, resources);
  made.set(key, { inputs, result });
  return result;
}

/** Makes a resource and returns the properties that the program may use. */
async function create(
  { type, name, inputs }: pulumi.runtime.MockResourceArgs,
  context: Context,
  resources: Resources,
): Promise<pulumi.runtime.MockResourceResult> {
  const make = Object.hasOwn(resources, type) ? resources[type] : undefined;
  if (!make) throw new Error(`the local AWS has no handler for the resource type ${type}`);
  const values = unwrapSecrets(inputs) as Record<string, unknown>;
  refuseUndefined(values, name);
  const tracked = track(values);
  const { id, outputs } = await make(tracked.inputs as never, context);
  const unread = tracked.unread();
  if (unread.length > 0) throw new Error(`the handler of ${type} does not support ${unread.join(", ")}`);
  return { id, state: { ...values, ...outputs } };
}

function lookUp(token: string, { accountId }: Context): Record<string, unknown> {
  switch (token) {
    case "aws:index/getCallerIdentity:getCallerIdentity":
      return { id: accountId, accountId, arn: `arn:aws:iam::${accountId}:root`, userId: accountId };
    case "aws:index/getPartition:getPartition":
      return { id: "aws", partition: "aws", dnsSuffix: "amazonaws.com", reverseDnsPrefix: "com.amazonaws" };
    case "pulumi:pulumi:readStackResourceOutputs":
      // Whatever is there was made by this process, so there is nothing to take over.
      return { outputs: { "urn:pulumi:any::commerce::any$aws-native:kms:Alias::any": {} } };
    default:
      throw new Error(`the local AWS has no answer to the look-up ${token}`);
  }
}

/** Waiting for the program hides errors, so each error is stored where it occurs. The first one ends the wait. */
class Failures {
  private readonly messages: string[] = [];
  private reject: (error: Error) => void = () => {};
  /** Rejects with the first failure; never resolves. */
  readonly first = new Promise<never>((_, reject) => {
    this.reject = reject;
  });

  constructor() {
    this.first.catch(() => {});
  }

  add(where: string, error: unknown): void {
    this.messages.push(`${where}: ${error instanceof Error ? error.message : String(error)}`);
    this.reject(new ApplyError(this.messages.join("\n")));
  }

  check(): void {
    if (this.messages.length > 0) throw new ApplyError(this.messages.join("\n"));
  }
}

/** A registration fails when `create` throws, and also on an input that can't be sent or a URN that is taken. */
function watchRegistrations(failures: Failures): void {
  const monitor = pulumi.runtime.getMonitor();
  if (!monitor) throw new Error("the monitor is not set");
  const urns = new Set<string>();
  const register = monitor.registerResource.bind(monitor) as (request: unknown, callback: unknown) => unknown;
  type Request = { getType(): string; getName(): string };
  type Response = { getUrn(): string };
  const watched = (request: Request, callback: (error: Error | null, response?: Response) => void) =>
    register(request, (error: Error | null, response?: Response) => {
      const label = `${request.getType()} "${request.getName()}"`;
      const urn = response?.getUrn();
      if (error) failures.add(label, error);
      else if (urn && urns.has(urn)) failures.add(label, new Error(`${urn} is registered twice`));
      if (urn) urns.add(urn);
      callback(error, response);
    });
  Object.assign(monitor, { registerResource: watched });
}

async function settle(program: Program): Promise<object> {
  const outputs = await pulumi.runtime.runInPulumiStack(async () => await program.run());
  await pulumi.runtime.disconnect();
  return outputs ?? {};
}

/**
 * Runs a Pulumi program and makes each resource that it declares on the local AWS, in the order of their dependencies.
 * @returns the stack's outputs
 * @throws ApplyError naming each resource that could not be made
 */
export async function applyProgram(
  program: Program,
  context: Context,
  { resources = known, timeout = defaultTimeout, made = new Map() }: ApplyOptions = {},
): Promise<Readonly<Record<string, unknown>>> {
  const failures = new Failures();
  const isComponent = ({ type, custom }: pulumi.runtime.MockResourceArgs) =>
    !custom || componentPrefixes.some((prefix) => type.startsWith(prefix));
  await pulumi.runtime.setMocks(
    {
      newResource: async (args) =>
        isComponent(args) ? { id: undefined, state: args.inputs } : await createOnce(args, context, resources, made),
      call: ({ token }) => lookUp(token, context),
    },
    program.project,
    program.stack,
    false,
    "organization",
  );
  pulumi.runtime.setAllConfig({ ...program.config });
  watchRegistrations(failures);

  // An `apply` that throws shows up only as an unhandled rejection.
  const onRejection = (error: unknown) => failures.add("program", error);
  process.on("unhandledRejection", onRejection);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ApplyError(`the program did not settle in ${timeout / 1000} s`)), timeout);
  });
  try {
    const outputs = await Promise.race([settle(program), failures.first, late]);
    // Rejections are reported one turn of the event loop later.
    await new Promise((resolve) => setImmediate(resolve));
    failures.check();
    return unwrapSecrets(plain(outputs)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    failures.check();
    throw error;
  } finally {
    clearTimeout(timer);
    process.off("unhandledRejection", onRejection);
  }
}
