import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { pulumiVersion } from "../../setup/pulumi.mjs";
import { Empty, type Message, proto, resolveFromPulumi, type Served, serve, service } from "./grpc.ts";

/**
 * Stands in for Pulumi's language host of Node.js, which no package registry has: runs the program by the command that
 * the host builds from Pulumi.yaml, with the SDK's own loader. Not proven here: the host itself.
 */
export async function startLanguageHost(): Promise<Served> {
  const language = proto("language_pb.js");
  const plugin = proto("plugin_pb.js");
  const run = join(dirname(resolveFromPulumi("@pulumi/pulumi/package.json")), "cmd/run");
  let engine = "";

  async function runProgram(request: Message): Promise<Message> {
    const options = request.getInfo().getOptions()?.toJavaScript() ?? {};
    const config: Record<string, string> = {};
    for (const [key, value] of request.getConfigMap().entries()) config[key] = value;
    const args = [
      ...String(options.nodeargs ?? "").split(" "),
      run,
      ...["--monitor", request.getMonitorAddress(), "--engine", engine],
      ...["--organization", request.getOrganization(), "--project", request.getProject()],
      ...["--stack", request.getStack(), "--pwd", request.getPwd(), "--parallel", String(request.getParallel())],
      ...(request.getDryrun() ? ["--dry-run"] : []),
      request.getInfo().getEntryPoint(),
    ];
    const child = spawn(process.execPath, args, {
      cwd: request.getPwd(),
      env: {
        ...process.env,
        PULUMI_NODEJS_TYPESCRIPT: String(options.typescript),
        PULUMI_CONFIG: JSON.stringify(config),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const printed: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => printed.push(String(text)));
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", resolve);
    });
    const response = new language.RunResponse();
    // The loader ends with 32 when it has shown its error already.
    if (code === 32) response.setBail(true);
    else if (code !== 0) response.setError(`the program ended with ${code}: ${printed.join("")}`);
    return response;
  }

  return serve(
    proto("language_grpc_pb.js").LanguageRuntimeService,
    service({
      handshake(request) {
        engine = request.getEngineAddress();
        return new language.LanguageHandshakeResponse();
      },
      getPluginInfo() {
        const info = new plugin.PluginInfo();
        info.setVersion(pulumiVersion);
        return info;
      },
      getRequiredPackages: () => new language.GetRequiredPackagesResponse(),
      getProgramDependencies: () => new language.GetProgramDependenciesResponse(),
      run: runProgram,
      cancel: () => new Empty(),
    }),
  );
}
