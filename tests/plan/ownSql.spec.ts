/** DuckDB SQL that an output brings of its own: whether it may run, and whether DuckDB reads it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { expect } from "chai";
import { contractOf } from "../../config/contract.ts";
import { loadConfig } from "../../config/load.ts";
import { compilePlan } from "../../plan/compile.ts";
import { engineLinesOf } from "../../plan/engines.ts";
import { comparisonRecords, readSql } from "../../plan/ownSql.ts";
import { isForDuckdb } from "../../plan/plan.ts";
import { problemsOf } from "../../plan/validate.ts";
import { shopConfig } from "../e2e/shopConfig.ts";

const users = (type = "string") => `  users:
    { required: true, file: users, formats: [json], primaryKey: [id], latestBy: id, maxRejected: 5%,
      columns: { id: { type: string, onNull: reject }, name: { type: ${type}, onNull: keep } } }
`;
const names = (type = "string") => `  names:
    { sql: names.sql, duckdb: names.duckdb.sql, description: Names, grain: [id], columns: { id: string, name: ${type} } }
`;

describe("DuckDB SQL of an output's own", () => {
  const spark = "select id, upper(name) as name from users\n";
  const duckdb = "-- in capitals\nselect id, upper(name) as name from users\n";
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "own-sql-"));
    write("pipeline.yaml", shopConfig({ datasets: users(), outputs: names() }));
    write("names.sql", spark);
    write("names.duckdb.sql", duckdb);
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  const load = () => loadConfig(join(folder, "pipeline.yaml"), "dev");
  const compare = () => {
    const { file, text } = comparisonRecords(load()).names!;
    writeFileSync(file, text);
  };
  const planOf = (isComparison?: boolean) => {
    const loaded = load();
    const { sql, duckdb } = readSql(loaded, isComparison);
    return compilePlan(contractOf(loaded.config), sql, duckdb);
  };

  it("is DuckDB's in the plan, as it is written, once it has been compared", () => {
    expect(isForDuckdb(planOf())).to.equal(false);
    compare();
    const output = planOf().statements.find(({ kind }) => kind === "output");
    expect(output).to.deep.include({ name: "names", sql: { spark, duckdb } });
  });

  it("runs before that only to be compared", () => {
    expect(isForDuckdb(planOf(true))).to.equal(true);
  });

  it("is Spark's only, until it has been compared, and people are told how", async () => {
    const lines = () => engineLinesOf(join(folder, "pipeline.yaml"));
    const file = relative(process.cwd(), join(folder, "names.duckdb.sql"));
    expect(await lines()).to.deep.equal([
      `names: Spark only, because of ${file}:1:1 DuckDB SQL: it has not been compared with its Spark SQL since one of them or a declared column changed: npm start -- --engine both, with this config and your sample data, compares them`,
    ]);
    compare();
    expect(await lines()).to.deep.equal(["names: DuckDB or Spark"]);
  });

  for (const [what, change] of [
    ["the Spark SQL", () => write("names.sql", `${spark}-- all\n`)],
    ["the DuckDB SQL", () => write("names.duckdb.sql", spark)],
    ["a column of a dataset", () => write("pipeline.yaml", shopConfig({ datasets: users("date"), outputs: names() }))],
    ["a column of the output", () => write("pipeline.yaml", shopConfig({ datasets: users(), outputs: names("date") }))],
    ["the record", () => write("names.duckdb.sql.compared.json", "<<<<<<< HEAD\n")],
  ] as const)
    it(`has to be compared again after a change of ${what}`, () => {
      compare();
      change();
      expect(isForDuckdb(planOf())).to.equal(false);
      compare();
      expect(isForDuckdb(planOf())).to.equal(true);
    });

  it("stays compared after a change that it does not depend on", () => {
    compare();
    write("pipeline.yaml", shopConfig({ datasets: users(), outputs: names().replace("Names", "All names") }));
    expect(isForDuckdb(planOf())).to.equal(true);
  });

  describe("is a problem of the config where", () => {
    for (const [what, text, line, message] of [
      ["DuckDB can't parse it", "select id,\n  name frm users", 2, /^Parser Error: syntax error at or near "users"$/],
      ["it reads what is not there", "select id,\n  nam as name\nfrom users", 2, /^Binder Error: .*"nam"/],
      ["it reads a file", "select id, name from 'users.csv'", 1, /^Permission Error: /],
      ["it is not a query", "delete from users", 1, /^column 1 is Count, not id$/],
      ["it is two", "select id, name from users; select id, name from users", 1, /multiple statements/],
      ["it can't be a part of a statement", "select id, name from users;", 1, /^Parser Error: /],
      ["it has other columns", "select name, id from users", 1, /^column 1 is name, not id$/],
    ] as const)
      it(what, async () => {
        write("names.duckdb.sql", text);
        const problems = await problemsOf(join(folder, "pipeline.yaml"));
        const file = relative(process.cwd(), join(folder, "names.duckdb.sql"));
        expect(problems).to.have.length(1);
        expect(problems[0]!.startsWith(`${file}:${line} outputs.names.duckdb: `), problems[0]).to.equal(true);
        expect(problems[0]!.split(" outputs.names.duckdb: ")[1]).to.match(message);
      });
  });
});
