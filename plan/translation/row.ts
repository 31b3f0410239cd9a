import { castText } from "./casts.ts";
import { commonTypeOf, type Type } from "./types.ts";

/** An expression in DuckDB's SQL. */
export interface Value {
  readonly sql: string;
  readonly type: Type;
}

export interface Argument extends Value {
  /** The name that it gives to a field of a struct. */
  readonly name?: string | undefined;
  /** The value of a number or text that stands in the query. */
  readonly literal?: string | undefined;
}

/** How an aggregate is called, besides its argument. */
export interface Aggregation {
  readonly isDistinct: boolean;
  /** The condition of `filter (where …)`. */
  readonly filter: string | null;
  /** ` over (…)` or nothing. */
  readonly over: string;
}

/** An argument in the tests: a value of `any` type or of this one, or one of these literals. */
export type Parameter = "any" | Type | readonly string[];

/** A construct that gives the same values in both engines, for the types that its rule takes. */
export interface Row {
  readonly name: string;
  /** An `aggregate` is of a group, a `window` function of a row among others. */
  readonly kind: "scalar" | "aggregate" | "window";
  /** Whether the aggregate may also be of a frame. */
  readonly hasFrame?: true;
  /** Whether the value depends on which of equally ordered rows comes first. */
  readonly isOrdered?: true;
  /** Whether it also fails for values of which Spark has a result. */
  readonly mayFail?: true;
  /** The tests try all types for each of these lists of arguments. */
  readonly shapes: readonly (readonly Parameter[])[];
  /** The call in Spark's SQL. */
  readonly spark: (args: readonly string[]) => string;
  /** Spark's type and DuckDB's text; null when the call is not on the list. */
  readonly rule: (args: readonly Argument[], aggregation: Aggregation) => Value | null;
}

export type Rule = Row["rule"];

/** What a statement's failure begins with where the engines may differ. It tells nothing of a row. */
export const uncertain = "the engines may differ: ";

/** The result, or a failure of the statement unless the condition holds. */
export const certain = (condition: string, result: string, otherwise: string): string =>
  `case when ${condition} then ${result} else error('${uncertain}${otherwise}') end`;

/** Names of values in lambdas. No source may have one: DuckDB would take its column for the value. */
export const lambdaNames = ["#given", "#pair"] as const;

/** An expression of a value that is computed once. */
export const given = (value: string, result: (given: string) => string): string =>
  `list_transform([${value}], lambda "#given": ${result('"#given"')})[1]`;

export const call =
  (name: string) =>
  (args: readonly string[]): string =>
    `${name}(${args.join(", ")})`;
export const infix =
  (operator: string) =>
  (args: readonly string[]): string =>
    `(${args.join(` ${operator} `)})`;

/** DuckDB counts in `bigint` where Spark counts in `int`. */
export const asInt = (text: string): string => `cast(${text} as integer)`;

/** A scalar that takes any number of arguments. */
export const variadic = (
  name: string,
  shapes: readonly (readonly Parameter[])[],
  rule: Rule,
  spark: Row["spark"] = call(name),
): Row => ({ name, kind: "scalar", shapes, spark, rule });

/** A scalar that takes as many arguments as one of the shapes. */
export const scalar = (
  name: string,
  shapes: readonly (readonly Parameter[])[],
  rule: Rule,
  spark: Row["spark"] = call(name),
): Row => {
  const counts = new Set(shapes.map(({ length }) => length));
  return variadic(name, shapes, (args, how) => (counts.has(args.length) ? rule(args, how) : null), spark);
};

/** A function of one type, under several names. An argument that is a literal in the tests has to be one. */
export const functions = (
  names: string,
  parameters: readonly (Exclude<Parameter, "any"> | Type)[],
  type: Type,
  text: (args: readonly string[]) => string,
): readonly Row[] =>
  names.split(" ").map((name) =>
    scalar(name, [parameters], (args) => {
      const fits = args.every(({ type, literal }, index) =>
        typeof parameters[index] === "string" ? type === parameters[index] : literal !== undefined,
      );
      return fits ? { type, sql: text(sqlOf(args)) } : null;
    }),
  );

export const sqlOf = (values: readonly Value[]): readonly string[] => values.map(({ sql }) => sql);

/** The values as their common type; null when it or a cast to it is not certain. */
export function alike(values: readonly Value[]): { readonly type: Type; readonly texts: readonly string[] } | null {
  const type = commonTypeOf(values.map(({ type }) => type));
  if (!type || type === "void") return null;
  const texts = values.map((value) => castText(value.sql, value.type, type)).filter((text) => text !== null);
  return texts.length === values.length ? { type, texts } : null;
}
