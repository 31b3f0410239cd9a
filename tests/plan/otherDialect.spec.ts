/**
 * That an engine beside Spark reads all that the compiler writes, given the few words of its dialect. The statements run
 * on empty tables; that both engines count the same is not shown here.
 */
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { expect } from "chai";
import { compileIn } from "../../plan/compile.ts";
import { duckdbDialect as duckdb } from "../../plan/duckdbDialect.ts";
import { everything, everythingSql } from "./contracts.ts";

describe("the plan in another dialect", () => {
  let connection: DuckDBConnection;
  before(async () => {
    connection = await (await DuckDBInstance.create(":memory:")).connect();
  });
  after(() => connection.closeSync());

  it("is read by DuckDB, statement by statement", async () => {
    const plan = compileIn(duckdb, everything, everythingSql);
    for (const { table, columns } of plan.inputs) {
      const declared = columns.map(({ name, type }) => `${duckdb.identifier(name)} ${duckdb.type(type)}`);
      await connection.run(
        `create table ${duckdb.identifier(table)} (${declared.join(", ")}, "#file" varchar, "#file_line" bigint)`,
      );
    }
    const counted: Record<string, unknown> = {};
    for (const statement of plan.statements) {
      if (statement.kind === "check") continue;
      const text = statement.sql.duckdb!;
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
