import { catalogType } from "../../config/columnType.ts";
import type { Gate } from "./gate.ts";
import type { ValueKind } from "./kinds.ts";
import type { Malformed, Row, TypedColumn } from "./row.ts";

/** Rows that are malformed in one way. A row of several wrong columns is in the faults of each. */
export interface Fault {
  readonly why: Malformed["why"];
  /** The column, or a place in it, for the ways that concern one. */
  readonly place?: string;
  /** For a wrong type: the declared one, and what was found. */
  readonly declared?: string;
  readonly found?: ValueKind;
  readonly rows: number;
  /** The first lines where it is so, counted from 1. */
  readonly lines: readonly number[];
}

/** A field that no column declares. */
export interface Undeclared {
  readonly name: string;
  readonly rows: number;
}

/** What the reading of one part, or of a whole file, has found. Nothing in it is a value of a row. */
export interface Findings {
  /** All lines, blank ones included. */
  readonly lines: number;
  /** Typed rows. */
  readonly rows: number;
  readonly malformed: number;
  /** Whether the last line that is not blank is no JSON, as where a file was cut; null when all lines are blank. */
  readonly endsCut: boolean | null;
  /** Most rows first. */
  readonly faults: readonly Fault[];
  /** Most rows first, at most `maxUndeclared`. */
  readonly undeclared: readonly Undeclared[];
  /** Columns for which some row has a key, in the contract's order. */
  readonly present: readonly string[];
}

/** Where the fields of a file differ from the declared ones. */
export interface Drift {
  /** Most frequent first. A name that is no identifier may be data and is not shown. */
  readonly undeclared: readonly { readonly name: string; readonly rows: number }[];
  /** Columns for which no row has a field. */
  readonly absent: readonly string[];
  /** Columns of another type than the declared one in most of the rows. */
  readonly changed: readonly { readonly name: string; readonly found: string; readonly rows: number }[];
}

/** Field names may be data themselves, for example when each row uses an id as a name. */
export const maxUndeclared = 50;
const maxNames = 1000;
const shownLines = 3;

const mostRowsFirst = <T extends { readonly rows: number }>(items: Iterable<T>): T[] =>
  [...items].sort((a, b) => b.rows - a.rows);

/** Rows of each name as a list: most rows first, and of equally many in the order of their names. */
export const rowsByName = (names: ReadonlyMap<string, number>): { readonly name: string; readonly rows: number }[] =>
  [...names].map(([name, rows]) => ({ name, rows })).sort((a, b) => b.rows - a.rows || (a.name < b.name ? -1 : 1));

/** A malformed row's faults, without how often. */
function faultsOf(malformed: Malformed): Omit<Fault, "rows" | "lines">[] {
  const { why } = malformed;
  if (why === "wrong type")
    return malformed.values.map(({ place, type, found }) => ({ why, place, declared: catalogType(type), found }));
  return why === "key twice" ? malformed.columns.map((place) => ({ why, place })) : [{ why }];
}

/** Counts while a part is read. */
export class Tally {
  private lines = 0;
  private rows = 0;
  private malformed = 0;
  private endsCut: boolean | null = null;
  private readonly faults = new Map<string, Fault>();
  private readonly undeclared = new Map<string, number>();
  private readonly present: boolean[];
  private readonly columns: readonly TypedColumn[];

  constructor(columns: readonly TypedColumn[]) {
    this.columns = columns;
    this.present = columns.map(() => false);
  }

  /** Enters this many lines that passed the gate. */
  passed({ undeclared, present }: Gate, lines: number): void {
    if (lines === 0) return;
    this.lines += lines;
    this.rows += lines;
    this.endsCut = false;
    for (const name of undeclared) this.seen(name, lines);
    for (const position of present) this.present[position] = true;
  }

  blank(): void {
    this.lines++;
  }

  /** @returns the line's number, from 1 */
  row(row: Row): number {
    this.lines++;
    for (const name of row.undeclared) this.seen(name, 1);
    for (const position of row.present) this.present[position] = true;
    this.endsCut = row.typed === null && row.malformed.why === "not JSON";
    if (row.typed === null) this.refused(row.malformed);
    else this.rows++;
    return this.lines;
  }

  private seen(name: string, rows: number): void {
    const known = this.undeclared.get(name);
    if (known !== undefined || this.undeclared.size < maxNames) this.undeclared.set(name, (known ?? 0) + rows);
  }

  private refused(malformed: Malformed): void {
    this.malformed++;
    // The elements of a list may have the same fault more than once in a row.
    for (const key of new Set(faultsOf(malformed).map((fault) => JSON.stringify(fault)))) {
      const { rows = 0, lines = [] } = this.faults.get(key) ?? {};
      const shown = lines.length < shownLines ? [...lines, this.lines] : lines;
      this.faults.set(key, { ...JSON.parse(key), rows: rows + 1, lines: shown });
    }
  }

  close(): Findings {
    return {
      lines: this.lines,
      rows: this.rows,
      malformed: this.malformed,
      endsCut: this.endsCut,
      faults: mostRowsFirst(this.faults.values()),
      undeclared: rowsByName(this.undeclared).slice(0, maxUndeclared),
      present: this.columns.flatMap(({ name }, position) => (this.present[position] ? [name] : [])),
    };
  }
}

/** The findings of a whole file, from those of its parts in their order. */
export function together(parts: readonly Findings[]): Findings {
  const faults = new Map<string, Fault>();
  const undeclared = new Map<string, number>();
  const present = new Set<string>();
  let [lines, rows, malformed] = [0, 0, 0];
  let endsCut: boolean | null = null;
  for (const part of parts) {
    for (const { rows, lines: numbers, ...fault } of part.faults) {
      const key = JSON.stringify(fault);
      const known = faults.get(key);
      const shown = [...(known?.lines ?? []), ...numbers.map((line) => lines + line)].slice(0, shownLines);
      faults.set(key, { ...fault, rows: (known?.rows ?? 0) + rows, lines: shown });
    }
    for (const { name, rows } of part.undeclared) undeclared.set(name, (undeclared.get(name) ?? 0) + rows);
    for (const name of part.present) present.add(name);
    lines += part.lines;
    rows += part.rows;
    malformed += part.malformed;
    endsCut = part.endsCut ?? endsCut;
  }
  return {
    lines,
    rows,
    malformed,
    endsCut,
    faults: mostRowsFirst(faults.values()),
    undeclared: rowsByName(undeclared).slice(0, maxUndeclared),
    present: [...present],
  };
}
