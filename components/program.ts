import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { ConfigError, type LoadedConfig, loadConfig } from "../config/load.ts";
import type { Scope } from "../config/naming.ts";
import { checkSql } from "../config/sql.ts";
import { Pipeline, type PipelineOutputs } from "./pipeline.ts";
import { readSources, type Sources } from "./sources.ts";

const defaultConfigFile = "config/pipeline_config.yaml";

export interface DeployOptions {
  /** Instead of the stack's `commerce:configFile`. */
  readonly configFile?: string | undefined;
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

/** Loads the stack's environment. Config errors are shown without a stack trace. */
async function loadStack(configFile: string): Promise<LoadedConfig> {
  try {
    const loaded = loadConfig(configFile, pulumi.getStack());
    await checkSql(loaded);
    return loaded;
  } catch (error) {
    if (error instanceof ConfigError) throw refusal(error.message);
    throw error;
  }
}

/** The two providers have a region each; half a pipeline in either would be found late. */
function refuseTwoRegions(): void {
  const region = new pulumi.Config("aws").get("region");
  const nativeRegion = new pulumi.Config("aws-native").get("region");
  if (region !== nativeRegion)
    throw refusal(
      `aws:region is ${region ?? "not set"} and aws-native:region ${nativeRegion ?? "not set"}; set both to the same`,
    );
}

/** Refuses a key that only another account administers: the account that holds the data could not reach it. */
function refuseForeignKey({ config }: LoadedConfig, { account }: Scope): void {
  const { administrators } = config.encryption;
  if (administrators && !administrators.some((arn) => arn.split(":")[4] === account))
    throw refusal(
      `encryption.administrators names nobody of account ${account}, in which this stack lives; name the role that deploys it`,
    );
}

async function currentScope(): Promise<Scope> {
  const [identity, region, partition] = await Promise.all([
    aws.getCallerIdentity(),
    aws.getRegion(),
    aws.getPartition(),
  ]);
  return { account: identity.accountId, region: region.region, partition: partition.partition };
}

/** The program of every stack: index.ts, the local run and the tests all run this. */
export async function deploy(options: DeployOptions = {}): Promise<PipelineOutputs> {
  const stack = new pulumi.Config("commerce");
  const loaded = await loadStack(options.configFile ?? stack.get("configFile") ?? defaultConfigFile);
  refuseTwoRegions();
  const [sources, scope] = await Promise.all([(options.sources ?? readSources)(loaded), currentScope()]);
  refuseForeignKey(loaded, scope);
  const { outputs } = new Pipeline(loaded.config.name, {
    loaded,
    sources,
    scope,
    destroyData: stack.getBoolean("destroyData") ?? false,
    alertEmail: stack.get("alertEmail"),
  });
  return outputs;
}
