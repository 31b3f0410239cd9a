import { aggregates } from "./aggregates.ts";
import { castText } from "./casts.ts";
import { dates } from "./dates.ts";
import { Refusal } from "./problems.ts";
import { type Argument, certain, type Row } from "./row.ts";
import { scalars } from "./scalars.ts";
import { isKnown, meanings, type Outer, type Place } from "./scope.ts";
import type { Call, Expr, Query, Window } from "./syntax.ts";
import { decimal, fieldsOf, isPlain, namedType, type Type } from "./types.ts";

/** The allow list. What is not here is not translated. */
export const rows: readonly Row[] = [...scalars, ...dates, ...aggregates];

/** What is often written and never the same. */
const reasons: Readonly<Record<string, string>> = {
  upper: "the engines have other capitals for some letters, such as ß",
  lower: "the engines have other small letters for some capitals, such as İ",
  first: "it depends on the order of rows",
  last: "it depends on the order of rows",
  any_value: "it depends on the order of rows",
  rand: "it is another value each time",
  uuid: "it is another value each time",
  now: "it is another value each time",
  "sum(double)": "it depends on the order of rows; sum a decimal",
  "avg(double)": "it depends on the order of rows",
};
const unlisted = "it is not on the list of what both engines answer alike";

export interface Typed extends Argument {
  /** What Spark takes for the same expression has the same, and nothing else; without it, `sql` is it. */
  readonly key?: string;
  /** A column that is outside of the aggregates and is none of the groups. */
  readonly loose: string | null;
  readonly hasColumn: boolean;
  readonly hasAggregate: boolean;
}

/** A query in DuckDB's SQL. */
export interface Translated {
  readonly sql: string;
  readonly columns: readonly { readonly name: string | null; readonly type: Type | null }[];
  /** Whether it has exactly one row, whatever the tables hold. */
  readonly isOneRow: boolean;
}

export const keyOf = ({ key, sql }: Typed): string => key ?? sql;

const constant = { loose: null, hasColumn: false, hasAggregate: false };

/** The type of a number as it is written in Spark, and DuckDB's text; null when there is no such type. */
function numberOf(literal: string): Pick<Argument, "sql" | "type"> | null {
  if (/e/i.test(literal))
    return Number.isFinite(Number(literal)) ? { type: "double", sql: `'${literal}'::double` } : null;
  const [, whole = "", fraction] = /^-?0*(\d*)(?:\.(\d*))?$/.exec(literal) ?? [];
  if (fraction !== undefined) {
    const scale = fraction.length;
    const type = decimal(Math.max((whole + fraction).replace(/^0+(?=\d)/, "").length, scale), scale);
    return type === null ? null : { type, sql: `'${literal}'::${type}` };
  }
  const [value, most] = [BigInt(literal), literal.startsWith("-") ? 0n : 1n];
  const fits = (bits: bigint) => -(2n ** bits) <= value && value <= 2n ** bits - most;
  const type = fits(31n) ? "int" : fits(63n) ? "bigint" : decimal(whole.length, 0);
  return type === null ? null : { type, sql: `'${literal}'::${type === "int" ? "integer" : type}` };
}

const dayPattern = /^\d{4}-\d\d-\d\d$/;
const timePattern = /^(\d{4}-\d\d-\d\d)(?:[ T]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?)?$/;
const isDay = (day: string) => {
  const date = new Date(`${day}T00:00:00Z`);
  return !day.startsWith("0000") && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
};

/** Expressions, each by what stands in them. What is refused is told once and is then null. */
export class Expressions {
  readonly #problems: Refusal[];
  readonly #query: (query: Query, outer: Outer | null) => Translated;

  constructor(problems: Refusal[], query: (query: Query, outer: Outer | null) => Translated) {
    this.#problems = problems;
    this.#query = query;
  }

  /** A condition's text; null when it is refused or no boolean. */
  condition(expr: Expr, place: Place): Typed | null {
    const typed = this.of(expr, place);
    if (!typed || typed.type === "boolean") return typed;
    return this.#refuse(expr.at, typed.type, "a condition has to be a boolean");
  }

  of(expr: Expr, place: Place): Typed | null {
    const typed = this.#typed(expr, place);
    return typed && place.groups?.has(keyOf(typed)) ? { ...typed, loose: null } : typed;
  }

