import type { Contract } from "../config/contract.ts";
import { Dataset } from "./dataset.ts";
import { type Dialect, inDialect } from "./dialect.ts";
import { Output } from "./output.ts";
import type { Plan, Statement } from "./plan.ts";
import { stepsOf } from "./rules.ts";
import { sparkDialect } from "./sparkDialect.ts";
import { oneRow } from "./sqlText.ts";
import { checkedValues } from "./values.ts";

/**
 * @param sql The SQL of each output.
 * @throws Error when an output has no SQL, or rejecting references lead back to where they began.
 */
export function compilePlan(
  contract: Contract,
  sql: Readonly<Record<string, string>>,
  dialect: Dialect = sparkDialect,
): Plan {
  const datasets = new Map(Object.keys(contract.datasets).map((name) => [name, new Dataset(dialect, contract, name)]));
  const outputs = Object.entries(contract.outputs).map(([name, declared]) => {
    const text = Object.hasOwn(sql, name) ? sql[name] : undefined;
    if (text === undefined) throw new Error(`output "${name}" has no SQL`);
    return [name, new Output(dialect, name, declared, text)] as const;
  });
  const all = [...datasets.values()];
  const steps = stepsOf(contract).map((names) => names.map((name) => datasets.get(name)!));

  /** One statement for all counts that don't depend on each other: each statement costs time, however few the rows. */
  const count = (name: string, purpose: string, queries: readonly string[]): Statement => ({
    kind: "count",
    name,
    purpose,
    sql: inDialect(dialect, oneRow(queries)),
    subject: "the datasets' counts",
    code: "contract_invalid",
  });
  const judged = (step: readonly Dataset[], index: number): readonly Statement[] => {
    const unknown = step.flatMap((dataset) => dataset.unknown ?? []);
    const names = `step ${index + 1}`;
    return [
      ...unknown.flatMap(({ statements }) => statements),
      ...(unknown.length > 0
        ? [
            count(
              `unknown#${index + 1}`,
              `Computes the values that reject rows in ${names}.`,
              unknown.map(({ counts }) => counts),
            ),
          ]
        : []),
      ...step.flatMap((dataset) => dataset.judged),
      count(
        `groups#${index + 1}`,
        `The rows read and rejected in ${names}.`,
        step.map((dataset) => dataset.groupCounts),
      ),
      {
        kind: "check",
        name: `read#${index + 1}`,
        purpose: "Every promoted row was read.",
        checks: step.map((dataset) => dataset.readCheck),
      },
      ...step.map((dataset) => dataset.rejectedRows),
      ...step.map((dataset) => dataset.duplicates),
      count(
        `duplicates#${index + 1}`,
        `The duplicates removed in ${names}.`,
        step.map((dataset) => dataset.duplicateCounts),
      ),
      ...step.flatMap((dataset) => dataset.kept),
    ];
  };

  return {
    format: 1,
    pipeline: contract.pipeline,
    inputs: all.map(({ input }) => input),
    statements: [
      ...checkedValues(dialect, contract),
      ...steps.flatMap(judged),
      ...all.flatMap(({ orphans }) => orphans),
      count(
        "kept#counts",
        "The kept rows, those that break a rule that warns, and the orphans.",
        all.flatMap(({ keptCounts }) => keptCounts),
      ),
      {
        kind: "check",
        name: "datasets#checks",
        purpose: "The datasets are fit for the outputs; all of their failures are told at once.",
        checks: [...all.flatMap(({ checks }) => checks), ...all.flatMap(({ orphanChecks }) => orphanChecks)],
      },
      ...outputs.flatMap(([, output]) => output.statements),
    ],
    report: {
      datasets: Object.fromEntries([...datasets].map(([name, dataset]) => [name, dataset.report])),
      outputs: Object.fromEntries(outputs.map(([name, output]) => [name, { rows: output.rows }])),
    },
  };
}
