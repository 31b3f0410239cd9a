import { type Aggregation, call, certain, given, type Row, scalar, sqlOf, type Value } from "./row.ts";
import {
  decimal,
  decimalOf,
  elementOf,
  fieldsOf,
  isDecimal,
  isInteger,
  isPlain,
  isStored,
  type Type,
} from "./types.ts";

function aggregateOf(name: string, value: string, { filter, over }: Aggregation, where: string | null = null): string {
  const conditions = [filter, where].filter((condition) => condition !== null);
  return `${name}(${value})${conditions.length > 0 ? ` filter (where ${conditions.join(" and ")})` : ""}${over}`;
}

type OfOne = (value: Value, aggregate: (name: string, value?: string, where?: string) => string) => Value | null;

/** Aggregates of one value, without `distinct`. */
const ofOne = (names: string, rule: OfOne, flags: Pick<Row, "hasFrame" | "mayFail"> = {}): readonly Row[] =>
  names.split(" ").map((name) => ({
    ...{ name, kind: "aggregate", shapes: [["any"]], spark: call(name), ...flags },
    rule: (args, how) => {
      const [value] = args;
      if (args.length !== 1 || how.isDistinct || value!.type === "void") return null;
      return rule(value!, (name, text = value!.sql, where) => aggregateOf(name, text, how, where));
    },
  }));

const ofBoolean = (names: string, type: Type, text: (aggregate: (name: string) => string) => string) =>
  ofOne(names, (value, aggregate) => (value.type === "boolean" ? { type, sql: text(aggregate) } : null));

/** Of a double, equal zeros are not the same value. */
const extreme =
  (name: "min" | "max"): OfOne =>
  ({ sql, type }, aggregate) => {
    if (isPlain(type)) return { type, sql: aggregate(name) };
    if (type !== "double") return null;
    const [negative, positive] = ["", "not "].map((not) =>
      aggregate("bool_or", `${sql} = 0 and ${not}signbit(${sql})`),
    );
    const condition = `${aggregate(name)} is distinct from 0 or not (${negative} and ${positive})`;
    return { type, sql: certain(condition, aggregate(name), "0.0 and -0.0 are equal") };
  };

/** No sum of some of the values leaves the type, in whatever order they are added. */
const within = (limit: string, sql: string, aggregate: Parameters<OfOne>[1], result: string) =>
  certain(
    `coalesce(${aggregate("sum", `abs(cast(${sql} as hugeint))`)}, 0) <= ${limit}`,
    result,
    "a sum may be too large on the way",
  );

const sum: OfOne = ({ sql, type }, aggregate) => {
  const [precision, scale] = decimalOf(type) ?? [];
  if (isDecimal(type)) {
    const wider = decimal(precision! + 10, scale!);
    return wider === null ? null : { type: wider, sql: `cast(${aggregate("sum")} as ${wider})` };
  }
  if (!isInteger(type)) return null;
  const total = `cast(${aggregate("sum")} as bigint)`;
  return { type: "bigint", sql: type === "bigint" ? within("9223372036854775807", sql, aggregate, total) : total };
};

/** Spark adds up doubles, which hold all integers to 2^53. */
const average: OfOne = ({ sql, type }, aggregate) => {
  const mean = `cast(${aggregate("sum")} as double) / cast(${aggregate("count")} as double)`;
  return isInteger(type) ? { type: "double", sql: within("9007199254740992", sql, aggregate, mean) } : null;
};

const collected =
  (distinct: string, fits: (type: Type) => boolean): OfOne =>
  ({ sql, type }, aggregate) =>
    fits(type)
      ? { type: `bag<${type}>`, sql: `coalesce(${aggregate("list", `${distinct}${sql}`, `${sql} is not null`)}, [])` }
      : null;

const count: Row = {
  ...{ name: "count", kind: "aggregate", hasFrame: true, shapes: [["any"]], spark: call("count") },
  rule: (args, how) => {
    if (!how.isDistinct)
      return args.length === 1 ? { type: "bigint", sql: aggregateOf("count", args[0]!.sql, how) } : null;
    if (!args.every(({ type }) => isPlain(type))) return null;
    const [first, ...rest] = sqlOf(args);
    const fields = args.map(({ sql }, index) => `f${index} := ${sql}`).join(", ");
    const noNull = args.map(({ sql }) => `${sql} is not null`).join(" and ");
    const value = rest.length === 0 ? first : `case when ${noNull} then struct_pack(${fields}) end`;
    return { type: "bigint", sql: aggregateOf("count", `distinct ${value}`, how) };
  },
};

