import { join } from "node:path";
import { type Contract, contractOf } from "../../config/contract.ts";
import { loadConfig } from "../../config/load.ts";
import { datasetNames } from "../../generator/rows.ts";
import { root } from "../../setup/paths.mjs";
import type { RawFiles } from "./engineRuns.ts";

/** The contract that the stack `dev` deploys. */
export const shippedContract = (): Contract =>
  contractOf(loadConfig(join(root, "config", "pipeline_config.yaml"), "dev").config);

/** The same without a limit for rejected rows: hand-made files hold little else. */
export const tolerant = (contract: Contract): Contract => ({
  ...contract,
  datasets: mapValues(contract.datasets, (dataset) => ({ ...dataset, maxRejected: 100 })),
});

/** The same with every rule for values and every reference rejecting the rows that break it. */
export const severe = (contract: Contract): Contract => ({
  ...contract,
  datasets: mapValues(tolerant(contract).datasets, (dataset) => ({
    ...dataset,
    columns: dataset.columns.map((column) => ({
      ...column,
      rules: column.rules.map((rule) => ({ ...rule, onViolation: "reject" as const })),
    })),
    references: dataset.references.map((reference) => ({ ...reference, orphans: "reject" as const })),
  })),
});

const mapValues = <Value>(of: Readonly<Record<string, Value>>, map: (value: Value) => Value) =>
  Object.fromEntries(Object.entries(of).map(([key, value]) => [key, map(value)]));

/** What the generator wrote into the folder. */
export const generatedFiles = (folder: string): RawFiles =>
  Object.fromEntries(
    datasetNames.map((name) => [name, { path: join(folder, `${name}.json`), layout: "jsonl" }]),
  ) as RawFiles;
