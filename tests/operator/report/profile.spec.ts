/** What DuckDB counts of published Parquet, against counts made by hand. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type Histogram, type OutputProfile, profile } from "../../../operator/report/profile.ts";
import { writeParquet } from "./shopDay.ts";

describe("what the report shows of Gold", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "profile-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  let files = 0;
  async function look(select: string, grain: readonly string[] = ["id"]): Promise<OutputProfile> {
    const path = join(folder, `${++files}.parquet`);
    await writeParquet(path, select);
    const published = { tables: ["out"], files: [{ table: "out", batch: "b", files: [path] }] };
    return await profile("out", { grain, columns: [{ name: "n", type: "bigint" }] }, published);
  }
  const chart = ({ charts }: OutputProfile, column: string) => charts.find((one) => one.column === column);

  it("counts whole numbers, each in a bin of its own while they are few", async () => {
    const found = await look("select i as id, [0, 0, 1, 3, null][i]::bigint as n from range(1, 6) as t(i)");
    expect(chart(found, "n")).to.deep.equal({
      kind: "histogram",
      column: "n",
      nulls: 1,
      least: "0",
      median: "0",
      greatest: "3",
      from: "0",
      to: "3",
      below: 0,
      above: 0,
      bins: [2, 1, 0, 1],
    });
  });

  it("counts many whole numbers in bins that hold equally many", async () => {
    const found = await look("select i as id, i::bigint as n from range(0, 100) as t(i)");
    expect(chart(found, "n")).to.deep.include({ least: "0", greatest: "99", bins: Array(20).fill(5) });
  });

  it("counts decimals, with every digit of the least and the greatest, negative ones too", async () => {
    const found = await look("select i as id, (-10 + i * 0.5)::decimal(22, 2) as n from range(0, 41) as t(i)");
    expect(chart(found, "n")).to.deep.include({ least: "-10.00", median: "0.00", greatest: "10.00" });
    const { bins } = chart(found, "n") as Histogram;
    expect(bins).to.have.length(20);
    expect(bins.reduce((sum, rows) => sum + rows)).to.equal(41);
  });

  it("leaves the few that lie far out of a histogram, and tells of them", async () => {
    const found = await look(
      "select i as id, (case i when 0 then -5000 when 1 then 9000 else i % 4 end)::bigint as n, (case i when 0 then 1e9 else i end)::double as x from range(0, 1000) as t(i)",
    );
    expect(chart(found, "n")).to.deep.include({
      least: "-5000",
      greatest: "9000",
      from: "0",
      to: "3",
      below: 1,
      above: 1,
      bins: [249, 249, 250, 250],
    });
    expect(chart(found, "x")).to.deep.include({
      from: "5.0",
      to: "995.0",
      below: 4,
      above: 5,
      greatest: "1000000000.0",
    });
  });

  it("finds the ends of doubles that no decimal is equal to", async () => {
    const found = await look("select i as id, 0.1::double * i * 1e-9 as n from range(3, 6) as t(i)");
    expect(chart(found, "n")).to.deep.include({ least: "3.0000000000000005e-10", greatest: "5e-10" });
  });

  it("leaves what is no number out of a histogram, and has none where there is nothing else", async () => {
    const found = await look(
      "select i as id, case i when 0 then 'nan' when 1 then 'infinity' else '2.5' end::double as n, 'nan'::double as nothing from range(0, 5) as t(i)",
    );
    expect(chart(found, "n")).to.deep.include({ least: "2.5", greatest: "2.5", bins: [3] });
    expect(chart(found, "nothing")).to.equal(undefined);
  });

  it("counts times by their day", async () => {
    const found = await look(
      "select i as id, timestamptz '2025-01-01 23:00:00+00' + to_days(i::integer) as at from range(0, 40) as t(i)",
    );
    expect(chart(found, "at")).to.deep.include({
      kind: "histogram",
      least: "2025-01-01",
      median: "2025-01-20",
      greatest: "2025-02-09",
      bins: Array(20).fill(2),
    });
  });

  it("counts the most frequent texts, ties by their name", async () => {
    const found = await look(
      "select i as id, case when i < 5 then 'a' when i < 7 then 'c' when i < 9 then 'b' else 'x' || i end as word, i % 2 = 0 as even from range(0, 14) as t(i)",
    );
    expect(chart(found, "word")).to.deep.equal({
      kind: "values",
      column: "word",
      nulls: 0,
      distinct: 8,
      values: [
        { value: "a", rows: 5 },
        { value: "b", rows: 2 },
        { value: "c", rows: 2 },
        { value: "x10", rows: 1 },
        { value: "x11", rows: 1 },
      ],
    });
    expect(chart(found, "even")).to.deep.include({
      values: [
        { value: "false", rows: 7 },
        { value: "true", rows: 7 },
      ],
    });
  });

  it("has no chart of keys and of nested columns, and shows the first rows in the order of the grain", async () => {
    const found = await look(
      "select 10 - i as id, 'u_' || i as name, {'a': i} as nested, [i] as list, 9007199254740993 + i as big from range(0, 10) as t(i)",
    );
    expect(found.charts.map(({ column }) => column)).to.deep.equal(["big"]);
    expect(found.rows).to.equal(10);
    expect(found.sample).to.have.length(8);
    expect(found.sample[0]).to.deep.equal([1, "u_9", { a: "9" }, ["9"], "9007199254741002"]);
    expect(found.columns.map(({ type }) => type)).to.deep.equal([
      "bigint",
      "varchar",
      "struct(a bigint)",
      "bigint[]",
      "bigint",
    ]);
  });

  it("says of an output without a row that it is empty", async () => {
    const found = await look("select 1 as id, 'x' as word where false");
    expect(found).to.deep.include({ rows: 0, sample: [], charts: [] });
  });

  it("takes names of columns as names, whatever they are", async () => {
    const found = await look(`select i as id, i % 3 as "a ""b"" ; select 1 --" from range(0, 9) as t(i)`);
    expect(chart(found, 'a "b" ; select 1 --')).to.deep.include({ bins: [3, 3, 3] });
  });
});
