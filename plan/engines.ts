import { relative } from "node:path";
import { contractOf } from "../config/contract.ts";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import { own } from "../config/plain.ts";
import { linesOf } from "../config/validate.ts";
import { compileIn } from "./compile.ts";
import { readSql } from "./ownSql.ts";
import { inDuckdb, type QueryPlace } from "./queries.ts";
import { sparkDialect } from "./sparkDialect.ts";
import { bind } from "./translation/bind.ts";
import type { Problem } from "./translation/problems.ts";

type Bind = typeof bind;

/**
 * Which engines can run each output: `output: DuckDB or Spark`, or a line for each reason why only Spark can.
 * @param ask asks DuckDB whether it reads a translated query as the translation says; without it nobody asks
 */
export async function engineLines(loaded: LoadedConfig, ask: Bind = async () => null): Promise<string[]> {
  const { config, sqlFiles, duckdbFiles, placeOf } = loaded;
  const contract = contractOf(config);
  const { sql, duckdb } = readSql(loaded);
  const { problems, translated } = inDuckdb(contract, sql, compileIn(sparkDialect, contract, sql).tables, duckdb);

  const placed = ({ output, balance, line, column }: QueryPlace & Pick<Problem, "line" | "column">): string => {
    if (!balance) return `${relative(process.cwd(), own(duckdbFiles, output) ?? sqlFiles[output]!)}:${line}:${column}`;
    const { name, side } = balance;
    const lines = config.outputs[output]!.balances![name]![side].split("\n").slice(0, line);
    const through = [...lines.slice(0, -1), [...lines.at(-1)!].slice(0, column).join("")].join("\n");
    return placeOf(["outputs", output, "balances", name, side], through);
  };
  const reasons = problems.map((problem) => ({
    output: problem.output,
    why: `${placed(problem)} ${problem.construct}: ${problem.why}`,
  }));
  for (const query of translated) {
    const difference = await ask(query.sql, query.tables, query.columns);
    if (difference !== null)
      reasons.push({
        output: query.output,
        why: `${placed({ ...query, line: 1, column: 1 })} the translation: ${difference}; this is a defect of the pipeline, not of the query: report this line with the query`,
      });
  }

  const sparkOnly = [...new Set(reasons.map(({ output }) => output))];
  return Object.keys(contract.outputs).flatMap((output) => {
    if (sparkOnly.length === 0) return `${output}: DuckDB or Spark`;
    const ownReasons = reasons.filter((reason) => reason.output === output).map(({ why }) => why);
    const others = `${sparkOnly.join(", ")}: DuckDB could run ${output}, but one engine runs all outputs`;
    return (ownReasons.length > 0 ? ownReasons : [others]).map((why) =>
      `${output}: Spark only, because of ${why}`.replace(/\s+/g, " "),
    );
  });
}

/** The same of all environments of a config, after asking DuckDB once for each query. */
export function engineLinesOf(config: string): Promise<string[]> {
  const asked = new Map<string, ReturnType<Bind>>();
  const once: Bind = (...query) => {
    const key = JSON.stringify(query);
    const answer = asked.get(key) ?? bind(...query);
    asked.set(key, answer);
    return answer;
  };
  return linesOf(config, (environment) => engineLines(loadConfig(config, environment), once));
}
