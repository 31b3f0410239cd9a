import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { BIGINT, BOOLEAN, type DuckDBConnection, DuckDBDataChunk, VARCHAR } from "@duckdb/node-api";

/** An input as a producer uploads it; packed when its name ends in `.gz`. */
export interface RawFile {
  readonly path: string;
  readonly layout: "jsonl" | "array";
}

const chunkRows = 2048;
const newline = 0x0a;
const longestLine = 16 * 1024 * 1024;

/**
 * Makes the table `name(number, line, is_json)` of a file's lines or an array's elements, counted from 1. A line is null
 * when it is no UTF-8 or too long.
 */
export async function loadRaw(connection: DuckDBConnection, name: string, { path, layout }: RawFile): Promise<void> {
  await connection.run(`create table ${name} (number bigint, line varchar, is_json boolean)`);
  const appender = await connection.createAppender(name);
  let waiting: (string | null)[] = [];
  let number = 0n;
  const write = (least: number) => {
    while (waiting.length >= least) {
      const lines = waiting.splice(0, chunkRows);
      const chunk = DuckDBDataChunk.create([BIGINT, VARCHAR, BOOLEAN], lines.length);
      chunk.setColumns([lines.map(() => ++number), lines, lines.map(isJson)]);
      appender.appendDataChunk(chunk);
    }
  };

  const source = createReadStream(path, { highWaterMark: 256 * 1024 });
  const parts: AsyncIterable<Buffer> = path.endsWith(".gz") ? source.pipe(createGunzip()) : source;
  let rest: Buffer = Buffer.alloc(0);
  for await (const part of parts) {
    const bytes = rest.length === 0 ? part : Buffer.concat([rest, part]);
    const end = bytes.lastIndexOf(newline);
    if (end >= 0) waiting = waiting.concat(linesOf(bytes.subarray(0, end)));
    rest = bytes.subarray(end + 1);
    write(chunkRows);
  }
  if (rest.length > 0) waiting.push(...linesOf(rest));
  write(1);
  appender.closeSync();
  if (layout === "array")
    await connection.run(
      `create or replace table ${name} as
       select generate_subscripts(elements, 1) as number, unnest(elements)::varchar as line, true as is_json
       from (select json_extract(string_agg(line, chr(10) order by number), '$[*]') as elements from ${name})`,
    );
}

function linesOf(bytes: Buffer): (string | null)[] {
  if (bytes.length <= longestLine && isUtf8(bytes)) return bytes.toString("utf8").split("\n");
  const lines: (string | null)[] = [];
  for (let at = 0; at <= bytes.length; ) {
    const found = bytes.indexOf(newline, at);
    const end = found < 0 ? bytes.length : found;
    const line = bytes.subarray(at, end);
    lines.push(line.length <= longestLine && isUtf8(line) ? line.toString("utf8") : null);
    at = end + 1;
  }
  return lines;
}

/** DuckDB alone would take `NaN` and a comma behind the last member. */
function isJson(line: string | null): boolean {
  try {
    JSON.parse(line ?? "");
    return true;
  } catch {
    return false;
  }
}
