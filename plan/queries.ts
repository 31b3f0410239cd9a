import type { Contract, OutputContract } from "../config/contract.ts";
import type { PlanTable } from "./plan.ts";
import type { Problem } from "./translation/problems.ts";
import { translate } from "./translation/translate.ts";

/** The queries of all outputs and balances. */
export interface Queries {
  /** By output. */
  readonly sql: Readonly<Record<string, string>>;
  /** By output, all of its balances. */
  readonly balances: Readonly<Record<string, OutputContract["balances"]>>;
}

/** Why a query of an output is not translated. */
export interface Untranslated extends Problem {
  readonly output: string;
  /** Null for the output's own SQL. */
  readonly balance: { readonly name: string; readonly side: "input" | "output" } | null;
}

/**
 * The queries for DuckDB, if they are sure to give there what they give in Spark.
 * @param tables what they may read besides the outputs
 * @returns the reasons why not, of all queries, and then no queries
 */
export function inDuckdb(
  { outputs }: Pick<Contract, "outputs">,
  sql: Readonly<Record<string, string>>,
  tables: readonly PlanTable[],
): { readonly queries: Queries | null; readonly problems: readonly Untranslated[] } {
  const problems: Untranslated[] = [];
  const translated = (
    text: string,
    readable: readonly PlanTable[],
    place: Pick<Untranslated, "output" | "balance">,
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
    return translation.sql;
  };
  const queries = Object.entries(outputs).map(([output, { columns, balances }]) => {
    const all = [...tables, { name: output, columns }];
    return [
      output,
      translated(sql[output]!, tables, { output, balance: null }, columns),
      balances.map(({ name, input, output: right }) => ({
        name,
        input: translated(input, all, { output, balance: { name, side: "input" } }),
        output: translated(right, all, { output, balance: { name, side: "output" } }),
      })),
    ] as const;
  });
  if (problems.length > 0) return { queries: null, problems };
  return {
    queries: {
      sql: Object.fromEntries(queries.map(([output, text]) => [output, text])),
      balances: Object.fromEntries(queries.map(([output, , balances]) => [output, balances])),
    },
    problems,
  };
}
