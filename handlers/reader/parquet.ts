import { silverColumns } from "../../config/tables.ts";
import { duckdbDialect, duckdbType, instantOf } from "../../plan/duckdbDialect.ts";
import { copyToParquet, openDuckdb } from "../duckdb.ts";
import type { TypedColumn } from "./row.ts";

/** They stand behind the declared columns. */
export const [{ name: partColumn }, { name: lineColumn }] = silverColumns;

const { identifier, text: literal } = duckdbDialect;

function selected({ name, type }: TypedColumn): string {
  const column = identifier(name);
  if (type.kind === "timestamp") return `${instantOf(column)} as ${column}`;
  const asRead = duckdbType(type, "timestamp");
  const asWritten = duckdbType(type);
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

export async function openParquetWriter(columns: readonly TypedColumn[], scratch: string): Promise<ParquetWriter> {
  const { connection, close } = await openDuckdb({ scratch, threads: 1, memoryLimit });
  const declared = columns.map(({ name, type }) => `${identifier(name)}: ${literal(duckdbType(type, "timestamp"))}`);
  return {
    typed: (file, part, target) =>
      copyToParquet(
        connection,
        `select ${[...columns.map(selected), `${part}::integer as ${partColumn}`, lineColumn].join(", ")}
         from (select *, row_number() over () as ${lineColumn} from ${lines(file, [...declared, `"~": 'utinyint'`])})
         where "~" is null`,
        target,
      ),
    malformed: (file, part, target) =>
      copyToParquet(
        connection,
        `select ${part}::integer as ${partColumn}, line as ${lineColumn}, why, text
         from ${lines(file, ["line: 'bigint'", "why: 'varchar'", "text: 'varchar'"])}`,
        target,
      ),
    close,
  };
}

const lines = (file: string, columns: readonly string[]) =>
  `read_json(${literal(file)}, format = 'newline_delimited', maximum_object_size = 33554432, columns = {${columns.join(", ")}})`;
