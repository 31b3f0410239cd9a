import type { Contract } from "../../config/contract.ts";

/**
 * What earlier releases did not say, said as it was then: rows were never too many to reject, orphans were kept, and
 * fields that no column declares were ignored.
 */
const earlier = { schemaEvolution: "ignore-unknown", orphans: "keep", maxRejected: 100 } as const;

type Plain = Readonly<Record<string, unknown>>;
const isPlain = (value: unknown): value is Plain =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const mapValues = (values: unknown, change: (value: unknown) => unknown): unknown =>
  isPlain(values) ? Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)])) : values;

/** The settings of an environment in today's words. */
export function olderSettings(settings: unknown): unknown {
  if (!isPlain(settings)) return settings;
  const { schemaEvolution = earlier.schemaEvolution } = settings;
  const datasets = mapValues(settings.datasets, (dataset) =>
    isPlain(dataset)
      ? {
          maxRejected: `${earlier.maxRejected}%`,
          ...dataset,
          ...("references" in dataset
            ? {
                references: mapValues(dataset.references, (target) =>
                  typeof target === "string" ? { dataset: target, orphans: earlier.orphans } : target,
                ),
              }
            : {}),
        }
      : dataset,
  );
  return { ...settings, schemaEvolution, datasets };
}

/** Adds what is not said. */
const withDefaults = <T extends object>(values: T, defaults: Partial<T>): T => ({ ...defaults, ...values });

/** A contract.json in today's shape. */
export function olderContract(contract: Contract): Contract {
  const datasets = Object.entries(contract.datasets).map(([name, dataset]) => [
    name,
    {
      ...withDefaults(dataset, { maxRejected: earlier.maxRejected }),
      columns: dataset.columns.map((column) => withDefaults(column, { rules: [] })),
      references: dataset.references.map((reference) => withDefaults(reference, { orphans: earlier.orphans })),
    },
  ]);
  const outputs = Object.entries(contract.outputs).map(([name, output]) => [
    name,
    withDefaults(output, { clusterBy: [], balances: [] }),
  ]);
  return {
    ...withDefaults(contract, { schemaEvolution: earlier.schemaEvolution }),
    datasets: Object.fromEntries(datasets),
    outputs: Object.fromEntries(outputs),
  };
}
