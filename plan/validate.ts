import { relative } from "node:path";
import { contractOf } from "../config/contract.ts";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import { problemsOf as configProblems, linesOf } from "../config/validate.ts";
import { compileIn } from "./compile.ts";
import { readSql } from "./ownSql.ts";
import { sparkDialect } from "./sparkDialect.ts";
import { bindOwn } from "./translation/bind.ts";

/**
 * Every problem of every environment, one per line. The list is empty if the config can be deployed, and DuckDB reads
 * the SQL that outputs bring for it.
 */
export async function problemsOf(config: string): Promise<string[]> {
  const problems = await configProblems(config);
  return problems.length > 0
    ? problems
    : linesOf(config, (environment) => ownProblems(loadConfig(config, environment)));
}

async function ownProblems(loaded: LoadedConfig): Promise<string[]> {
  const { sql, duckdb } = readSql(loaded);
  if (Object.keys(duckdb).length === 0) return [];
  const contract = contractOf(loaded.config);
  const { tables } = compileIn(sparkDialect, contract, sql);
  const problems: string[] = [];
  for (const [output, { text }] of Object.entries(duckdb)) {
    const problem = await bindOwn(text, tables, contract.outputs[output]!.columns);
    const file = relative(process.cwd(), loaded.duckdbFiles[output]!);
    if (problem) problems.push(`${file}:${problem.line} outputs.${output}.duckdb: ${problem.why}`);
  }
  return problems;
}
