import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { perBucket } from "../../config/naming.ts";
import { environmentVariables, type FunctionEnvironment } from "../../handlers/settings.ts";
import { accountId, credentials, functionNodeDirectory, region } from "../../local/localAws.ts";
import { nodeModules, root } from "../../setup/paths.mjs";
import type { Figures } from "../benchmark.ts";
import { runOutput } from "../process.ts";
import type { Deployed } from "./bundle.ts";

export interface Invocations {
  readonly warmUp: readonly unknown[];
  readonly events: readonly unknown[];
}

export const namesWith = (suffix: string): FunctionEnvironment => ({
  ...perBucket((layer) => (layer === "ledger" ? `bench-ledger-${suffix}` : `bench-${layer}`)),
  promoteQueueUrl: `https://sqs.${region}.amazonaws.com/${accountId}/bench-promote`,
  promoteDeadLettersUrl: `https://sqs.${region}.amazonaws.com/${accountId}/bench-promote-dlq`,
  settleDeadLettersUrl: `https://sqs.${region}.amazonaws.com/${accountId}/bench-settle-dlq`,
  keyArn: `arn:aws:kms:${region}:${accountId}:key/11111111-2222-3333-4444-555555555555`,
  glueJob: "bench-job",
  catalogDatabase: "bench",
  alertTopic: `arn:aws:sns:${region}:${accountId}:bench-alerts`,
});

/** Runs a bundle in its own process, on the functions' Node. @returns the figures of bench/lambda/invoke.mjs */
export async function invoke(
  { module }: Deployed,
  { warmUp, events }: Invocations,
  names: FunctionEnvironment,
  folder: string,
  endpoint = "http://127.0.0.1:9",
): Promise<Figures> {
  const file = join(folder, "invocations.json");
  writeFileSync(file, JSON.stringify({ module, warmUp, events }));
  const variables = Object.entries(environmentVariables).map(([name, variable]) => [
    variable,
    names[name as keyof FunctionEnvironment],
  ]);
  const env = {
    ...Object.fromEntries(variables),
    // The functions have the same option.
    NODE_OPTIONS: "--enable-source-maps",
    // Native packages lie beside a deployed bundle; here they are the machine's own.
    NODE_PATH: nodeModules,
    AWS_REGION: region,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
  const node = join(functionNodeDirectory(), "node");
  return JSON.parse(await runOutput(node, [join(root, "bench", "lambda", "invoke.mjs"), file], { env })) as Figures;
}

/** Only loads the bundle. */
export const load = (deployed: Deployed, folder: string): Promise<Figures> =>
  invoke(deployed, { warmUp: [], events: [] }, namesWith("none"), folder);
