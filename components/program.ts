import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { ConfigError, type LoadedConfig, loadConfig } from "../config/load.ts";
import { type PhysicalNames, physicalNames, type Scope } from "../config/naming.ts";
import type { PipelineConfig } from "../config/schema.ts";
import { checkSql } from "../config/sql.ts";
import { engineLines } from "../plan/engines.ts";
import { SetupError } from "../setup/command.mjs";
import { nativePackages } from "./nativePackages.ts";
import { Pipeline, type PipelineOutputs } from "./pipeline.ts";
import { type NativePackages, readSources, type Sources } from "./sources.ts";
import {
  configFile,
  readStackSettings,
  refuseOtherAccount,
  type StackSettings,
  StackSettingsError,
} from "./stackSettings.ts";

export interface DeployOptions {
  /** Instead of the stack's `commerce:configFile`. */
  readonly configFile?: string | undefined;
  /** Changes the engine that the config declares. */
  readonly engineOf?: (declared: PipelineConfig["engine"]) => PipelineConfig["engine"];
  /** Whether the engines are compared, so that DuckDB SQL may run before it has been compared. */
  readonly isComparison?: boolean;
  /** Instead of what is read from the repository. */
  readonly sources?: (loaded: LoadedConfig) => Promise<Sources>;
}

/**
 * A refusal without a stack trace. Pulumi does not show the trace, but it colours it first, which takes some releases
 * of Node 20 half a minute when the trace leads through node_modules.
 */
function refusal(message: string): pulumi.RunError {
  const error = new pulumi.RunError(message);
  error.stack = message;
  return error;
}

/** A provider's error in one line: its cause may be in any of them. */
const inOneLine = ({ message }: Error): string => message.replace(/\s+/g, " ").trim();

/** Errors of these kinds are the user's to mend: their message says how. */
async function refusing<T>(read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ConfigError || error instanceof StackSettingsError || error instanceof SetupError)
      throw refusal(error.message);
    throw error;
  }
}

async function loadStack({ configFile: file = configFile(), engineOf }: DeployOptions): Promise<LoadedConfig> {
  const loaded = loadConfig(file, pulumi.getStack());
  await checkSql(loaded);
  if (!engineOf) return loaded;
  return { ...loaded, config: { ...loaded.config, engine: engineOf(loaded.config.engine) } };
}

/** Refuses a key that only another account administers: the account that holds the data could not reach it. */
function refuseForeignKey({ config }: LoadedConfig, { account }: Scope): void {
  const { administrators } = config.encryption;
  if (administrators && !administrators.some((arn) => arn.split(":")[4] === account))
    throw refusal(
      `encryption.administrators names nobody of account ${account}, in which this stack lives; name the role that deploys it`,
    );
}

/** Where the stack lives, once it is certain that the credentials are of that account. */
async function scopeOf(settings: StackSettings): Promise<Scope> {
  const lookUps = Promise.all([aws.getCallerIdentity(), aws.getPartition()]);
  const [{ accountId }, { partition }] = await lookUps.catch((error: Error) => {
    throw refusal(`AWS does not say whose credentials these are: ${inOneLine(error)}`);
  });
  await refusing(() => refuseOtherAccount(pulumi.getStack(), settings, accountId));
  return { account: settings.account, region: settings.region, partition };
}

/**
 * Refuses a second key beside the one that an earlier destroy left in the account: the data that was left with it would
 * be under another key than the stack. The alias is looked for only while the stack's state does not know one.
 */
async function refuseLeftBehind({ keyAlias }: PhysicalNames): Promise<void> {
  const stack = pulumi.getStack();
  const stackName = `${pulumi.getOrganization()}/${pulumi.getProject()}/${stack}`;
  const { outputs } = await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName });
  if (Object.keys(outputs).some((urn) => urn.includes("$aws-native:kms:Alias::"))) return;
  try {
    await aws.kms.getAlias({ name: keyAlias });
  } catch (error) {
    if (/couldn't find resource|empty result/.test((error as Error).message)) return;
    if (!/PendingDeletion/.test((error as Error).message))
      throw refusal(`whether ${keyAlias} exists can't be seen: ${inOneLine(error as Error)}`);
  }
  throw refusal(
    `${keyAlias} and what its key encrypts exist, but this state of the stack does not know them; take over what an earlier destroy left: npm run adopt -- ${stack}`,
  );
}

/** Only an engine deploys. Without one, as in the local run, a plan and the tests, no package is fetched for AWS. */
const shippedPackages = (): NativePackages | undefined => (pulumi.runtime.getEngine() ? nativePackages : undefined);

/** The program of every stack: index.ts, the local run and the tests all run this. */
export async function deploy(options: DeployOptions = {}): Promise<PipelineOutputs> {
  const loaded = await refusing(() => loadStack(options));
  const settings = await refusing(readStackSettings);
  const read = options.sources ?? ((loaded) => readSources(loaded, shippedPackages(), options.isComparison));
  const [sources, scope] = await Promise.all([refusing(() => read(loaded)), scopeOf(settings)]);
  refuseForeignKey(loaded, scope);
  await refuseLeftBehind(physicalNames(loaded.config.name, loaded.environment, scope.account));
  // Without an engine, what is logged goes to the console of the local run or of a plan.
  if (pulumi.runtime.getEngine()) for (const line of await engineLines(loaded)) await pulumi.log.info(line);
  const { destroyData, alertEmail } = settings;
  if (alertEmail === undefined && loaded.config.removal.protect)
    await pulumi.log.warn(`commerce:alertEmail is not set, so nobody gets the alerts of ${pulumi.getStack()} by mail`);
  const { outputs } = new Pipeline(loaded.config.name, { loaded, sources, scope, destroyData, alertEmail });
  return outputs;
}
