import type { DuckDBConnection } from "@duckdb/node-api";
import type { ColumnType } from "../../config/columnType.ts";
import type { TypedColumn } from "./row.ts";

/** Silver's own columns, behind the declared ones: the part's number in its file, and the line's in its part, from 1. */
export const [partColumn, lineColumn] = ["_part", "_line"] as const;

/** A name and a text, quoted for SQL. */
export const identifier = (name: string) => `"${name.replaceAll('"', '""')}"`;
export const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** DuckDB's name of a type. JSON holds times as they are in UTC; Parquet has to say that they are instants. */
export function duckdbType(type: ColumnType, timestamp: "timestamp" | "timestamptz"): string {
  switch (type.kind) {
    case "string":
      return "varchar";
    case "long":
      return "bigint";
    case "decimal":
      return `decimal(${type.precision},${type.scale})`;
    case "timestamp":
      return timestamp;
    case "array":
      return `${duckdbType(type.element, timestamp)}[]`;
    case "struct":
      return `struct(${type.fields.map((field) => `${identifier(field.name)} ${duckdbType(field.type, timestamp)}`).join(", ")})`;
    default:
      return type.kind;
  }
}

function selected({ name, type }: TypedColumn): string {
  const column = identifier(name);
  // A cast of a single time would load DuckDB's calendar for each row.
  if (type.kind === "timestamp") return `make_timestamptz(epoch_us(${column})) as ${column}`;
  const asRead = duckdbType(type, "timestamp");
  const asWritten = duckdbType(type, "timestamptz");
  return asRead === asWritten ? column : `cast(${column} as ${asWritten}) as ${column}`;
}

/** Writes Parquet from files of JSON lines. */
export interface ParquetWriter {
  /** @param typed a file in which each line is a row as `RowReader` types it, or `noRow` */
  typed(typed: string, part: number, target: string): Promise<void>;
  /** @param malformed a file of `MalformedLine`s, not empty */
  malformed(malformed: string, part: number, target: string): Promise<void>;
  close(): void;
}

/** Bytes of DuckDB's buffers; the process takes more. */
const memoryLimit = "192MB";

/** DuckDB is loaded here and not before: it takes longer than most calls of the function. */
export async function openParquetWriter(columns: readonly TypedColumn[], scratch: string): Promise<ParquetWriter> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:", { threads: "1", memory_limit: memoryLimit });
  const connection = await instance.connect();
  for (const setting of [
    "timezone = 'UTC'",
    `temp_directory = ${literal(scratch)}`,
    `allowed_directories = [${literal(scratch)}]`,
    "autoinstall_known_extensions = false",
    "autoload_known_extensions = false",
    "enable_external_access = false",
    "lock_configuration = true",
  ])
    await connection.run(`set ${setting}`);
  const declared = columns.map(({ name, type }) => `${identifier(name)}: ${literal(duckdbType(type, "timestamp"))}`);
  return {
    typed: (file, part, target) =>
      copy(
        connection,
        `select ${[...columns.map(selected), `${part}::integer as ${partColumn}`, lineColumn].join(", ")}
         from (select *, row_number() over () as ${lineColumn} from ${lines(file, [...declared, `"~": 'utinyint'`])})
         where "~" is null`,
        target,
      ),
    malformed: (file, part, target) =>
      copy(
        connection,
        `select ${part}::integer as ${partColumn}, line as ${lineColumn}, why, text
         from ${lines(file, ["line: 'bigint'", "why: 'varchar'", "text: 'varchar'"])}`,
        target,
      ),
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

const lines = (file: string, columns: readonly string[]) =>
  `read_json(${literal(file)}, format = 'newline_delimited', maximum_object_size = 33554432, columns = {${columns.join(", ")}})`;

const copy = async (connection: DuckDBConnection, select: string, target: string): Promise<void> => {
  await connection.run(
    `copy (${select}) to ${literal(target)} (format parquet, compression zstd, compression_level 1)`,
  );
};
