import { Refusal } from "./problems.ts";
import type { Call, Expr, Item, Join, LateralView, OrderItem, Query, Relation, Select, Window } from "./syntax.ts";
import { type Token, tokensOf } from "./tokens.ts";

/** Words that Spark takes for a part of its grammar, here or elsewhere. As a name they have to be quoted. */
const reserved = new Set(
  `all and any anti array as between by case cast cluster collate cross current current_catalog current_database
  current_date current_schema current_time current_timestamp current_user distinct distribute div else end escape except
  exists false filter following for from full group having ignore ilike in inner intersect interval is join lateral left
  like limit localtimestamp map minus natural not null offset on or order outer over pivot preceding qualify range regexp
  respect right rlike rows select semi session_user setminus some sort table tablesample then true try_cast unbounded
  union unpivot user using values when where window with within`.split(/\s+/),
);
/** Those that are functions when a bracket follows. */
const callable = new Set(["any", "some", "array", "map"]);
const comparisons = new Set(["=", "==", "<>", "!=", "<", "<=", ">", ">=", "<=>"]);
const comparisonNames: Readonly<Record<string, string>> = { "==": "=", "!=": "<>" };

/**
 * The query of a text. It is a small part of Spark's grammar, with Spark's precedence.
 * @returns also the clauses that are read but not translated
 * @throws Refusal at the first place that is no part of it
 */
export function parseQuery(text: string): { readonly query: Query; readonly refused: readonly Refusal[] } {
  const parser = new Parser(text);
  return { query: parser.whole(), refused: parser.refused };
}

