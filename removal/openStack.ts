import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { GlueClient } from "@aws-sdk/client-glue";
import { KMSClient } from "@aws-sdk/client-kms";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { S3Client } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { configFile, parseStackSettings, refuseOtherAccount } from "../components/stackSettings.ts";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import { type PhysicalNames, physicalNames } from "../config/naming.ts";
import { settingsOf } from "../review/plan/trees.ts";

/** Why a command does nothing; the message says how to go on. */
export class RemovalRefused extends Error {
  override readonly name = "RemovalRefused";
}

/** A stack as its files name it, whether it is deployed or not, and the account with the credentials of this shell. */
export interface NamedStack {
  readonly stack: string;
  readonly account: string;
  readonly names: PhysicalNames;
  readonly config: LoadedConfig["config"];
  /** The stack's own word that its data may go. */
  readonly destroyData: boolean;
  readonly clients: Clients;
}

const createClients = (region: string) => ({
  s3: new S3Client({ region, ...(process.env.AWS_ENDPOINT_URL && { forcePathStyle: true }) }),
  kms: new KMSClient({ region }),
  glue: new GlueClient({ region }),
  logs: new CloudWatchLogsClient({ region }),
  lambda: new LambdaClient({ region }),
  sts: new STSClient({ region }),
});
export type Clients = ReturnType<typeof createClients>;

/**
 * @throws PlanError, StackSettingsError or ConfigError for files that are wrong, or credentials of another account
 * @throws RemovalRefused where AWS does not say whose credentials they are
 */
export async function openStack(stack: string): Promise<NamedStack> {
  const settings = settingsOf(".", stack);
  const { config, environment } = loadConfig(configFile(settings), stack);
  const parsed = parseStackSettings(stack, settings);
  const { account, destroyData } = parsed;
  const clients = createClients(parsed.region);
  const { Account } = await clients.sts.send(new GetCallerIdentityCommand({})).catch((error: Error) => {
    throw new RemovalRefused(`AWS does not say whose credentials these are: ${error.message}`);
  });
  refuseOtherAccount(stack, parsed, Account);
  return {
    stack,
    account,
    names: physicalNames(config.name, environment, account),
    config,
    destroyData,
    clients,
  };
}
