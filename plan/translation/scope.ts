import type { Expr } from "./syntax.ts";
import type { Type } from "./types.ts";

/** A column as a query sees it. One without a name is only for `*`; one without a type was refused where it is made. */
export interface Column {
  readonly name: string | null;
  readonly type: Type | null;
  readonly sql: string;
}

export interface Source {
  readonly alias: string | null;
  /** Null when nothing is known of them, because the table was refused. */
  readonly columns: readonly Column[] | null;
}

/** What the names of a `select` may mean. */
export interface Scope {
  readonly sources: readonly Source[];
  /** The columns of `*`: those of the sources, but each of `using` only once. */
  readonly all: readonly Column[];
  readonly isUsing?: boolean;
}

/** Where an expression stands, and what may stand there. */
export interface Place {
  readonly scope: Scope;
  /** The query around a subquery, and whether the subquery uses it. */
  readonly outer?: Outer | null;
  /** The aliases of the same `select`, in lower case. */
  readonly aliases: ReadonlyMap<string, Expr>;
  /** Whether an alias may be used where no column has the name. */
  readonly takesAliases?: boolean;
  /** The keys of what is grouped by. */
  readonly groups?: ReadonlySet<string>;
  readonly takesAggregates?: boolean;
  readonly takesWindows?: boolean;
  /** Whether `exists` and `in (select …)` may stand here. */
  readonly takesSubqueries?: boolean;
}

export interface Outer {
  readonly scope: Scope;
  isUsed: boolean;
}

export const isSame = (one: string | null, other: string): boolean => one?.toLowerCase() === other.toLowerCase();

export const isKnown = ({ sources }: Scope): boolean => sources.every(({ columns }) => columns !== null);

/** What dotted names may mean: a column, and fields in it. */
export function meanings({ sources, all }: Scope, names: readonly string[]) {
  const [first, ...rest] = names;
  const [second, ...fields] = rest;
  const found = (columns: readonly Column[], name: string, fields: readonly string[]) =>
    columns.filter((column) => isSame(column.name, name)).map((column) => ({ column, fields }));
  const ofSources = sources.filter(({ alias }) => second !== undefined && isSame(alias, first!));
  const qualified = ofSources.flatMap(({ columns }) => found(columns ?? [], second!, fields));
  const plain = found(all, first!, rest);
  // Only a struct's name can mean something else than the table of this name.
  return [...qualified, ...plain.filter(({ column }) => qualified.length === 0 || column.type?.startsWith("struct"))];
}
