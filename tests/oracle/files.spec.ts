/**
 * The oracle against what was worked out without it, and files that promote's reader has typed against the oracle: each
 * count of their reports, each typed cell, each malformed row. Not shown here: S3, and what is done with the parts.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { DatasetName } from "../../generator/rows.ts";
import { prepared, refused } from "./batches.ts";
import { type Lines, writeCase } from "./cases.ts";
import { prepareRun } from "./engineRuns.ts";
import { Oracle } from "./oracle.ts";
import { shippedContract, tolerant } from "./shipped.ts";

describe("the oracle and the reader", function () {
  this.timeout(120_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "oracle-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [name, prepare] of Object.entries(prepared))
    it(`agree on ${name}`, async () => {
      const { files, run, terms, expected, rows, counts } = await prepare(join(folder, name));
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
        expect(run.manifest === null).to.equal(refused.includes(name));
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
});
