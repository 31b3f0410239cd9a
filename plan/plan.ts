/**
 * What a release makes of its contract and SQL: an ordered list of named statements. A runner opens the inputs, executes
 * the statements in this order, fills in the checks with what they counted, and writes what they return. It needs no
 * other file of the release, and no knowledge of rules, keys or references.
 *
 * Numbers have names such as `users.read`. Most are counted by statements of the kind `count`. These the runner gives
 * for each input, from the manifest:
 * - `<dataset>.lines`, `<dataset>.rows` and `<dataset>.malformed`; 0 for a dataset that is absent;
 * - the text `<dataset>.file`: the key of the upload, or `<dataset>, which is absent`;
 * - the text `<dataset>.rejected_uri`: the folder of the dataset's rejected rows.
 */
export interface Plan {
  readonly format: 1;
  readonly pipeline: string;
  readonly inputs: readonly PlanInput[];
  /**
   * What the SQL of outputs and balances may read besides the outputs. With empty tables of these columns, an engine can
   * resolve the statements from the first output on before it reads a row.
   */
  readonly tables: readonly PlanTable[];
  readonly statements: readonly Statement[];
  /** The counts of the run report. A dataset is in the report as soon as all of its numbers are known. */
  readonly report: {
    readonly datasets: Readonly<Record<string, DatasetCounts>>;
    readonly outputs: Readonly<Record<string, { readonly rows: Expression }>>;
  };
}

/** Whether DuckDB can run all of it. */
export const isForDuckdb = ({ statements }: Plan): boolean =>
  statements.every((statement) => statement.kind === "check" || statement.sql.duckdb !== undefined);

export interface PlanColumn {
  readonly name: string;
  /** As Hive spells it: `bigint`, `decimal(12,2)`, `struct<a:string>`. */
  readonly type: string;
}

export interface PlanTable {
  readonly name: string;
  readonly columns: readonly PlanColumn[];
}

/** A dataset of Silver, which the runner makes available as a table; it is empty when the dataset is absent. */
export interface PlanInput {
  readonly dataset: string;
  /** Only an input that is not required may be null in the manifest. */
  readonly required: boolean;
  /** The table's name. The runner adds `#file` (string, the upload's key) and `#file_line` (bigint, the line in it). */
  readonly table: string;
  /** The columns of its Parquet files, in this order. */
  readonly columns: readonly PlanColumn[];
}

export type DialectName = "spark" | "duckdb";

export interface Sql {
  readonly name: string;
  /** What it is for, in one sentence. */
  readonly purpose: string;
  /** In Spark's dialect, and in DuckDB's where it can run all statements. */
  readonly sql: { readonly spark: string; readonly duckdb?: string };
  /** What the failure's message begins with when the statement can't be executed, such as `dataset "users"`. */
  readonly subject: string;
  /** The failure's code when the statement can't be executed, whatever the rows hold. */
  readonly code: string;
}

export type Statement =
  /** A name for a query; nothing is computed. */
  | (Sql & { readonly kind: "view" })
  /** A view whose rows are computed at most once and kept until the run ends. They are few in most runs. */
  | (Sql & { readonly kind: "table" })
  /** A query of one row. Each column is a number, text or truth by its name. */
  | (Sql & { readonly kind: "count" })
  /** Rows of a dataset that go to its folder of rejected rows, if `when` holds. */
  | (Sql & { readonly kind: "rejected"; readonly dataset: string; readonly when: Expression })
  /** Rows that go to the output's folder. From then on, the output's name is a table of the written rows. */
  | (Sql & {
      readonly kind: "output";
      readonly columns: readonly PlanColumn[];
      readonly clusterBy: readonly string[];
      /** Names, order and types are as declared; found out before the first row is read. */
      readonly check: Pick<Check, "name" | "code">;
    })
  | Checks;

/** Each check goes into the report. When some have failed, the run fails with all of their details. */
export interface Checks {
  readonly kind: "check";
  readonly name: string;
  readonly purpose: string;
  readonly checks: readonly Check[];
}

export interface Check {
  readonly name: string;
  /** The failure's code. A failure with the code `infrastructure` leaves no report, so that the run may be repeated. */
  readonly code: string;
  readonly passes: Expression;
  readonly detail: readonly Piece[];
}

/**
 * A number, the name of one, or an operation on expressions. `+` and `*` take any number of arguments, the comparisons
 * two.
 */
export type Expression = number | string | readonly [operator: "+" | "*" | "=" | "<=" | ">", ...Expression[]];

/** A piece of a detail: a text as it is, or what it takes from the numbers. */
export type Piece =
  | string
  /** The value of an expression; `null` for a null. */
  | { readonly value: Expression }
  /** 100 × part ÷ whole with three significant digits; 0 when the whole is 0. */
  | { readonly percent: { readonly part: Expression; readonly whole: Expression } }
  /** `label number, label number` of the numbers that are not 0. */
  | { readonly nonzero: readonly (readonly [label: string, number: Expression])[] }
  | { readonly when: Expression; readonly show: readonly Piece[] };

/** The counts of a dataset as in the run report. */
export interface DatasetCounts {
  readonly lines: Expression;
  readonly malformed: Expression;
  readonly read: Expression;
  readonly kept: Expression;
  readonly rejected: Readonly<Record<string, Expression>>;
  readonly warned: Readonly<Record<string, Expression>>;
  readonly deduplicated: Expression;
  readonly orphans: Readonly<Record<string, Expression>>;
}
