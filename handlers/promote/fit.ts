import { type ColumnType, catalogType, parseColumnType } from "../../config/columnType.ts";
import type { DatasetContract } from "../../config/contract.ts";
import type { JsonRecord } from "./json.ts";

/** What a file is checked against for one column. */
export interface ExpectedColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** Whether a row without a value here is rejected. */
  readonly rejectsNull: boolean;
}

/** What a file of the dataset is checked against. */
export const expectedColumns = ({ columns }: Pick<DatasetContract, "columns">): ExpectedColumn[] =>
  columns.map(({ name, type, onNull }) => ({
    name,
    type: parseColumnType(type),
    rejectsNull: onNull === "reject",
  }));

export interface Contradiction {
  /** Follows the place of the record: `has no user_id`. */
  readonly reason: string;
  readonly fix: string;
}

/** Allowed levels of nested objects and lists in one record; the engine's readers fail a little above. */
export const maxDepth = 900;

/**
 * Why the engine would reject the row, or null. It never rejects a row that the engine keeps; values that are hard to
 * judge, such as a time zone, pass.
 */
export function contradiction(
  { members, repeated, depth }: JsonRecord,
  columns: readonly ExpectedColumn[],
): Contradiction | null {
  if (depth > maxDepth)
    return {
      reason: `nests more than ${maxDepth} levels`,
      fix: `nest objects and lists at most ${maxDepth} levels deep`,
    };
  const twice = columns.filter(({ name }) => repeated.has(name)).map(({ name }) => name);
  if (twice.length > 0)
    return { reason: `has ${twice.join(", ")} more than once`, fix: "write each key once in a record" };
  const wrong = columns.find(({ name, type }) => !fits(members.get(name) ?? "null", type));
  if (wrong)
    return {
      reason: `has a ${kindOf(members.get(wrong.name)!)} in ${wrong.name}, which is declared ${catalogType(wrong.type)}`,
      fix: `write ${wrong.name} as ${wanted(wrong.type)}`,
    };
  const absent = columns.filter(({ name, rejectsNull }) => rejectsNull && (members.get(name) ?? "null") === "null");
  if (absent.length > 0) {
    const names = absent.map(({ name }) => name).join(", ");
    return { reason: `has no ${names}`, fix: `give every record a value in ${names}` };
  }
  return null;
}

const number = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
const whole = /^-?\d{1,20}$/;

/** Whether a value, as written, can stand in a column. */
function fits(text: string, type: ColumnType): boolean {
  if (text === "null") return true;
  switch (type.kind) {
    case "boolean":
      return text === "true" || text === "false";
    case "integer":
      return whole.test(text) && BigInt.asIntN(32, BigInt(text)) === BigInt(text);
    case "long":
      return whole.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
    case "double":
      return number.test(text) && Number.isFinite(Number(text));
    case "decimal":
      return fitsDecimal(text, type.precision, type.scale);
    case "array":
      return text.startsWith("[");
    case "struct":
      return text.startsWith("{");
    case "string":
      return text.startsWith('"');
    case "date":
      return text.startsWith('"') && /^\d{4}-\d\d-\d\d$/.test(content(text)) && isDay(content(text));
    case "timestamp":
      return text.startsWith('"') && /^\d{4}-\d\d-\d\d(?:$|[T ])/.test(content(text)) && isDay(content(text));
  }
}

const content = (text: string) => JSON.parse(text) as string;

function isDay(text: string): boolean {
  const day = text.slice(0, 10);
  const time = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}

/**
 * The engine reads more decimals than are declared, to tell 12.345 from 12.34, and takes the digits beyond those as
 * noise of binary fractions: 0.30000000000000004 is 0.30.
 */
function fitsDecimal(text: string, precision: number, scale: number): boolean {
  const parts = number.exec(text);
  if (!parts) return false;
  const [, , before = "", after = "", exponent = "0"] = parts;
  const digits = (before + after).replace(/^0+/, "");
  const room = (precision < 18 ? 18 : 38) - precision;
  // The value is 0.<digits> times ten to this power.
  const power = digits.length - after.length + Number(exponent);
  if (digits === "" || power + scale + room < 0) return true;
  if (power > precision - scale) return false;
  if (room === 0) return true;
  const declared = power + scale;
  const beyond = ("0".repeat(Math.max(0, -declared)) + digits).slice(Math.max(0, declared)).padEnd(room + 1, "0");
  const rounded = beyond.slice(0, room) + (beyond[room]! < "5" ? "-" : "+");
  return /^(0+-|9+\+)$/.test(rounded);
}

function kindOf(text: string): string {
  if (text.startsWith("[")) return "list";
  if (text.startsWith("{")) return "object";
  if (text.startsWith('"')) return "string";
  return text === "true" || text === "false" ? "boolean" : "number";
}

/** What a producer has to write, in words. */
function wanted(type: ColumnType): string {
  switch (type.kind) {
    case "boolean":
      return "true or false, without quotes";
    case "integer":
      return "a whole number of 32 bits, without quotes and decimal point";
    case "long":
      return "a whole number of 64 bits, without quotes and decimal point";
    case "double":
      return "a number without quotes, below 1.8e308";
    case "decimal":
      return `a number without quotes, at most ${type.precision - type.scale} digits before the point and ${type.scale} behind it`;
    case "array":
      return "a list";
    case "struct":
      return "an object";
    case "string":
      return "a text in quotes";
    case "date":
      return 'a date like "2026-01-31"';
    case "timestamp":
      return 'a time like "2026-01-31T23:59:59Z"';
  }
}
