/**
 * The embedded runner where it fails or is ended; what it computes is held against Spark by tests/glue and against the
 * oracle by tests/oracle. Not shown here: the limits of a Lambda function.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import type { Contract } from "../../../config/contract.ts";
import { openDuckdb } from "../../../handlers/duckdb.ts";
import { RunFailure } from "../../../handlers/embedded/failure.ts";
import { type RunOptions, run } from "../../../handlers/embedded/run.ts";
import { typeParts } from "../../../handlers/reader/file.ts";
import { openParquetWriter } from "../../../handlers/reader/parquet.ts";
import { typedColumns } from "../../../handlers/reader/row.ts";
import { compileIn } from "../../../plan/compile.ts";
import { duckdbDialect } from "../../../plan/duckdbDialect.ts";
import { localObjects } from "../../oracle/localObjects.ts";
import { column, contract, dataset, output } from "../../plan/contracts.ts";
import { textOf } from "../reader/typed.ts";

describe("a run of the embedded engine", function () {
  this.timeout(60_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "embedded-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const things = (
    columns: Record<string, string> = { id: "string" },
    balances: Contract["outputs"][string]["balances"] = [],
  ) =>
    contract(
      { things: dataset([column("id", "string", "reject"), column("amount", "bigint")], ["id"], "id") },
      { copy: { ...output(["id"], columns), balances } },
    );

  /** Runs DuckDB's SQL on the rows. */
  async function executed(declared: Contract, sql: string, rows: readonly object[], options: Partial<RunOptions> = {}) {
    const write = (name: string, content: string) => {
      const uri = join(folder, name);
      writeFileSync(uri, content);
      return { uri, sha256: createHash("sha256").update(content).digest("hex") };
    };
    const silver = join(folder, "silver/");
    mkdirSync(silver, { recursive: true });
    const text = textOf(Buffer.from(rows.map((row) => JSON.stringify(row)).join("\n")));
    const typing = { columns: typedColumns(declared.datasets.things!), open: openParquetWriter };
    const parts: { lines: number; rows: number }[] = [];
    for await (const { part, typed, findings } of typeParts(text, { ...typing, parts: { first: 0, count: 9 } })) {
      writeFileSync(`${silver}part-${part}.parquet`, await typed!.read());
      parts.push({ lines: findings.lines, rows: findings.rows });
    }
    const drift = { undeclared: [], absent: [], changed: [] };
    const report = { silver, parts, source: { key: "things.json" }, malformed: 0, drift };
    const manifest = write(
      "manifest.json",
      JSON.stringify({
        ...{ pipeline: declared.pipeline, batch: "2026-03-01", run: 7 },
        inputs: { things: { source: { key: "things.json" }, report: write("report.json", JSON.stringify(report)) } },
        release: { plan: write("plan.json", JSON.stringify(compileIn(duckdbDialect, declared, { copy: sql }))) },
        destination: { gold: join(folder, "gold"), rejected: join(folder, "rejected"), report: "" },
      }),
    );
    const scratch = join(folder, "scratch");
    mkdirSync(scratch, { recursive: true });
    return run(manifest, "em-1", localObjects, { scratch, threads: 2, memoryLimit: "500MB", ...options });
  }

  const rows = [
    { id: "a", amount: 1 },
    { id: "jo@mail.org", amount: 2 },
  ];
  const gold = () => join(folder, "gold", "copy", "batch=2026-03-01", "run=7", "em-1");
  const slow =
    "select id from things where (select count(*) from range(3000000) a, range(3000000) b where a.range <> b.range) > 0";

  it("leaves one file an output, in the job run's own folder", async () => {
    const report = await executed(things(), "select id from things", rows);
    expect(report.failure).to.equal(null);
    expect(readdirSync(gold())).to.deep.equal(["part-0.parquet"]);
    expect(report.outputs.copy).to.deep.equal({
      rows: 2,
      files: 1,
      uri: `${gold()}/`,
      columns: [{ name: "id", type: "string" }],
    });
  });

  it("stores no output when a check fails, though it had computed it", async () => {
    const balances = [{ name: "rows", input: "select count(*) from things", output: "select 5" }];
    const report = await executed(things({ id: "string" }, balances), "select id from things", rows);
    expect(report.failure).to.deep.equal({
      code: "check_failed",
      message: "copy.balance_rows failed: expected 2, actual 5",
    });
    expect(report.outputs).to.deep.equal({});
    expect(existsSync(join(folder, "gold"))).to.equal(false);
  });

  it("executes no plan from elsewhere than the artifacts", async () => {
    const { failure } = await executed(things(), "select id from things", rows, { artifacts: "s3://artifacts/" });
    expect(failure?.code).to.equal("manifest_invalid");
    expect(failure?.message).to.match(/^manifest\.release\.plan: .+ is not in this stack's artifacts$/);
    expect((await executed(things(), "select id from things", rows, { artifacts: `${folder}/` })).failure).to.equal(
      null,
    );
  });

  it("tells no value of a row when a statement fails on it", async () => {
    const report = await executed(things({ id: "bigint" }), "select cast(id as bigint) as id from things", rows);
    expect(report.failure?.code).to.equal("sql_failed");
    expect(report.failure?.message).to.match(/^output "copy": Conversion Error; its message may quote a row/);
    expect(JSON.stringify(report)).not.to.include("mail.org");
  });

  it("says when the engines might make different things of a value", async () => {
    const guarded =
      "select case when amount = 1 then error('the engines may differ: two rows tie') else id end as id from things";
    const report = await executed(things(), guarded, rows);
    expect(report.failure).to.deep.equal({
      code: "uncertain",
      message: 'output "copy": the engines may differ: two rows tie',
    });
  });

  it("tells DuckDB's own message when a statement does not fit its tables, before a row is read", async () => {
    const report = await executed(things(), "select name as id from things", rows);
    expect(report.failure).to.deep.include({ code: "sql_failed" });
    expect(report.failure?.message).to.match(/^output "copy": Binder Error: .*"name" not found/);
    expect(report.datasets).to.deep.equal({});
  });

  it("ends with the signal's reason in the middle of a statement", async () => {
    const deadline = new AbortController();
    const started = performance.now();
    const ended = executed(things(), slow, rows, { signal: deadline.signal });
    await sleep(1500);
    deadline.abort(new RunFailure("timeout", "the run was not done after 1 second"));
    const report = await ended;
    expect(report.failure).to.deep.equal({ code: "timeout", message: "the run was not done after 1 second" });
    expect(report.datasets.things).to.include({ read: 2, kept: 2 });
    expect(performance.now() - started).to.be.below(10_000);
    expect(existsSync(join(folder, "gold"))).to.equal(false);
  });

  it("ends without a report, and stores nothing, once it may not go on", async () => {
    let steps = 0;
    const proceed = async () => {
      if (++steps === 5) throw new Error("ended from outside");
    };
    const ended = executed(things(), "select id from things", rows, { proceed });
    expect(await ended.catch((error: Error) => error.message)).to.equal("ended from outside");
    expect(existsSync(join(folder, "gold"))).to.equal(false);
  });

  it("computes on disk what does not fit into memory, and says so where it can't", async () => {
    const many = Array.from({ length: 20_000 }, (_, id) => ({ id: `${id}`.padEnd(60, "x"), amount: id }));
    const large = "select t.id || '-' || r.range as id from things as t, range(120) as r";
    const spilled = await executed(things(), large, many, { memoryLimit: "140MB" });
    expect(spilled.failure).to.equal(null);
    expect(spilled.outputs.copy).to.include({ rows: 2_400_000 });
    const aggregate = "select string_agg(t.id || r.range, '') as id from things as t, range(120) as r";
    const failed = await executed(things(), aggregate, many, { memoryLimit: "60MB" });
    expect(failed.failure).to.deep.equal({
      code: "memory",
      message: 'output "copy": DuckDB has no more memory or disk',
    });
  });

  it("reaches nothing but its folder", async () => {
    const scratch = join(folder, "scratch");
    mkdirSync(scratch);
    writeFileSync(join(folder, "secret.csv"), "a\n1\n");
    const { connection, close } = await openDuckdb({ scratch, threads: 1, memoryLimit: "100MB" });
    const secret = duckdbDialect.text(join(folder, "secret.csv"));
    for (const attempt of [
      `select * from read_csv(${secret})`,
      `select * from read_text(${secret})`,
      `copy (select 1) to ${duckdbDialect.text(join(folder, "out.csv"))}`,
      `attach ${duckdbDialect.text(join(folder, "other.db"))}`,
      "select * from read_csv('https://example.com/a.csv')",
      "select * from read_parquet('s3://bucket/a.parquet')",
      "install httpfs",
      "load httpfs",
      "set enable_external_access = true",
      "set allowed_directories = ['/']",
    ])
      expect(
        await connection.run(attempt).then(
          () => "done",
          () => "refused",
        ),
        attempt,
      ).to.equal("refused");
    await connection.run(`copy (select 1) to ${duckdbDialect.text(join(scratch, "in.csv"))}`);
    close();
  });
});
