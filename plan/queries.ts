import type { Contract, OutputContract } from "../config/contract.ts";
import { own } from "../config/plain.ts";
import type { OutputSql } from "./ownSql.ts";
import type { PlanTable } from "./plan.ts";
import type { Problem } from "./translation/problems.ts";
import { type TableColumns, translate } from "./translation/translate.ts";

/** The queries of all outputs and balances. */
export interface Queries {
  /** By output. */
  readonly sql: Readonly<Record<string, string>>;
  /** By output, all of its balances. */
  readonly balances: Readonly<Record<string, OutputContract["balances"]>>;
}

/** Which query of an output. */
export interface QueryPlace {
  readonly output: string;
  /** Null for the output's own SQL. */
  readonly balance: { readonly name: string; readonly side: "input" | "output" } | null;
}

/** Why a query is not translated. */
export interface Untranslated extends QueryPlace, Problem {}

/** A query for DuckDB. */
export interface TranslatedQuery extends QueryPlace {
  readonly sql: string;
  /** What it may read. */
  readonly tables: readonly TableColumns[];
  /** What it returns, in Spark's types. */
  readonly columns: TableColumns["columns"];
}

const notCompared: Problem = {
  line: 1,
  column: 1,
  construct: "DuckDB SQL",
  why: "it has not been compared with its Spark SQL since one of them or a declared column changed: npm start -- --engine both, with this config and your sample data, compares them",
};

/**
 * The queries for DuckDB, if they are sure to give there what they give in Spark.
 * @param tables what they may read besides the outputs
 * @param brought the SQL that outputs bring for DuckDB, instead of a translation
 * @returns the reasons why not, of all queries, and then no queries; `translated` are those that are translated
 */
export function inDuckdb(
  { outputs }: Pick<Contract, "outputs">,
  sql: OutputSql["sql"],
  tables: readonly PlanTable[],
  brought: OutputSql["duckdb"] = {},
): {
  readonly queries: Queries | null;
  readonly problems: readonly Untranslated[];
  readonly translated: readonly TranslatedQuery[];
} {
  const problems: Untranslated[] = [];
  const translated: TranslatedQuery[] = [];
  const translatedOf = (
    text: string,
    readable: readonly PlanTable[],
    place: QueryPlace,
    declared?: PlanTable["columns"],
  ): string => {
    const translation = translate(text, readable);
    if (translation.kind === "refused") {
      problems.push(...translation.problems.map((problem) => ({ ...place, ...problem })));
      return "";
    }
    const types = new Map(translation.columns.map(({ name, type }) => [name, type]));
    for (const { name, type } of declared ?? [])
      if (types.get(name) !== type) {
        const construct = types.has(name) ? `${name}: ${types.get(name)}` : name;
        const why = types.has(name) ? `is declared as ${type}` : "is declared and not returned";
        problems.push({ ...place, line: 1, column: 1, construct, why });
      }
    translated.push({ ...place, sql: translation.sql, tables: readable, columns: translation.columns });
    return translation.sql;
  };
  const queryOf = (output: string, columns: PlanTable["columns"]): string => {
    const place = { output, balance: null };
    const ownSql = own(brought, output);
    if (!ownSql) return translatedOf(sql[output]!, tables, place, columns);
    if (!ownSql.isCompared) problems.push({ ...place, ...notCompared });
    return ownSql.text;
  };
  const queries = Object.entries(outputs).map(([output, { columns, balances }]) => {
    const all = [...tables, { name: output, columns }];
    return [
      output,
      queryOf(output, columns),
      balances.map(({ name, input, output: right }) => ({
        name,
        input: translatedOf(input, all, { output, balance: { name, side: "input" } }),
        output: translatedOf(right, all, { output, balance: { name, side: "output" } }),
      })),
    ] as const;
  });
  if (problems.length > 0) return { queries: null, problems, translated };
  return {
    queries: {
      sql: Object.fromEntries(queries.map(([output, text]) => [output, text])),
      balances: Object.fromEntries(queries.map(([output, , balances]) => [output, balances])),
    },
    problems,
    translated,
  };
}
