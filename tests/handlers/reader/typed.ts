import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { DuckDBInstance } from "@duckdb/node-api";
import { type Parquet, type Text, type TypingOptions, typeParts } from "../../../handlers/reader/file.ts";
import { type Findings, together } from "../../../handlers/reader/findings.ts";
import { openParquetWriter } from "../../../handlers/reader/parquet.ts";
import type { TypedColumn } from "../../../handlers/reader/row.ts";

/** Every value as text; nested ones as DuckDB prints them. */
export type TextRow = Readonly<Record<string, string | null>>;

export interface TypedFile {
  readonly findings: Findings;
  readonly parts: number;
  /** Typed rows in the file's order, with `_part` and `_line`. */
  readonly rows: readonly TextRow[];
  /** Malformed rows: `_part`, `_line`, why, text. */
  readonly malformed: readonly TextRow[];
}

/** The bytes as a stream gives them, `chunk` at a time. */
export const textOf = (bytes: Buffer, chunk = 64 * 1024, isSeekable = true): Text => ({
  layout: "jsonl",
  bytes: isSeekable ? bytes.length : null,
  from: (start) =>
    Readable.from(
      (function* () {
        for (let at = start; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk);
      })(),
      { objectMode: true },
    ),
});

/** Types a whole file and reads back what was written. */
export async function typeFile(
  columns: readonly TypedColumn[],
  text: Text,
  options: Partial<TypingOptions> = {},
): Promise<TypedFile> {
  const folder = mkdtempSync(join(tmpdir(), "typed-"));
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run("set timezone = 'UTC'");
  const read = async (files: readonly string[], order: string) =>
    files.length === 0
      ? []
      : ((
          await connection.runAndReadAll(
            `select columns(*)::varchar from read_parquet([${files.map((file) => `'${file}'`).join(", ")}], filename = false) order by ${order}`,
          )
        ).getRowObjectsJson() as TextRow[]);
  try {
    const findings: Findings[] = [];
    const [typed, malformed]: [string[], string[]] = [[], []];
    const parts = typeParts(text, {
      columns,
      parts: { first: 0, count: Number.MAX_SAFE_INTEGER },
      open: openParquetWriter,
      ...options,
    });
    for await (const part of parts) {
      findings.push(part.findings);
      const keep = async (from: Parquet, to: string[]) => {
        to.push(join(folder, `${to === typed ? "typed" : "malformed"}-${part.part}.parquet`));
        writeFileSync(to.at(-1)!, await from.read());
      };
      await keep(part.typed!, typed);
      if (part.malformed) await keep(part.malformed, malformed);
    }
    return {
      findings: together(findings),
      parts: findings.length,
      rows: await read(typed, "_part::integer, _line::bigint"),
      malformed: await read(malformed, "_part::integer, _line::bigint"),
    };
  } finally {
    connection.closeSync();
    instance.closeSync();
    rmSync(folder, { recursive: true });
  }
}
