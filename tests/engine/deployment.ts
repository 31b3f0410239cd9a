import { execFile, execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { CreateAliasCommand, CreateKeyCommand } from "@aws-sdk/client-kms";
import { type Clients, createClients, destroyClients } from "../../local/clients.ts";
import { accountId, credentials, region, startLocalAws } from "../../local/localAws.ts";
import { nodeModules, root } from "../../setup/paths.mjs";
import { findPulumi, whyNoPulumi } from "../../setup/pulumi.mjs";
import { startLanguageHost } from "./languageHost.ts";
import { type StandIn, startStandIn } from "./standIn.ts";

export interface Told {
  readonly code: number;
  /** Both streams, in one. */
  readonly text: string;
}

/** A checkout of its own, the real Pulumi CLI with a state of its own, and the stand-in with a local AWS. */
export interface Deployment {
  readonly folder: string;
  readonly clients: Clients;
  readonly standIn: StandIn;
  /** Runs a program there as a person would; never rejects. */
  run(program: string, ...args: string[]): Promise<Told>;
  pulumi(...args: string[]): Promise<Told>;
  stop(): Promise<void>;
}

/** What git would check out, with this repository's installed packages. */
function checkOut(folder: string): void {
  const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: root, encoding: "utf8" });
  for (const file of files.trim().split("\n"))
    if (existsSync(join(root, file))) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      cpSync(join(root, file), join(folder, file));
    }
  symlinkSync(nodeModules, join(folder, "node_modules"));
}

/** @throws Error where there is no Pulumi CLI */
export async function startDeployment(): Promise<Deployment> {
  const cli = findPulumi();
  if (!cli) throw new Error(`tests/engine does not run: ${whyNoPulumi()}`);
  const base = realpathSync(mkdtempSync(join(tmpdir(), "engine-")));
  const folder = join(base, "checkout");
  mkdirSync(folder);
  checkOut(folder);
  const aws = await startLocalAws(join(base, "aws"), join(base, "aws.log"));
  const clients = createClients(aws.endpoint, aws.endpoint);
  // What the docs have made once per account: the key of the state's secrets.
  const { KeyMetadata } = await clients.kms.send(new CreateKeyCommand({}));
  await clients.kms.send(new CreateAliasCommand({ AliasName: "alias/pulumi-state", TargetKeyId: KeyMetadata!.KeyId! }));
  const standIn = await startStandIn({ clients, region, accountId, functionEnvironment: {} }, folder);
  const languageHost = await startLanguageHost();
  const state = join(base, "state");
  mkdirSync(state);

  // The CLI's own package has this script beside it: the policy pack runs by its own modules.
  const tools = join(base, "bin");
  mkdirSync(tools);
  writeFileSync(
    join(tools, "pulumi-analyzer-policy-nodejs"),
    `#!/bin/sh\nexec "${process.execPath}" "${nodeModules}/@pulumi/pulumi/cmd/run-policy-pack/index.js" "$@"\n`,
    { mode: 0o755 },
  );
  const env = {
    PATH: [tools, dirname(cli), dirname(process.execPath), process.env.PATH].join(":"),
    HOME: base,
    PULUMI_HOME: join(base, "home"),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_DEBUG_PROVIDERS: `aws:${standIn.port},aws-native:${standIn.port}`,
    PULUMI_DEBUG_LANGUAGES: `nodejs:${languageHost.port}`,
    PULUMI_BACKEND_URL: `file://${state}`,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: region,
    AWS_ENDPOINT_URL: aws.endpoint,
    NO_COLOR: "1",
  };
  const run = (program: string, ...args: string[]) =>
    new Promise<Told>((resolve) => {
      execFile(program, args, { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? -1) : 0, text: `${stdout}${stderr}` }),
      );
    });
  return {
    folder,
    clients,
    standIn,
    run,
    pulumi: (...args) => run(cli, ...args),
    async stop() {
      languageHost.stop();
      standIn.stop();
      destroyClients(clients);
      await aws.stop();
      rmSync(base, { recursive: true, force: true });
    },
  };
}
