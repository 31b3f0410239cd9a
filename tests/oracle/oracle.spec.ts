/**
 * Every cell of gold, every count and every rejected row, as the job in glue/ gives them on real Spark, against another
 * engine's answer from SQL of its own. Not shown here: S3, the catalog, and what the promote function refuses.
 */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect } from "chai";
import type { Contract } from "../../config/contract.ts";
import type { Answer, GoldRow } from "../../generator/answer.ts";
import { generate } from "../../generator/generate.ts";
import { defaultShares } from "../../generator/shares.ts";
import { dirtyShares } from "../generator/dirtyShares.ts";
import { batches, type Expected, people, severely, together, writeCase } from "./cases.ts";
import { type EngineRun, execute, parquetIn, prepareRun, type RawFiles, reportOf } from "./engineRuns.ts";
import { Oracle, type Severity, shippedSeverity } from "./oracle.ts";
import { generatedFiles, severe, shippedContract, tolerant } from "./shipped.ts";

interface Comparison {
  readonly files: RawFiles;
  readonly run: EngineRun;
  readonly severity: Severity;
}

describe("the oracle and the engine", function () {
  this.timeout(900_000);
  let folder: string;
  const comparisons = new Map<string, Comparison>();
  const answers = new Map<string, Answer>();
  const contract = shippedContract();
  const rejecting: Severity = { violations: "reject", orphans: "reject" };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "oracle-"));
    const add = (name: string, files: RawFiles, from: Contract, severity = shippedSeverity) =>
      comparisons.set(name, { files, run: prepareRun(join(folder, name), files, from), severity });
    const raw = (name: string) => join(folder, `raw ${name}`);

    const everybody = writeCase(raw("people"), together(people));
    add("people", everybody, tolerant(contract));
    add("people, rejecting", everybody, severe(contract), rejecting);
    for (const [name, batch] of Object.entries(batches))
      add(name, writeCase(raw(name), batch, batch.as), tolerant(contract));
    for (const [name, shares] of Object.entries({ usual: defaultShares, dirty: dirtyShares })) {
      answers.set(name, await generate({ records: 5000, seed: 1, directory: raw(name), shares }));
      add(name, generatedFiles(raw(name)), name === "usual" ? contract : tolerant(contract));
    }
    add("dirty, rejecting", generatedFiles(raw("dirty")), severe(contract), rejecting);
    const runs = [...comparisons.values()].map(({ run }) => run);
    await execute(runs, folder, { driverMemory: "1g", shortRuns: true, timeout: 840_000 });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Holds the oracle against what was worked out without it, and the engine against the oracle. */
  async function agree(name: string, expected: Expected): Promise<{ rows: number; compared: number }> {
    const { files, run, severity } = comparisons.get(name)!;
    const oracle = await Oracle.ask(files, severity);
    try {
      const byHand = (await oracle.rows()).filter(({ user_id }) => user_id! in expected);
      const cells = byHand.map((row) => [
        row.user_id,
        Object.fromEntries(Object.keys(expected[row.user_id!]!).map((column) => [column, row[column]])),
      ]);
      expect(Object.fromEntries(cells)).to.deep.equal(expected);
      const { examples, differences, ...counts } = await oracle.compare(run);
      expect(examples, `${differences} differences`).to.deep.equal([]);
      return counts;
    } finally {
      oracle.close();
    }
  }

  it("agree on users of every kind in one batch", async () => {
    const expected: Expected = Object.assign({}, ...Object.values(people).map((made) => made.expected));
    const { rows } = await agree("people", expected);
    expect(rows).to.be.at.least(Object.keys(expected).length);
  });

  it("agree on them when what breaks a rule is rejected, and orphans are", async () => {
    await agree("people, rejecting", severely);
  });

  for (const [name, { expected, rows }] of Object.entries(batches))
    it(`agree on ${name}`, async () => {
      expect((await agree(name, expected)).rows).to.equal(rows);
    });

  for (const name of ["usual", "dirty"])
    it(`agree on ${name} generated data, and with its known answer`, async () => {
      const { datasets, outputs } = answers.get(name)!;
      const { sample, rows } = outputs.user_activity;
      const expected = Object.fromEntries(sample.map(({ row }) => [row.user_id, asText(row)]));
      expect((await agree(name, expected)).rows).to.equal(rows);
      const found = reportOf(comparisons.get(name)!.run).datasets;
      for (const [dataset, { drift, ...counts }] of Object.entries(datasets)) {
        expect(found[dataset]).to.deep.include(counts);
        const undeclared = found[dataset]!.drift.undeclared.map(({ name, rows }) => ({ name, rows }));
        expect(undeclared).to.deep.equal(drift.undeclared);
      }
    });

  it("agree on dirty generated data when what breaks a rule is rejected, and orphans are", async () => {
    const { rows } = await agree("dirty, rejecting", {});
    expect(rows).to.be.above(2000);
  });

  it("do not agree when a count is another or a rejected row is missing", async () => {
    const { files, run } = comparisons.get("people")!;
    const oracle = await Oracle.ask(files, { violations: "reject", orphans: "keep" });
    const { examples } = await oracle.compare(run);
    oracle.close();
    expect(examples).to.include.members([
      "events.kept: 36 is right, 38 was found",
      "events.rejected.event_type_not_allowed: 2 is right, 0 was found",
      "events.warned.event_type_not_allowed: 0 is right, 2 was found",
      'events: the rejected row event_type_not_allowed {"event_id":"spelling-2","user_id":"spelling","event_type":"checkout"} is missing',
    ]);
  });

  for (const [what, select, difference] of [
    [
      "a cell is another",
      "select * replace (case user_id when 'both' then 0.51 else revenue end::decimal(22, 2) as revenue) from gold",
      'user_activity, user "both", revenue: 0.50 is right, 0.51 was found',
    ],
    [
      "a cell is null",
      "select * replace (case when user_id <> 'both' then country end as country) from gold",
      'user_activity, user "both", country: unknown is right, null was found',
    ],
    [
      "a row is missing",
      "select * from gold where user_id <> 'both'",
      "user_activity: 44 rows are right, 43 were found",
    ],
    [
      "a row comes twice",
      "from gold union all select * from gold where user_id = 'both'",
      "user_activity: 44 rows are right, 45 were found",
    ],
    [
      "a column is of another type",
      "select * replace (total_orders::integer as total_orders) from gold",
      /^user_activity has the columns .*total_orders INTEGER.*; right are .*total_orders BIGINT/,
    ],
  ] as const)
    it(`do not agree when ${what}`, async () => {
      const { files, run } = comparisons.get("people")!;
      const copy = { ...run, folder: join(folder, what) };
      cpSync(run.folder, copy.folder, { recursive: true });
      await rewriteGold(copy, select);
      const oracle = await Oracle.ask(files);
      const { examples } = await oracle.compare(copy);
      oracle.close();
      if (typeof difference === "string") expect(examples[0]).to.equal(difference);
      else expect(examples[0]).to.match(difference);
    });
});

/** Puts the rows of a query on `gold` in the place of the run's. */
async function rewriteGold(run: EngineRun, select: string): Promise<void> {
  const paths = parquetIn(run, "gold/user_activity");
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const list = paths.map((path) => `'${path}'`).join(", ");
  await connection.run(`create table gold as from read_parquet([${list}], hive_partitioning = false)`);
  await connection.run(`copy (${select}) to '${paths[0]}' (format parquet)`);
  connection.closeSync();
  instance.closeSync();
  for (const path of paths.slice(1)) rmSync(path);
}

/** The generator's row as DuckDB writes it. */
function asText(row: GoldRow): Record<string, string | null> {
  const cells = Object.entries(row).map(([column, value]) => {
    const isTime = column.endsWith("_at") || column === "signup_date";
    return [
      column,
      isTime && value !== null ? value.replace("T", " ").replace("Z", "+00") : value === null ? null : String(value),
    ];
  });
  return Object.fromEntries(cells);
}
