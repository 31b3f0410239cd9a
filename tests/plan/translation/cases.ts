/** What is asked of both engines: every entry of the allow list for every list of types that it takes. */

import { rows } from "../../../plan/translation/expressions.ts";
import type { Parameter, Row } from "../../../plan/translation/row.ts";
import { type TableColumns, translate } from "../../../plan/translation/translate.ts";
import { duckdbTypeOf } from "../../../plan/translation/types.ts";
import { queries, queryTables } from "./queries.ts";

/**
 * A query of Spark's. Cases with the same keys and the same source may be asked as one query. When that fails, each is
 * asked for itself, and then for each of its parts.
 */
export interface Case {
  /** What tells the rows from one another. The rows are in their order, and the answer does not hold them. */
  readonly keys: readonly string[];
  /** Of the column that is compared. */
  readonly expression: string;
  /** From `from` on, without conditions. */
  readonly source: string;
  /** The condition of all rows. */
  readonly where: string;
  /** Conditions of a row each. */
  readonly parts: readonly string[];
  readonly groupBy: string;
}

/** The query, or that of a part. */
export const sqlOf = ({ keys, expression, source, where, groupBy }: Case, part = where): string =>
  `select ${[...keys, `${expression} as r`].join(", ")} ${source} where ${part}${groupBy}`;

/** Values as Spark and as DuckDB write them; without the second, both write the same. */
type Values = readonly (readonly [spark: string, duckdb?: string])[];
const same = (...texts: readonly string[]): Values => texts.map((text) => [text]);
const as = (type: string, ...texts: readonly string[]): Values =>
  same(...texts.map((text) => `cast(${/^-?\d/.test(text) || text === "null" ? text : `'${text}'`} as ${type})`));
const instants = (...texts: readonly string[]): Values => [
  ["cast(null as timestamp)", "cast(null as timestamptz)"],
  ...texts.map((text) => [`timestamp '${text}'`, `timestamptz '${text}+00'`] as const),
];

/** Nulls, bounds, and what is special. The first few stand for the type where several arguments multiply. */
export const values: Readonly<Record<string, Values>> = {
  tinyint: as("tinyint", "null", "-128", "127", "1", "0", "-7"),
  smallint: as("smallint", "null", "-32768", "32767", "1", "0"),
  int: as("int", "null", "-2147483648", "2147483647", "3", "0", "-61", "127", "1000000"),
  bigint: as("bigint", "null", "-9223372036854775808", "9223372036854775807", "3", "0", "-61", "9007199254740993"),
  double: as(
    "double",
    "null",
    "NaN",
    "-0.0",
    "2.5",
    "0.0",
    "Infinity",
    "-Infinity",
    "1.7976931348623157E308",
    "4.9E-324",
    "0.1",
    "-61.5",
  ),
  "decimal(5,4)": as("decimal(5,4)", "null", "-9.9999", "9.9999", "0.0001", "0", "2.5"),
  "decimal(12,2)": as("decimal(12,2)", "null", "-9999999999.99", "9999999999.99", "2.50", "0", "-0.01", "0.05", "1.45"),
  "decimal(20,0)": as("decimal(20,0)", "null", "-99999999999999999999", "99999999999999999999", "3", "0"),
  "decimal(38,10)": as(
    "decimal(38,10)",
    "null",
    "-9999999999999999999999999999.9999999999",
    "9999999999999999999999999999.9999999999",
    "2.5",
    "0",
  ),
  string: same(
    "cast(null as string)",
    "''",
    "'a'",
    "' a b '",
    "'straße'",
    "'é🎉z'",
    "'A'",
    "'%_'",
    "'\t'",
    "'10'",
    "'\uffee'",
    "'aa'",
    "'e\u0301'",
    "'\u00a0x\u3000'",
  ),
  boolean: same("cast(null as boolean)", "true", "false"),
  date: same(
    "cast(null as date)",
    "date '0001-01-01'",
    "date '9999-12-31'",
    "date '2024-02-29'",
    "date '1970-01-01'",
    "date '1582-10-14'",
    "date '2025-03-31'",
    "date '2021-01-03'",
    "date '1969-12-31'",
  ),
  timestamp: instants(
    "0001-01-01 00:00:00",
    "9999-12-31 23:59:59.999999",
    "2024-02-29 12:34:56.7",
    "1970-01-01 00:00:00",
    "1969-12-31 23:59:59.5",
    "1582-10-14 01:02:03",
    "2025-03-30 02:30:00.000001",
    "1883-11-18 12:00:00",
  ),
  "array<string>": [
    ["cast(null as array<string>)", "cast(null as varchar[])"],
    ["array('b', null, 'a', 'b', null)", "['b', null, 'a', 'b', null]"],
    ["cast(array() as array<string>)", "cast([] as varchar[])"],
    ["array('é', '', 'Z')", "['é', '', 'Z']"],
  ],
  "array<int>": [
    ["array(3, null, -1, 3)", "[3, null, -1, 3]"],
    ["cast(null as array<int>)", "cast(null as integer[])"],
  ],
  "struct<x:int,y:string>": [
    ["named_struct('x', 1, 'y', 'a')", "{'x': 1, 'y': 'a'}"],
    ["named_struct('x', cast(null as int), 'y', 'b')", "{'x': cast(null as integer), 'y': 'b'}"],
    ["cast(null as struct<x:int,y:string>)", "cast(null as struct(x integer, y varchar))"],
    ["named_struct('x', 1, 'y', cast(null as string))", "{'x': 1, 'y': cast(null as varchar)}"],
  ],
};
const types = Object.keys(values);
/** Where all types would be too many. */
const someTypes = ["int", "bigint", "decimal(12,2)", "string", "timestamp", "date", "double"];
const several = 4;

