import { DuckDBInstance } from "@duckdb/node-api";
import type { PipelineConfig } from "../config/schema.ts";
import type { RunReport } from "../handlers/run/report.ts";
import { literal, name } from "../operator/gold/parquet.ts";

/** What one engine made of a batch. */
export interface Made {
  /** DuckDB or Spark. */
  readonly engine: string;
  readonly report: RunReport;
  /** Output to its Parquet files. */
  readonly files: Readonly<Record<string, readonly string[]>>;
}

export interface Agreement {
  readonly batch: string;
  readonly engines: readonly [string, string];
  /** One line each; a row is named by its grain. */
  readonly differences: readonly string[];
  /** How many values of Gold were compared, and how many counts. */
  readonly cells: number;
  readonly counts: number;
}

const shownRows = 20;

/** Compares all that two engines made of a batch: every value of Gold, every count and every check. */
export async function agreementOf(
  batch: string,
  [one, other]: readonly [Made, Made],
  outputs: Pick<PipelineConfig, "outputs">["outputs"],
): Promise<Agreement> {
  const differences: string[] = [];
  let counts = 0;
  const [left, right] = [countsOf(one.report), countsOf(other.report)];
  for (const what of new Set([...left.keys(), ...right.keys()])) {
    counts++;
    const [a, b] = [left.get(what) ?? "nothing", right.get(what) ?? "nothing"];
    if (a !== b) differences.push(`${what}: ${one.engine} ${a}, ${other.engine} ${b}`);
  }
  let cells = 0;
  for (const [output, { grain, columns }] of Object.entries(outputs)) {
    const found = await differing(output, grain, Object.keys(columns), one, other);
    cells += found.rows * Object.keys(columns).length;
    differences.push(...found.differences);
  }
  return { batch, engines: [one.engine, other.engine], differences, cells, counts };
}

/** The numbers of a report by their path, without times and names of files. */
function countsOf({ state, datasets, outputs, checks }: RunReport): ReadonlyMap<string, string> {
  const found = new Map<string, string>([["state", state]]);
  const enter = (path: string, value: unknown): void => {
    if (typeof value !== "object" || value === null) found.set(path, String(value));
    else for (const [key, inner] of Object.entries(value)) enter(`${path}.${key}`, inner);
  };
  enter("datasets", datasets);
  for (const [output, { rows, columns }] of Object.entries(outputs)) enter(`outputs.${output}`, { rows, columns });
  for (const { name, passed, detail } of checks) enter(`checks.${name}`, `${passed}: ${detail}`);
  return found;
}

async function differing(
  output: string,
  grain: readonly string[],
  columns: readonly string[],
  one: Made,
  other: Made,
): Promise<{ readonly differences: readonly string[]; readonly rows: number }> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    await connection.run("set timezone = 'UTC'");
    for (const [view, { files }] of [["a", one] as const, ["b", other] as const])
      await connection.run(
        `create view ${view} as select *, true as "#there" from read_parquet([${files[output]!.map(literal).join(", ")}], hive_partitioning = false)`,
      );
    const isSame = grain.map((column) => `a.${name(column)} is not distinct from b.${name(column)}`).join(" and ");
    const isDifferent = columns.map((column) => `a.${name(column)} is distinct from b.${name(column)}`).join(" or ");
    const texts = ["a", "b"].map(
      (view) => `[${columns.map((column) => `cast(${view}.${name(column)} as varchar)`).join(", ")}] as ${view}_values`,
    );
    const found = await connection.runAndReadAll(
      `select ${texts.join(", ")}, a."#there" as in_a, b."#there" as in_b
from a full join b on ${isSame}
where in_a is null or in_b is null or ${isDifferent}
order by all limit ${shownRows + 1}`,
    );
    const counted = await connection.runAndReadAll("select count(*) as rows from a");
    const rows = found.getRowObjectsJS() as unknown as readonly Row[];
    const told = rows.slice(0, shownRows).map((row) => {
      const values = row.in_a ? row.a_values : row.b_values;
      const key = grain.map((column) => `${column} ${values[columns.indexOf(column)]}`).join(", ");
      const where = `${output}, ${key}`;
      if (!row.in_a || !row.in_b) return `${where}: only ${row.in_a ? one.engine : other.engine} has this row`;
      const cells = columns.flatMap((column, index) => {
        const [a, b] = [row.a_values[index], row.b_values[index]];
        return a === b ? [] : [`${column} is ${a} by ${one.engine} and ${b} by ${other.engine}`];
      });
      return `${where}: ${cells.join("; ")}`;
    });
    const more = rows.length > shownRows ? [`${output}: more rows differ`] : [];
    return { differences: [...told, ...more], rows: Number(counted.getRowObjectsJS()[0]!.rows) };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

interface Row {
  readonly a_values: readonly (string | null)[];
  readonly b_values: readonly (string | null)[];
  readonly in_a: boolean | null;
  readonly in_b: boolean | null;
}
