import { catalogType, parseColumnType } from "./columnType.ts";
import type { FileFormat, PipelineConfig } from "./schema.ts";

/** What a null in a column does to its row. */
export type NullRule = "reject" | "keep" | { readonly default: string | number | boolean };

export interface ContractColumn {
  readonly name: string;
  /** Spark DDL as Hive spells it: `bigint`, `decimal(12,2)`, `struct<a:string>`. */
  readonly type: string;
  readonly onNull: NullRule;
}

export interface DatasetContract {
  readonly required: boolean;
  readonly file: string;
  readonly formats: readonly FileFormat[];
  readonly columns: readonly ContractColumn[];
  readonly primaryKey: readonly string[];
  readonly latestBy: string;
  readonly references: readonly { readonly column: string; readonly dataset: string }[];
}

export interface OutputContract {
  readonly grain: readonly string[];
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/** The part of the config that describes data: uploaded for the engine, packed beside the functions. */
export interface Contract {
  readonly format: 1;
  readonly pipeline: string;
  readonly datasets: Readonly<Record<string, DatasetContract>>;
  readonly outputs: Readonly<Record<string, OutputContract>>;
}

const hive = (text: string) => catalogType(parseColumnType(text));

export function contractOf(config: PipelineConfig): Contract {
  const datasets = Object.entries(config.datasets).map(([name, dataset]) => [
    name,
    {
      required: dataset.required,
      file: dataset.file,
      formats: dataset.formats,
      columns: Object.entries(dataset.columns).map(([column, { type, onNull }]) => ({
        name: column,
        type: hive(type),
        onNull,
      })),
      primaryKey: dataset.primaryKey,
      latestBy: dataset.latestBy,
      references: Object.entries(dataset.references ?? {}).map(([column, target]) => ({ column, dataset: target })),
    },
  ]);
  const outputs = Object.entries(config.outputs).map(([name, output]) => [
    name,
    {
      grain: output.grain,
      columns: Object.entries(output.columns).map(([column, type]) => ({ name: column, type: hive(type) })),
    },
  ]);
  return {
    format: 1,
    pipeline: config.name,
    datasets: Object.fromEntries(datasets),
    outputs: Object.fromEntries(outputs),
  };
}
