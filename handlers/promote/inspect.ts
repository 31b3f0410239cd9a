import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { ColumnType } from "../../config/columnType.ts";
import type { FileFormat } from "../../config/schema.ts";
import type { Compression, Layout } from "../ledger/document.ts";

/** A file as the inspection reads it. Offsets and sizes are bytes of the stored object. */
export interface Source {
  readonly bytes: number;
  range(start: number, end: number): Promise<Buffer>;
  stream(): Promise<Readable>;
}

export interface Expected {
  readonly format: FileFormat;
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[];
  readonly primaryKey: readonly string[];
}

export interface Limits {
  readonly sampleBytes: number;
  readonly sampleRecords: number;
  readonly maxArrayBytes: number;
  readonly maxUnpackedBytes: number;
}

export type Inspection =
  | { readonly outcome: "good"; readonly layout: Layout; readonly compression: Compression }
  | { readonly outcome: "bad"; readonly code: string; readonly reason: string };

/** A finding against the file, thrown from wherever it is made and caught once. */
class Finding extends Error {
  override readonly name = "Finding";
  readonly code: string;
  constructor(code: string, reason: string) {
    super(reason);
    this.code = code;
  }
}

/** The unpacked text's ends. `tail` begins where `head` ends, or later; `whole` says that nothing lies between. */
interface Sample {
  readonly head: Buffer;
  readonly tail: Buffer;
  readonly whole: boolean;
  readonly bytes: number;
}

const gzipMagic = Buffer.from([0x1f, 0x8b]);
const isGzip = (head: Buffer) => head.subarray(0, 2).equals(gzipMagic);

/** Whether a file may be promoted. Reads a bounded part of it, save for a gzip, which is read whole and kept bounded. */
export async function inspect(source: Source, expected: Expected, limits: Limits): Promise<Inspection> {
  try {
    if (source.bytes === 0) throw new Finding("empty", "the file has no bytes; upload it again with its records");
    const packed = expected.format === "json.gz";
    const sample = packed ? await unpackedSample(source, limits) : await plainSample(source, limits);
    const layout = await inspectText(sample, source, expected, limits);
    return { outcome: "good", layout, compression: packed ? "gzip" : "none" };
  } catch (error) {
    if (error instanceof Finding) return { outcome: "bad", code: error.code, reason: error.message };
    throw error;
  }
}

async function plainSample(source: Source, { sampleBytes }: Limits): Promise<Sample> {
  const { bytes } = source;
  const head = await source.range(0, Math.min(bytes, sampleBytes) - 1);
  if (isGzip(head)) throw new Finding("compressed", "the file is a gzip; name it .json.gz or upload it unpacked");
  if (bytes <= sampleBytes) return { head, tail: Buffer.alloc(0), whole: true, bytes };
  const tailStart = Math.max(sampleBytes, bytes - sampleBytes);
  const tail = await source.range(tailStart, bytes - 1);
  return { head, tail, whole: tailStart === sampleBytes, bytes };
}

async function unpackedSample(source: Source, { sampleBytes, maxUnpackedBytes }: Limits): Promise<Sample> {
  if (!isGzip(await source.range(0, Math.min(source.bytes, 2) - 1)))
    throw new Finding("not_gzip", "the file is named .json.gz and is no gzip; pack it, or name it .json");
  let head = Buffer.alloc(0);
  const tail = new TailBuffer(sampleBytes);
  let bytes = 0;
  try {
    for await (const chunk of unpack(source)) {
      bytes += chunk.length;
      if (bytes > maxUnpackedBytes)
        throw new Finding(
          "unpacked_too_large",
          `the file unpacks to more than ${maxUnpackedBytes} bytes; split the batch or raise files.maxUnpackedBytes`,
        );
      const missing = sampleBytes - head.length;
      if (missing > 0) head = Buffer.concat([head, chunk.subarray(0, missing)]);
      tail.push(missing > 0 ? chunk.subarray(missing) : chunk);
    }
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "Z_BUF_ERROR") throw new Finding("truncated", "the gzip ends early; upload the whole file");
    if (code?.startsWith("Z_"))
      throw new Finding("broken_gzip", `the gzip is damaged (${(error as Error).message}); upload it again`);
    throw error;
  }
  if (bytes === 0) throw new Finding("empty", "the gzip holds no bytes; upload it again with its records");
  const end = tail.bytes();
  return { head, tail: end, whole: head.length + end.length === bytes, bytes };
}

