import { duckdbDialect } from "../duckdbDialect.ts";
import type { TableColumns } from "./translate.ts";
import { duckdbTypeOf } from "./types.ts";

/**
 * Asks DuckDB whether it reads a translated query as the translation says; nothing is executed.
 * @param columns the result's names and Spark types
 * @returns DuckDB's own message, or what differs; null if nothing does
 */
export async function bind(
  sql: string,
  tables: readonly TableColumns[],
  columns: TableColumns["columns"],
): Promise<string | null> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  const { identifier } = duckdbDialect;
  const shown = async (query: string): Promise<readonly string[]> => {
    const prepared = await connection.prepare(query);
    const all = Array.from({ length: prepared.columnCount }, (_, index) => index);
    const result = all.map((index) => `${prepared.columnName(index)} ${prepared.columnType(index)}`);
    prepared.destroySync();
    return result;
  };
  try {
    await connection.run("set timezone = 'UTC'");
    for (const table of tables) {
      const declared = table.columns.map(({ name, type }) => `${identifier(name)} ${duckdbTypeOf(type)}`);
      await connection.run(`create table ${identifier(table.name)} (${declared.join(", ")})`);
    }
    const casts = columns.map(({ name, type }) => `cast(null as ${duckdbTypeOf(type)}) as ${identifier(name)}`);
    const [expected, actual] = [await shown(`select ${casts.join(", ")}`), await shown(sql)];
    const differs = Math.max(expected.length, actual.length);
    for (let index = 0; index < differs; index++)
      if (expected[index] !== actual[index])
        return `column ${index + 1} is ${actual[index] ?? "missing"}, not ${expected[index] ?? "there"}`;
    return null;
  } catch (error) {
    return error instanceof Error ? error.message.split("\n", 1)[0]! : String(error);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
