import type { FileFormat } from "../../config/schema.ts";
import { FaultyText, oneObjectALine } from "../reader/faultyText.ts";
import type { Source } from "./source.ts";
import { unpack } from "./unpack.ts";

/** How a file holds its records. */
export interface Form {
  /** `jsonl` is one JSON object a line; `array` is one JSON array of objects. */
  readonly layout: "jsonl" | "array";
  readonly compression: "none" | "gzip";
}

/** Bytes of the text that tell its form. */
const headBytes = 65_536;

/** What else may hide behind the name of a JSON file, by its first bytes. */
const containers: readonly (readonly [string, readonly number[]])[] = [
  ["a gzip", [0x1f, 0x8b]],
  ["a zip", [0x50, 0x4b, 0x03, 0x04]],
  ["an empty zip", [0x50, 0x4b, 0x05, 0x06]],
  ["a bzip2", [0x42, 0x5a, 0x68]],
  ["an xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ["a zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["a Parquet file", [0x50, 0x41, 0x52, 0x31]],
];
const containerOf = (head: Buffer): string | undefined =>
  containers.find(([, magic]) => magic.every((byte, index) => head[index] === byte))?.[0];

/**
 * Looks at a file's beginning, so that what can't be its records is refused before it is read.
 * @throws FaultyText
 */
export async function formOf(source: Source, format: FileFormat): Promise<Form> {
  if (source.bytes === 0) throw new FaultyText("empty", "the file has no bytes", again);
  const head = await source.range(0, Math.min(source.bytes, headBytes) - 1);
  const container = containerOf(head);
  if (format === "json") {
    if (container === "a gzip")
      throw new FaultyText(
        "compressed",
        "the file is a gzip and is named .json",
        "name it .json.gz, or upload it unpacked",
      );
    if (container)
      throw new FaultyText(
        "compressed",
        `the file is ${container} and is named .json`,
        "upload the JSON that it was made from",
      );
    return { layout: layoutOf(head), compression: "none" };
  }
  if (container !== "a gzip")
    throw new FaultyText(
      "not_gzip",
      `the file is named .json.gz and is ${container ?? "no gzip"}`,
      "pack it with gzip, or name it .json",
    );
  const unpacked = await beginningOf(unpack(source));
  if (unpacked.length === 0) throw new FaultyText("empty", "the gzip holds no bytes", again);
  const inner = containerOf(unpacked);
  if (inner) throw new FaultyText("compressed", `the gzip holds ${inner}`, "pack the JSON once, with gzip");
  return { layout: layoutOf(unpacked), compression: "gzip" };
}

const again = "upload it again with its records";

async function beginningOf(text: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of text) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= headBytes) break;
  }
  return Buffer.concat(chunks);
}

function layoutOf(head: Buffer): Form["layout"] {
  const fix = "save it as UTF-8 without a byte order mark";
  // JSON in UTF-16 has a zero beside each of its brackets and quotes.
  if (head.includes(0)) throw new FaultyText("encoding", "the file is UTF-16 or binary, not UTF-8", fix);
  if (head.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])))
    throw new FaultyText("encoding", "the file begins with a byte order mark", fix);
  const first = /[^ \t\r\n]/.exec(head.toString("latin1"))?.[0];
  if (first === "[") return "array";
  if (first === "<")
    throw new FaultyText("not_json", "the file is HTML or XML, perhaps an error page", "upload the JSON itself");
  if (first !== undefined && first !== "{")
    throw new FaultyText(
      "not_json",
      "the file does not begin with a JSON object (it may be CSV or text)",
      oneObjectALine,
    );
  return "jsonl";
}
