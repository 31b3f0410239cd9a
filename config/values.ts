import type { ColumnType } from "./columnType.ts";
import { isDay } from "./day.ts";
import { Decimal } from "./decimal.ts";

/** A default, a bound or an allowed value, as the config gives it. */
export type Value = string | boolean | Decimal;

const wholeRanges = {
  integer: { least: -(2n ** 31n), greatest: 2n ** 31n - 1n },
  long: { least: -(2n ** 63n), greatest: 2n ** 63n - 1n },
} as const;

/**
 * Why a column of the type can't hold the value: what the value must be, to follow "the default". Undefined when it can.
 * Arrays and structs hold none of the values that a config can give.
 */
export function misfit(value: Value, type: ColumnType): string | undefined {
  switch (type.kind) {
    case "string":
      return typeof value === "string" ? undefined : "must be a text; write it in quotes";
    case "boolean":
      return typeof value === "boolean" ? undefined : "must be true or false";
    case "date":
      return typeof value === "string" && isDay(value) ? undefined : "must be a day such as 2025-03-31";
    case "timestamp":
      return typeof value === "string" && instantOf(value) !== undefined
        ? undefined
        : "must be a time such as 2025-03-31T08:30:00Z, exact to a microsecond at most, or a day";
    case "array":
    case "struct":
      return "must be left out; only a column of single values can have one";
    default:
      if (value instanceof Decimal) return numberMisfit(value, type);
      return typeof value === "string" && Decimal.parse(value) !== undefined
        ? "must be a number; write it without quotes"
        : "must be a number";
  }
}

function numberMisfit(value: Decimal, type: ColumnType): string | undefined {
  if (type.kind === "decimal") {
    const before = type.precision - type.scale;
    const larger = needed(Math.max(before, value.digitsBefore), Math.max(type.scale, value.digitsBehind));
    const fix = larger && `; ${value} needs ${larger}`;
    if (value.digitsBehind > type.scale) return `must have at most ${type.scale} digits behind the point${fix}`;
    return value.digitsBefore > before ? `must have at most ${before} digits before the point${fix}` : undefined;
  }
  if (type.kind === "double")
    return Number.isFinite(value.toNumber())
      ? undefined
      : `must lie between -${Number.MAX_VALUE} and ${Number.MAX_VALUE}`;
  if (value.digitsBehind > 0) return "must be a whole number";
  const { least, greatest } = wholeRanges[type.kind === "integer" ? "integer" : "long"];
  const whole = BigInt(value.toString());
  if (whole >= least && whole <= greatest) return undefined;
  const fitsLong = whole >= wholeRanges.long.least && whole <= wholeRanges.long.greatest;
  const larger = fitsLong ? "long" : needed(value.digitsBefore, 0);
  return `must lie between ${least} and ${greatest}${larger && `; ${value} needs ${larger}`}`;
}

/** The decimal type with as many digits before and behind the point, or an empty text when Spark has none. */
const needed = (before: number, behind: number) =>
  before + behind <= 38 ? `decimal(${before + behind},${behind})` : "";

/** Less than, equal to or greater than 0, as `one` is less than, equal to or greater than `other`; both fit the type. */
export function compareValues(one: Value, other: Value, { kind }: ColumnType): number {
  if (one instanceof Decimal && other instanceof Decimal) return one.compare(other);
  const [left, right] = kind === "timestamp" ? [instantOf(one), instantOf(other)] : [String(one), String(other)];
  return left! < right! ? -1 : left! > right! ? 1 : 0;
}

/** The value as the contract has it: numbers as texts, because JSON's numbers would lose digits. */
export function contractValue(value: Value, { kind }: ColumnType): string | boolean {
  if (value instanceof Decimal) return value.toString();
  // Spark reads a zone only behind seconds.
  return kind === "timestamp" ? String(value).replace(/([T ]\d{2}:\d{2})(Z|[+-])/, "$1:00$2") : value;
}

/** The value that `contractValue` wrote; earlier releases wrote a number as JSON's. */
export const readValue = (written: string | number | boolean, { kind }: ColumnType): Value =>
  (typeof written === "number" || numberKinds.includes(kind) ? Decimal.parse(String(written)) : undefined) ??
  (written as string | boolean);

const numberKinds: readonly string[] = ["integer", "long", "double", "decimal"];

/** Milliseconds since 1970; undefined for a text that is no day. */
const startOfDay = (day: string): number | undefined => (isDay(day) ? Date.parse(`${day}T00:00:00Z`) : undefined);

const timeForm =
  /^(\d{4}-\d{2}-\d{2})(?:[T ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,6}))?)?(?:Z|([+-])(0\d|1[0-7]):([0-5]\d)|([+-])18:00)?)?$/;
const [firstInstant, lastInstant] = [startOfDay("0001-01-01")!, startOfDay("9999-12-31")! + 86_400_000];

/** Microseconds since 1970; a time without a zone is in UTC, and a day is its first moment. */
function instantOf(value: Value): bigint | undefined {
  const [, day = "", hours = "0", minutes = "0", seconds = "0", fraction = "", sign, zoneHours, zoneMinutes, farSign] =
    timeForm.exec(String(value)) ?? [];
  const start = startOfDay(day);
  if (start === undefined) return undefined;
  const offset = farSign ? 18 * 60 : Number(zoneHours ?? 0) * 60 + Number(zoneMinutes ?? 0);
  const east = (sign ?? farSign) === "-" ? -offset : offset;
  const milliseconds = start + ((Number(hours) * 60 + Number(minutes) - east) * 60 + Number(seconds)) * 1000;
  if (milliseconds < firstInstant || milliseconds >= lastInstant) return undefined;
  return BigInt(milliseconds) * 1000n + BigInt(fraction.padEnd(6, "0"));
}
