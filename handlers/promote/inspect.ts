import type { FileFormat } from "../../config/schema.ts";
import type { Compression, Layout } from "../ledger/document.ts";
import { contradiction, type ExpectedColumn, maxDepth } from "./fit.ts";
import {
  byteOf,
  carriageReturn,
  isBlank,
  type JsonRecord,
  NoArray,
  newline,
  readElements,
  readRecord,
} from "./json.ts";
import type { Source } from "./source.ts";
import { BrokenGzip, unpack } from "./unpack.ts";

export interface Expected {
  readonly format: FileFormat;
  readonly columns: readonly ExpectedColumn[];
}

export interface Limits {
  /** Also the longest record. */
  readonly sampleBytes: number;
  readonly sampleRecords: number;
  readonly maxArrayBytes: number;
  readonly maxUnpackedBytes: number;
}

export type Inspection =
  | { readonly outcome: "good"; readonly layout: Layout; readonly compression: Compression }
  | ({ readonly outcome: "bad" } & Fault);

/** Why a file is not promoted. */
export interface Fault {
  readonly code: string;
  /** What is wrong. */
  readonly reason: string;
  /** What the producer has to do. */
  readonly fix: string;
}

/** A fault of the file, thrown from wherever it is found and caught once. */
class Finding extends Error implements Fault {
  override readonly name = "Finding";
  readonly code: string;
  readonly reason: string;
  readonly fix: string;
  constructor(code: string, reason: string, fix: string) {
    super(reason);
    this.code = code;
    this.reason = reason;
    this.fix = fix;
  }
}

/**
 * The beginning and end of the unpacked text. `tail` begins where `head` ends or later; `whole` means that nothing lies
 * between them.
 */
interface Sample {
  readonly head: Buffer;
  readonly tail: Buffer;
  readonly whole: boolean;
  readonly bytes: number;
}

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

/** Decides whether a file may be promoted. Reads a bounded part; a gzip is read whole, with bounded memory. */
export async function inspect(source: Source, expected: Expected, limits: Limits): Promise<Inspection> {
  try {
    if (source.bytes === 0) throw new Finding("empty", "the file has no bytes", "upload it again with its records");
    const packed = expected.format === "json.gz";
    const sample = packed ? await unpackedSample(source, limits) : await plainSample(source, limits);
    const layout = await inspectText(sample, source, expected, limits);
    return { outcome: "good", layout, compression: packed ? "gzip" : "none" };
  } catch (error) {
    if (!(error instanceof Finding)) throw error;
    const { code, reason, fix } = error;
    return { outcome: "bad", code, reason, fix };
  }
}

async function plainSample(source: Source, { sampleBytes }: Limits): Promise<Sample> {
  const { bytes } = source;
  const head = await source.range(0, Math.min(bytes, sampleBytes) - 1);
  const container = containerOf(head);
  if (container === "a gzip")
    throw new Finding("compressed", "the file is a gzip and is named .json", "name it .json.gz, or upload it unpacked");
  if (container)
    throw new Finding(
      "compressed",
      `the file is ${container} and is named .json`,
      "upload the JSON that it was made from",
    );
  if (bytes <= sampleBytes) return { head, tail: Buffer.alloc(0), whole: true, bytes };
  const tailStart = Math.max(sampleBytes, bytes - sampleBytes);
  const tail = await source.range(tailStart, bytes - 1);
  return { head, tail, whole: tailStart === sampleBytes, bytes };
}