async function* unpack(source: Source): AsyncGenerator<Buffer> {
  const packed = await source.stream();
  const gunzip = createGunzip();
  packed.on("error", (error) => gunzip.destroy(error));
  packed.pipe(gunzip);
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } finally {
    packed.destroy();
  }
}

/** The newest `limit` bytes of what is pushed, without copying at each push. */
class TailBuffer {
  readonly #limit: number;
  readonly #chunks: Buffer[] = [];
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    while (this.#length - this.#chunks[0]!.length >= this.#limit) this.#length -= this.#chunks.shift()!.length;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks).subarray(-this.#limit);
  }
}

async function inspectText(sample: Sample, source: Source, expected: Expected, limits: Limits): Promise<Layout> {
  const { head, tail, whole } = sample;
  checkEncoding(head);
  const first = head.find((byte) => !isBlank(byte));
  if (first === undefined) {
    if (!whole || tail.some((byte) => !isBlank(byte)))
      throw new Finding(
        "not_json_lines",
        `the first ${head.length} bytes are blank; write one JSON object a line from the start`,
      );
    throw new Finding("blank", "the file holds nothing but blanks; upload it again with its records");
  }
  if (first === byteOf("[")) return inspectArray(sample, source, expected, limits);
  if (first === byteOf("<"))
    throw new Finding("not_json", "the file is HTML or XML, perhaps an error page; upload the JSON itself");
  if (first !== byteOf("{"))
    throw new Finding("not_json", "the file does not begin with a JSON object; write one JSON object a line");
  inspectLines(sample, expected, limits);
  return "jsonl";
}

const byteOf = (character: string) => character.charCodeAt(0);
const newline = byteOf("\n");
const isBlank = (byte: number) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);

function checkEncoding(head: Buffer): void {
  const utf16 = head.subarray(0, 2);
  if (utf16.equals(Buffer.from([0xff, 0xfe])) || utf16.equals(Buffer.from([0xfe, 0xff])) || head.includes(0))
    throw new Finding("encoding", "the file is not UTF-8 (it looks like UTF-16 or binary); save it as UTF-8");
  if (head.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])))
    throw new Finding("encoding", "the file begins with a byte order mark; save it as UTF-8 without one");
  try {
    // A character cut by the end of the sample is no fault, so the decoder is told that more may come.
    new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
  } catch {
    throw new Finding("encoding", "the file is not valid UTF-8; save it as UTF-8");
  }
}

function inspectLines({ head, tail, whole }: Sample, expected: Expected, limits: Limits): void {
  const text = whole ? Buffer.concat([head, tail]) : head;
  const lines = splitLines(text);
  if (!whole && lines.length === 1)
    throw new Finding(
      "record_too_long",
      `the first record is longer than ${limits.sampleBytes} bytes; write one JSON object a line`,
    );
  const complete = whole ? lines : lines.slice(0, -1);
  const records = complete.filter((line) => line.text.trim() !== "");

  const sampled = records
    .slice(0, limits.sampleRecords)
    .map(({ text: line, number }) => ({ value: parseObject(line), place: `line ${number}` }));
  if (sampled[0]!.value === null)
    throw new Finding(
      "not_json_lines",
      `${sampled[0]!.place} is not a whole JSON object; write one JSON object a line`,
    );
  const last = whole ? records.at(-1)! : lastLine(tail, limits);
  if (parseObject(last.text) === null)
    throw new Finding("truncated", "the last record is not a whole JSON object; the upload or its source was cut off");
  checkContract(sampled, expected);
}

interface Line {
  readonly text: string;
  readonly number: number | null;
}

const splitLines = (text: Buffer): Line[] =>
  text
    .toString("utf8")
    .split("\n")
    .map((line, index) => ({ text: line, number: index + 1 }));

