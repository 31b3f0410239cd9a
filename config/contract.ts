import { type ColumnType, catalogType, parseColumnType } from "./columnType.ts";
import type { NullAction } from "./nullActions.ts";
import { portablePattern } from "./pattern.ts";
import type { DatasetConfig, EvolutionMode, FileFormat, PipelineConfig } from "./schema.ts";
import { contractValue } from "./values.ts";

/** A value of a column's type, which says how to read it: a number is a text, with all its digits. */
export type Scalar = string | boolean;

/** What happens to a null in a column. */
export type NullRule = NullAction | { readonly default: Scalar };

/** A condition on a value that is not null, and what happens when the value breaks it. */
export type ValueRule = (
  | { readonly allowed: readonly Scalar[] }
  | { readonly range: { readonly min?: string; readonly max?: string } }
  /** What the whole text must match, written so that Java, RE2 and JavaScript (with the flag `u`) read it alike. */
  | { readonly pattern: string }
) & { readonly onViolation: "reject" | "warn" | "fail" };

export interface ContractColumn {
  readonly name: string;
  /** Spark DDL as Hive spells it: `bigint`, `decimal(12,2)`, `struct<a:string>`. */
  readonly type: string;
  readonly onNull: NullRule;
  /** At most one rule of each kind. */
  readonly rules: readonly ValueRule[];
}

export interface ReferenceContract {
  readonly column: string;
  readonly dataset: string;
  /** What happens to a value that names no kept row of the dataset. */
  readonly orphans: "keep" | "reject" | "fail";
}

export interface DatasetContract {
  readonly required: boolean;
  readonly file: string;
  readonly formats: readonly FileFormat[];
  readonly columns: readonly ContractColumn[];
  readonly primaryKey: readonly string[];
  readonly latestBy: string;
  readonly references: readonly ReferenceContract[];
  /** Per cent of the rows read. */
  readonly maxRejected: number;
}

/** Two queries, each of one row and one column, which must return the same value. */
export interface BalanceContract {
  readonly name: string;
  readonly input: string;
  readonly output: string;
}

export interface OutputContract {
  readonly grain: readonly string[];
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly clusterBy: readonly string[];
  readonly balances: readonly BalanceContract[];
}

/**
 * The part of the config that data is checked against. Each release uploads it; the functions and the engine read it.
 * Times in seconds.
 */
export interface Contract {
  readonly format: 1;
  readonly pipeline: string;
  readonly batching: { readonly keyPattern: string; readonly maxSpread: number; readonly deadline: number };
  readonly schemaEvolution: EvolutionMode;
  readonly datasets: Readonly<Record<string, DatasetContract>>;
  readonly outputs: Readonly<Record<string, OutputContract>>;
}

const hive = (text: string) => catalogType(parseColumnType(text));

type RuleConfig = NonNullable<DatasetConfig["columns"][string]["rules"]>[number];

function contractRule({ allowed, range, pattern, onViolation }: RuleConfig, type: ColumnType): ValueRule {
  if (allowed) return { allowed: allowed.map((value) => contractValue(value, type)), onViolation };
  if (!range) return { pattern: portablePattern(pattern!), onViolation };
  const bounds = Object.entries(range).flatMap(([side, value]) =>
    value === undefined ? [] : [[side, contractValue(value, type)]],
  );
  return { range: Object.fromEntries(bounds), onViolation };
}

export function contractOf(config: PipelineConfig): Contract {
  const datasets = Object.entries(config.datasets).map(([name, dataset]) => [
    name,
    {
      required: dataset.required,
      file: dataset.file,
      formats: dataset.formats,
      columns: Object.entries(dataset.columns).map(([column, { type, onNull, rules = [] }]) => ({
        name: column,
        type: hive(type),
        onNull: typeof onNull === "object" ? { default: contractValue(onNull.default, parseColumnType(type)) } : onNull,
        rules: rules.map((rule) => contractRule(rule, parseColumnType(type))),
      })),
      primaryKey: dataset.primaryKey,
      latestBy: dataset.latestBy,
      references: Object.entries(dataset.references ?? {}).map(([column, target]) => ({ column, ...target })),
      maxRejected: dataset.maxRejected,
    },
  ]);
  const outputs = Object.entries(config.outputs).map(([name, output]) => [
    name,
    {
      grain: output.grain,
      columns: Object.entries(output.columns).map(([column, type]) => ({ name: column, type: hive(type) })),
      clusterBy: output.clusterBy ?? [],
      balances: Object.entries(output.balances ?? {}).map(([balance, queries]) => ({ name: balance, ...queries })),
    },
  ]);
  return {
    format: 1,
    pipeline: config.name,
    batching: config.batching,
    schemaEvolution: config.schemaEvolution,
    datasets: Object.fromEntries(datasets),
    outputs: Object.fromEntries(outputs),
  };
}
