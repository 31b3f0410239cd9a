/**
 * From raw files to Gold: every cell, every count and every rejected row, as glue/plan_runner gives them on real Spark
 * from files that promote's reader has typed, against another engine's answer from SQL of its own. The typed files have
 * a quick spec, files.spec.ts. Not shown here: S3, the catalog, and what promote refuses before it reads rows.
 */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect } from "chai";
import { everybody, type Prepared, prepared, refused } from "./batches.ts";
import { type EngineRun, execute, parquetIn } from "./engineRuns.ts";
import { Oracle, shippedTerms } from "./oracle.ts";

describe("the oracle and the engine", function () {
  this.timeout(900_000);
  let folder: string;
  const batches = new Map<string, Prepared>();

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "oracle-"));
    for (const [name, prepare] of Object.entries(prepared)) batches.set(name, await prepare(join(folder, name)));
    const runs = [...batches.values()].map(({ run }) => run);
    await execute(runs, folder, { driverMemory: "1g", shortRuns: true, timeout: 840_000 });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const name of Object.keys(prepared).filter((name) => !refused.includes(name)))
    it(`agree on ${name}`, async () => {
      const { files, run, terms, rows } = batches.get(name)!;
      const oracle = await Oracle.ask(files, terms);
      try {
        const found = await oracle.compare(run);
        expect(found.examples, `${found.differences} differences`).to.deep.equal([]);
        if (rows !== undefined) expect(found.rows).to.equal(rows);
      } finally {
        oracle.close();
      }
    });

  it("do not agree when a count is another or a rejected row is missing", async () => {
    const { files, run } = batches.get(everybody)!;
    const oracle = await Oracle.ask(files, { ...shippedTerms, violations: "reject" });
    const { examples } = await oracle.compare(run);
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
