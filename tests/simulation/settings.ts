import type { FunctionEnvironment, FunctionSettings } from "../../handlers/settings.ts";

/** The pipeline of the simulation: as small as it can be with a required pair, an optional third and two outputs. */

export const datasets = {
  users: { required: true, file: "users", formats: ["json", "json.gz"] },
  events: { required: true, file: "events", formats: ["json", "json.gz"] },
  coupons: { required: false, file: "coupons", formats: ["json"] },
} as const;
export type DatasetName = keyof typeof datasets;
export const datasetNames = Object.keys(datasets) as readonly DatasetName[];
export const outputs = ["activity", "totals"] as const;

/** In seconds. */
export const timeouts = { promote: 60, settle: 120 } as const;
export const attempts = 3;
/** Milliseconds. */
export const maxSpread = 30 * 60_000;
export const deadline = 3 * 60 * 60_000;

export const names: FunctionEnvironment = {
  bronzeBucket: "bronze",
  silverBucket: "silver",
  rejectedBucket: "rejected",
  goldBucket: "gold",
  ledgerBucket: "ledger",
  promoteQueueUrl: "https://sqs/promote",
  promoteDeadLettersUrl: "https://sqs/promote-dead-letters",
  settleDeadLettersUrl: "https://sqs/settle-dead-letters",
  keyArn: "arn:aws:kms:eu-central-1:000000000000:key/11111111-2222-3333-4444-555555555555",
  glueJob: "job",
  catalogDatabase: "catalog",
  alertTopic: "arn:aws:sns:eu-central-1:000000000000:alerts",
};

export const release = {
  script: "s3://artifacts/script/1/job.py",
  engine: "s3://artifacts/engine/1/pipeline_engine.zip",
  contract: "s3://artifacts/contract/1.json",
  sql: { activity: "s3://artifacts/sql/1/activity.sql", totals: "s3://artifacts/sql/1/totals.sql" },
};

export const settingsOf = (kind: "promote" | "settle"): FunctionSettings => ({
  environment: "simulation",
  contract: {
    format: 1,
    pipeline: "simulated",
    schemaEvolution: "strict",
    datasets: Object.fromEntries(
      Object.entries(datasets).map(([name, { required, file, formats }]) => [
        name,
        {
          required,
          file,
          formats,
          columns: [{ name: "id", type: "string", onNull: "reject" as const, rules: [] }],
          primaryKey: ["id"],
          latestBy: "id",
          references: [],
          maxRejected: 100,
        },
      ]),
    ),
    outputs: Object.fromEntries(
      outputs.map((name) => [
        name,
        { grain: ["id"], columns: [{ name: "id", type: "string" }], clusterBy: [], balances: [] },
      ]),
    ),
  },
  batching: { keyPattern: "[0-9]{4}-[0-9]{2}-[0-9]{2}", maxSpread: maxSpread / 1000, deadline: deadline / 1000 },
  files: { sampleBytes: 4096, sampleRecords: 10, maxArrayBytes: 4096, maxUnpackedBytes: 65_536 },
  attempts,
  keepRuns: 3,
  effectLease: timeouts[kind] + 60,
});