  #typed(expr: Expr, place: Place): Typed | null {
    switch (expr.kind) {
      case "null":
        return { ...constant, type: "void", sql: "null" };
      case "boolean":
        return { ...constant, type: "boolean", sql: expr.value };
      case "string":
        return { ...constant, type: "string", sql: `'${expr.value.replaceAll("'", "''")}'`, literal: expr.value };
      case "number": {
        const number = numberOf(expr.value);
        if (!number) return this.#refuse(expr.at, expr.value, "the number has too many digits");
        return { ...constant, ...number, literal: expr.value };
      }
      case "date":
        return dayPattern.test(expr.value) && isDay(expr.value)
          ? { ...constant, type: "date", sql: `date '${expr.value}'` }
          : this.#refuse(expr.at, `date '${expr.value}'`, "a date has to be written as 2025-01-31");
      case "timestamp": {
        const [time, day] = timePattern.exec(expr.value) ?? [];
        return time && isDay(day!)
          ? { ...constant, type: "timestamp", sql: `make_timestamptz(epoch_us(timestamp '${expr.value}'))` }
          : this.#refuse(
              expr.at,
              `timestamp '${expr.value}'`,
              "a time has to be written as 2025-01-31 23:59:59.999999",
            );
      }
      case "name":
        return this.#name(expr, place);
      case "cast":
        return this.#cast(expr, place);
      case "value of":
        return this.#valueOf(expr.query);
      case "exists":
        if (!place.takesSubqueries)
          return this.#refuse(expr.at, "exists", "it is translated only as a condition of where");
        return { ...constant, type: "boolean", sql: `exists (\n${this.#inner(expr.query, place).sql}\n)` };
      case "in":
        return this.#in(expr, place);
      case "call":
        return this.#call(expr, place);
    }
  }

  #refuse(at: number, construct: string, why: string): null {
    this.#problems.push(new Refusal(at, construct, why));
    return null;
  }

  #name({ at, parts }: Extract<Expr, { kind: "name" }>, place: Place): Typed | null {
    const text = parts.join(".");
    const alias = parts.length === 1 ? place.aliases.get(text.toLowerCase()) : undefined;
    const own = meanings(place.scope, parts);
    if (own.length === 0 && !isKnown(place.scope)) return null;
    if (own.length === 0 && alias) {
      if (!place.takesAliases) return this.#refuse(at, text, "is an alias of the same select; no column has this name");
      return this.of(alias, { ...place, takesAliases: false });
    }
    if (own.length > 0 && alias && place.takesAliases) {
      const [one, other] = [this.#column(at, text, own), this.of(alias, { ...place, takesAliases: false })];
      if (one && other && keyOf(one) === keyOf(other)) return one;
      return this.#refuse(at, text, "is both a column and an alias; name the column with its table");
    }
    const outer = own.length === 0 && place.outer ? meanings(place.outer.scope, parts) : [];
    if (outer.length === 0) return this.#column(at, text, own, place.groups);
    place.outer!.isUsed = true;
    const column = this.#column(at, text, outer);
    return column && { ...column, loose: null };
  }

  #column(at: number, text: string, found: ReturnType<typeof meanings>, groups?: Place["groups"]): Typed | null {
    if (found.length !== 1)
      return this.#refuse(at, text, found.length === 0 ? "is no column of the tables" : "may be several columns");
    const { column, fields } = found[0]!;
    if (column.type === null) return null;
    let value = { sql: column.sql, type: column.type };
    let loose: string | null = groups?.has(value.sql) ? null : text;
    for (const name of fields) {
      const named = fieldsOf(value.type)?.filter((field) => field.name.toLowerCase() === name.toLowerCase()) ?? [];
      if (named.length !== 1) return this.#refuse(at, text, `${value.type} has not one field ${name}`);
      value = { sql: `struct_extract(${value.sql}, '${named[0]!.name}')`, type: named[0]!.type };
      if (groups?.has(value.sql)) loose = null;
    }
    return { ...value, name: text.split(".").at(-1)!, loose, hasColumn: true, hasAggregate: false };
  }

  #cast({ at, value, type }: Extract<Expr, { kind: "cast" }>, place: Place): Typed | null {
    const typed = this.of(value, place);
    const to = namedType(type);
    if (!to) return this.#refuse(at, `cast as ${type}`, "the type is not on the list");
    if (!typed) return null;
    const sql = castText(typed.sql, typed.type, to);
    if (sql === null) return this.#refuse(at, `cast(${typed.type} as ${to})`, unlisted);
    return { ...typed, name: undefined, literal: undefined, sql, type: to, key: `cast(${keyOf(typed)} as ${to})` };
  }

  #inner(query: Query, place: Place): Translated {
    return this.#query(query, { scope: place.scope, isUsed: false });
  }

  #valueOf(query: Query): Typed | null {
    const { sql, columns, isOneRow } = this.#query(query, null);
    if (columns.length !== 1 || !isOneRow)
      return this.#refuse(query.at, "(select …)", "a value has to be one aggregate without group by");
    const { type } = columns[0]!;
    return type === null ? null : { ...constant, type, sql: `(\n${sql}\n)` };
  }

  #in({ at, value, query }: Extract<Expr, { kind: "in" }>, place: Place): Typed | null {
    if (!place.takesSubqueries)
      return this.#refuse(at, "in (select …)", "it is translated only as a condition of where");
    const typed = this.of(value, place);
    const { sql, columns } = this.#inner(query, place);
    const types = columns.map(({ type }) => type);
    if (!typed || types.includes(null)) return null;
    if (types.join() !== typed.type || !isPlain(typed.type))
      return this.#refuse(at, `${typed.type} in (${types})`, "both sides have to be of one type, and no doubles");
    const result = `(${typed.sql} in (\n${sql}\n))`;
    return { ...typed, name: undefined, literal: undefined, type: "boolean", sql: result, key: result };
  }

  #call(call: Call, place: Place): Typed | null {
    const { at, name, filter, over } = call;
    const listed = rows.filter((row) => row.name === name);
    const [first] = listed;
    const isAggregate = first?.kind === "aggregate" && !over;
    // Of what stands within an aggregate, nothing has to be grouped by.
    const { groups: _, ...ungrouped } = place;
    const inside: Place = isAggregate
      ? { ...ungrouped, takesAggregates: false, takesWindows: false, takesAliases: false, takesSubqueries: false }
      : {
          ...place,
          takesWindows: Boolean(place.takesWindows) && !over,
          takesSubqueries: this.#passesSubqueries(call, place),
        };
    const args = call.args.map((arg) => this.of(arg, inside));
    const condition = filter ? this.condition(filter, inside) : null;
    const window = over ? this.#window(over, { ...inside, takesWindows: false }) : null;

    const known = args.filter((arg) => arg !== null);
    const types = known.map(({ type }) => type);
    const construct = first ? first.spark(types).replace(/^\((.*)\)$/, "$1") : `${name}(${types.join(", ")})`;
    const refuse = (why: string) => this.#refuse(at, construct, why);
    if (!first) return refuse(reasons[name] ?? unlisted);
    if (isAggregate && !place.takesAggregates) return refuse("an aggregate is not translated here");
    if (over && !place.takesWindows) return refuse("a window function is not translated here");
    if (first.kind === "window" && !over) return refuse("it needs a window");
    if (over && (first.kind === "scalar" || (first.kind === "aggregate" && !first.hasFrame)))
      return refuse("it is not translated over a window");
    if (over && first.kind === "window" && (over.orderBy.length === 0 || over.frame))
      return refuse("its window needs an order, and has no frame of its own");
    if (first.kind === "scalar" && (call.isDistinct || filter)) return refuse("it is no aggregate");
    if (over && (call.isDistinct || filter)) return refuse("distinct and filter are not translated over a window");
    if (known.length < args.length || (filter && !condition) || (over && !window)) return null;

    const how = { isDistinct: Boolean(call.isDistinct), filter: condition?.sql ?? null, over: window?.sql ?? "" };
    const values = known as readonly Typed[];
    const result = listed.map((row) => row.rule(values, how)).find((found) => found !== null);
    if (!result) return refuse(reasons[construct] ?? unlisted);
    const isGuarded = window && (first.isOrdered || over?.frame?.startsWith("rows"));
    const sql = isGuarded
      ? certain(`count(*) over (${window.ties}) = 1`, result.sql, "rows have the same place in the order")
      : result.sql;
    const parts = [...values, ...(window?.parts ?? [])];
    return {
      type: result.type,
      sql,
      key: `${name}(${[how.isDistinct, ...values.map(keyOf)].join(", ")})${how.filter}${how.over}`,
      loose: isAggregate ? null : (parts.find(({ loose }) => loose !== null)?.loose ?? null),
      hasColumn: isAggregate || parts.some(({ hasColumn }) => hasColumn),
      hasAggregate: isAggregate || parts.some(({ hasAggregate }) => hasAggregate),
    };
  }

  /** Elsewhere Spark may take an `in` that is null for false. */
  #passesSubqueries({ name, args }: Call, { takesSubqueries }: Place): boolean {
    const isDirect = name === "not" && args.every(({ kind }) => kind === "in" || kind === "exists");
    return Boolean(takesSubqueries) && (name === "and" || name === "or" || isDirect);
  }

  /** Its text, and that of the window of the rows with the same place in the order. */
  #window({ at, partitionBy, orderBy, frame }: Window, place: Place) {
    const partition = partitionBy.map((expr) => this.of(expr, place));
    const order = orderBy.map(({ expr }) => this.of(expr, place));
    const parts = [...partition, ...order].filter((part) => part !== null);
    if (parts.length < partition.length + order.length) return null;
    const unclear = parts.find(({ type, hasColumn }) => !isPlain(type) || !hasColumn);
    if (unclear) return this.#refuse(at, `over (${unclear.type})`, "the order of these values is not certain");
    if (frame && orderBy.length === 0) return this.#refuse(at, frame, "a frame needs an order");
    const keys = orderBy.map(
      ({ isDescending, nullsFirst }, index) =>
        `${order[index]!.sql} ${isDescending ? "desc" : "asc"} nulls ${nullsFirst ? "first" : "last"}`,
    );
    const clause = (words: string, items: readonly string[]) =>
      items.length > 0 ? [`${words} ${items.join(", ")}`] : [];
    const partitions = partition.map((part) => part!.sql);
    const clauses = [...clause("partition by", partitions), ...clause("order by", keys), ...(frame ? [frame] : [])];
    return {
      sql: ` over (${clauses.join(" ")})`,
      ties: clause("partition by", [...partitions, ...order.map((part) => part!.sql)]).join(""),
      parts,
    };
  }
}
