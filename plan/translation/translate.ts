import { duckdbDialect } from "../duckdbDialect.ts";
import { castText } from "./casts.ts";
import { Expressions, keyOf, type Translated, type Typed } from "./expressions.ts";
import { parseQuery } from "./parse.ts";
import { type Problem, problemOf, Refusal } from "./problems.ts";
import { lambdaNames } from "./row.ts";
import { type Column, isKnown, isSame, meanings, type Outer, type Place, type Scope, type Source } from "./scope.ts";
import type { Expr, Item, Join, LateralView, Query, Relation, Select, SetOperation } from "./syntax.ts";
import { commonType, elementOf, isPlain, isStored, type Type } from "./types.ts";

export interface TableColumns {
  readonly name: string;
  /** As Hive spells the types: `bigint`, `decimal(12,2)`. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

export type Translation =
  | {
      readonly kind: "translated";
      /** For a session in UTC. */
      readonly sql: string;
      /** Spark's names and types. A column that Spark names after its expression is called after its place: `#1`. */
      readonly columns: readonly { readonly name: string; readonly type: string }[];
    }
  | { readonly kind: "refused"; readonly problems: readonly Problem[] };

/**
 * DuckDB's SQL for a query of Spark's. It gives the same rows in no order: the same values of the same types. Where the
 * engines may differ it fails instead, with a message that begins with `uncertain`.
 * @param text a query in Spark's SQL, for a session that is ANSI and in UTC
 * @param tables all that the query may read
 * @returns the reasons why it is refused: all, if its grammar is that of the translated part
 */
export function translate(text: string, tables: readonly TableColumns[]): Translation {
  const problems: Refusal[] = [];
  try {
    const { query, refused } = parseQuery(text);
    problems.push(...refused);
    const translated = new Translator(tables, problems).whole(query);
    if (problems.length === 0) return { kind: "translated", ...translated };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    problems.push(error);
  }
  problems.sort((one, other) => one.at - other.at);
  return { kind: "refused", problems: problems.map((problem) => problemOf(text, problem)) };
}

const { identifier } = duckdbDialect;
const nameOf = (name: string | null, index: number) => name ?? `#${index + 1}`;
const isIn = (names: readonly string[], name: string) => names.some((each) => isSame(each, name));

/** The name itself, or with a number when it is taken; from then on it is. */
function unique(name: string, taken: string[]): string {
  let found = name;
  for (let number = 2; isIn(taken, found); number++) found = `${name}#${number}`;
  taken.push(found);
  return found;
}

class Translator {
  readonly #tables: readonly TableColumns[];
  readonly #problems: Refusal[];
  readonly #expressions: Expressions;
  /** Names of the queries before `select`, and of what is read. None comes twice, so that none hides another. */
  readonly #queries: string[];
  readonly #sourceNames: string[] = [...lambdaNames];
  #ctes: ReadonlyMap<string, Source> = new Map();

  constructor(tables: readonly TableColumns[], problems: Refusal[]) {
    this.#tables = tables;
    this.#queries = tables.map(({ name }) => name);
    this.#problems = problems;
    this.#expressions = new Expressions(problems, (query, outer) => this.#query(query, outer));
  }

  whole(query: Query) {
    const { sql, columns } = this.#query(query, null);
    const named = columns.map(({ name, type }, index) => ({ name: nameOf(name, index), type: type ?? "" }));
    for (const { name, type } of named)
      if (type && type !== "void" && !isStored(type))
        this.#refuse(query.at, `${name}: ${type}`, "a result of this type is not certain");
    return { sql, columns: named };
  }

