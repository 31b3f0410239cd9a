import { DuckDBInstance } from "@duckdb/node-api";
import { duckdbDialect } from "../../plan/duckdbDialect.ts";

/** Numbers and decimals as exact text, timestamps as `2025-03-01T12:34:56Z`. */
export type TextRow = Readonly<Record<string, string | null>>;

export interface Parquet {
  /** The first rows in the order of the named columns. */
  first(count: number, orderBy: readonly string[]): Promise<TextRow[]>;
  /** One row of the given expressions. */
  aggregate(expressions: Readonly<Record<string, string>>): Promise<TextRow>;
  /** The number of rows of each value of a column. */
  groups(column: string): Promise<Record<string, number>>;
  where(column: string, values: readonly string[]): Promise<TextRow[]>;
  readonly columns: readonly string[];
  close(): void;
}

export const { identifier: name, text: literal } = duckdbDialect;

export async function openParquet(paths: readonly string[]): Promise<Parquet> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const query = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJson() as TextRow[];
  await query(
    `create view rows as select * from read_parquet([${paths.map(literal).join(", ")}], hive_partitioning = false)`,
  );

  /** Runs a query. Timestamps are read as microseconds, so that no time zone setting affects them. */
  const asText = async (sql: string): Promise<TextRow[]> => {
    const described = await query(`describe ${sql}`);
    const isTime = ({ column_type }: TextRow) => column_type!.startsWith("TIMESTAMP");
    const times = new Set(described.filter(isTime).map(({ column_name }) => column_name!));
    const selected = described.map(({ column_name }) => {
      const column = name(column_name!);
      return `cast(${times.has(column_name!) ? `epoch_us(${column})` : column} as varchar) as ${column}`;
    });
    const rows = await query(`select ${selected.join(", ")} from (${sql})`);
    return rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([column, value]) => [
          column,
          value !== null && times.has(column) ? timeText(BigInt(value)) : value,
        ]),
      ),
    );
  };

  const columns = (await query("describe rows")).map(({ column_name }) => column_name!);
  return {
    columns,
    first: (count, orderBy) => asText(`select * from rows order by ${orderBy.map(name).join(", ")} limit ${count}`),
    async aggregate(expressions) {
      const selected = Object.entries(expressions).map(([alias, expression]) => `${expression} as ${name(alias)}`);
      return (await asText(`select ${selected.join(", ")} from rows`))[0]!;
    },
    async groups(column) {
      const rows = await asText(`select ${name(column)} as value, count(*) as count from rows group by 1`);
      return Object.fromEntries(rows.map(({ value, count }) => [String(value), Number(count)]));
    },
    where: (column, values) =>
      asText(`select * from rows where ${name(column)} in (${values.map(literal).join(", ")})`),
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** Microseconds since the epoch as `2025-03-01T12:34:56Z`. */
export function timeText(micros: bigint): string {
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  // A year of more than four digits has a sign, so the text has no fixed length.
  const text = new Date(Number((micros - rest) / 1000n)).toISOString().slice(0, -".000Z".length);
  return `${text}${rest === 0n ? "" : `.${String(rest).padStart(6, "0")}`}Z`;
}
