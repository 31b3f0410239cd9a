import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect } from "chai";
import { loadConfig } from "../../config/load.ts";
import type { PipelineConfig } from "../../config/schema.ts";
import type { RunReport } from "../../handlers/run/report.ts";
import { agreementOf, type Made } from "../../start/agreement.ts";
import { needsSpark, parseEngine } from "../../start/engines.ts";
import { agreementText } from "../../start/print.ts";
import { createStyle } from "../../terminal/style.ts";
import { changedConfig } from "../config/changedConfig.ts";

const outputs = {
  totals: {
    grain: ["id", "day"],
    columns: { id: "string", day: "date", amount: "decimal(12,2)", tags: "array<string>" },
  },
} as unknown as PipelineConfig["outputs"];

const rows = (amount = "1.50", tags = "['a', null]") =>
  `select * from (values ('x', date '2026-01-01', ${amount}::decimal(12,2), ${tags}), ('y', null, null, null)) as t(id, day, amount, tags)`;

describe("what two engines have made of a batch", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "agreement-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  let files = 0;
  async function made(engine: string, sql: string, kept = 2): Promise<Made> {
    const path = join(folder, `${++files}.parquet`);
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    await connection.run(`copy (${sql}) to '${path}' (format parquet)`);
    connection.closeSync();
    instance.closeSync();
    const report = {
      state: "succeeded",
      datasets: { users: { kept, rejected: { id_is_null: 1 } } },
      outputs: { totals: { rows: 2, files: 1, uri: engine, columns: [] } },
      checks: [{ name: "grain", passed: true, detail: "2 of 2" }],
      seconds: { total: files },
    } as unknown as RunReport;
    return { engine, report, files: { totals: [path] } };
  }
  const compared = async (one: Promise<Made>, other: Promise<Made>) =>
    await agreementOf("2026-01-01", [await one, await other], outputs);

  it("is equal in every value and count, whatever the order of rows and the times", async () => {
    const agreement = await compared(made("DuckDB", rows()), made("Spark", `${rows()} order by id desc`));
    expect(agreement).to.deep.equal({
      batch: "2026-01-01",
      engines: ["DuckDB", "Spark"],
      differences: [],
      cells: 8,
      counts: 5,
    });
    expect(agreementText(agreement, createStyle({}))).to.deep.equal([
      "✔ batch 2026-01-01: DuckDB and Spark agree in all 8 values and 5 counts",
    ]);
  });

  it("differs in a value, also in a nested one, and the row is shown", async () => {
    const { differences } = await compared(made("DuckDB", rows()), made("Spark", rows("1.51", "['a', 'b']")));
    expect(differences).to.deep.equal([
      "totals, id x, day 2026-01-01: amount is 1.50 by DuckDB and 1.51 by Spark; tags is [a, NULL] by DuckDB and [a, b] by Spark",
    ]);
  });

  it("differs by a row that one of them lacks", async () => {
    const more = `${rows()} union all select 'z', null, 3, null`;
    const { differences } = await compared(made("DuckDB", rows()), made("Spark", more));
    expect(differences).to.deep.equal(["totals, id z, day null: only Spark has this row"]);
  });

  it("differs in a count", async () => {
    const agreement = await compared(made("DuckDB", rows(), 3), made("Spark", rows()));
    expect(agreementText(agreement, createStyle({}))).to.deep.equal([
      "✖ batch 2026-01-01: DuckDB and Spark differ:",
      "  datasets.users.kept: DuckDB 3, Spark 2",
    ]);
  });

  it("shows twenty rows at most, and says that there are more", async () => {
    const many = (amount: number) =>
      `select 'u' || i as id, null::date as day, ${amount}::decimal(12,2) as amount, null::varchar[] as tags from range(30) t(i)`;
    const { differences } = await compared(made("DuckDB", many(1)), made("Spark", many(2)));
    expect(differences).to.have.length(21);
    expect(differences.at(-1)).to.equal("totals: more rows differ");
  });
});

describe("the engine of npm start", () => {
  const shipped = () => loadConfig("config/pipeline_config.yaml", "dev");

  it("needs Spark where a run may be Glue's from the first upload on", () => {
    expect(needsSpark(shipped(), "config")).to.equal(false);
    expect(needsSpark(shipped(), "embedded")).to.equal(false);
    expect(needsSpark(shipped(), "both")).to.equal(true);
    expect(needsSpark(shipped(), "glue")).to.equal(true);
    const declared = "engine: { embeddedUpTo: 400000000, memory: 3008, timeout: 10m }";
    expect(needsSpark(loadConfig(changedConfig({ [declared]: "engine: glue" }), "dev"), "config")).to.equal(true);
  });

  it("is one of four", () => {
    expect(() => parseEngine("spark")).to.throw("--engine spark: it is one of config, glue, embedded, both");
  });
});
