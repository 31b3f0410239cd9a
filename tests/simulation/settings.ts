import type { Contract, DatasetContract, OutputContract } from "../../config/contract.ts";
import { perBucket } from "../../config/naming.ts";
import type { FunctionEnvironment, FunctionSettings } from "../../handlers/settings.ts";

/** The pipeline of the simulation: as small as it can be with a required pair, an optional third and two outputs. */

export const datasetNames = ["users", "events", "coupons", "returns"] as const;
export type DatasetName = (typeof datasetNames)[number];
export const outputNames = ["activity", "totals", "extra"] as const;
/** What the catalog may be asked for. */
export const tableNames = [...outputNames, ...datasetNames.map((dataset) => `silver_${dataset}` as const)] as const;

const dataset = (name: DatasetName, required: boolean): DatasetContract => ({
  required,
  file: name,
  formats: name === "users" || name === "events" ? ["json", "json.gz"] : ["json"],
  columns: [{ name: "id", type: "string", onNull: "reject", rules: [] }],
  primaryKey: ["id"],
  latestBy: "id",
  references: [],
  maxRejected: 100,
});

const output = (type: string): OutputContract => ({
  grain: ["id"],
  columns: [
    { name: "id", type: "string" },
    { name: "amount", type },
  ],
  clusterBy: [],
  balances: [],
});

/** Milliseconds. */
export const maxSpread = 30 * 60_000;
export const deadline = 3 * 60 * 60_000;

/** What is deployed first. */
export const firstContract: Contract = {
  format: 1,
  pipeline: "simulated",
  batching: { keyPattern: "[0-9]{4}-[0-9]{2}-[0-9]{2}", maxSpread: maxSpread / 1000, deadline: deadline / 1000 },
  schemaEvolution: "strict",
  datasets: { users: dataset("users", true), events: dataset("events", true), coupons: dataset("coupons", false) },
  outputs: { activity: output("bigint"), totals: output("decimal(12,2)") },
};

const withColumn = (dataset: DatasetContract, name: string): DatasetContract => ({
  ...dataset,
  columns: [
    ...dataset.columns.filter((column) => column.name !== name),
    { name, type: "string", onNull: "keep", rules: [] },
  ],
});

const withDatasets = (contract: Contract, datasets: Contract["datasets"]): Contract => ({ ...contract, datasets });
const without = <T>(all: Readonly<Record<string, T>>, name: string): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(all).filter(([key]) => key !== name));
const require = (contract: Contract, name: DatasetName, required: boolean): Contract =>
  contract.datasets[name]
    ? withDatasets(contract, { ...contract.datasets, [name]: { ...contract.datasets[name], required } })
    : contract;

/** The column of `users` in one of the shapes. */
export const addedColumn = "added";

/** What a deployment may change of a contract, in each way that concerns producers, readers or nobody. */
export const contractChanges = {
  "engine only": (contract) => contract,
  "back to the first": () => firstContract,
  "datasets in another order": (contract) =>
    withDatasets(contract, Object.fromEntries(Object.entries(contract.datasets).reverse())),
  "new optional dataset": (contract) =>
    withDatasets(contract, { ...contract.datasets, returns: dataset("returns", false) }),
  "new required dataset": (contract) =>
    withDatasets(contract, { ...contract.datasets, returns: dataset("returns", true) }),
  "dataset removed": (contract) => withDatasets(contract, without(contract.datasets, "coupons")),
  "required dataset removed": (contract) => withDatasets(contract, without(contract.datasets, "events")),
  "optional dataset becomes required": (contract) => require(contract, "coupons", true),
  "required dataset becomes optional": (contract) => require(contract, "events", false),
  "new output": (contract) => ({ ...contract, outputs: { ...contract.outputs, extra: output("bigint") } }),
  "output removed": (contract) => ({ ...contract, outputs: without(contract.outputs, "totals") }),
  "users of another shape": (contract) =>
    withDatasets(contract, { ...contract.datasets, users: withColumn(contract.datasets.users!, addedColumn) }),
  "users and events of another shape": (contract) =>
    withDatasets(contract, {
      ...contract.datasets,
      users: withColumn(contract.datasets.users!, "more"),
      ...(contract.datasets.events ? { events: { ...contract.datasets.events, maxRejected: 50 } } : {}),
    }),
  "column of another type": (contract) => ({
    ...contract,
    outputs: { ...contract.outputs, activity: output("string") },
  }),
} as const satisfies Record<string, (contract: Contract) => Contract>;
export type ContractChange = keyof typeof contractChanges;

/** In seconds. */
export const timeouts = { promote: 60, settle: 120, embedded: 600 } as const;
export const attempts = 3;

export const names: FunctionEnvironment = {
  ...perBucket((layer) => layer),
  promoteQueueUrl: "https://sqs/promote",
  promoteDeadLettersUrl: "https://sqs/promote-dead-letters",
  settleDeadLettersUrl: "https://sqs/settle-dead-letters",
  keyArn: "arn:aws:kms:eu-central-1:000000000000:key/11111111-2222-3333-4444-555555555555",
  glueJob: "job",
  catalogDatabase: "catalog",
  alertTopic: "arn:aws:sns:eu-central-1:000000000000:alerts",
};

/** What a function has by itself; `keepRuns` may differ between the two while a deployment goes on. */
export const settingsOf = (kind: "promote" | "settle", keepRuns = 3): FunctionSettings => ({
  pipeline: firstContract.pipeline,
  environment: "simulation",
  files: { maxArrayBytes: 4096, maxUnpackedBytes: 65_536 },
  attempts,
  keepRuns,
  effectLease: timeouts[kind] + 60,
  reconciliationEvery: 86_400,
});
