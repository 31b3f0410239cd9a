import { type ChildProcess, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect } from "chai";
import type { Answer } from "../../generator/answer.ts";
import type { DatasetReport } from "../../handlers/run/report.ts";
import { engineLinesOf } from "../../plan/engines.ts";
import { localDirectory, root } from "../../setup/paths.mjs";
import type { Agreement } from "../../start/agreement.ts";
import { canSeeProcesses, listeners, processesIn, waitForNone } from "../local/processes.ts";
import { shopConfig } from "./shopConfig.ts";

const records = 20_000;
const stackDirectory = join(realpathSync(root), localDirectory.slice(root.length), "stack");

function task(...args: string[]): { child: ChildProcess; ended: Promise<{ code: number | null; output: string }> } {
  const child = spawn(process.execPath, [join(root, "scripts", "run.mjs"), ...args], { cwd: root });
  let output = "";
  const collect = (chunk: Buffer) => {
    output += chunk;
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const ended = new Promise<{ code: number | null; output: string }>((resolve) =>
    child.on("close", (code) => resolve({ code, output })),
  );
  return { child, ended };
}

/** One row of whatever was published, asked of another engine than the one that wrote it. */
async function ask(folder: string, select: string): Promise<Record<string, unknown>> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(`select ${select} from read_parquet('${folder}/**/*.parquet')`);
    return reader.getRowObjectsJson()[0] as Record<string, unknown>;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

describe("npm start, from upload to published Parquet", function () {
  this.timeout(600_000);
  let folder: string;
  let answer: Answer;
  let summary: {
    state: string;
    datasets: Record<string, unknown>;
    files: { promoted: unknown[] };
    agreements: Agreement[];
  };
  let result: { code: number | null; output: string };
  const seen = { count: 0, open: new Set<string>() };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "e2e-"));
    const data = join(folder, "data");
    const generated = await task("generate", "--records", String(records), "--out", data).ended;
    expect(generated.code, generated.output).to.equal(0);
    answer = JSON.parse(readFileSync(join(data, "answer.json"), "utf8")) as Answer;

    const { child, ended } = task(
      "start",
      ...["--records", String(records), "--engine", "both", "--out", join(folder, "out")],
    );
    const look = setInterval(() => {
      if (!canSeeProcesses) return;
      const { count, open } = listeners([child.pid!, ...processesIn(stackDirectory)]);
      seen.count = Math.max(seen.count, count);
      for (const address of open) seen.open.add(address);
    }, 500);
    result = await ended;
    clearInterval(look);
    expect(result.code, result.output).to.equal(0);
    summary = JSON.parse(readFileSync(join(folder, "out", "summary.json"), "utf8"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("publishes the batch", () => {
    expect(summary.state).to.equal("published");
    expect(summary.files.promoted).to.have.length(3);
  });

  it("counts rows read, kept, rejected and deduplicated as the generator knew it would", () => {
    for (const [name, { drift, ...counts }] of Object.entries(answer.datasets)) {
      expect(summary.datasets[name], name).to.deep.include(counts);
      const { undeclared, absent, changed } = (summary.datasets[name] as DatasetReport).drift;
      const found = undeclared.map(({ name, rows }) => ({ name, rows }));
      expect({ undeclared: found, absent, changed }).to.deep.equal({ ...drift, absent: [], changed: [] });
    }
  });

  it("publishes the rows and totals that the generator knew", async () => {
    const { rows, totals } = answer.outputs.user_activity;
    const published = await ask(
      join(folder, "out", "user_activity"),
      `count(*) as "rows", count(distinct user_id) as users, sum(total_events) as total_events,
       sum(total_orders) as total_orders, sum(successful_orders) as successful_orders, sum(revenue) as revenue`,
    );
    const { total_events, total_orders, successful_orders, revenue } = totals;
    const expected = { rows, users: rows, total_events, total_orders, successful_orders, revenue };
    const texts = (values: object) =>
      Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
    expect(texts(published)).to.deep.equal(texts(expected));
  });

  it("computes the batch in both engines, which agree in every value and count", () => {
    const [{ cells, counts, ...agreement }] = summary.agreements as [Agreement];
    expect(agreement).to.deep.equal({ batch: "current", engines: ["DuckDB", "Spark"], differences: [] });
    expect(cells).to.equal(16 * answer.outputs.user_activity.rows);
    expect(counts).to.be.above(60);
  });

  it("publishes data files only", () => {
    const files = readdirSync(join(folder, "out", "user_activity"), { recursive: true, withFileTypes: true });
    const others = files.filter((file) => file.isFile() && !/^part-.*\.parquet$/.test(file.name));
    expect(others.map(({ name }) => name)).to.deep.equal([]);
  });

  it("leaves no process behind", async function () {
    if (!canSeeProcesses) this.skip();
    expect(await waitForNone(stackDirectory, 5000)).to.deep.equal([]);
  });

  it("never listens beyond loopback", function () {
    if (!canSeeProcesses) this.skip();
    expect(seen.count).to.be.at.least(1);
    expect([...seen.open]).to.deep.equal([]);
  });
});

describe("npm start --engine both, of an output with DuckDB SQL of its own", function () {
  this.timeout(300_000);
  const folder = mkdtempSync(join(tmpdir(), "both-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, "pipeline.yaml");
  const record = join(folder, "names.duckdb.sql.compared.json");
  const start = async (engine: string, ...names: string[]) => {
    const data = join(folder, `data-${names.join("-")}`);
    mkdirSync(data, { recursive: true });
    const rows = names.map((name, index) => JSON.stringify({ id: `u${index + 1}`, name }));
    writeFileSync(join(data, "users.json"), rows.join("\n"));
    const flags = ["--config", config, "--data", data, "--engine", engine, "--out", join(folder, "out")];
    return await task("start", ...flags).ended;
  };
  before(() => {
    writeFileSync(
      config,
      shopConfig({
        datasets: `  users:
    { required: true, file: users, formats: [json], primaryKey: [id], latestBy: id, maxRejected: 5%,
      columns: { id: { type: string, onNull: reject }, name: { type: string, onNull: keep } } }
`,
        outputs: `  names:
    { sql: names.sql, duckdb: names.duckdb.sql, description: Names in capitals, grain: [id],
      columns: { id: string, name: string } }
`,
      }),
    );
    // The engines have other capitals for ß, so this is not translated.
    for (const file of ["names.sql", "names.duckdb.sql"])
      writeFileSync(join(folder, file), "select id, upper(name) as name from users\n");
  });

  it("records that both engines agree; before, the embedded engine is refused", async () => {
    const refused = await start("embedded", "Ada", "Cem");
    expect(refused.code).to.equal(2);
    expect(refused.output).to.contain("can't run the SQL of this config; npm run validate says why");

    const { code, output } = await start("both", "Ada", "Cem");
    expect(code, output).to.equal(0);
    expect(output).to.match(/DuckDB and Spark agree in all 4 values and \d+ counts/);
    expect(output).to.contain("names.duckdb.sql.compared.json");
    expect(await engineLinesOf(config)).to.deep.equal(["names: DuckDB or Spark"]);
  });

  it("shows the row in which they differ, and leaves no record", async () => {
    const { code, output } = await start("both", "Ada", "Maß");
    expect(code, output).to.equal(1);
    expect(output).to.match(/names, id u2: name is MA\S by DuckDB and MASS by Spark/);
    expect(existsSync(record)).to.equal(false);
  });
});