class Parser {
  readonly refused: Refusal[] = [];
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #index = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokensOf(text);
  }

  whole(): Query {
    const query = this.#query();
    this.#skip(";");
    if (this.#next.kind !== "end") this.#unexpected();
    return query;
  }

  #query(): Query {
    const { at } = this.#next;
    const ctes: { at: number; name: string; query: Query }[] = [];
    if (this.#skip("with"))
      do {
        const { at } = this.#next;
        const name = this.#name();
        this.#expect("as");
        ctes.push({ at, name, query: this.#inBrackets(() => this.#query()) });
      } while (this.#skip(","));
    const body = this.#unions();
    const clause = this.#next;
    if (this.#skipBoth("order", "by")) {
      this.#list(() => this.#orderItem());
      this.refused.push(new Refusal(clause.at, "order by", "the rows of a query have no order; leave it out"));
    }
    const limit = this.#next;
    if (this.#skip("limit")) {
      this.#expr();
      this.refused.push(new Refusal(limit.at, "limit", "which rows it keeps is not certain"));
    }
    return { at, ctes, body };
  }

  #unions(): Query["body"] {
    let left = this.#intersections();
    for (;;) {
      const { at } = this.#next;
      const kind = this.#is("union") ? "union" : "except";
      if (!this.#skip("union") && !this.#skip("except") && !this.#skip("minus")) return left;
      left = { kind, at, all: this.#all(), left, right: this.#intersections() };
    }
  }

  #intersections(): Query["body"] {
    let left = this.#primaryQuery();
    for (;;) {
      const { at } = this.#next;
      if (!this.#skip("intersect")) return left;
      left = { kind: "intersect", at, all: this.#all(), left, right: this.#primaryQuery() };
    }
  }

  #all(): boolean {
    const all = this.#skip("all");
    if (!all) this.#skip("distinct");
    return all;
  }

  #primaryQuery = (): Query["body"] =>
    this.#is("(") ? this.#inBrackets(() => this.#query()) : this.#is("select") ? this.#select() : this.#unexpected();

  #select(): Select {
    const { at } = this.#next;
    this.#expect("select");
    const distinct = this.#skip("distinct");
    const items = this.#list(() => this.#item());
    const from = this.#skip("from") ? this.#relation() : null;
    const joins: Join[] = [];
    for (let join = from && this.#join(); join; join = this.#join()) joins.push(join);
    const views: LateralView[] = [];
    while (from && this.#skip("lateral")) views.push(this.#lateralView());
    const where = this.#skip("where") ? this.#expr() : null;
    const groupBy = this.#skipBoth("group", "by") ? this.#list(() => this.#expr()) : null;
    const having = this.#skip("having") ? this.#expr() : null;
    return { kind: "select", at, distinct, items, from, joins, views, where, groupBy, having };
  }

  #item(): Item {
    const { at } = this.#next;
    if (this.#skip("*")) return { at, star: null };
    if (this.#isName() && this.#isSign(1, ".") && this.#isSign(2, "*")) {
      const star = this.#name();
      this.#index += 2;
      return { at, star };
    }
    const expr = this.#expr();
    return { at, expr, alias: this.#alias() };
  }

  #alias = (): string | null => (this.#skip("as") || this.#isName() ? this.#name() : null);

  #relation(): Relation {
    const { at } = this.#next;
    const source = this.#is("(") ? this.#inBrackets(() => this.#query()) : this.#name();
    return { at, source, alias: this.#alias() };
  }

  #join(): Join | null {
    const { at } = this.#next;
    const kind = (["inner", "left", "right", "full", "cross"] as const).find((word) => this.#skip(word)) ?? "inner";
    if (kind === "left" || kind === "right" || kind === "full") this.#skip("outer");
    if (!this.#is("join")) return this.#next.at === at ? null : this.#unexpected();
    this.#expect("join");
    const relation = this.#relation();
    if (kind === "cross") return { at, kind, relation, on: null, using: null };
    if (this.#skip("using"))
      return { at, kind, relation, on: null, using: this.#inBrackets(() => this.#list(() => this.#name())) };
    this.#expect("on");
    return { at, kind, relation, on: this.#expr(), using: null };
  }

  #lateralView(): LateralView {
    this.#expect("view");
    const { at } = this.#next;
    const generator = this.#name().toLowerCase();
    const array = this.#inBrackets(() => this.#expr());
    const alias = this.#name();
    this.#skip("as");
    return { at, generator, array, alias, columns: this.#list(() => this.#name()) };
  }

  #expr(): Expr {
    return this.#chain(["or"], () => this.#chain(["and"], () => this.#negation()));
  }

  /** Operators of one precedence, from the left. */
  #chain(operators: Iterable<string>, operand: () => Expr): Expr {
    const names = new Set(operators);
    let left = operand();
    for (;;) {
      const { at, kind, value } = this.#next;
      if ((kind !== "sign" && kind !== "word") || !names.has(value.toLowerCase())) return left;
      this.#index++;
      const name = value.toLowerCase();
      left = call(comparisonNames[name] ?? name, at, left, operand());
    }
  }

  #negation(): Expr {
    const { at } = this.#next;
    return this.#skip("not") ? call("not", at, this.#negation()) : this.#predicate();
  }

  #predicate(): Expr {
    const left = this.#value();
    const { at } = this.#next;
    if (this.#skip("is")) {
      const negated = this.#skip("not");
      if (this.#skip("distinct")) {
        this.#expect("from");
        const same = call("<=>", at, left, this.#value());
        return negated ? same : call("not", at, same);
      }
      const what = (["null", "true", "false"] as const).find((word) => this.#skip(word)) ?? this.#unexpected();
      const is = call(`is ${what}`, at, left);
      return negated ? call("not", at, is) : is;
    }
    const negated = this.#skip("not");
    const predicate = this.#comparedBy(left);
    if (!predicate) return negated ? this.#unexpected() : left;
    return negated ? call("not", at, predicate) : predicate;
  }

  #comparedBy(left: Expr): Expr | null {
    const { at } = this.#next;
    if (this.#skip("between")) {
      const low = this.#value();
      this.#expect("and");
      return call("between", at, left, low, this.#value());
    }
    if (this.#skip("like")) return call("like", at, left, this.#value());
    if (!this.#skip("in")) return null;
    return this.#inBrackets(() =>
      this.#startsQuery()
        ? { kind: "in", at, value: left, query: this.#query() }
        : call("in", at, left, ...this.#list(() => this.#expr())),
    );
  }

  #value(): Expr {
    return this.#chain(comparisons, () =>
      this.#chain(["+", "-", "||"], () => this.#chain(["*", "/", "%", "div"], () => this.#signed())),
    );
  }

  #signed(): Expr {
    const { at } = this.#next;
    if (!this.#skip("-")) return this.#primary();
    if (this.#next.kind === "number") return { kind: "number", at, value: `-${this.#take().value}` };
    return call("negative", at, this.#signed());
  }

  #primary(): Expr {
    const { kind, at, value } = this.#next;
    if (kind === "number" || kind === "string") {
      this.#index++;
      return { kind, at, value };
    }
    if (this.#is("(")) {
      return this.#inBrackets(() =>
        this.#startsQuery() ? { kind: "value of", at, query: this.#query() } : this.#expr(),
      );
    }
    const word = kind === "word" ? value.toLowerCase() : "";
    if ((word === "date" || word === "timestamp") && this.#peek(1).kind === "string") {
      this.#index += 2;
      return { kind: word, at, value: this.#peek(-1).value };
    }
    if (this.#skip("null")) return { kind: "null", at };
    if (this.#skip("true") || this.#skip("false")) return { kind: "boolean", at, value: word };
    if (this.#skip("case")) return this.#case(at);
    if (this.#skip("cast")) return this.#inBrackets(() => this.#cast(at));
    if (this.#skip("exists")) return this.#inBrackets(() => ({ kind: "exists", at, query: this.#query() }));
    if (word && this.#isSign(1, "(") && (!reserved.has(word) || callable.has(word))) {
      this.#index++;
      return this.#call(word, at);
    }
    const parts = [this.#name()];
    while (this.#skip(".")) parts.push(this.#name());
    return { kind: "name", at, parts };
  }

  #case(at: number): Expr {
    const value = this.#is("when") ? null : this.#expr();
    const args: Expr[] = [];
    while (this.#is("when")) {
      const when = this.#take();
      const condition = this.#expr();
      this.#expect("then");
      args.push(value ? call("=", when.at, value, condition) : condition, this.#expr());
    }
    if (args.length === 0) this.#unexpected();
    if (this.#skip("else")) args.push(this.#expr());
    this.#expect("end");
    return call("case", at, ...args);
  }

  #cast(at: number): Expr {
    const value = this.#expr();
    this.#expect("as");
    const start = this.#next.at;
    for (let depth = 0; depth > 0 || !this.#is(")"); this.#index++) {
      if (this.#next.kind === "end") this.#unexpected();
      if (this.#is("(")) depth++;
      if (this.#is(")")) depth--;
    }
    return { kind: "cast", at, value, type: this.#text.slice(start, this.#next.at).trim() };
  }

  #call(name: string, at: number): Expr {
    if (name === "extract") {
      const [field, value] = this.#inBrackets(() => {
        const field = this.#name();
        this.#expect("from");
        return [field.toLowerCase(), this.#expr()] as const;
      });
      return call(`extract:${field}`, at, value);
    }
    this.#expect("(");
    const isDistinct = this.#skip("distinct");
    const isStar = this.#is("*") && !isDistinct && this.#skip("*");
    const args = isStar || this.#is(")") ? [] : this.#list(() => this.#expr());
    this.#expect(")");
    const filter = this.#skip("filter")
      ? this.#inBrackets(() => {
          this.#expect("where");
          return this.#expr();
        })
      : null;
    const over = this.#skip("over") ? this.#inBrackets(() => this.#window()) : null;
    return {
      ...{ kind: "call", at, name: isStar ? `${name}(*)` : name, args, isDistinct },
      ...(filter && { filter }),
      ...(over && { over }),
    } as Call;
  }

  #window(): Window {
    const { at } = this.#next;
    const partitionBy = this.#skipBoth("partition", "by") ? this.#list(() => this.#expr()) : [];
    const orderBy = this.#skipBoth("order", "by") ? this.#list(() => this.#orderItem()) : [];
    const unit = (["rows", "range"] as const).find((word) => this.#skip(word));
    return { at, partitionBy, orderBy, frame: unit ? this.#frame(unit) : null };
  }

  #frame(unit: "rows" | "range"): string {
    const bound = (): string => {
      const { kind, value } = this.#next;
      if (this.#skip("current")) {
        this.#expect("row");
        return "current row";
      }
      if (!this.#skip("unbounded")) {
        if (unit === "range" || kind !== "number" || !/^\d{1,9}$/.test(value)) this.#unexpected();
        this.#index++;
      }
      const side = (["preceding", "following"] as const).find((word) => this.#skip(word)) ?? this.#unexpected();
      return `${value.toLowerCase()} ${side}`;
    };
    if (!this.#skip("between")) return `${unit} between ${bound()} and current row`;
    const start = bound();
    this.#expect("and");
    return `${unit} between ${start} and ${bound()}`;
  }

  #orderItem(): OrderItem {
    const expr = this.#expr();
    const isDescending = !this.#skip("asc") && this.#skip("desc");
    if (!this.#skip("nulls")) return { expr, isDescending, nullsFirst: !isDescending };
    const nullsFirst = this.#skip("first");
    if (!nullsFirst) this.#expect("last");
    return { expr, isDescending, nullsFirst };
  }

  get #next(): Token {
    return this.#peek(0);
  }

  #peek = (ahead: number): Token => this.#tokens[Math.min(this.#index + ahead, this.#tokens.length - 1)]!;
  #take = (): Token => this.#tokens[this.#index++]!;
  #startsQuery = (): boolean => this.#is("select") || this.#is("with");

  #isSign = (ahead: number, text: string): boolean =>
    this.#peek(ahead).kind === "sign" && this.#peek(ahead).value === text;

  #is(text: string): boolean {
    const { kind, value } = this.#next;
    return (kind === "word" || kind === "sign") && value.toLowerCase() === text;
  }

  #skip(text: string): boolean {
    const found = this.#is(text);
    if (found) this.#index++;
    return found;
  }

  #skipBoth(first: string, second: string): boolean {
    const found = this.#skip(first);
    if (found) this.#expect(second);
    return found;
  }

  #expect(text: string): void {
    if (!this.#skip(text)) this.#unexpected();
  }

  #isName(): boolean {
    const { kind, value } = this.#next;
    return kind === "quoted" || (kind === "word" && !reserved.has(value.toLowerCase()));
  }

  #name = (): string => (this.#isName() ? this.#take().value : this.#unexpected());

  #inBrackets<T>(inner: () => T): T {
    this.#expect("(");
    const result = inner();
    this.#expect(")");
    return result;
  }

  #list<T>(item: () => T): readonly T[] {
    const items = [item()];
    while (this.#skip(",")) items.push(item());
    return items;
  }

  #unexpected(): never {
    const { at, value } = this.#next;
    throw new Refusal(at, value, "is not read here: it is no part of the SQL that is translated");
  }
}

const call = (name: string, at: number, ...args: Expr[]): Call => ({ kind: "call", at, name, args });
