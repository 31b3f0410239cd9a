import { own } from "./plain.ts";

/**
 * The column types that a contract may use, written as Spark DDL: `string`, `decimal(12,2)`, `array<long>`,
 * `struct<city:string,zip:string>`. Only this module parses them; the functions, the catalog and the config checks use
 * the tree.
 */
export type ColumnType =
  | { readonly kind: ScalarKind }
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  | { readonly kind: "array"; readonly element: ColumnType }
  | { readonly kind: "struct"; readonly fields: readonly StructField[] };

export type ScalarKind = (typeof scalarKinds)[number];
export interface StructField {
  readonly name: string;
  readonly type: ColumnType;
}

export const scalarKinds = ["string", "boolean", "integer", "long", "double", "date", "timestamp"] as const;
/** Hive's spelling, which contracts use. */
const aliases: Readonly<Record<string, ScalarKind>> = { int: "integer", bigint: "long" };
const allowed = `${scalarKinds.join(", ")}, decimal(precision,scale), array<type>, struct<name:type,...>`;

/** @throws Error with the text and the allowed types. */
export function parseColumnType(text: string): ColumnType {
  let position = 0;
  const fail = (): never => {
    throw new Error(`"${text}" is not a column type; allowed: ${allowed}`);
  };
  const take = (pattern: RegExp): string | undefined => {
    const sticky = new RegExp(pattern.source, "y");
    sticky.lastIndex = position;
    const match = sticky.exec(text)?.[0];
    if (match !== undefined) position += match.length;
    return match;
  };
  const expect = (pattern: RegExp): string => take(pattern) ?? fail();

  const type = (depth: number): ColumnType => {
    if (depth > 8) fail();
    const word = expect(/\s*[a-z]+/).trim();
    const scalar = own(aliases, word) ?? scalarKinds.find((kind) => kind === word);
    if (scalar) return { kind: scalar };
    if (word === "decimal") {
      expect(/\s*\(\s*/);
      const precision = Number(expect(/\d{1,2}/));
      expect(/\s*,\s*/);
      const scale = Number(expect(/\d{1,2}/));
      expect(/\s*\)/);
      if (precision < 1 || precision > 38 || scale > precision) fail();
      return { kind: "decimal", precision, scale };
    }
    if (word === "array") {
      expect(/\s*</);
      const element = type(depth + 1);
      expect(/\s*>/);
      return { kind: "array", element };
    }
    if (word === "struct") {
      expect(/\s*</);
      const fields: StructField[] = [];
      do {
        const name = expect(/\s*[A-Za-z_][A-Za-z0-9_]*/).trim();
        expect(/\s*:/);
        fields.push({ name, type: type(depth + 1) });
      } while (take(/\s*,/) !== undefined);
      expect(/\s*>/);
      return { kind: "struct", fields };
    }
    return fail();
  };

  const result = type(0);
  take(/\s*/);
  if (position !== text.length) fail();
  return result;
}

/** The type in the spelling of Hive and the Glue catalog; `DataFrame.simpleString` prints the same. */
export function catalogType(type: ColumnType): string {
  switch (type.kind) {
    case "integer":
      return "int";
    case "long":
      return "bigint";
    case "decimal":
      return `decimal(${type.precision},${type.scale})`;
    case "array":
      return `array<${catalogType(type.element)}>`;
    case "struct":
      return `struct<${type.fields.map((field) => `${field.name}:${catalogType(field.type)}`).join(",")}>`;
    default:
      return type.kind;
  }
}
