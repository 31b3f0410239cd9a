import {
  type DuckDBConnection,
  DuckDBInstance,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBValue,
  type Json,
} from "@duckdb/node-api";
import { suggestion } from "../../config/nearest.ts";
import { UsageError } from "../../terminal/flags.ts";
import { literal, name, timeText } from "./parquet.ts";
import type { Published } from "./published.ts";

export interface Answer {
  readonly columns: readonly { readonly name: string; readonly isNumber: boolean }[];
  /**
   * One value a column. Times are `2025-03-01T12:34:56Z`; decimals, and whole numbers that JSON can't hold, are texts,
   * so that none loses a digit.
   */
  readonly rows: readonly (readonly Json[])[];
}

/**
 * Queries DuckDB with a view for each table, which has its columns and `batch`, as in the catalog.
 * @throws UsageError with DuckDB's reason, in one line
 */
export async function ask(sql: string, published: Published): Promise<Answer> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    // The outputs have days of UTC, whatever the machine's time zone is.
    await connection.run("set timezone = 'UTC'");
    await createViews(connection, published);
    const reader = await connection.runAndReadAll(sql);
    const isNumber = reader.columnTypes().map((type) => numberType.test(type.toString()));
    const values = reader.getRows();
    return {
      columns: reader.deduplicatedColumnNames().map((column, index) => ({ name: column, isNumber: isNumber[index]! })),
      rows: reader
        .getRowsJson()
        .map((row, at) => row.map((json, index) => exact(json, values[at]![index]!, isNumber[index]!))),
    };
  } catch (error) {
    throw new UsageError(reasonOf((error as Error).message, published.tables));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const numberType = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|DOUBLE|FLOAT|DECIMAL\(\d+,\d+\))$/;

function exact(json: Json, value: DuckDBValue, isNumber: boolean): Json {
  if (value instanceof DuckDBTimestampTZValue || value instanceof DuckDBTimestampValue) return timeText(value.micros);
  // DuckDB's JSON writes every whole number of 64 bits or more as a text.
  return isNumber && typeof value === "bigint" && Number.isSafeInteger(Number(value)) ? Number(value) : json;
}

async function createViews(connection: DuckDBConnection, { tables, files }: Published): Promise<void> {
  for (const table of tables) {
    const parts = files
      .filter((part) => part.table === table && part.files.length > 0)
      .map(
        (part) =>
          `select *, ${literal(part.batch)} as batch from read_parquet([${part.files.map(literal).join(", ")}], hive_partitioning = false)`,
      );
    // A batch published before a column was added lacks the column.
    if (parts.length > 0) await connection.run(`create view ${name(table)} as ${parts.join(" union all by name ")}`);
  }
}

/** DuckDB's message says what is wrong, then draws where in the query. Only the first part is kept. */
function reasonOf(message: string, tables: readonly string[]): string {
  const reason = message
    .split(/\n\s*LINE \d+:/)[0]!
    .replace(/\s*\n\s*/g, " ")
    .trim();
  const [, table] = /^Catalog Error: Table with name (\S+) does not exist/.exec(reason) ?? [];
  if (table === undefined) return reason;
  if (tables.includes(table)) return `${table} has no files any more; rows in Silver expire after retention.silver`;
  return `there is no published table ${table}${suggestion(table, tables)}; ${tables.length === 0 ? "nothing is published" : `there are ${tables.join(", ")}`}`;
}
