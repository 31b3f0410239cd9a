import { appendFileSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { DeployOptions } from "../components/program.ts";
import { nodeModules } from "../setup/paths.mjs";
import { type Clients, createClients, destroyClients } from "./clients.ts";
import { claimDirectory, runningFile } from "./directory.ts";
import { execute } from "./glue/execute.ts";
import { notifyStateChange } from "./glue/notify.ts";
import { type GlueServer, startGlueServer } from "./glue/server.ts";
import { GlueService } from "./glue/service.ts";
import { accountId, credentials, type LocalAws, region, startLocalAws } from "./localAws.ts";
import type { Made } from "./monitor.ts";

export interface LocalStack {
  /** The local AWS. */
  readonly endpoint: string;
  /** Glue's API; it runs the jobs and passes everything else on to the local AWS. */
  readonly glueEndpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** The program's outputs; empty when it was not applied. */
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly logFile: string;
  /** Applies the program with another config, even while runs are active: makes what is new or changed. */
  redeploy(changed: Pick<LocalStackOptions, "engineOf"> | Pick<LocalStackOptions, "configFile">): Promise<void>;
  /** Ends every process that was started. Can be called more than once. */
  stop(): Promise<void>;
}

export interface LocalStackOptions extends Pick<DeployOptions, "engineOf" | "isComparison"> {
  readonly configFile: string;
  readonly environment: string;
  /** Contains all of the stack's state. The state of an earlier run is removed. */
  readonly directory: string;
  readonly spark?: {
    readonly driverMemory?: string;
    /** Whether the data is so small that the JVM's start decides how long a run takes. */
    readonly shortRuns?: boolean;
  };
  /** A command that runs instead of Python with the job's script; it gets the run's arguments and environment. */
  readonly engine?: readonly string[];
  /** Whether the first run sets Spark up where it is missing; by default unless another engine is given. */
  readonly needsSpark?: boolean;
  readonly onProgress?: (step: string) => void;
  /** False: only the servers start. */
  readonly apply?: boolean;
}

const defaultDriverMemory = "3g";
const folders = { aws: "aws", glue: "glue", runs: "runs", log: "local.log", running: runningFile } as const;

/** Loading the program takes longer than starting the servers, because of the providers' SDKs. */
const loadProgram = async () => {
  const [{ deploy }, { applyProgram }] = await Promise.all([
    import("../components/program.ts"),
    import("./monitor.ts"),
  ]);
  return { deploy, applyProgram };
};

async function applyPipeline(
  options: LocalStackOptions,
  clients: Clients,
  glueEndpoint: string,
  made: Map<string, Made>,
): Promise<LocalStack["outputs"]> {
  const { engineOf, isComparison = false } = options;
  const { deploy, applyProgram } = await loadProgram();
  return await applyProgram(
    {
      project: "commerce",
      stack: options.environment,
      config: {
        "aws:region": region,
        "aws-native:region": region,
        "commerce:account": accountId,
        "commerce:configFile": options.configFile,
        "commerce:destroyData": "true",
      },
      run: () => deploy({ ...(engineOf && { engineOf }), isComparison }),
    },
    {
      clients,
      region,
      accountId,
      // The functions find there what a deployment would have put beside them.
      functionEnvironment: { AWS_ENDPOINT_URL_GLUE: glueEndpoint, NODE_PATH: nodeModules },
    },
    { made },
  );
}

/** Starts the local AWS and Glue and makes the pipeline's resources on them. */
export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  const directory = resolve(options.directory);
  const release = claimDirectory(directory, Object.values(folders));
  const logFile = join(directory, folders.log);
  const log = (text: string) => appendFileSync(logFile, `${new Date().toISOString()} ${text}\n`);

  let aws: LocalAws | undefined;
  let glue: GlueServer | undefined;
  let clients: Clients | undefined;
  const stopAll = async () => {
    await glue?.stop();
    await aws?.stop();
    if (clients) destroyClients(clients);
    release();
  };
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= stopAll();
    return stopping;
  };

  try {
    options.onProgress?.("starting the local AWS");
    // The program loads while the servers start. A failure is reported where the program is used.
    if (options.apply ?? true) loadProgram().catch(() => {});
    aws = await startLocalAws(join(directory, folders.aws), logFile);
    const { endpoint } = aws;
    const runs = join(directory, folders.runs);
    mkdirSync(runs, { recursive: true });
    const service = new GlueService({
      stateFile: join(directory, folders.glue, "state.json"),
      execute: (job, run) =>
        execute(
          {
            sts: clients!.sts,
            endpoint,
            glueEndpoint: () => glue!.endpoint,
            directory: runs,
            driverMemory: options.spark?.driverMemory ?? defaultDriverMemory,
            shortRuns: options.spark?.shortRuns ?? false,
            needsSpark: options.needsSpark ?? !options.engine,
            engine: options.engine,
          },
          job,
          run,
        ),
      onEnd: (run) => notifyStateChange(clients!, run),
      onError: (error) => log(`glue: ${error instanceof Error ? error.stack : error}`),
    });
    glue = await startGlueServer(service, endpoint);
    clients = createClients(endpoint, glue.endpoint);
    const { endpoint: glueEndpoint } = glue;
    let outputs: LocalStack["outputs"] = {};
    const made = new Map<string, Made>();
    if (options.apply ?? true) {
      options.onProgress?.("applying the Pulumi program");
      outputs = await applyPipeline(options, clients, glueEndpoint, made);
    }
    const redeploy: LocalStack["redeploy"] = async (changed) => {
      await applyPipeline({ ...options, ...changed }, clients!, glueEndpoint, made);
    };
    return { endpoint, glueEndpoint, region, credentials, outputs, logFile, redeploy, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