async function unpackedSample(source: Source, { sampleBytes, maxUnpackedBytes }: Limits): Promise<Sample> {
  const container = containerOf(await source.range(0, Math.min(source.bytes, 8) - 1)) ?? "no gzip";
  if (container !== "a gzip")
    throw new Finding(
      "not_gzip",
      `the file is named .json.gz and is ${container}`,
      "pack it with gzip, or name it .json",
    );
  let head = Buffer.alloc(0);
  const tail = new TailBuffer(sampleBytes);
  let bytes = 0;
  try {
    for await (const chunk of unpack(source)) {
      bytes += chunk.length;
      if (bytes > maxUnpackedBytes)
        throw new Finding(
          "unpacked_too_large",
          `the gzip unpacks to more than ${maxUnpackedBytes} bytes`,
          "upload fewer records in one batch, or have files.maxUnpackedBytes raised",
        );
      const missing = sampleBytes - head.length;
      if (missing > 0) head = Buffer.concat([head, chunk.subarray(0, missing)]);
      tail.push(missing > 0 ? chunk.subarray(missing) : chunk);
    }
  } catch (error) {
    if (!(error instanceof BrokenGzip)) throw error;
    throw error.isCut
      ? new Finding("truncated", "the gzip ends in the middle", "upload the whole file")
      : new Finding("broken_gzip", `the gzip is damaged (${error.message})`, "pack and upload it again");
  }
  if (bytes === 0) throw new Finding("empty", "the gzip holds no bytes", "upload it again with its records");
  const inner = containerOf(head);
  if (inner) throw new Finding("compressed", `the gzip holds ${inner}`, "pack the JSON once, with gzip");
  const end = tail.bytes();
  return { head, tail: end, whole: head.length + end.length === bytes, bytes };
}

/** Keeps the last `limit` bytes that were pushed, without copying at each push. */
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
  checkEncoding(sample);
  const first = head.find((byte) => !isBlank(byte));
  if (first === undefined) {
    if (!whole || tail.some((byte) => !isBlank(byte)))
      throw new Finding("not_json_lines", `the first ${head.length} bytes are blank`, oneObjectALine);
    throw new Finding("blank", "the file holds nothing but blanks", "upload it again with its records");
  }
  if (first === byteOf("[")) return inspectArray(sample, source, expected, limits);
  if (first === byteOf("<"))
    throw new Finding("not_json", "the file is HTML or XML, perhaps an error page", "upload the JSON itself");
  if (first !== byteOf("{"))
    throw new Finding("not_json", "the file does not begin with a JSON object (it may be CSV or text)", oneObjectALine);
  inspectLines(sample, expected, limits);
  return "jsonl";
}

const oneObjectALine = "write one JSON object a line";

/** Bytes between the samples are not seen here; the engine finds a row of them malformed. */
function checkEncoding({ head, tail, whole }: Sample): void {
  const fix = "save it as UTF-8 without a byte order mark";
  // JSON in UTF-16 has a zero beside each of its brackets and quotes.
  if (head.includes(0)) throw new Finding("encoding", "the file is UTF-16 or binary, not UTF-8", fix);
  if (head.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])))
    throw new Finding("encoding", "the file begins with a byte order mark", fix);
  const texts = whole ? [Buffer.concat([head, tail])] : [head, fromCharacter(tail)];
  if (!texts.every(isUtf8))
    throw new Finding("encoding", "the file is not valid UTF-8 (it may be Latin-1 or Windows-1252)", fix);
}