function lastLine(tail: Buffer, { sampleBytes }: Limits): Line {
  let end = tail.length;
  while (end > 0 && isBlank(tail[end - 1]!)) end--;
  if (end === 0)
    throw new Finding("truncated", `the last ${tail.length} bytes are blank; upload the file without them`);
  const start = tail.lastIndexOf(newline, end - 1) + 1;
  if (start === 0)
    throw new Finding(
      "record_too_long",
      `the last record is longer than ${sampleBytes} bytes; write one JSON object a line`,
    );
  return { text: tail.subarray(start, end).toString("utf8"), number: null };
}

type JsonObject = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

async function inspectArray(sample: Sample, source: Source, expected: Expected, limits: Limits): Promise<Layout> {
  if (sample.bytes > limits.maxArrayBytes)
    throw new Finding(
      "array_too_large",
      `a JSON array may have ${limits.maxArrayBytes} bytes and this one has ${sample.bytes}; write one JSON object a line instead`,
    );
  const text = sample.whole ? Buffer.concat([sample.head, sample.tail]) : await wholeText(source, expected.format);
  let values: unknown;
  try {
    values = JSON.parse(text.toString("utf8"));
  } catch (error) {
    throw new Finding(
      "not_json",
      `the file begins like a JSON array and is none (${shorten((error as Error).message)})`,
    );
  }
  if (!Array.isArray(values)) throw new Finding("not_json", "the file is not a JSON array of objects");
  if (values.length === 0) throw new Finding("empty", "the JSON array is empty; upload it again with its records");
  const stranger = values.findIndex((value) => !isObject(value));
  if (stranger >= 0) throw new Finding("not_json", `element ${stranger + 1} of the JSON array is not an object`);
  const sampled = values
    .slice(0, limits.sampleRecords)
    .map((value: JsonObject, index) => ({ value, place: `element ${index + 1}` }));
  checkContract(sampled, expected);
  return "array";
}

async function wholeText(source: Source, format: FileFormat): Promise<Buffer> {
  if (format === "json") return source.range(0, source.bytes - 1);
  const chunks: Buffer[] = [];
  for await (const chunk of unpack(source)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** JSON.parse quotes the text it failed on; what a file holds does not belong in a reason. */
const shorten = (message: string) =>
  message.replace(/,? ?".*$/s, "").replace(/Unexpected token .*/s, "unexpected character");

interface SampledRecord {
  readonly value: JsonObject | null;
  readonly place: string;
}

/** Single bad rows are the engine's to reject; a file is bad when more than half of its sample contradicts the contract. */
function checkContract(records: readonly SampledRecord[], expected: Expected): void {
  const faults = records.flatMap(({ value, place }) => {
    const fault = value === null ? "is not a JSON object" : contradiction(value, expected);
    return fault ? [`${place} ${fault}`] : [];
  });
  if (faults.length * 2 > records.length)
    throw new Finding(
      "contract",
      `${faults.length} of the first ${records.length} records contradict the contract: ${faults[0]}`,
    );
}

function contradiction(record: JsonObject, { columns, primaryKey }: Expected): string | null {
  const absent = primaryKey.filter((name) => !(name in record));
  if (absent.length > 0) return `has no ${absent.join(", ")}`;
  const wrong = columns.find(({ name, type }) => !fits(record[name] ?? null, type));
  return wrong ? `has a ${kindOf(record[wrong.name])} in ${wrong.name}, which is declared ${wrong.type.kind}` : null;
}

const kindOf = (value: unknown) => (Array.isArray(value) ? "list" : typeof value);

/** Whether a JSON value can stand in a column; what exactly it says is the row contract's matter. */
function fits(value: unknown, type: ColumnType): boolean {
  if (value === null) return true;
  switch (type.kind) {
    case "boolean":
      return typeof value === "boolean";
    case "integer":
    case "long":
      return Number.isInteger(value);
    case "double":
    case "decimal":
      return (
        typeof value === "number" || (typeof value === "string" && value.trim() !== "" && !Number.isNaN(Number(value)))
      );
    case "array":
      return Array.isArray(value);
    case "struct":
      return isObject(value);
    case "string":
      return ["string", "number", "boolean"].includes(typeof value);
    default:
      return typeof value === "string" || typeof value === "number";
  }
}
