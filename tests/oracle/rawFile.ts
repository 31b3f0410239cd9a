import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { type DuckDBConnection, DuckDBDataChunk, VARCHAR } from "@duckdb/node-api";

/** An input as a producer uploads it; packed when its name ends in `.gz`. */
export interface RawFile {
  readonly path: string;
  readonly layout: "jsonl" | "array";
}

const chunkRows = 2048;
const newline = 0x0a;

/** Makes the table `name(line)` of a file's lines or an array's elements, without blank lines; null means not UTF-8. */
export async function loadRaw(connection: DuckDBConnection, name: string, { path, layout }: RawFile): Promise<void> {
  await connection.run(`create table ${name} (line varchar)`);
  const appender = await connection.createAppender(name);
  let waiting: (string | null)[] = [];
  const append = (lines: readonly (string | null)[]) => {
    for (const line of lines) if (line === null || line.trim() !== "") waiting.push(line);
    while (waiting.length >= chunkRows) write(waiting.splice(0, chunkRows));
  };
  const write = (lines: (string | null)[]) => {
    const chunk = DuckDBDataChunk.create([VARCHAR], lines.length);
    chunk.setColumns([lines]);
    appender.appendDataChunk(chunk);
  };

  const source = createReadStream(path, { highWaterMark: 256 * 1024 });
  const parts: AsyncIterable<Buffer> = path.endsWith(".gz") ? source.pipe(createGunzip()) : source;
  let rest: Buffer = Buffer.alloc(0);
  for await (const part of parts) {
    const bytes = rest.length === 0 ? part : Buffer.concat([rest, part]);
    const end = bytes.lastIndexOf(newline) + 1;
    append(linesOf(bytes.subarray(0, end)));
    rest = bytes.subarray(end);
  }
  append(linesOf(rest));
  if (waiting.length > 0) write(waiting);
  waiting = [];
  appender.closeSync();
  if (layout === "array")
    await connection.run(
      `create or replace table ${name} as
       select unnest(json_extract(string_agg(line, chr(10)), '$[*]'))::varchar as line from ${name}`,
    );
}

function linesOf(bytes: Buffer): (string | null)[] {
  if (isUtf8(bytes)) return bytes.toString("utf8").split("\n");
  const lines: (string | null)[] = [];
  for (let at = 0; at < bytes.length; ) {
    const found = bytes.indexOf(newline, at);
    const end = found < 0 ? bytes.length : found;
    const line = bytes.subarray(at, end);
    lines.push(isUtf8(line) ? line.toString("utf8") : null);
    at = end + 1;
  }
  return lines;
}