/** A character cut at the text's end is no fault here: the sample may end inside a character. */
function isUtf8(text: Buffer): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(text, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/** Drops the rest of a cut character at the beginning. */
function fromCharacter(bytes: Buffer): Buffer {
  const isContinuation = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;
  let start = 0;
  while (start < 3 && isContinuation(bytes[start])) start++;
  return bytes.subarray(start);
}

function inspectLines({ head, tail, whole }: Sample, expected: Expected, limits: Limits): void {
  const text = whole ? Buffer.concat([head, tail]) : head;
  // The engine ends a line at a line feed, a carriage return, or both.
  const lines = text.toString("utf8").split(/\r\n?|\n/);
  if (!whole && lines.length === 1) throw recordTooLong("the first record", limits);
  const complete = whole ? lines : lines.slice(0, -1);

  const sampled: SampledRecord[] = [];
  for (const [index, line] of complete.entries()) {
    if (sampled.length === limits.sampleRecords) break;
    if (line.trim() !== "") sampled.push({ value: readRecord(line), place: `line ${index + 1}` });
  }
  if (sampled[0]?.value === null)
    throw new Finding("not_json_lines", `${sampled[0].place} is not a whole JSON object`, oneObjectALine);
  if (readRecord(lastLine(whole ? text : tail, whole, limits)) === null)
    throw new Finding("truncated", "the last record is not a whole JSON object", "upload the whole file");
  checkContract(sampled, expected);
}

const recordTooLong = (which: string, { sampleBytes }: Limits) =>
  new Finding("record_too_long", `${which} is longer than ${sampleBytes} bytes`, oneObjectALine);

function lastLine(text: Buffer, whole: boolean, limits: Limits): string {
  let end = text.length;
  while (end > 0 && isBlank(text[end - 1])) end--;
  if (end === 0)
    throw new Finding("truncated", `the last ${text.length} bytes are blank`, "upload the file without them");
  const start = Math.max(text.lastIndexOf(newline, end - 1), text.lastIndexOf(carriageReturn, end - 1)) + 1;
  if (start === 0 && !whole) throw recordTooLong("the last record", limits);
  return text.toString("utf8", start, end);
}

async function inspectArray(sample: Sample, source: Source, expected: Expected, limits: Limits): Promise<Layout> {
  if (sample.bytes > limits.maxArrayBytes)
    throw new Finding(
      "array_too_large",
      `the JSON array has ${sample.bytes} bytes and ${limits.maxArrayBytes} are allowed`,
      `${oneObjectALine} instead of an array`,
    );
  const bytes = sample.whole ? Buffer.concat([sample.head, sample.tail]) : await wholeText(source, expected.format);
  if (!isUtf8(bytes)) checkEncoding({ ...sample, head: bytes, tail: Buffer.alloc(0), whole: true });
  const sampled = readArray(bytes, limits);
  if (sampled.length === 0) throw new Finding("empty", "the JSON array is empty", "upload it again with its records");
  if (sampled[0]!.value === null)
    throw new Finding("not_json", "element 1 of the JSON array is not an object", "write one flat array of objects");
  checkContract(sampled, expected);
  return "array";
}

/** Samples an array's records. Every element is checked, because the engine cannot read past one that is not JSON. */
function readArray(bytes: Buffer, limits: Limits): SampledRecord[] {
  const sampled: SampledRecord[] = [];
  let count = 0;
  try {
    for (const element of readElements(bytes)) {
      const place = `element ${++count}`;
      if (element.depth > maxDepth)
        throw new Finding(
          "too_deep",
          `${place} of the JSON array nests more than ${maxDepth} levels`,
          `nest objects and lists at most ${maxDepth} levels deep`,
        );
      if (element.bytes.length > limits.sampleBytes) throw recordTooLong(`${place} of the JSON array`, limits);
      const text = element.bytes.toString("utf8");
      if (!isJson(text))
        throw new Finding("not_json", `${place} of the JSON array is not JSON`, "write it with a JSON library");
      if (count <= limits.sampleRecords) sampled.push({ value: readRecord(text), place });
    }
  } catch (error) {
    if (!(error instanceof NoArray)) throw error;
    throw error.isCut
      ? new Finding("truncated", "the file begins like a JSON array and ends in the middle", "upload the whole file")
      : new Finding(
          "not_json",
          `the file begins like a JSON array, but ${error.message}`,
          "write it with a JSON library",
        );
  }
  return sampled;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function wholeText(source: Source, format: FileFormat): Promise<Buffer> {
  if (format === "json") return source.range(0, source.bytes - 1);
  const chunks: Buffer[] = [];
  for await (const chunk of unpack(source)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

interface SampledRecord {
  /** Null when it is no JSON object. */
  readonly value: JsonRecord | null;
  readonly place: string;
}

const noObject = { reason: "is not a JSON object", fix: "write every record as a JSON object" };

/** The engine rejects single bad rows. A file is bad if more than half of its sample contradicts the contract. */
function checkContract(records: readonly SampledRecord[], { columns }: Expected): void {
  const faults = records.flatMap(({ value, place }) => {
    const fault = value === null ? noObject : contradiction(value, columns);
    return fault ? [{ ...fault, place }] : [];
  });
  if (faults.length * 2 <= records.length) return;
  const { place, reason, fix } = faults[0]!;
  const many =
    records.length === 1
      ? "the record contradicts"
      : `${faults.length} of the first ${records.length} records contradict`;
  throw new Finding("contract", `${many} the contract: ${place} ${reason}`, fix);
}
