import type { ColumnType } from "../../config/columnType.ts";
import type { TypedColumn } from "./row.ts";
import { NotJson, openObject, Scanner } from "./scanner.ts";

/**
 * Tells which lines DuckDB may read by itself. A line passes only if it is one object with the keys of the file's first
 * lines, in their order and each once, and if all parsers agree on each of its values. So what passes is typed as the
 * strict reader would have typed it; what does not pass is read by the strict reader.
 */
export interface Gate {
  /** Sticky; matches one line with its end, in a text of one character a byte. */
  readonly line: RegExp;
  /** The undeclared keys that each passing line has. */
  readonly undeclared: readonly string[];
  /** Positions in the contract of the columns that passing lines may have, and that some of the first lines had. */
  readonly present: readonly number[];
}

const plainText = String.raw`"[^"\\\x00-\x1f]*(?:\\["\\/bfnrt][^"\\\x00-\x1f]*){0,20}"`;
const day =
  "(?!0000)\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))";
/** Zero with a sign is left to the strict reader. */
const unsignedZero = "(?!-0(?:\\.0*)?(?![.\\d]))";
const double = `${unsignedZero}-?(?:0|[1-9]\\d{0,14})(?:\\.\\d{1,16})?(?:[eE][+-]?\\d{1,2})?`;
const whole = (digits: number) => `(?:0|-?[1-9]\\d{0,${digits - 1}})`;
const anyScalar = `(?:${plainText}|${double}|true|false|null)`;

/** DuckDB reads a decimal as a double, which is exact while it has at most 15 digits, the declared decimals among them. */
function decimal(precision: number, scale: number): string {
  if (scale > 15) return "0";
  const digits = Math.min(precision, 15) - scale;
  const before = digits > 0 ? `(?:0|[1-9]\\d{0,${digits - 1}})` : "0";
  return `-?${before}${scale > 0 ? `(?:\\.\\d{1,${scale}})?` : ""}`;
}

function value(type: ColumnType): string {
  switch (type.kind) {
    case "string":
      return plainText;
    case "boolean":
      return "(?:true|false)";
    case "integer":
      return whole(9);
    case "long":
      return whole(18);
    case "double":
      return double;
    case "decimal":
      return decimal(type.precision, type.scale);
    case "date":
      return `"${day}"`;
    case "timestamp":
      return `"${day}[T ](?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,6})?Z?"`;
    case "array":
      return `\\[(?:${orNull(type.element)}(?:, ?${orNull(type.element)}){0,99})?\\]`;
    case "struct":
      return `\\{${type.fields.map((field) => `"${field.name}": ?${orNull(field.type)}`).join(", ?")}\\}`;
  }
}

const orNull = (type: ColumnType) => `(?:${value(type)}|null)`;

/** Names that mean themselves in a pattern. */
const isPlainName = (name: string) => /^\w{1,128}$/.test(name);

/**
 * @param lines the file's first lines
 * @returns null when none of them is an object
 */
export function gateFor(columns: readonly TypedColumn[], lines: readonly string[]): Gate | null {
  const keys = lines.map(keysOf).filter((found) => found !== null);
  if (keys.length === 0) return null;
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  const isEverywhere = (name: string) => keys.every((ofLine) => ofLine.includes(name));
  const mayStand = (name: string) => types.has(name) || (isPlainName(name) && isEverywhere(name));
  const orders = keys.map((ofLine) => ofLine.filter(mayStand));
  const order = orders.reduce((longest, one) => (one.length > longest.length ? one : longest));
  const members = order.map((name) => {
    const type = types.get(name);
    const member = `"${name}": ?${type ? orNull(type) : anyScalar}(?:, ?(?=")|(?=\\}))`;
    return isEverywhere(name) ? member : `(?:${member})?`;
  });
  return {
    line: new RegExp(`\\{${members.join("")}\\}\\r?\\n`, "y"),
    undeclared: order.filter((name) => !types.has(name)),
    present: columns.flatMap(({ name }, position) => (order.includes(name) ? [position] : [])),
  };
}

/** The keys of an object in their order, or null for anything else, and for keys with an escape or twice. */
function keysOf(line: string): string[] | null {
  const scanner = new Scanner(line);
  const keys: string[] = [];
  try {
    if (scanner.peek() !== openObject) return null;
    scanner.object((key) => {
      keys.push(key.slice(1, -1));
      scanner.skip();
    });
  } catch (error) {
    if (error instanceof NotJson) return null;
    throw error;
  }
  return keys.some((key) => key.includes("\\")) || new Set(keys).size < keys.length ? null : keys;
}
