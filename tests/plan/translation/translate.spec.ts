/**
 * Which queries are translated, and what is told of the others. That the answers are the same is in answers.spec.ts and
 * queries.ts.
 */
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { contractOf } from "../../../config/contract.ts";
import { loadConfig } from "../../../config/load.ts";
import { compilePlan } from "../../../plan/compile.ts";
import { bind } from "../../../plan/translation/bind.ts";
import { type TableColumns, translate } from "../../../plan/translation/translate.ts";

/** The SQL of a config's outputs and balances, each with what it may read. */
function sqlOf(
  config: string,
): readonly { readonly name: string; readonly text: string; readonly tables: readonly TableColumns[] }[] {
  const loaded = loadConfig(config, "dev");
  const contract = contractOf(loaded.config);
  const sql = Object.fromEntries(
    Object.entries(loaded.sqlFiles).map(([name, file]) => [name, readFileSync(file as string, "utf8")]),
  );
  const { tables } = compilePlan(contract, sql);
  const outputs = Object.entries(contract.outputs).map(([name, { columns }]) => ({ name, columns }));
  return Object.entries(contract.outputs).flatMap(([name, { balances }]) => [
    { name, text: sql[name]!, tables },
    ...balances.flatMap(({ name: balance, input, output }) =>
      Object.entries({ input, output }).map(([side, text]) => ({
        ...{ name: `${name} ${balance} ${side}`, text },
        tables: [...tables, ...outputs],
      })),
    ),
  ]);
}

const tables: readonly TableColumns[] = [
  {
    name: "t",
    columns: [
      { name: "a", type: "int" },
      { name: "b", type: "bigint" },
      { name: "s", type: "string" },
      { name: "x", type: "double" },
      { name: "d", type: "date" },
      { name: "at", type: "timestamp" },
      { name: "p", type: "struct<u:int,v:string>" },
      { name: "l", type: "array<string>" },
      { name: "m", type: "decimal(12,2)" },
    ],
  },
  {
    name: "u",
    columns: [
      { name: "a", type: "int" },
      { name: "c", type: "string" },
    ],
  },
];

/** `line:column construct` of each problem. */
function refused(text: string): readonly string[] {
  const translation = translate(text, tables);
  return translation.kind === "translated"
    ? [`translated to ${translation.sql}`]
    : translation.problems.map(({ line, column, construct }) => `${line}:${column} ${construct}`);
}

function translated(text: string) {
  const translation = translate(text, tables);
  if (translation.kind === "refused") throw new Error(`${text}: ${JSON.stringify(translation.problems)}`);
  return translation;
}

describe("a translated query", () => {
  for (const config of ["config", "examples/clinic", "examples/fleet"])
    for (const { name, text, tables } of sqlOf(`${config}/pipeline_config.yaml`))
      it(`of ${config} is read by DuckDB with the same columns: ${name}`, async () => {
        const translation = translate(text, tables);
        if (name === "vehicle_day") {
          expect(
            translation.kind === "refused" && translation.problems.map(({ construct }) => construct),
          ).to.deep.equal(["sum(double)"]);
          return;
        }
        if (translation.kind === "refused") throw new Error(JSON.stringify(translation.problems));
        expect(await bind(translation.sql, tables, translation.columns)).to.equal(null);
      });

  it("has Spark's names and types", () => {
    const shown = ({ columns }: ReturnType<typeof translated>) => columns.map(({ name, type }) => `${name} ${type}`);
    expect(
      shown(
        translated(
          "select k.*, T.S, p.U, m * 3 `M x`, count(*) over (order by b) n, 1.50 from t join u k on t.a = k.a",
        ),
      ),
    ).to.deep.equal(["a int", "c string", "S string", "U int", "M x decimal(14,2)", "n bigint", "#7 decimal(3,2)"]);
    expect(shown(translated("select * from u full join (select a, s from t) v using (A)"))).to.deep.equal([
      "a int",
      "c string",
      "s string",
    ]);
  });
});

describe("bind", () => {
  it("says how the columns differ from what they should be", async () => {
    const { sql, columns } = translated("select a, s from t");
    const bound = (changed: typeof columns) => bind(sql, tables, changed);
    expect(await bound(columns)).to.equal(null);
    expect(await bound([columns[0]!, { name: "s", type: "date" }])).to.equal("column 2 is s VARCHAR, not s DATE");
    expect(await bound([columns[0]!])).to.equal("column 2 is s VARCHAR, not there");
    expect(await bound([{ name: "A", type: "int" }, columns[1]!])).to.equal("column 1 is a INTEGER, not A INTEGER");
  });

  it("gives DuckDB's message", async () => {
    expect(await bind('select "nothing" as a from t', tables, [{ name: "a", type: "int" }])).to.contain(
      'Binder Error: Referenced column "nothing"',
    );
  });
});

describe("a refused query", () => {
  it("names every place and construct", () => {
    expect(refused("select upper(s) as s,\n  x = x as y, nothing\nfrom t where sum(a) > 1")).to.deep.equal([
      "1:8 upper(string)",
      "2:5 double = double",
      "2:15 nothing",
      "3:14 sum(int)",
    ]);
  });
});
