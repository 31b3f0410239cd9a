import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Registered } from "../components/pulumiMocks.ts";

/**
 * The policy pack as Pulumi's language host starts it: Node on the SDK's own entry point, in the pack's folder, asked
 * over gRPC as the engine asks.
 */

const fromPulumi = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi"));
const grpc = fromPulumi("@grpc/grpc-js");
const analyzer = fromPulumi("@pulumi/pulumi/proto/analyzer_pb.js");
const { AnalyzerClient } = fromPulumi("@pulumi/pulumi/proto/analyzer_grpc_pb.js");
const { Struct } = fromPulumi("google-protobuf/google/protobuf/struct_pb.js");
const { serializeProperties, unknownValue } = fromPulumi("@pulumi/pulumi/runtime/rpc.js");

/** How the engine sends what a preview can't know. */
export const unknown: string = unknownValue;

export interface Violation {
  readonly policy: string;
  /** What is said below the policy's own description. */
  readonly message: string;
  readonly mandatory: boolean;
}

export interface PolicyServer {
  readonly policies: readonly string[];
  /** Everything that the pack says of these resources: one by one, but for those that `passed` before, then together. */
  analyze(resources: readonly Registered[], passed?: readonly Registered[]): Promise<readonly Violation[]>;
  stop(): Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: generated code without types of its own
type Message = any;

async function filled(
  message: Message,
  { type, name, urn, options }: Registered,
  properties: object,
): Promise<Message> {
  const resourceOptions = new analyzer.AnalyzerResourceOptions();
  resourceOptions.setProtect(options.protect);
  message.setType(type);
  message.setName(name);
  message.setUrn(urn);
  message.setOptions(resourceOptions);
  message.setProperties(Struct.fromJavaScript(await serializeProperties(name, properties)));
  return message;
}

async function stackResource(resource: Registered): Promise<Message> {
  const message = await filled(new analyzer.AnalyzerResource(), resource, { ...resource.inputs, ...resource.state });
  message.setParent(resource.options.parent);
  for (const [property, urns] of Object.entries(resource.options.propertyDependencies)) {
    const from = new analyzer.AnalyzerPropertyDependencies();
    from.setUrnsList(urns);
    message.getPropertydependenciesMap().set(property, from);
  }
  return message;
}

export async function startPolicyServer(): Promise<PolicyServer> {
  const folder = resolve("policy");
  const run = join(dirname(fromPulumi.resolve("@pulumi/pulumi/package.json")), "cmd/run-policy-pack");
  const child = spawn(process.execPath, [run, "127.0.0.1:1", folder], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let complaints = "";
  child.stderr.on("data", (text) => {
    complaints += text;
  });
  const ended = new Promise<void>((done) => child.on("close", () => done()));
  const port = await Promise.race([
    new Promise<string>((found) => createInterface(child.stdout).once("line", found)),
    ended.then(() => {
      throw new Error(`the policy pack did not start: ${complaints}`);
    }),
  ]);
  const client = new AnalyzerClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
    "grpc.max_send_message_length": 64 * 1024 * 1024,
  });
  const call = (method: string, request: Message): Promise<Message> =>
    new Promise((answered, failed) =>
      client[method](request, (error: Error | null, response: Message) => (error ? failed(error) : answered(response))),
    );
  const violations = (response: Message): Violation[] =>
    response.getDiagnosticsList().map((diagnostic: Message) => ({
      policy: diagnostic.getPolicyname(),
      message: diagnostic.getMessage().slice(diagnostic.getDescription().length).trim(),
      mandatory: diagnostic.getEnforcementlevel() === analyzer.EnforcementLevel.MANDATORY,
    }));

  const info = await call("getAnalyzerInfo", new (fromPulumi("google-protobuf/google/protobuf/empty_pb.js").Empty)());
  return {
    policies: info.getPoliciesList().map((policy: Message) => policy.getName()),
    async analyze(resources, passed = []) {
      const found: Violation[] = [];
      for (const resource of resources.filter((candidate) => !passed.includes(candidate)))
        found.push(
          ...violations(await call("analyze", await filled(new analyzer.AnalyzeRequest(), resource, resource.inputs))),
        );
      const stack = new analyzer.AnalyzeStackRequest();
      stack.setResourcesList(await Promise.all(resources.map(stackResource)));
      return [...found, ...violations(await call("analyzeStack", stack))];
    },
    async stop() {
      client.close();
      child.kill();
      await ended;
    },
  };
}
