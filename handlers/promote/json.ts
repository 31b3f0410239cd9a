/**
 * JSON as it is written. JSON.parse says whether a text is JSON, but loses which keys came twice, the digits of
 * numbers, and the depth; it also holds everything at once.
 */

export const byteOf = (character: string) => character.charCodeAt(0);
const quote = byteOf('"');
const backslash = byteOf("\\");
const comma = byteOf(",");
const isOpening = (byte: number) => byte === byteOf("{") || byte === byteOf("[");
const isClosing = (byte: number) => byte === byteOf("}") || byte === byteOf("]");
export const newline = byteOf("\n");
export const carriageReturn = byteOf("\r");
/** JSON's blanks, which are fewer than those of other languages. */
export const isBlank = (byte: number | undefined) =>
  byte === 0x20 || byte === 0x09 || byte === newline || byte === carriageReturn;

export const skipBlanks = (bytes: Buffer, from: number): number => {
  let position = from;
  while (isBlank(bytes[position])) position++;
  return position;
};

interface Value {
  /** The first byte after the value. */
  readonly end: number;
  /** Levels of objects and lists, 0 for a scalar. */
  readonly depth: number;
}

/** Where the value that begins at `start` ends, for JSON; for anything else, some byte that is not before `start`. */
function readValue(bytes: Buffer, start: number): Value {
  let position = start;
  let level = 0;
  let depth = 0;
  for (; position < bytes.length; position++) {
    const byte = bytes[position]!;
    if (byte === quote) position = stringEnd(bytes, position);
    else if (isOpening(byte)) depth = Math.max(depth, ++level);
    else if (isClosing(byte)) {
      if (--level < 0) return { end: position, depth };
    } else if (level === 0 && (byte === comma || isBlank(byte))) return { end: position, depth };
    else continue;
    // A string, an object or a list at the top level ends with its last byte.
    if (level === 0) return { end: position + 1, depth };
  }
  return { end: bytes.length, depth };
}

/** The position of the quote that ends the string which begins at `start`. */
function stringEnd(bytes: Buffer, start: number): number {
  let position = start + 1;
  while (position < bytes.length && bytes[position] !== quote) position += bytes[position] === backslash ? 2 : 1;
  return position;
}

export interface JsonRecord {
  /** Key to its last value, as written. */
  readonly members: ReadonlyMap<string, string>;
  /** Keys that occur more than once. */
  readonly repeated: ReadonlySet<string>;
  readonly depth: number;
}

/** The text as an object, or null when it is no JSON object. */
export function readRecord(text: string): JsonRecord | null {
  if (!isObject(text)) return null;
  const bytes = Buffer.from(text);
  const read = (at: number) => {
    const start = skipBlanks(bytes, at);
    const { end } = readValue(bytes, start);
    return { text: bytes.toString("utf8", start, end), end };
  };
  const members = new Map<string, string>();
  const repeated = new Set<string>();
  const start = skipBlanks(bytes, 0);
  let position = skipBlanks(bytes, start + 1);
  while (bytes[position] === quote || bytes[position] === comma) {
    const key = read(bytes[position] === comma ? position + 1 : position);
    const value = read(skipBlanks(bytes, key.end) + 1);
    const name = JSON.parse(key.text) as string;
    if (members.has(name)) repeated.add(name);
    members.set(name, value.text);
    position = skipBlanks(bytes, value.end);
  }
  return { members, repeated, depth: readValue(bytes, start).depth };
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

export interface Element {
  readonly bytes: Buffer;
  readonly depth: number;
}

/** A text that begins like a JSON array but is none. */
export class NoArray extends Error {
  override readonly name = "NoArray";
  readonly isCut: boolean;
  constructor(message: string, isCut = false) {
    super(message);
    this.isCut = isCut;
  }
}

/**
 * The elements of a JSON array, one at a time; whether each is JSON remains to be seen.
 * @throws NoArray
 */
export function* readElements(bytes: Buffer): Generator<Element> {
  let position = skipBlanks(bytes, skipBlanks(bytes, 0) + 1);
  let isFirst = true;
  while (!(isFirst && bytes[position] === byteOf("]"))) {
    const { end, depth } = readValue(bytes, position);
    if (end >= bytes.length) throw new NoArray("it ends in the middle", true);
    yield { bytes: bytes.subarray(position, end), depth };
    isFirst = false;
    position = skipBlanks(bytes, end);
    if (bytes[position] === byteOf("]")) break;
    if (position >= bytes.length) throw new NoArray("it ends in the middle", true);
    if (bytes[position] !== comma) throw new NoArray("something other than a comma follows an element");
    position = skipBlanks(bytes, position + 1);
  }
  if (skipBlanks(bytes, position + 1) < bytes.length) throw new NoArray("something follows its end");
}
