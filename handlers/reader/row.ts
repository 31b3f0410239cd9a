import { type ColumnType, parseColumnType } from "../../config/columnType.ts";
import type { DatasetContract } from "../../config/contract.ts";
import { kindOf, type ValueKind } from "./kinds.ts";
import { NotJson, openList, openObject, quote, Scanner } from "./scanner.ts";
import { decimal, scalarReaders } from "./values.ts";

/** A column as its rows are read. */
export interface TypedColumn {
  readonly name: string;
  readonly type: ColumnType;
}

export const typedColumns = ({ columns }: Pick<DatasetContract, "columns">): TypedColumn[] =>
  columns.map(({ name, type }) => ({ name, type: parseColumnType(type) }));

/** Why a row is malformed. */
export type Malformed =
  | { readonly why: "not JSON"; readonly at: number }
  | { readonly why: "not an object" | "not UTF-8" | "half a character" | "too long" }
  /** Columns whose key comes more than once. */
  | { readonly why: "key twice"; readonly columns: readonly string[] }
  | { readonly why: "wrong type"; readonly values: readonly WrongValue[] };

export interface WrongValue {
  /** The column, or a place in it: `home.city`, `tags[]`. */
  readonly place: string;
  readonly column: string;
  readonly type: ColumnType;
  readonly found: ValueKind;
}

/** What is known of a row, malformed or not. */
interface Seen {
  /** Undeclared keys, each once. */
  readonly undeclared: readonly string[];
  /** Positions, in the contract, of the columns for which the row has a key. */
  readonly present: readonly number[];
}

/**
 * `typed`: the declared columns as one JSON object that DuckDB reads exactly; absent ones are left out. Null when the
 * row is malformed.
 */
export type Row = Seen &
  ({ readonly typed: string; readonly malformed?: never } | { readonly typed: null; readonly malformed: Malformed });

const nothing = { undeclared: [], present: [] } as const;
export const malformedRow = (malformed: Malformed): Row => ({ typed: null, ...nothing, malformed });

/**
 * The strict reader: what the values of a row are. It defines it; `Gate` only lets rows pass by for which DuckDB's own
 * reading is the same. docs/data-quality.md says the same in words.
 */
export class RowReader {
  private readonly columns: readonly TypedColumn[];
  private readonly positions: ReadonlyMap<string, number>;

  constructor(columns: readonly TypedColumn[]) {
    this.columns = columns;
    this.positions = new Map(columns.map(({ name }, position) => [name, position]));
  }

  /** @param text one line, or one element of a list */
  read(text: string): Row {
    try {
      return this.readObject(new Scanner(text));
    } catch (error) {
      if (!(error instanceof NotJson)) throw error;
      return malformedRow({ why: "not JSON", at: error.at });
    }
  }

  private readObject(scanner: Scanner): Row {
    if (scanner.peek() !== openObject) {
      scanner.skip();
      scanner.expectEnd();
      return malformedRow({ why: "not an object" });
    }
    const members: string[] = [];
    const present = new Set<number>();
    const twice = new Set<string>();
    const undeclared = new Set<string>();
    const wrong: WrongValue[] = [];
    scanner.object((key) => {
      const name = nameOf(key);
      const position = this.positions.get(name);
      if (position === undefined) {
        undeclared.add(name);
        scanner.skip();
        return;
      }
      const { type } = this.columns[position]!;
      if (present.has(position)) twice.add(name);
      present.add(position);
      members.push(`"${name}":${readValue(scanner, type, { name, column: name, wrong, twice })}`);
    });
    scanner.expectEnd();
    const seen = { undeclared: [...undeclared], present: [...present] };
    const malformed = malformedOf(scanner, twice, wrong);
    return malformed ? { typed: null, ...seen, malformed } : { typed: `{${members.join(",")}}`, ...seen };
  }
}

function malformedOf(scanner: Scanner, twice: Set<string>, wrong: readonly WrongValue[]): Malformed | null {
  if (scanner.hasHalfCharacter) return { why: "half a character" };
  if (twice.size > 0) return { why: "key twice", columns: [...twice] };
  return wrong.length > 0 ? { why: "wrong type", values: wrong } : null;
}

const nameOf = (key: string): string => (key.includes("\\") ? (JSON.parse(key) as string) : key.slice(1, -1));

/** Where a value stands, and where its faults go. */
interface Place {
  readonly name: string;
  readonly column: string;
  readonly wrong: WrongValue[];
  readonly twice: Set<string>;
}

/** @returns the value as canonical JSON; `null` also where it is wrong, which is then entered */
function readValue(scanner: Scanner, type: ColumnType, place: Place): string {
  const next = scanner.peek();
  if (type.kind === "array" && next === openList) return readList(scanner, type.element, place);
  if (type.kind === "struct" && next === openObject) return readStruct(scanner, type.fields, place);
  if (next === openObject || next === openList) {
    scanner.skip();
    return refuse(next === openList ? "[" : "{", type, place);
  }
  const token = next === quote ? scanner.string() : scanner.scalar();
  if (token === "null") return token;
  return scalar(token, type, scanner) ?? refuse(token, type, place);
}

function scalar(token: string, type: ColumnType, { hasHalfCharacter }: Scanner): string | null {
  if (type.kind === "array" || type.kind === "struct") return null;
  if (type.kind === "decimal") return decimal(token, type.precision, type.scale);
  // Half a character makes the row malformed anyway.
  return hasHalfCharacter ? "null" : scalarReaders[type.kind](token);
}

function refuse(token: string, type: ColumnType, { name, column, wrong }: Place): string {
  wrong.push({ place: name, column, type, found: kindOf(token) });
  return "null";
}

function readList(scanner: Scanner, element: ColumnType, place: Place): string {
  const items: string[] = [];
  const inside = { ...place, name: `${place.name}[]` };
  scanner.list(() => items.push(readValue(scanner, element, inside)));
  return `[${items.join(",")}]`;
}

function readStruct(
  scanner: Scanner,
  fields: readonly { readonly name: string; readonly type: ColumnType }[],
  place: Place,
): string {
  const members = new Map<string, string>();
  scanner.object((key) => {
    const name = nameOf(key);
    const field = fields.find((one) => one.name === name);
    if (!field) return scanner.skip();
    const inside = `${place.name}.${name}`;
    if (members.has(name)) place.twice.add(inside);
    members.set(name, readValue(scanner, field.type, { ...place, name: inside }));
  });
  return `{${[...members].map(([name, value]) => `"${name}":${value}`).join(",")}}`;
}