/** The value beside the greatest or the least. Rows without what is compared don't count. */
const beside = (name: "max_by" | "min_by"): Row => ({
  ...{ name, kind: "aggregate", shapes: [["any", "any"]], spark: call(name), mayFail: true },
  rule: (args, how) => {
    const [value, order] = args;
    if (args.length !== 2 || how.isDistinct || !isStored(value!.type) || value!.type.includes("double")) return null;
    const fields = fieldsOf(order!.type);
    if (!(fields?.map(({ type }) => type) ?? [order!.type]).every(isPlain)) return null;
    const keys = fields?.map((field) => `struct_extract(${order!.sql}, '${field.name}')`) ?? [order!.sql];
    const direction = name === "max_by" ? "desc nulls last" : "asc nulls first";
    const by = keys.map((key) => `${key} ${direction}`).join(", ");
    const pairs = `struct_pack(v := ${value!.sql}, o := ${order!.sql}) order by ${by}`;
    const pair = '"#pair"';
    const pairsOf = aggregateOf("list", pairs, how, `${order!.sql} is not null`);
    const sql = given(pairsOf, (all) => {
      const equal = `list_filter(${all}, lambda ${pair}: ${pair}.o is not distinct from ${all}[1].o)`;
      const values = `list_distinct(list_transform(${equal}, lambda ${pair}: struct_pack(v := ${pair}.v)))`;
      return certain(`${all} is null or len(${values}) = 1`, `${all}[1].v`, "several values are beside it");
    });
    return { type: value!.type, sql };
  },
});

const ranking = (name: string, flags: Pick<Row, "isOrdered"> = {}): Row => ({
  ...{ name, kind: "window", shapes: [[]], spark: call(name), ...flags },
  rule: (args, { over }) => (args.length === 0 ? { type: "int", sql: `cast(${name}()${over} as integer)` } : null),
});

const neighbour = (name: string): Row => ({
  ...{ name, kind: "window", isOrdered: true, spark: call(name) },
  shapes: [["any"], ["any", ["1", "2"]]],
  rule: ([value, offset, ...rest], { over }) => {
    const isCount = !offset || (offset.type === "int" && Number(offset.literal ?? 0) > 0);
    if (!value || !isCount || rest.length > 0 || !isStored(value.type)) return null;
    return { type: value.type, sql: `${call(name)(sqlOf(offset ? [value, offset] : [value]))}${over}` };
  },
});

/** What is certain of an array although its order is not. */
const ofBags: readonly Row[] = [
  scalar("sort_array", [["any"]], ([array]) => {
    const element = elementOf(array!.type);
    return element && isPlain(element)
      ? { type: `array<${element}>`, sql: `list_sort(${array!.sql}, 'asc', 'nulls first')` }
      : null;
  }),
  // DuckDB leaves out the null.
  scalar("array_distinct", [["any"]], ([array]) => {
    const element = elementOf(array!.type);
    const sql = given(array!.sql, (all) => {
      const distinct = `list_distinct(${all})`;
      return `case when list_count(${all}) < len(${all}) then list_append(${distinct}, null) else ${distinct} end`;
    });
    return element && isPlain(element) ? { type: `bag<${element}>`, sql } : null;
  }),
  // A null among the arrays makes Spark's result null. The collected ones are none.
  scalar("flatten", [["any"]], ([array]) => {
    const [, element] = /^bag<array<([^<]+)>>$/.exec(array!.type) ?? [];
    return element ? { type: `bag<${element}>`, sql: `flatten(${array!.sql})` } : null;
  }),
];

export const aggregates: readonly Row[] = [
  {
    ...{ name: "count(*)", kind: "aggregate", hasFrame: true, shapes: [[]], spark: () => "count(*)" },
    rule: (_, how) => ({ type: "bigint", sql: aggregateOf("count", "*", how) }),
  },
  count,
  ...ofOne("sum", sum, { hasFrame: true, mayFail: true }),
  ...ofOne("avg mean", average, { mayFail: true }),
  ...(["min", "max"] as const).flatMap((name) => ofOne(name, extreme(name), { hasFrame: true, mayFail: true })),
  ...ofBoolean("bool_and every", "boolean", (aggregate) => aggregate("bool_and")),
  ...ofBoolean("bool_or some any", "boolean", (aggregate) => aggregate("bool_or")),
  ...ofBoolean("count_if", "bigint", (aggregate) => `cast(coalesce(${aggregate("count_if")}, 0) as bigint)`),
  ...ofOne("collect_list array_agg", collected("", isStored)),
  ...ofOne("collect_set", collected("distinct ", isPlain)),
  beside("max_by"),
  beside("min_by"),
  ranking("row_number", { isOrdered: true }),
  ranking("rank"),
  ranking("dense_rank"),
  neighbour("lag"),
  neighbour("lead"),
  ...ofBags,
];
