import { catalogType, parseColumnType } from "../../config/columnType.ts";
import { duckdbType } from "../duckdbDialect.ts";

/**
 * A Spark type as Hive spells it. Besides those of a contract there are `tinyint` and `smallint`; `void`, which is
 * null's; `array<void>`, which is `array()`'s; and `bag<…>`, an array whose order is not certain.
 */
export type Type = string;

const integers: readonly Type[] = ["tinyint", "smallint", "int", "bigint"];
const digits: Readonly<Record<Type, number>> = { tinyint: 3, smallint: 5, int: 10, bigint: 20 };
const scalars = new Set([...integers, "string", "boolean", "double", "date", "timestamp"]);

export const isInteger = (type: Type): boolean => integers.includes(type);
export const isDecimal = (type: Type): boolean => type.startsWith("decimal");

/**
 * Whether equal values are the same value and the order of any two is certain. Not so doubles, because of -0.0; arrays
 * and structs are left out.
 */
export const isPlain = (type: Type): boolean => isDecimal(type) || (type !== "double" && scalars.has(type));

/** Precision and scale. An integer's are those of the decimal that Spark makes of it. */
export function decimalOf(type: Type): readonly [precision: number, scale: number] | null {
  const [, precision, scale] = /^decimal\((\d+),(\d+)\)$/.exec(type) ?? [];
  if (precision) return [Number(precision), Number(scale)];
  return isInteger(type) ? [digits[type]!, 0] : null;
}

/** The decimal type, if it exists. Spark drops digits where it does not. */
export const decimal = (precision: number, scale: number): Type | null =>
  precision <= 38 && scale <= precision && precision > 0 ? `decimal(${precision},${scale})` : null;

export const elementOf = (type: Type): Type | null => /^(?:array|bag)<(.+)>$/.exec(type)?.[1] ?? null;

/** A struct's fields. A field has the type of a contract. */
export function fieldsOf(type: Type): readonly { readonly name: string; readonly type: Type }[] | null {
  const parsed = type.startsWith("struct<") ? parseColumnType(type) : null;
  if (parsed?.kind !== "struct") return null;
  return parsed.fields.map(({ name, type }) => ({ name, type: catalogType(type) }));
}

/**
 * The type that a query names, in Hive's spelling; null for one that is none of those above. Names of a struct's fields
 * keep their case.
 */
export function namedType(written: string): Type | null {
  const text = written.includes("<") ? written : written.toLowerCase();
  if (text === "tinyint" || text === "smallint") return text;
  try {
    return catalogType(parseColumnType(text));
  } catch {
    return null;
  }
}

/** Whether a column of a table can have the type. */
export const isStored = (type: Type): boolean => namedType(type) !== null;

/** The type to which Spark brings both before it compares or unites them; null where that is not certain. */
export function commonType(one: Type, other: Type): Type | null {
  if (one === other || other === "void") return one;
  if (one === "void") return other;
  if (isInteger(one) && isInteger(other))
    return integers[Math.max(...[one, other].map((type) => integers.indexOf(type)))]!;
  const [a, b] = [decimalOf(one), decimalOf(other)];
  if (a && b) {
    const scale = Math.max(a[1], b[1]);
    return decimal(Math.max(a[0] - a[1], b[0] - b[1]) + scale, scale);
  }
  const both = [one, other].sort();
  if (both.join() === "date,timestamp") return "timestamp";
  if (both.includes("double") && (a || b) && !isDecimal(one) && !isDecimal(other)) return "double";
  if (both.includes("array<void>") && elementOf(one) && elementOf(other))
    return both.find((type) => type !== "array<void>")!;
  return null;
}

export const commonTypeOf = (types: readonly Type[]): Type | null =>
  types.reduce<Type | null>((common, type) => common && commonType(common, type), "void");

/** @throws Error for a type that DuckDB has no columns of */
export function duckdbTypeOf(type: Type): string {
  if (type === "tinyint" || type === "smallint") return type;
  const bag = /^bag<(.+)>$/.exec(type);
  return bag ? `${duckdbTypeOf(bag[1]!)}[]` : duckdbType(parseColumnType(type));
}
