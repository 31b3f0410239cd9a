import { instantOf } from "../duckdbDialect.ts";
import { duckdbTypeOf, isDecimal, isInteger, type Type } from "./types.ts";

/** An instant as DuckDB's timestamp of UTC; the way back is `instantOf`. */
export const inUtc = (instant: string): string => `make_timestamp(epoch_us(${instant}))`;

/** Casts that give the same value, or fail in both engines. */
export const casts: readonly {
  readonly from: (type: Type) => boolean;
  readonly to: (type: Type) => boolean;
  /** Without it, the cast is written as it is. */
  readonly text?: (value: string) => string;
}[] = [
  { from: isInteger, to: (type) => isInteger(type) || isDecimal(type) || type === "double" || type === "string" },
  { from: isDecimal, to: (type) => isDecimal(type) || type === "string" },
  { from: is("boolean"), to: (type) => isInteger(type) || type === "string" },
  { from: isInteger, to: is("boolean") },
  { from: is("date"), to: is("string") },
  { from: is("date"), to: is("timestamp"), text: (date) => instantOf(`cast(${date} as timestamp)`) },
  { from: is("timestamp"), to: is("date"), text: (instant) => `cast(${inUtc(instant)} as date)` },
  {
    from: is("timestamp"),
    to: is("string"),
    text: (instant) => `rtrim(rtrim(strftime(${inUtc(instant)}, '%Y-%m-%d %H:%M:%S.%f'), '0'), '.')`,
  },
  { from: (type) => /^array<void>$/.test(type), to: (type) => /^(?:array|bag)</.test(type) },
];

function is(one: Type): (type: Type) => boolean {
  return (type) => type === one;
}

/** The value as another type; null when the cast is not on the list. */
export function castText(value: string, from: Type, to: Type): string | null {
  if (from === to) return value;
  const plain = `cast(${value} as ${duckdbTypeOf(to)})`;
  if (from === "void") return plain;
  const cast = casts.find((each) => each.from(from) && each.to(to));
  return cast ? (cast.text?.(value) ?? plain) : null;
}
