import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { contractOf } from "../config/contract.ts";
import type { LoadedConfig } from "../config/load.ts";

/** DuckDB SQL that an output brings beside its Spark SQL. */
export interface OwnSql {
  readonly text: string;
  /** Whether both have been compared as they are now. */
  readonly isCompared: boolean;
}

/** The SQL of all outputs, by output. */
export interface OutputSql {
  readonly sql: Readonly<Record<string, string>>;
  /** Only of outputs that bring it. */
  readonly duckdb: Readonly<Record<string, OwnSql>>;
}

/** What shows that an output's DuckDB SQL was compared: a file with this text beside it. */
export interface ComparisonRecord {
  readonly file: string;
  readonly text: string;
}

/** @param isComparison whether it is read to be compared, so that all of it counts as compared already */
export function readSql(loaded: LoadedConfig, isComparison = false): OutputSql {
  const records = comparisonRecords(loaded);
  return {
    sql: Object.fromEntries(Object.entries(loaded.sqlFiles).map(([output, file]) => [output, textOf(file)])),
    duckdb: Object.fromEntries(
      Object.entries(loaded.duckdbFiles).map(([output, file]) => [
        output,
        { text: textOf(file), isCompared: isComparison || isWritten(records[output]!) },
      ]),
    ),
  };
}

/** The record of each output that brings DuckDB SQL, as a comparison of what the files hold now would write it. */
export function comparisonRecords({
  config,
  sqlFiles,
  duckdbFiles,
}: LoadedConfig): Readonly<Record<string, ComparisonRecord>> {
  const { datasets, outputs } = contractOf(config);
  const inputs = Object.entries(datasets).map(([name, { columns }]) => ({
    name,
    columns: columns.map(({ name, type }) => ({ name, type })),
  }));
  const records = Object.entries(duckdbFiles).map(([output, file]) => {
    const record = {
      spark: digestOf(textOf(sqlFiles[output]!)),
      duckdb: digestOf(textOf(file)),
      columns: digestOf(JSON.stringify([inputs, outputs[output]!.columns])),
    };
    return [output, { file: `${file}.compared.json`, text: `${JSON.stringify(record, null, 2)}\n` }];
  });
  return Object.fromEntries(records);
}

const isWritten = ({ file, text }: ComparisonRecord): boolean => existsSync(file) && textOf(file) === text;
const textOf = (file: string): string => readFileSync(file, "utf8");
const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");
