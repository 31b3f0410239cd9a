/** The items of a list, each on a line of its own. */
export const listed = (items: readonly string[], indent = 4): string => items.join(`,\n${" ".repeat(indent)}`);

export const lines = (items: readonly string[], indent: number): string => items.join(`\n${" ".repeat(indent)}`);

/** The cases' result, null when none holds. */
export function caseOf(cases: readonly (readonly [condition: string, result: string])[]): string {
  if (cases.length === 0) return "cast(null as string)";
  const whens = cases.map(([condition, result]) => `when ${condition} then ${result}`);
  return `case\n        ${lines(whens, 8)}\n    end`;
}

/**
 * One row with the columns of all queries, which have one row each. The queries stay as they are: a text in them may go
 * over several lines.
 */
export const oneRow = (queries: readonly string[]): string =>
  `select *\nfrom ${queries.map((query) => `(\n${query}\n)`).join("\ncross join ")}`;

export const unionAll = (queries: readonly string[]): string => queries.join("\nunion all\n");

/** How many rows fulfil it. DuckDB's `count_if` of no rows is null. */
export const countIf = (condition: string): string => `count(case when ${condition} then 1 end)`;
