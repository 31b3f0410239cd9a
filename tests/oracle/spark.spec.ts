/**
 * From raw files to Gold: every cell, every count and every rejected row, as glue/plan_runner gives them on real Spark
 * from files that promote's reader has typed, against another engine's answer from SQL of its own. The typed files and
 * the embedded engine have a quick spec, embedded.spec.ts. Not shown here: S3, the catalog, and what promote refuses
 * before it reads rows.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type Prepared, prepared, refused } from "./batches.ts";
import { execute } from "./engineRuns.ts";
import { Oracle } from "./oracle.ts";

describe("the oracle and the engine on Spark", function () {
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
        const found = await oracle.compare(run, "spark");
        expect(found.examples, `${found.differences} differences`).to.deep.equal([]);
        if (rows !== undefined) expect(found.rows).to.equal(rows);
      } finally {
        oracle.close();
      }
    });
});
