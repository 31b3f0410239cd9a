import { createHash } from "node:crypto";
import { Readable } from "node:stream";

/** The bytes of an object or part; never changed once made, so that copies share them. Offsets count from 0, `end` is exclusive. */
export interface Content {
  readonly bytes: number;
  read(start: number, end: number): Buffer;
  /** Hex digits. Of content that is made on demand it is no hash of the bytes, which nobody wants to produce for it. */
  md5(): string;
  /** All of it as UTF-8, decoded once. */
  text(): string;
  readonly onDemand: boolean;
}

const md5Of = (data: string | Buffer) => createHash("md5").update(data).digest("hex");

export class StoredContent implements Content {
  readonly onDemand = false;
  readonly #buffer: Buffer;
  #text: string | undefined;
  #md5: string | undefined;

  constructor(body: string | Uint8Array) {
    // Bytes are copied: the caller may use its buffer again.
    this.#buffer = Buffer.from(body as Uint8Array);
  }

  get bytes(): number {
    return this.#buffer.length;
  }

  read(start: number, end: number): Buffer {
    return this.#buffer.subarray(start, end);
  }

  md5(): string {
    this.#md5 ??= md5Of(this.#buffer);
    return this.#md5;
  }

  text(): string {
    this.#text ??= this.#buffer.toString("utf8");
    return this.#text;
  }
}

/** What an object too large for memory consists of. */
export interface Pattern {
  readonly bytes: number;
  /** The bytes from `start` up to and without `end`, always the same. */
  readonly read: (start: number, end: number) => Buffer;
}

let patterns = 0;

/** Bytes that a pattern makes whenever they are read. */
export class PatternContent implements Content {
  readonly onDemand = true;
  readonly bytes: number;
  readonly #read: Pattern["read"];
  readonly #number = ++patterns;

  constructor({ bytes, read }: Pattern) {
    this.bytes = bytes;
    this.#read = read;
  }

  read(start: number, end: number): Buffer {
    const made = this.#read(start, Math.min(end, this.bytes));
    if (made.length !== Math.min(end, this.bytes) - start)
      throw new Error(`the pattern made ${made.length} bytes for ${start} to ${end}`);
    return made;
  }

  md5(): string {
    return md5Of(`pattern ${this.#number} of ${this.bytes} bytes`);
  }

  text(): string {
    return this.read(0, this.bytes).toString("utf8");
  }
}

/** A stretch of other content. */
export interface Segment {
  readonly content: Content;
  readonly start: number;
  readonly end: number;
}

/** Stretches of other content, one after the other: what ranged copies and completed uploads are made of. */
export class SegmentedContent implements Content {
  readonly bytes: number;
  readonly onDemand: boolean;
  readonly segments: readonly Segment[];
  /** Where each segment ends in this content. */
  readonly #ends: number[] = [];

  constructor(parts: readonly Segment[]) {
    this.segments = parts.flatMap(flatten);
    let end = 0;
    for (const segment of this.segments) {
      end += segment.end - segment.start;
      this.#ends.push(end);
    }
    this.bytes = end;
    this.onDemand = this.segments.some(({ content }) => content.onDemand);
  }

  read(start: number, end: number): Buffer {
    const pieces: Buffer[] = [];
    for (let index = this.#segmentAt(start), at = start; at < end && index < this.segments.length; index++) {
      const { content, start: from } = this.segments[index]!;
      const segmentStart = index === 0 ? 0 : this.#ends[index - 1]!;
      const stop = Math.min(end, this.#ends[index]!);
      pieces.push(content.read(from + at - segmentStart, from + stop - segmentStart));
      at = stop;
    }
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  }

  md5(): string {
    const hash = createHash("md5");
    for (const { content, start, end } of this.segments)
      hash.update(this.onDemand ? `${content.md5()} ${start} ${end}\n` : content.read(start, end));
    return hash.digest("hex");
  }

  text(): string {
    return this.read(0, this.bytes).toString("utf8");
  }

  /** The first segment that ends behind the offset. */
  #segmentAt(offset: number): number {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ends[middle]! <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** A segment of segments is made of theirs, so that a copy of a copy is as quick to read as the original. */
function flatten({ content, start, end }: Segment): Segment[] {
  if (start === end) return [];
  if (!(content instanceof SegmentedContent)) return [{ content, start, end }];
  const found: Segment[] = [];
  let at = 0;
  for (const inner of content.segments) {
    const from = Math.max(start, at);
    const to = Math.min(end, at + inner.end - inner.start);
    if (from < to) found.push({ content: inner.content, start: inner.start + from - at, end: inner.start + to - at });
    at += inner.end - inner.start;
  }
  return found;
}

const chunkBytes = 256 * 1024;

/** What GetObject hands out: a Node stream that makes its chunks when they are asked for, with the SDK's conversions. */
export class ObjectBody extends Readable {
  readonly #content: Content;
  readonly #end: number;
  #position: number;
  #isConverted = false;

  constructor(content: Content, start: number, end: number) {
    super();
    this.#content = content;
    this.#position = start;
    this.#end = end;
  }

  override _read(): void {
    const end = Math.min(this.#position + chunkBytes, this.#end);
    if (end === this.#position) {
      this.push(null);
      return;
    }
    const chunk = this.#content.read(this.#position, end);
    this.#position = end;
    this.push(chunk);
  }

  async transformToByteArray(): Promise<Uint8Array> {
    this.#convert();
    return this.#content.read(this.#position, this.#end);
  }

  async transformToString(encoding = "utf-8"): Promise<string> {
    this.#convert();
    if (encoding !== "utf-8" && encoding !== "utf8")
      throw new Error(`memory S3 does not model transformToString("${encoding}")`);
    return this.#position === 0 && this.#end === this.#content.bytes
      ? this.#content.text()
      : this.#content.read(this.#position, this.#end).toString("utf8");
  }

  transformToWebStream(): ReadableStream {
    this.#convert();
    return Readable.toWeb(this) as ReadableStream;
  }

  #convert(): void {
    if (this.#isConverted || this.readableDidRead) throw new Error("The stream has already been transformed.");
    this.#isConverted = true;
  }
}
