import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { venvPython } from "../setup/paths.mjs";
import { installedNode } from "../setup/runtimes.mjs";
import { startGuarded } from "./guarded.ts";

export const region = "eu-central-1";
export const accountId = "000000000000";
export const credentials = { accessKeyId: "test", secretAccessKey: "test" } as const;

const launcher = fileURLToPath(new URL("./aws_server.py", import.meta.url));
const startTimeout = 30_000;
const attempts = 3;

/** The file with the calls of the roles: `{role, action, resource, conditions, allowed}`, one per line. */
export const callsFile = (directory: string) => join(directory, "calls.jsonl");

export interface LocalAws {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** A port that was free a moment ago; another process may still take it first. */
async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === "object" ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}

/** The Node that functions run on: their runtime's version if a package provides it, else the current Node. */
export const functionNodeDirectory = (): string => installedNode() ?? dirname(process.execPath);

const isHealthy = async (endpoint: string): Promise<boolean> => {
  try {
    return (await fetch(`${endpoint}/_ministack/health`)).ok;
  } catch {
    return false;
  }
};

/** The environment lists every variable explicitly, because the functions see all of them. */
function environment(directory: string, port: number): Record<string, string> {
  const folder = (name: string) => {
    const path = join(directory, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  // A CommonJS script below this folder starts the functions. A package.json further up may declare it an ES module.
  writeFileSync(join(folder("tmp"), "package.json"), '{ "type": "commonjs" }\n');
  return {
    PATH: [functionNodeDirectory(), "/usr/local/bin", "/usr/bin", "/bin"].join(delimiter),
    HOME: folder("home"),
    TMPDIR: folder("tmp"),
    LANG: "C.UTF-8",
    PYTHONDONTWRITEBYTECODE: "1",
    GATEWAY_PORT: String(port),
    // By default it would listen on every interface.
    BIND_HOST: "127.0.0.1",
    MINISTACK_HOST: "127.0.0.1",
    MINISTACK_REGION: region,
    MINISTACK_ACCOUNT_ID: accountId,
    S3_DATA_DIR: folder("s3"),
    S3_PERSIST: "1",
    STATE_DIR: folder("state"),
    PERSIST_STATE: "1",
    // Policies are enforced, and each function and job acts under its own role. The credentials are the account's root.
    AUTH: "true",
    CALLS_FILE: callsFile(directory),
    IOT_MTLS_ENABLED: "0",
    SFTP_ENABLED: "0",
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
}

async function startOnce(directory: string, logFile: string): Promise<LocalAws | undefined> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const guarded = startGuarded([venvPython, launcher], {
    env: environment(directory, port),
    cwd: directory,
    logFile,
  });
  let ended = false;
  guarded.ended.finally(() => {
    ended = true;
  });
  const deadline = Date.now() + startTimeout;
  while (!ended && Date.now() < deadline) {
    if (await isHealthy(endpoint)) return { endpoint, stop: guarded.stop };
    await sleep(50);
  }
  await guarded.stop();
  return undefined;
}

const lastLines = (file: string) => readFileSync(file, "utf8").trimEnd().split("\n").slice(-15).join("\n");

/** Starts an AWS on a free loopback port with its data in `directory`. */
export async function startLocalAws(directory: string, logFile: string): Promise<LocalAws> {
  mkdirSync(directory, { recursive: true });
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const started = await startOnce(directory, logFile);
    if (started) return started;
  }
  throw new Error(`the local AWS did not start; the end of ${logFile}:\n${lastLines(logFile)}`);
}