  #refuse(at: number, construct: string, why: string): null {
    this.#problems.push(new Refusal(at, construct, why));
    return null;
  }

  #query({ ctes, body }: Query, outer: Outer | null): Translated {
    const around = this.#ctes;
    const texts = ctes.map(({ at, name, query }, index) => {
      const { sql, columns } = this.#query(query, null);
      if (ctes.slice(0, index).some((other) => isSame(other.name, name))) this.#refuse(at, name, "is there twice");
      const alias = unique(name, this.#queries);
      this.#ctes = new Map([...this.#ctes, [name.toLowerCase(), { alias, columns: columnsOf(columns) }]]);
      return `${identifier(alias)} as (\n${sql}\n)`;
    });
    const translated = this.#body(body, texts.length === 0 ? outer : null);
    this.#ctes = around;
    return texts.length === 0 ? translated : { ...translated, sql: `with ${texts.join(",\n")}\n${translated.sql}` };
  }

  #body(body: Query["body"], outer: Outer | null): Translated {
    if (!("kind" in body)) return this.#query(body, null);
    return body.kind === "select" ? this.#select(body, outer) : this.#setOperation(body);
  }

  #setOperation({ kind, at, all, left, right }: SetOperation): Translated {
    const sides = [this.#body(left, null), this.#body(right, null)] as const;
    const [one, other] = sides.map(({ columns }) => columns);
    if (one!.length !== other!.length) this.#refuse(at, kind, `unites ${one!.length} and ${other!.length} columns`);
    const columns = one!.map(({ name, type }, index) => {
      const second = other![index]?.type ?? null;
      const common = type && second && commonType(type, second);
      if (type && second && !common) this.#refuse(at, `${type} ${kind} ${second}`, "have no certain type in common");
      if (common && !(kind === "union" && all) && !isPlain(common))
        this.#refuse(at, `${kind} of ${common}`, "whether such values are equal is not certain");
      return { name, type: common };
    });
    const texts = sides.map((side) =>
      this.#as(
        columns.map(({ type }) => type),
        side,
      ),
    );
    return { sql: `(\n${texts[0]}\n)\n${kind}${all ? " all" : ""}\n(\n${texts[1]}\n)`, columns, isOneRow: false };
  }

  /** The query with its columns as these types. */
  #as(types: readonly (Type | null)[], { sql, columns }: Translated): string {
    if (columns.every(({ type }, index) => type === types[index])) return sql;
    const source = identifier(unique("#united", this.#sourceNames));
    const items = columnsOf(columns).map((column, index) => {
      const value = `${source}.${column.sql}`;
      const to = types[index];
      return `${(to && column.type && castText(value, column.type, to)) ?? value} as ${column.sql}`;
    });
    return `select ${items.join(", ")} from (\n${sql}\n) as ${source}`;
  }

  #select(select: Select, outer: Outer | null): Translated {
    const { at, distinct, where, having } = select;
    const sources = this.#sources(select);
    const aliases = new Map(
      select.items.flatMap((item) => ("expr" in item && item.alias ? [[item.alias.toLowerCase(), item.expr]] : [])),
    );
    const place: Place = { scope: sources.scope, outer: null, aliases };
    const condition = where && this.#expressions.condition(where, { ...place, outer, takesSubqueries: true });
    const groupBy = select.groupBy?.map((expr) => this.#group(expr, { ...place, takesAliases: true })) ?? null;
    const groups = new Set(groupBy?.flatMap((group) => (group ? [keyOf(group)] : [])) ?? []);
    const grouped: Place = { ...place, groups, takesAggregates: true };
    const items = select.items.flatMap((item) => this.#items(item, { ...grouped, takesWindows: true }));
    const kept = having && this.#expressions.condition(having, { ...grouped, takesAliases: true });

    const all = [...items.map(({ typed }) => typed), kept];
    const isGrouped = groupBy !== null || having !== null || all.some((typed) => typed?.hasAggregate);
    const loose = all.find((typed) => typed?.loose)?.loose;
    if (isGrouped && loose && !groupBy?.includes(null))
      this.#refuse(at, loose, "is neither grouped by nor in an aggregate");
    if (isGrouped && outer?.isUsed) this.#refuse(at, "group", "a grouped subquery can't see the query around it");
    const names = items.map(({ name }, index) => nameOf(name, index));
    for (const [index, { at, typed }] of items.entries()) {
      const name = names[index]!;
      if (isIn(names.slice(0, index), name)) this.#refuse(at, name, "is the name of two columns");
      if (typed?.type === "void") this.#refuse(at, "null", "a column needs a type: cast it");
      if (distinct && typed && !isPlain(typed.type))
        this.#refuse(at, `distinct ${typed.type}`, "whether such values are equal is not certain");
    }

    const clauses = [
      `select${distinct ? " distinct" : ""}\n    ${items.map(({ typed }, index) => `${typed?.sql} as ${identifier(names[index]!)}`).join(",\n    ")}`,
      ...sources.texts,
      ...(where ? [`where ${condition?.sql}`] : []),
      ...(groupBy ? [`group by ${groupBy.map((group) => group?.sql).join(", ")}`] : []),
      ...(having ? [`having ${kept?.sql}`] : []),
    ];
    return {
      sql: clauses.join("\n"),
      columns: items.map(({ name, typed }) => ({ name, type: typed?.type ?? null })),
      isOneRow: isGrouped && groupBy === null && having === null,
    };
  }

  #group(expr: Expr, place: Place): Typed | null {
    const typed = this.#expressions.of(expr, place);
    if (!typed) return null;
    if (!typed.hasColumn) return this.#refuse(expr.at, "group by", "a constant may be the place of a column");
    if (isPlain(typed.type)) return typed;
    return this.#refuse(expr.at, `group by ${typed.type}`, "whether such values are equal is not certain");
  }

  #items(item: Item, place: Place): readonly { at: number; name: string | null; typed: Typed | null }[] {
    const { at } = item;
    if ("expr" in item) {
      const typed = this.#expressions.of(item.expr, place);
      return [{ at, name: item.alias ?? typed?.name ?? null, typed }];
    }
    const { scope } = place;
    if (!isKnown(scope)) return [];
    const named = scope.sources.filter(({ alias }) => item.star !== null && isSame(alias, item.star));
    if (named.length > 0 && scope.isUsing)
      this.#refuse(at, `${item.star}.*`, "its columns are not certain after using");
    const columns = item.star === null ? scope.all : (named[0]?.columns ?? []);
    if (columns.length === 0)
      this.#refuse(at, item.star === null ? "*" : `${item.star}.*`, "there are no such columns");
    return columns.map(({ name, type, sql }) => ({
      ...{ at, name },
      typed:
        type === null
          ? null
          : { sql, type, hasColumn: true, hasAggregate: false, loose: place.groups?.has(sql) ? null : (name ?? "*") },
    }));
  }

  #sources({ from, joins, views }: Select): { readonly scope: Scope; readonly texts: readonly string[] } {
    if (!from) return { scope: { sources: [], all: [] }, texts: [] };
    const first = this.#relation(from);
    let scope: Scope = { sources: [first.source], all: first.source.columns ?? [] };
    const texts = [`from ${first.text}`];
    const add = (at: number, { alias, columns }: Source) => {
      if (alias !== null && scope.sources.some((source) => isSame(source.alias, alias)))
        this.#refuse(at, alias, "is the alias of two tables");
      scope = { ...scope, sources: [...scope.sources, { alias, columns }], all: [...scope.all, ...(columns ?? [])] };
    };
    for (const join of joins) {
      const { text, source } = this.#relation(join.relation);
      const left = scope;
      add(join.at, source);
      if (join.using) {
        const using = this.#using(join, left, source);
        scope = { ...scope, all: using.all, isUsing: true };
        texts.push(`${join.kind} join ${text} on ${using.condition}`);
      } else {
        const on = join.on && this.#expressions.condition(join.on, { scope, aliases: new Map() });
        texts.push(`${join.kind} join ${text}${join.on ? ` on ${on?.sql}` : ""}`);
      }
    }
    for (const view of views) {
      const { text, source } = this.#lateralView(view, scope);
      add(view.at, source);
      texts.push(text);
    }
    return { scope, texts };
  }

  #relation({ at, source, alias }: Relation): { readonly text: string; readonly source: Source } {
    if (typeof source !== "string") {
      const { sql, columns } = this.#query(source, null);
      const name = unique(alias ?? "#subquery", this.#sourceNames);
      return { text: `(\n${sql}\n) as ${identifier(name)}`, source: { alias, columns: columnsOf(columns, name) } };
    }
    const cte = this.#ctes.get(source.toLowerCase());
    const table = this.#tables.find(({ name }) => isSame(name, source));
    const name = unique(alias ?? source, this.#sourceNames);
    if (!cte && !table) {
      this.#refuse(at, source, "is none of the tables");
      return { text: "", source: { alias: alias ?? source, columns: null } };
    }
    const columns = cte ? cte.columns : table!.columns;
    return {
      text: `${identifier(cte ? cte.alias! : table!.name)} as ${identifier(name)}`,
      source: { alias: alias ?? source, columns: columns && columnsOf(columns, name) },
    };
  }

  /** The condition of `using`, and the columns of `*` after it. */
  #using({ at, kind, using }: Join, left: Scope, { columns }: Source) {
    const pairs = using!.map((name) => {
      const [ones, others] = [left, { sources: [], all: columns ?? [] }].map((scope) => meanings(scope, [name]));
      const [one, other] = [ones![0]?.column, others![0]?.column];
      if (ones!.length !== 1 || others!.length !== 1 || !one?.type || one.type !== other!.type || !isPlain(one.type)) {
        this.#refuse(at, `using (${name})`, "it has to be one column of the same type on either side, and no double");
        return null;
      }
      const sql = kind === "full" ? `coalesce(${one.sql}, ${other!.sql})` : kind === "right" ? other!.sql : one.sql;
      return { one, other: other!, column: { name: one.name, type: one.type, sql } };
    });
    const known = pairs.filter((pair) => pair !== null);
    const isRest = (column: Column) => !isIn(using!, column.name ?? "");
    return {
      condition: known.map(({ one, other }) => `${one.sql} = ${other.sql}`).join(" and "),
      all: [...known.map(({ column }) => column), ...left.all.filter(isRest), ...(columns ?? []).filter(isRest)],
    };
  }

  /** Rows of nulls and of empty arrays vanish. */
  #lateralView({ at, generator, array, alias, columns }: LateralView, scope: Scope) {
    const name = unique(alias, this.#sourceNames);
    const typed = this.#expressions.of(array, { scope, aliases: new Map() });
    const element = typed?.type.startsWith("array<") ? elementOf(typed.type) : null;
    const isCertain = element && isStored(element) && columns.length === (generator === "posexplode" ? 2 : 1);
    if (typed && !(isCertain && (generator === "explode" || generator === "posexplode")))
      this.#refuse(at, `lateral view ${generator}(${typed.type})`, "only explode and posexplode are translated");
    const types = generator === "posexplode" ? ["int", element] : [element];
    const named = columns.map((column, index) => ({ name: column, type: types[index] ?? null }));
    const values =
      generator === "posexplode"
        ? [`cast(unnest(range(len(${typed?.sql}))) as integer)`, `unnest(${typed?.sql})`]
        : [`unnest(${typed?.sql})`];
    const items = columns.map((column, index) => `${values[index]} as ${identifier(column)}`).join(", ");
    return {
      text: `cross join lateral (select ${items}) as ${identifier(name)}`,
      source: { alias, columns: columnsOf(named, name) },
    };
  }
}

/** The columns of a query or table, by their names in it or by those behind its alias. */
function columnsOf(
  columns: readonly { readonly name: string | null; readonly type: Type | null }[],
  alias?: string,
): readonly Column[] {
  const prefix = alias === undefined ? "" : `${identifier(alias)}.`;
  return columns.map(({ name, type }, index) => ({ name, type, sql: prefix + identifier(nameOf(name, index)) }));
}
