import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { generate } from "../../generator/generate.ts";
import type { ReadEvent } from "./read.ts";

/** A file of users in a form that producers may send. */
export interface LargeFile {
  readonly layout: ReadEvent["layout"];
  readonly key: string;
  readonly body: Buffer;
  /** The size of its unpacked text. */
  readonly megabytes: number;
}

const megabyte = 1_000_000;
/** A JSON array may be no larger; see `files.maxArrayBytes`. */
const arrayBytes = 16 * megabyte;
const textBytes = 64 * megabyte;
/** Enough records for a text of this size. */
const records = 600_000;

export async function largeFiles(folder: string): Promise<LargeFile[]> {
  await generate({ records, seed: 42, directory: folder });
  const users = readFileSync(join(folder, "users.json"));
  const lines = (bytes: number) => users.subarray(0, users.lastIndexOf("\n", bytes) + 1);
  const text = lines(textBytes);
  const array = Buffer.from(`[${sound(lines(arrayBytes)).join(",")}]`);
  const file = (layout: LargeFile["layout"], key: string, body: Buffer, bytes: number) => ({
    layout,
    key,
    body,
    megabytes: bytes / megabyte,
  });
  return [
    file("lines", "users.json", text, text.length),
    file("array", "users.json", array, array.length),
    file("gzip", "users.json.gz", gzipSync(text), text.length),
  ];
}

/** Only lines that are JSON: an array with any other line would be rejected before its end. */
function sound(lines: Buffer): string[] {
  return lines
    .toString()
    .trimEnd()
    .split("\n")
    .filter((line) => line.endsWith("}"));
}
