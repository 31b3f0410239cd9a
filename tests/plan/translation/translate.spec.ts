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

function translated(text: string, readable: Parameters<typeof translate>[1] = tables) {
  const translation = translate(text, readable);
  if (translation.kind === "refused") throw new Error(`${text}: ${JSON.stringify(translation.problems)}`);
  return translation;
}

describe("a translated query", () => {
  for (const config of ["config", "examples/clinic", "examples/fleet"])
    for (const { name, text, tables } of sqlOf(`${config}/pipeline_config.yaml`))
      it(`of ${config} is read by DuckDB with the same columns: ${name}`, async () => {
        const { sql, columns } = translated(text, tables);
        expect(await bind(sql, tables, columns)).to.equal(null);
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
    expect(
      refused("with w as (select md6(s) as s, '😀' as e, md7(s) as f from t) select s, md8(s) as g from w"),
    ).to.deep.equal(["1:19 md6(string)", "1:42 md7(string)", "1:72 md8()"]);
  });

  const cases: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "has text that the engines may read differently": {
      "select 'it''s' as a": "1:12 's'",
      "select 'a' 'b' as a": "1:12 'b'",
      "select 'a\\'b' as a": "1:8 '",
      "select r'a' as a": "1:9 a",
      "select x'1F' as a": "1:9 1F",
      "select `a``b` from t": "1:11 `b`",
      "select 1L as a": "1:8 1L",
      "select 1.5BD as a": "1:8 1.5B",
      "select 1e5D as a": "1:8 1e5D",
      "select a -- \\\n, b\nfrom t": "1:10 \\",
      "select /*+ broadcast(t) */ a from t": "1:8 /*+",
      "select /* a /* b */ c */ a from t": "1:8 /*",
      "select a from t where a = :p": "1:27 :",
      "select ${a} as a": "1:8 $",
      "select {{ a }} as a": "1:8 {",
    },
    "has clauses that are not translated": {
      "select a from t order by a": "1:17 order by",
      "select a from t limit 1": "1:17 limit",
      "select a from t tablesample (10 rows)": "1:17 tablesample",
      "select a from t version as of 1": "1:25 as",
      "select a from t sort by a": "1:17 sort",
      "select a from t qualify a = 1": "1:17 qualify",
      "select a from t natural join u": "1:17 natural",
      "select t.a from t left semi join u on t.a = u.a": "1:24 semi",
      "select t.a from t left anti join u on t.a = u.a": "1:24 anti",
      "select t.a from t join u": "1:25 the end",
      "select t.a from t, u": "1:18 ,",
      "select a from (t)": "1:16 t",
      "select a from t as r(b)": "1:21 (",
      "select a from values (1) as r(a)": "1:15 values",
      "select a from db.t": "1:17 .",
      "select l from t lateral view outer explode(l) e as i": "1:30 outer",
      "select all a from t": "1:8 all",
      "select * except (a) from t": "1:18 a",
      "select a from t group by a with rollup": "1:28 with",
      "select count(*) as n from t group by rollup(a)": "1:38 rollup(int)",
      "select max(a) ignore nulls as m from t": "1:15 ignore",
      "select count(*) over w as n from t window w as (order by a)": "1:22 w",
      "select s rlike 'a' as r from t": "1:10 rlike",
      "select s like 'a!_' escape '!' as r from t": "1:21 escape",
      "select size(l, i -> i = 'a') as f from t": "1:19 >",
      "select a::string as s from t": "1:9 :",
      "select interval 1 day as i": "1:8 interval",
      "select current_date as d": "1:8 current_date",
      "select try_cast(s as int) as r from t": "1:8 try_cast",
      "delete from t": "1:1 delete",
      "select 1 as a; select 2 as a": "1:16 select",
    },
    "has names that may mean something else": {
      "select a from nowhere": "1:15 nowhere",
      "select nothing from t": "1:8 nothing",
      "select a from t join u on t.a = u.a": "1:8 a",
      "select t.a, U.A from t join u on t.a = u.a": "1:13 A",
      "select v.* from t": "1:8 v.*",
      "select t.* from t join u using (a)": "1:8 t.*",
      "select 1 as one, one + 1 as two from t": "1:18 one",
      "select a as s, count(*) as n from t group by s": "1:46 s",
      "select s, count(*) as a from t group by s having a > 1": "1:50 a",
      "select a as one from t where one = 1": "1:30 one",
      "select 1 as a from t join t on true": "1:22 t",
      "select a, count(*) as n from t group by 1": "1:41 group by",
      "with w as (select 1 as x), w as (select 2 as x) select x from w": "1:28 w",
      "select p.w from t": "1:8 p.w",
      "select s from t where exists (select 1 as s from u where u.c = s)": "1:64 s",
      "select r.a from (select a from t) as r join (select s, t.a from t where t.a = r.a) as q on true": "1:79 r.a",
    },
    "has results that are not certain": {
      "select x, count(*) as n from t group by x": "1:41 group by double",
      "select distinct x from t": "1:17 distinct double",
      "select distinct l from t": "1:17 distinct array<string>",
      "select x from t union select x from t": "1:17 union of double",
      "select a, x from t union all select a from t": "1:20 union",
      "select a from t union all select s from t": "1:17 int union string",
      "select t.a from t join t r using (x)": "1:19 using (x)",
      "select sum(x) as s from t": "1:8 sum(double)",
      "select avg(m) as s from t": "1:8 avg(decimal(12,2))",
      "select sum(cast(m as decimal(30,2))) as s from t": "1:8 sum(decimal(30,2))",
      "select collect_list(s) as l from t": "1:1 l: bag<string>",
      "select null as n from t": "1:8 null",
      "select array() as n from t": "1:1 n: array<void>",
      "select a = s as r from t": "1:10 int = string",
      "select a = null as r from t": "1:10 int = void",
      "select d > '2025-01-01' as r from t": "1:10 date > string",
      "select m / 2 as r from t": "1:10 decimal(12,2) / int",
      "select a / b as r from t": "1:10 int / bigint",
      "select a % 0 as r from t": "1:10 int % int",
      "select s like s as r from t": "1:10 string like string",
      "select a from t where a": "1:23 int",
      "select not a as r from t": "1:8 not int",
      "select cast(x as decimal(5,2)) as r from t": "1:8 cast(double as decimal(5,2))",
      "select cast(m as double) as r from t": "1:8 cast(decimal(12,2) as double)",
      "select cast(s as date) as r from t": "1:8 cast(string as date)",
      "select cast(a as decimal) as r from t": "1:8 cast as decimal",
      "select date '2025-02-29' as d": "1:8 date '2025-02-29'",
      "select timestamp '2025-01-01 00:00:00 Europe/Berlin' as d": "1:8 timestamp '2025-01-01 00:00:00 Europe/Berlin'",
      "select substring(s, 0) as r from t": "1:8 substring(string, int)",
      "select substring(s, a) as r from t": "1:8 substring(string, int)",
    },
    "has aggregates, windows and subqueries where they are not certain": {
      "select a, count(*) as n from t": "1:1 a",
      "select a + b as c, count(*) as n from t group by a": "1:1 b",
      "select nvl(a, 1) as c, count(*) as n from t group by coalesce(a, 1)": "1:1 a",
      "select a, count(*) as n from t group by cast(a as int)": "1:1 a",
      "select count(*) as n from t having a > 1": "1:1 a",
      "select a from t where count(*) > 1": "1:23 count(*)",
      "select sum(count(*)) as n from t": "1:12 count(*)",
      "select first(a) as f from t": "1:8 first(int)",
      "select sum(distinct a) as s from t": "1:8 sum(int)",
      "select abs(distinct a) as s from t": "1:8 abs(int)",
      "select row_number() as n from t": "1:8 row_number()",
      "select row_number() over (partition by a) as n from t": "1:8 row_number()",
      "select row_number() over (order by x) as n from t": "1:27 over (double)",
      "select rank() over (order by a rows between 1 preceding and current row) as n from t": "1:8 rank()",
      "select avg(a) over (order by a) as n from t": "1:8 avg(int)",
      "select sum(a) over (rows between 1 preceding and current row) as n from t":
        "1:21 rows between 1 preceding and current row",
      "select sum(a) over (order by a range between 1 preceding and current row) as n from t": "1:46 1",
      "select sum(a) filter (where a > 1) over (order by a) as n from t": "1:8 sum(int)",
      "select a from t where rank() over (order by a) = 1": "1:23 rank()",
      "select (select a from u) as a from t": "1:9 (select …)",
      "select (select count(*) from u where u.a = t.a) as n from t": "1:44 t.a",
      "select exists (select 1 from u) as e from t": "1:8 exists",
      "select a in (select a from u) as e from t": "1:10 in (select …)",
      "select a from t where (a in (select a from u)) is null": "1:26 in (select …)",
      "select a from t where not (a in (select a from u) and b > 1)": "1:30 in (select …)",
      "select a from t where case when exists (select 1 from u) then true else false end": "1:33 exists",
      "select a from t where b in (select a from u)": "1:25 bigint in (int)",
      "select a from t where exists (select count(*) from u where u.a = t.a)": "1:31 group",
      "select a from t where exists (select 1 from u union select 2 from u where u.a = t.b)": "1:81 t.b",
    },
  };
  for (const [what, queries] of Object.entries(cases))
    describe(what, () => {
      for (const [sql, problem] of Object.entries(queries))
        it(sql, () => {
          expect(refused(sql)).to.deep.equal([problem]);
        });
    });
});