const tableOf = (type: string) => `v_${type.replace(/\W+/g, "_")}`;
const groupsOf = (type: string) => `g_${type.replace(/\W+/g, "_")}`;

interface ValueTable extends TableColumns {
  readonly rows: readonly Values[];
}

/**
 * For each type a table of its values, each with its number, and one of groups of them: all, only null, each with its
 * neighbour. And the tables of whole queries.
 */
export const tables: readonly ValueTable[] = [
  ...types.flatMap((type) => {
    const all = values[type]!.map((value, index) => [[String(index)], value] as const);
    const groups = [all, all.slice(0, 1), ...all.map((_, index) => all.slice(index, index + 2))];
    const columns = [
      { name: "i", type: "int" },
      { name: "v", type },
    ];
    return [
      { name: tableOf(type), columns, rows: all },
      {
        name: groupsOf(type),
        columns: [{ name: "g", type: "int" }, ...columns],
        rows: groups.flatMap((group, g) => group.map((row) => [[String(g)], ...row] as const)),
      },
    ];
  }),
  ...Object.entries(queryTables).map(([name, { columns, rows }]) => ({
    name,
    columns: Object.entries(columns).map(([name, type]) => ({ name, type })),
    rows: rows.map((row) =>
      row.map((cell, index) => {
        const type = Object.values(columns)[index]!;
        const [spark, duckdb] = typeof cell === "string" ? [cell, cell] : cell;
        return [`cast(${spark} as ${type})`, `cast(${duckdb} as ${duckdbTypeOf(type)})`] as const;
      }),
    ),
  })),
];

const isLiteral = (parameter: Parameter): parameter is readonly string[] => typeof parameter !== "string";

function combinations<T>(lists: readonly (readonly T[])[]): readonly (readonly T[])[] {
  return lists.reduce<readonly (readonly T[])[]>(
    (found, list) => found.flatMap((each) => list.map((item) => [...each, item])),
    [[]],
  );
}

const isTranslated = (each: Case) => translate(sqlOf(each), tables).kind === "translated";
const certain = (each: Case): readonly Case[] => (isTranslated(each) ? [each] : []);

/** The call for all values of these types, if it is on the list. */
function scalarCase(spark: (args: readonly string[]) => string, parameters: readonly Parameter[]): readonly Case[] {
  const sources = parameters.flatMap((type, index) =>
    isLiteral(type) || type === "void" ? [] : [{ table: tableOf(type), alias: `t${index}`, type }],
  );
  const args = parameters.map((parameter, index) =>
    isLiteral(parameter) ? parameter[0]! : parameter === "void" ? "null" : `t${index}.v`,
  );
  const numbers = sources.map(({ type }) => [...values[type]!.keys()].slice(0, sources.length > 1 ? several : 99));
  return certain({
    keys: sources.map(({ alias }) => `${alias}.i as ${alias}`),
    expression: spark(args),
    source:
      sources.length > 0 ? `from ${sources.map(({ table, alias }) => `${table} ${alias}`).join(" cross join ")}` : "",
    where: sources.length > 1 ? sources.map(({ alias }) => `${alias}.i < ${several}`).join(" and ") : "true",
    parts: combinations(numbers).map((each) =>
      each.map((number, index) => `${sources[index]!.alias}.i = ${number}`).join(" and "),
    ),
    groupBy: "",
  });
}

