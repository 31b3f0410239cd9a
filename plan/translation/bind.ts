import { duckdbDialect } from "../duckdbDialect.ts";
import type { Problem } from "./problems.ts";
import type { TableColumns } from "./translate.ts";
import { duckdbTypeOf } from "./types.ts";

type Columns = TableColumns["columns"];
/** The names and types of what a query returns; nothing is executed. */
type Describe = (query: string) => Promise<readonly { readonly name: string; readonly type: string }[]>;

const { identifier } = duckdbDialect;
const cast = (value: string, { name, type }: Columns[number]): string =>
  `cast(${value} as ${duckdbTypeOf(type)}) as ${identifier(name)}`;

/**
 * Asks DuckDB whether it reads a translated query as the translation says; nothing is executed.
 * @param columns the result's names and Spark types
 * @returns DuckDB's own message, or what differs; null if nothing does
 */
export async function bind(sql: string, tables: readonly TableColumns[], columns: Columns): Promise<string | null> {
  try {
    return await onEmpty(tables, async (describe) => {
      const shown = async (query: string) => (await describe(query)).map(({ name, type }) => `${name} ${type}`);
      const expected = await shown(`select ${columns.map((column) => cast("null", column)).join(", ")}`);
      return difference(expected, await shown(sql));
    });
  } catch (error) {
    return messageOf(error).split("\n", 1)[0]!;
  }
}

/**
 * Asks DuckDB whether it reads a query that an output brings for it, as a part of a statement that casts what it returns
 * to the declared types.
 */
export async function bindOwn(
  sql: string,
  tables: readonly TableColumns[],
  columns: Columns,
): Promise<Pick<Problem, "line" | "why"> | null> {
  try {
    const why = await onEmpty(tables, async (describe) => {
      const names = (await describe(sql)).map(({ name }) => name);
      const casts = columns.map((column) => cast(identifier(column.name), column));
      const differs = difference(
        columns.map(({ name }) => name),
        names,
      );
      if (differs === null) await describe(`select ${casts.join(", ")} from (${sql}\n)`);
      return differs;
    });
    return why === null ? null : { line: 1, why };
  } catch (error) {
    const message = messageOf(error);
    return { line: Number(/^LINE (\d+):/m.exec(message)?.[1] ?? 1), why: message.split("\n", 1)[0]! };
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function difference(expected: readonly string[], actual: readonly string[]): string | null {
  const all = Math.max(expected.length, actual.length);
  for (let index = 0; index < all; index++)
    if (expected[index] !== actual[index])
      return `column ${index + 1} is ${actual[index] ?? "missing"}, not ${expected[index] ?? "there"}`;
  return null;
}

/** Asks a DuckDB that holds nothing but these tables, all empty. */
async function onEmpty<T>(tables: readonly TableColumns[], ask: (describe: Describe) => Promise<T>): Promise<T> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:", { threads: "1", enable_external_access: "false" });
  const connection = await instance.connect();
  try {
    await connection.run("set timezone = 'UTC'");
    for (const table of tables) {
      const declared = table.columns.map(({ name, type }) => `${identifier(name)} ${duckdbTypeOf(type)}`);
      await connection.run(`create table ${identifier(table.name)} (${declared.join(", ")})`);
    }
    return await ask(async (query) => {
      const prepared = await connection.prepare(query);
      const described = Array.from({ length: prepared.columnCount }, (_, index) => ({
        name: prepared.columnName(index),
        type: String(prepared.columnType(index)),
      }));
      prepared.destroySync();
      return described;
    });
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
