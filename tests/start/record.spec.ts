/** What a comparison of the engines leaves behind; that the engines are compared is shown in tests/e2e/start.spec.ts. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { recordComparisons } from "../../start/record.ts";
import type { BatchResult } from "../../start/summary.ts";

describe("the record of a comparison", () => {
  const folder = mkdtempSync(join(tmpdir(), "record-"));
  after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "copy.duckdb.sql.compared.json");
  afterEach(() => rmSync(file, { force: true }));

  const agreement = (batch: string, ...differences: string[]) => ({
    ...{ batch, engines: ["DuckDB", "Spark"] as const, differences, cells: 2, counts: 5 },
  });
  const result = (batch: string, rows = 1): BatchResult => ({
    ...{ state: "published", batch, run: 2, reason: null, datasets: {} },
    files: { promoted: [], rejected: [], skipped: [] },
    outputs: { copy: { rows, path: "" } },
  });
  const record = (...[agreements, results]: [ReturnType<typeof agreement>[], BatchResult[]]) =>
    recordComparisons({ copy: { file, text: "compared" } }, agreements, results);

  it("is written when both engines made the same of each batch", () => {
    const batches = [result("one", 0), result("two")];
    expect(record([agreement("one"), agreement("two")], batches)).to.deep.equal([file]);
    expect(readFileSync(file, "utf8")).to.equal("compared");
  });

  for (const [why, agreements, results] of [
    ["a batch differs", [agreement("one"), agreement("two", "copy, id a: …")], [result("one"), result("two")]],
    ["a batch was not computed by both", [agreement("one")], [result("one"), result("two")]],
    ["the output has no row", [agreement("one")], [result("one", 0)]],
    ["there is no batch", [], []],
  ] as const)
    it(`is not written when ${why}`, () => {
      expect(record([...agreements], [...results])).to.deep.equal([]);
      expect(existsSync(file)).to.equal(false);
    });

  it("goes when a later comparison finds a difference, and stays when one finds nothing", () => {
    writeFileSync(file, "earlier");
    record([], [result("one")]);
    expect(readFileSync(file, "utf8")).to.equal("earlier");
    record([agreement("one", "copy, id a: …")], [result("one")]);
    expect(existsSync(file)).to.equal(false);
  });
});
