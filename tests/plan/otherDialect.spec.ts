/**
 * That an engine beside Spark reads all that the compiler writes, given the few words of its dialect. The statements run
 * on empty tables; that both engines count the same is not shown here.
 */
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { expect } from "chai";
import { compilePlan } from "../../plan/compile.ts";
import type { Dialect } from "../../plan/dialect.ts";
import { everything, everythingSql } from "./contracts.ts";

const typeOf = (name: string): string => {
  const [, element] = /^array<(.+)>$/.exec(name) ?? [];
  return element ? `${typeOf(element)}[]` : name === "timestamp" ? "timestamptz" : name;
};

const duckdb: Dialect = {
  name: "spark",
  identifier: (name) => `"${name.replaceAll('"', '""')}"`,
  text: (value) => `'${value.replaceAll("'", "''")}'`,
  type: typeOf,
  struct: (columns) => `struct_pack(${columns.map((column) => `${column} := ${column}`).join(", ")})`,
  hash: (values) => `hash(${values.join(", ")})`,
  matches: (value, pattern) => `regexp_matches(${value}, ${pattern})`,
  isPlain: (value) =>
    `regexp_matches(typeof(${value}), '^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|FLOAT|DOUBLE|DECIMAL|BOOLEAN|DATE|TIMESTAMP)')`,
};

describe("the plan in another dialect", () => {
  let connection: DuckDBConnection;
  before(async () => {
    connection = await (await DuckDBInstance.create(":memory:")).connect();
  });
  after(() => connection.closeSync());

  it("is read by DuckDB, statement by statement", async () => {
    const plan = compilePlan(everything, everythingSql, duckdb);
    for (const { table, columns } of plan.inputs) {
      const declared = columns.map(({ name, type }) => `${duckdb.identifier(name)} ${typeOf(type)}`);
      await connection.run(
        `create table ${duckdb.identifier(table)} (${declared.join(", ")}, "#file" varchar, "#file_line" bigint)`,
      );
    }
    const counted: Record<string, unknown> = {};
    for (const statement of plan.statements) {
      if (statement.kind === "check") continue;
      const text = statement.sql.spark;
      if (statement.kind === "count") Object.assign(counted, (await connection.runAndReadAll(text)).getRowObjects()[0]);
      else if (statement.kind === "rejected") await connection.run(text);
      else
        await connection.run(
          `create ${statement.kind === "view" ? "view" : "table"} ${duckdb.identifier(statement.name)} as ${text}`,
        );
    }
    expect(counted).to.include({
      "sales.read": 0n,
      "sales.kept": 0n,
      "per_shop.rows": 0n,
    });
  });
});
