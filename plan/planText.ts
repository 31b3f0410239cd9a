import type { Plan } from "./plan.ts";

/** The same plan gives the same bytes. */
export const planText = (plan: Plan): string => `${JSON.stringify(plan, null, 2)}\n`;

/** The plan for people: each statement's name, what it is for, and its SQL. */
export function printPlan({ statements }: Plan): string {
  const printed = statements.map((statement) => {
    const head = `-- ${statement.name} (${statement.kind}): ${statement.purpose}`;
    if (statement.kind !== "check") return `${head}\n${statement.sql.spark.trimEnd()}\n;\n`;
    return `${head}\n${statement.checks.map(({ name, code }) => `--   ${name}, else ${code}\n`).join("")}`;
  });
  return printed.join("\n");
}