function listsOfTypes(shape: readonly Parameter[], most: number): readonly (readonly Parameter[])[] {
  const anyType = shape.length > most ? someTypes : [...types, "void"];
  return combinations(
    shape.map((parameter): readonly Parameter[] => {
      if (isLiteral(parameter)) return parameter.map((literal) => [literal]);
      return parameter === "any" ? anyType : [parameter];
    }),
  );
}

/** The aggregate of the groups of each type, and of no row. */
function aggregateCases({ spark }: Row, [first = "int", second]: readonly Parameter[], count: number): readonly Case[] {
  if (isLiteral(first) || first === "void" || isLiteral(second ?? "") || second === "void") return [];
  const table = groupsOf(first);
  const numbers = new Set(tables.find(({ name }) => name === table)!.rows.map(([group]) => group![0]));
  const beside = second ? ` join ${tableOf(second as string)} u on t.i = u.i` : "";
  const expression = spark(["t.v", "u.v"].slice(0, count));
  const source = `from ${table} t${beside}`;
  return [
    ...certain({
      ...{ keys: ["t.g as g"], expression, source, where: "true", groupBy: " group by t.g" },
      parts: [...numbers].map((number) => `t.g = ${number}`),
    }),
    ...certain({ keys: [], expression, source, where: "t.g < 0", parts: [], groupBy: "" }),
  ];
}

/** Over all rows and over every other, with and without a frame. */
function windowCases({ spark, kind }: Row, parameters: readonly Parameter[]): readonly Case[] {
  const [type = "int"] = parameters;
  if (isLiteral(type) || !someTypes.includes(type)) return [];
  const args = parameters.map((parameter) => (isLiteral(parameter) ? parameter[0]! : "t.v"));
  const windows = [
    ...["order by t.i desc", "order by t.i % 2, t.i", "partition by t.i % 2 order by t.i"],
    ...(kind === "window"
      ? []
      : [
          "order by t.i % 2",
          "partition by t.i % 2",
          "order by t.i rows between 1 preceding and current row",
          "order by t.i desc rows between current row and unbounded following",
          "order by t.i % 2 range between current row and unbounded following",
        ]),
  ];
  return windows.flatMap((window) =>
    certain({
      keys: ["t.i as i"],
      expression: `${spark(args)} over (${window})`,
      source: `from ${tableOf(type)} t`,
      // Without the bounds, whose sums leave the type.
      where: "t.i not in (1, 2)",
      ...{ parts: [], groupBy: "" },
    }),
  );
}

const known = new Map<Row, readonly Case[]>();

/** The cases of an entry. */
export function casesOf(row: Row): readonly Case[] {
  const found = known.get(row) ?? findCases(row);
  known.set(row, found);
  return found;
}

function findCases(row: Row): readonly Case[] {
  const lists = row.shapes.flatMap((shape) => listsOfTypes(shape, row.kind === "scalar" ? 2 : 1));
  if (row.kind === "scalar") return lists.flatMap((parameters) => scalarCase(row.spark, parameters));
  return lists.flatMap((parameters) => [
    ...(row.kind === "aggregate" ? aggregateCases(row, parameters, parameters.length) : []),
    ...(row.kind === "window" || row.hasFrame ? windowCases(row, parameters) : []),
  ]);
}

export const castCases = (): readonly Case[] =>
  [...types, "void"].flatMap((from) =>
    types.flatMap((to) => scalarCase(([value]) => `cast(${value} as ${to})`, [from])),
  );

/** A whole query: each of its rows is a value. */
export function queryCase(sql: string): Case {
  const translation = translate(sql, tables);
  if (translation.kind === "refused") throw new Error(`${sql}: ${JSON.stringify(translation.problems)}`);
  const fields = translation.columns.map(({ name }, index) => `'c${index}', q.\`${name}\``);
  return {
    ...{ keys: [], expression: `named_struct(${fields.join(", ")})`, source: `from (${sql}\n) q`, where: "true" },
    ...{ parts: [], groupBy: "" },
  };
}

/** By name: every entry, cast and query. */
export function allCases(): ReadonlyMap<string, Case> {
  const all = [...rows.flatMap(casesOf), ...castCases(), ...queries.map(queryCase)];
  return new Map(all.map((each) => [sqlOf(each), each]));
}
