import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { account, region } from "./pulumiMocks.ts";

/**
 * Runs the program as `pulumi preview` does: the command that Pulumi's language host builds from Pulumi.yaml, Node's own
 * process, the SDK's own loader, and an engine on the other end of gRPC. This engine knows nothing but to say yes: a
 * resource gets its inputs back and nothing that AWS would add, so everything else is unknown, as in the first preview.
 */

const fromPulumi = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi"));
const grpc = fromPulumi("@grpc/grpc-js");
const proto = (name: string) => fromPulumi(`@pulumi/pulumi/proto/${name}`);
const empty = new (fromPulumi("google-protobuf/google/protobuf/empty_pb.js").Empty)();

// biome-ignore lint/suspicious/noExplicitAny: generated code without types of its own
type Message = any;
type Call = { readonly request: Message };
type Answer = (error: Error | null, message: Message) => void;

export interface Preview {
  readonly code: number | null;
  /** What a person would read. */
  readonly messages: readonly string[];
  /** Type and name of each resource, in the order of registration. */
  readonly registered: readonly { readonly type: string; readonly name: string }[];
  /** The stack's outputs: names, with values where they are known. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

const answers: Readonly<Record<string, object>> = {
  "aws:index/getCallerIdentity:getCallerIdentity": { accountId: account, arn: "", id: account, userId: account },
  "aws:index/getRegion:getRegion": { region, name: region, id: region, description: "", endpoint: "" },
  "aws:index/getPartition:getPartition": { partition: "aws", id: "aws", dnsSuffix: "", reverseDnsPrefix: "" },
};

export async function preview(stack: string, config: Readonly<Record<string, string>>): Promise<Preview> {
  const resource = proto("resource_pb.js");
  const engine = proto("engine_pb.js");
  const provider = proto("provider_pb.js");
  const { Struct } = fromPulumi("google-protobuf/google/protobuf/struct_pb.js");
  const messages: string[] = [];
  const registered: { type: string; name: string }[] = [];
  let outputs: Record<string, unknown> = {};

  const server = new grpc.Server({ "grpc.max_receive_message_length": 64 * 1024 * 1024 });
  const nothing = (_: Call, answer: Answer) => answer(null, empty);
  server.addService(proto("resource_grpc_pb.js").ResourceMonitorService, {
    supportsFeature({ request }: Call, answer: Answer) {
      const response = new resource.SupportsFeatureResponse();
      response.setHassupport(["secrets", "resourceReferences", "outputValues"].includes(request.getId()));
      answer(null, response);
    },
    invoke({ request }: Call, answer: Answer) {
      const found = answers[request.getTok()];
      const response = new provider.InvokeResponse();
      response.setReturn(Struct.fromJavaScript(found ?? {}));
      answer(found ? null : new Error(`no answer for ${request.getTok()}`), response);
    },
    registerResource({ request }: Call, answer: Answer) {
      const [type, name] = [request.getType(), request.getName()];
      registered.push({ type, name });
      const response = new resource.RegisterResourceResponse();
      response.setUrn(`urn:pulumi:${stack}::commerce::${type}::${name}`);
      response.setId(request.getCustom() ? "" : "component");
      response.setObject(request.getObject());
      answer(null, response);
    },
    registerResourceOutputs({ request }: Call, answer: Answer) {
      if (request.getUrn().includes("::pulumi:pulumi:Stack::")) outputs = request.getOutputs().toJavaScript();
      answer(null, empty);
    },
    signalAndWaitForShutdown: nothing,
  });
  let rootUrn = "";
  server.addService(proto("engine_grpc_pb.js").EngineService, {
    log({ request }: Call, answer: Answer) {
      if (request.getSeverity() > 0) messages.push(request.getMessage());
      answer(null, empty);
    },
    getRootResource(_: Call, answer: Answer) {
      const response = new engine.GetRootResourceResponse();
      response.setUrn(rootUrn);
      answer(null, response);
    },
    setRootResource({ request }: Call, answer: Answer) {
      rootUrn = request.getUrn();
      answer(null, new engine.SetRootResourceResponse());
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error: Error | null, bound: number) =>
      error ? reject(error) : resolve(bound),
    ),
  );

  const { name, main, runtime } = parse(readFileSync("Pulumi.yaml", "utf8"));
  const address = `127.0.0.1:${port}`;
  const run = join(dirname(fromPulumi.resolve("@pulumi/pulumi/package.json")), "cmd/run");
  const child = spawn(
    process.execPath,
    [
      ...runtime.options.nodeargs.split(" "),
      run,
      ...["--monitor", address, "--engine", address, "--organization", "organization"],
      ...["--project", name, "--stack", stack, "--pwd", process.cwd(), "--parallel", "16", "--dry-run"],
      main,
    ],
    {
      env: {
        ...process.env,
        PULUMI_NODEJS_TYPESCRIPT: String(runtime.options.typescript),
        PULUMI_CONFIG: JSON.stringify(config),
        PULUMI_CONFIG_SECRET_KEYS: "[]",
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => messages.push(String(text)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  server.forceShutdown();
  return { code, messages, registered, outputs };
}
