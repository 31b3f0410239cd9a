import { expect } from "chai";
import { compilePlan } from "../../plan/compile.ts";
import { inDuckdb } from "../../plan/queries.ts";
import { column, contract, dataset, output } from "./contracts.ts";

describe("the queries of a plan", () => {
  const sales = dataset([column("id", "string", "reject"), column("amount", "int")], ["id"], "id");
  const columns = [
    { name: "id", type: "string" },
    { name: "amount", type: "int" },
  ];
  const balance = { name: "amount", input: "select sum(amount) from sales", output: "select sum(amount) from copy" };
  const shop = (balances = [balance]) =>
    contract({ sales }, { copy: { ...output(["id"], { id: "string", amount: "int" }), balances } });
  const asked = (copy: string, balances?: (typeof balance)[]) =>
    inDuckdb(shop(balances), { copy }, [{ name: "sales", columns }]);

  it("run in both engines when all of them are sure to give the same", () => {
    const { queries, problems } = asked("select id, amount from sales");
    expect(problems).to.deep.equal([]);
    expect(Object.keys(queries!.sql)).to.deep.equal(["copy"]);
    expect(queries!.balances.copy!.map(({ name }) => name)).to.deep.equal(["amount"]);
    const { statements } = compilePlan(shop(), { copy: "select id, amount from sales" });
    for (const statement of statements)
      if (statement.kind !== "check") expect(statement.sql, statement.name).to.have.all.keys("spark", "duckdb");
  });

  it("run in Spark only when one of them is not: each construct is named with its place", () => {
    const sql = "select\n    upper(id) as id,\n    amount\nfrom sales";
    const { queries, problems } = asked(sql, [{ ...balance, output: "select skewness(amount) from copy" }]);
    expect(queries).to.equal(null);
    expect(
      problems.map(({ output, balance, line, column, construct }) => ({ output, balance, line, column, construct })),
    ).to.deep.equal([
      { output: "copy", balance: null, line: 2, column: 5, construct: "upper(string)" },
      { output: "copy", balance: { name: "amount", side: "output" }, line: 1, column: 8, construct: "skewness(int)" },
    ]);
    const { statements } = compilePlan(shop(), { copy: sql });
    for (const statement of statements)
      if (statement.kind !== "check") expect(statement.sql, statement.name).to.have.all.keys("spark");
  });

  it("run in Spark only when a column is of another type than declared, or is not returned", () => {
    for (const [sql, construct, why] of [
      ["select id, cast(amount as bigint) as amount from sales", "amount: bigint", "is declared as int"],
      ["select id from sales", "amount", "is declared and not returned"],
    ] as const)
      expect(asked(sql).problems).to.deep.equal([
        { output: "copy", balance: null, line: 1, column: 1, construct, why },
      ]);
  });
});
