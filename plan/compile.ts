import type { Contract } from "../config/contract.ts";
import { Dataset } from "./dataset.ts";
import { type Dialect, inDialect } from "./dialect.ts";
import { duckdbDialect } from "./duckdbDialect.ts";
import { Output } from "./output.ts";
import type { OutputSql } from "./ownSql.ts";
import type { Plan, Statement } from "./plan.ts";
import { inDuckdb } from "./queries.ts";
import { stepsOf } from "./rules.ts";
import { sparkDialect } from "./sparkDialect.ts";
import { listed, unionAll } from "./sqlText.ts";

/**
 * The plan in both dialects, or in Spark's only where DuckDB is not sure to return the same.
 * @param sql the SQL of each output
 * @param brought the SQL that outputs bring for DuckDB
 * @throws Error when an output has no SQL, or rejecting references lead back to where they began
 */
export function compilePlan(contract: Contract, sql: OutputSql["sql"], brought: OutputSql["duckdb"] = {}): Plan {
  const plan = compileIn(sparkDialect, contract, sql);
  const { queries } = inDuckdb(contract, sql, plan.tables, brought);
  if (!queries) return plan;
  const outputs = Object.entries(contract.outputs).map(([name, declared]) => [
    name,
    { ...declared, balances: queries.balances[name]! },
  ]);
  const duckdb = compileIn(duckdbDialect, { ...contract, outputs: Object.fromEntries(outputs) }, queries.sql);
  const statements = plan.statements.map((statement, index): Statement => {
    const same = duckdb.statements[index]!;
    return statement.kind === "check" || same.kind === "check"
      ? statement
      : { ...statement, sql: { ...statement.sql, ...same.sql } };
  });
  return { ...plan, statements };
}

/** The plan in one dialect only, of queries that are in this dialect. */
export function compileIn(dialect: Dialect, contract: Contract, sql: Readonly<Record<string, string>>): Plan {
  const datasets = new Map(Object.keys(contract.datasets).map((name) => [name, new Dataset(dialect, contract, name)]));
  const outputs = Object.entries(contract.outputs).map(([name, declared]) => {
    const text = Object.hasOwn(sql, name) ? sql[name] : undefined;
    if (text === undefined) throw new Error(`output "${name}" has no SQL`);
    return [name, new Output(dialect, name, declared, text)] as const;
  });
  const all = [...datasets.values()];
  const steps = stepsOf(contract).map((names) => names.map((name) => datasets.get(name)!));
  const statement = (kind: "table" | "count", name: string, purpose: string, text: string): Statement => ({
    ...{ kind, name, purpose, sql: inDialect(dialect, text) },
    subject: "the datasets",
    code: "contract_invalid",
  });

  /** Each statement costs time, however few the rows. So the datasets of a step are in one statement. */
  const judged = (step: readonly Dataset[], index: number): readonly Statement[] => {
    const [groups, duplicates] = [`groups#${index + 1}`, `duplicates#${index + 1}`];
    return [
      ...step.flatMap(({ checked }) => checked),
      statement(
        "table",
        groups,
        "How many rows break each rule, and the hashes of the keys that may come more than once.",
        groupsOf(dialect, step),
      ),
      statement(
        "table",
        duplicates,
        "The places of the rows whose key has a later row.",
        unionAll(step.map((dataset) => dataset.duplicates(groups))),
      ),
      ...step.flatMap((dataset) => dataset.kept(duplicates)),
    ];
  };
  const ofSteps = steps.flatMap((_, index) => [
    `select dataset, 'read' as what, ${dialect.identifier("#rule")} as detail, row_count from ${dialect.identifier(`groups#${index + 1}`)}`,
    `select dataset, 'duplicate', cast(null as string), 1 from ${dialect.identifier(`duplicates#${index + 1}`)}`,
  ]);
  const referring = all.flatMap((dataset) => dataset.referring);
  const ofReferences = referring.map(
    ({ name }) => `select dataset, named, reference, row_count from ${dialect.identifier(name)}`,
  );

  return {
    format: 1,
    pipeline: contract.pipeline,
    inputs: all.map(({ input }) => input),
    tables: all.flatMap(({ tables }) => tables),
    statements: [
      ...steps.flatMap(judged),
      ...referring,
      ...all.flatMap(({ orphans }) => orphans),
      statement(
        "count",
        "datasets#counts",
        "The rows read, rejected, removed as duplicates and kept, the warnings and the orphans.",
        `select
    ${listed(all.flatMap(({ counts }) => counts))}
from (
${unionAll([...ofSteps, ...ofReferences, ...all.flatMap(({ countQueries }) => countQueries)])}
) as counted`,
      ),
      ...all.map(({ rejectedRows }) => rejectedRows),
      {
        kind: "check",
        name: "datasets#checks",
        purpose: "The datasets are fit for the outputs; all of their failures are told at once.",
        checks: [
          ...all.map(({ readCheck }) => readCheck),
          ...all.flatMap(({ checks }) => checks),
          ...all.flatMap(({ orphanChecks }) => orphanChecks),
        ],
      },
      ...outputs.flatMap(([, output]) => output.statements),
    ],
    report: {
      datasets: Object.fromEntries([...datasets].map(([name, dataset]) => [name, dataset.report])),
      outputs: Object.fromEntries(outputs.map(([name, output]) => [name, { rows: output.rows }])),
    },
  };
}

/** All datasets of a step are grouped in one go: Spark compiles and warms up the code of each grouping anew. */
function groupsOf(dialect: Dialect, step: readonly Dataset[]): string {
  const [rule, key] = [dialect.identifier("#rule"), dialect.identifier("#key")];
  const repeated = `case when row_count > 1 then ${key} end`;
  return `select
    ${listed(["dataset", rule, `${repeated} as ${key}`, "sum(row_count) as row_count"])}
from (
    select
        ${listed(["dataset", rule, key, "count(*) as row_count"], 8)}
    from (
${unionAll(step.map(({ keyed }) => keyed))}
    ) as keyed
    group by dataset, ${rule}, ${key}
) as counted
group by dataset, ${rule}, ${repeated}`;
}
