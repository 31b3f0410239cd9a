/**
 * The oracle against what was worked out without it. Files that promote's reader has typed, against the oracle: each
 * count of their reports, each typed cell, each malformed row. And the embedded engine on these files: each count of
 * its report, each cell, each rejected row. Not shown here: S3.
 */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect } from "chai";
import type { DatasetName } from "../../generator/rows.ts";
import { everybody, type Prepared, prepared, refused } from "./batches.ts";
import { type Lines, writeCase } from "./cases.ts";
import { type EngineRun, executeEmbedded, parquetIn, prepareRun } from "./engineRuns.ts";
import { Oracle, shippedTerms } from "./oracle.ts";
import { shippedContract, tolerant } from "./shipped.ts";

describe("the oracle, the reader and the embedded engine", function () {
  this.timeout(120_000);
  let folder: string;
  const batches = new Map<string, Prepared>();
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "oracle-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [name, prepare] of Object.entries(prepared))
    it(`agree on ${name}`, async () => {
      const made = await prepare(join(folder, name));
      batches.set(name, made);
      const { files, run, terms, expected, rows, counts } = made;
      const oracle = await Oracle.ask(files, terms);
      try {
        const right = await oracle.rows();
        if (rows !== undefined) expect(right).to.have.length(rows);
        const byHand = right.filter(({ user_id }) => user_id! in expected);
        const cells = byHand.map((row) => [
          row.user_id,
          Object.fromEntries(Object.keys(expected[row.user_id!]!).map((column) => [column, row[column]])),
        ]);
        expect(Object.fromEntries(cells)).to.deep.equal(expected);
        for (const [dataset, { kept, deduplicated, orphans, warned, drift }] of Object.entries(counts ?? {})) {
          const known = (await oracle.counts())[dataset as DatasetName];
          const broken = Object.entries(warned).filter(([, count]) => count > 0);
          expect(known.run).to.deep.include({ kept, deduplicated });
          expect(Object.entries(known.run.warned).filter(([, count]) => count > 0)).to.have.deep.members(broken);
          expect(known.run.orphans.user_id).to.equal(orphans.user_id ?? 0);
          expect(known.file.undeclared).to.deep.equal(
            Object.fromEntries(drift.undeclared.map(({ name, rows }) => [name, rows])),
          );
        }
        const { examples, differences } = await oracle.compareFiles(run);
        expect(examples, `${differences} differences`).to.deep.equal([]);
        expect(run.manifests === null).to.equal(refused.includes(name));
        if (!run.manifests) return;
        await executeEmbedded([run]);
        const found = await oracle.compare(run, "embedded");
        expect(found.examples, `${found.differences} differences`).to.deep.equal([]);
        if (rows !== undefined) expect(found.rows).to.equal(rows);
      } finally {
        oracle.close();
      }
    });

  it("do not agree when a count, a typed cell or a malformed row is another", async () => {
    const typed = { events: ["{", '{"event_id":"e","user_id":"u"}'] };
    const told = { events: ["[", '{"event_id":"e","user_id":"U","more":1}', ""] };
    const write = (name: string, lines: Lines) => writeCase(join(folder, name), lines);
    const run = await prepareRun(join(folder, "other"), write("typed", typed), tolerant(shippedContract()));
    const oracle = await Oracle.ask(write("told", told));
    const { examples } = await oracle.compareFiles(run);
    oracle.close();
    const nothing =
      "'event_type': NULL, 'product_id': NULL, 'event_timestamp': NULL, 'session_id': NULL, 'device_type': NULL";
    expect(examples).to.deep.equal([
      "events.lines: 3 is right, 2 was found",
      "events.verdict.contract: 1 is right, 0 was found",
      "events.undeclared.more: 1 is right, 0 was found",
      `events: the typed row {'number': 2, 'event_id': e, 'user_id': U, ${nothing}} is missing`,
      `events: the typed row {'number': 2, 'event_id': e, 'user_id': u, ${nothing}} is extra`,
      "events: the malformed row {'number': 1, 'text': '['} is missing",
      "events: the malformed row {'number': 1, 'text': '{'} is extra",
    ]);
  });

  it("do not agree when a count is another or a rejected row is missing", async () => {
    const { files, run } = batches.get(everybody)!;
    const oracle = await Oracle.ask(files, { ...shippedTerms, violations: "reject" });
    const { examples } = await oracle.compare(run, "embedded");
    oracle.close();
    expect(examples).to.include.members([
      "events.kept: 38 is right, 40 was found",
      "events.rejected.event_type_not_allowed: 2 is right, 0 was found",
      "events.warned.event_type_not_allowed: 0 is right, 2 was found",
      "events: the rejected row {'number': 5, 'rule': event_type_not_allowed, 'event_id': spelling-2, 'user_id': spelling, 'event_type': checkout, 'product_id': NULL, 'event_timestamp': NULL, 'session_id': NULL, 'device_type': NULL} is missing",
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
      "user_activity: 47 rows are right, 46 were found",
    ],
    [
      "a row comes twice",
      "from gold union all select * from gold where user_id = 'both'",
      "user_activity: 47 rows are right, 48 were found",
    ],
    [
      "a column is of another type",
      "select * replace (total_orders::integer as total_orders) from gold",
      /^user_activity has the columns .*total_orders INTEGER.*; right are .*total_orders BIGINT/,
    ],
  ] as const)
    it(`do not agree when ${what}`, async () => {
      const { files, run } = batches.get(everybody)!;
      const copy = { ...run, folder: join(folder, what) };
      cpSync(run.folder, copy.folder, { recursive: true });
      await rewriteGold(copy, select);
      const oracle = await Oracle.ask(files);
      const { examples } = await oracle.compare(copy, "embedded");
      oracle.close();
      if (typeof difference === "string") expect(examples[0]).to.equal(difference);
      else expect(examples[0]).to.match(difference);
    });
});

/** Puts the rows of a query on `gold` in the place of the run's. */
async function rewriteGold(run: EngineRun, select: string): Promise<void> {
  const paths = parquetIn(run, "embedded", "gold/user_activity");
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const list = paths.map((path) => `'${path}'`).join(", ");
  await connection.run(`create table gold as from read_parquet([${list}], hive_partitioning = false)`);
  await connection.run(`copy (${select}) to '${paths[0]}' (format parquet)`);
  connection.closeSync();
  instance.closeSync();
  for (const path of paths.slice(1)) rmSync(path);
}
