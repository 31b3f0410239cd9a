import type { Answer, Totals } from "../generator/answer.ts";
import type { DatasetReport } from "../handlers/run/report.ts";
import type { Parquet } from "../operator/gold/parquet.ts";

export interface Comparison {
  readonly matches: boolean;
  /** One line per difference: what, the known value, the value found. */
  readonly differences: readonly string[];
  /** How many values were compared. */
  readonly compared: number;
}

const expressions: Readonly<Record<keyof Totals, string>> = {
  total_events: "sum(total_events)",
  total_sessions: "sum(total_sessions)",
  product_views: "sum(product_views)",
  product_purchases: "sum(product_purchases)",
  first_event_at: "min(first_event_at)",
  last_event_at: "max(last_event_at)",
  total_orders: "sum(total_orders)",
  successful_orders: "sum(successful_orders)",
  failed_orders: "sum(failed_orders)",
  revenue: "sum(revenue)",
  last_order_at: "max(last_order_at)",
};

/** Compares what the pipeline counted and published with the generator's known answer. */
export async function compareWithAnswer(
  answer: Answer,
  datasets: Readonly<Record<string, DatasetReport>>,
  gold: Parquet,
): Promise<Comparison> {
  const differences: string[] = [];
  let compared = 0;
  const check = (what: string, known: unknown, found: unknown) => {
    compared++;
    if (text(known) !== text(found)) differences.push(`${what}: ${text(known)} is right, ${text(found)} was found`);
  };

  for (const [name, known] of Object.entries(answer.datasets))
    for (const [path, value] of leaves(known)) check(`${name}.${path}`, value, at(datasets[name], path));

  const { rows, totals, groups, sample } = answer.outputs.user_activity;
  const missing = Object.keys(sample[0]?.row ?? totals).filter((column) => !gold.columns.includes(column));
  if (missing.length > 0) {
    for (const column of missing) check(`column ${column}`, "present", "missing");
    return { matches: false, differences, compared };
  }
  const found = await gold.aggregate({ rows: "count(*)", ...expressions });
  check("rows", rows, found.rows);
  for (const [column, known] of Object.entries(totals)) check(`all users, ${column}`, known, found[column]);
  for (const [column, known] of Object.entries(groups)) {
    const counts = await gold.groups(column);
    for (const value of new Set([...Object.keys(known), ...Object.keys(counts)]))
      check(`users of ${column} ${value}`, known[value] ?? 0, counts[value] ?? 0);
  }
  const users = await gold.where(
    "user_id",
    sample.map(({ row }) => row.user_id),
  );
  for (const { row } of sample) {
    const published = users.filter(({ user_id }) => user_id === row.user_id);
    check(`${row.user_id}, rows`, 1, published.length);
    for (const [column, known] of Object.entries(row))
      check(`${row.user_id}, ${column}`, known, published[0]?.[column]);
  }
  return { matches: differences.length === 0, differences, compared };
}

const text = (value: unknown) => (value === undefined ? "nothing" : String(value));

function leaves(value: object, prefix = ""): [string, unknown][] {
  return Object.entries(value).flatMap(([key, child]): [string, unknown][] =>
    typeof child === "object" && child !== null ? leaves(child, `${prefix}${key}.`) : [[`${prefix}${key}`, child]],
  );
}

function at(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((part, key) => (part as Record<string, unknown> | undefined)?.[key], value);
}
