/**
 * What the compiler makes of a contract. The committed plans are for readers too; they are written by
 * `UPDATE_GENERATED=1 npm test -- tests/plan/compile.spec.ts`. What Spark makes of the statements is in
 * tests/glue/test_plan_runner.py.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { contractOf } from "../../config/contract.ts";
import { loadConfig } from "../../config/load.ts";
import { compileIn, compilePlan } from "../../plan/compile.ts";
import type { Plan, Statement } from "../../plan/plan.ts";
import { planText, printPlan } from "../../plan/planText.ts";
import { root } from "../../setup/paths.mjs";
import { expectGenerated } from "../docs/generatedFile.ts";
import { column, contract, dataset, everything, everythingSql, output } from "./contracts.ts";

const statementOf = (plan: Plan, name: string): Statement => plan.statements.find((each) => each.name === name)!;
const sqlOf = (plan: Plan, name: string): string => {
  const statement = statementOf(plan, name);
  return statement.kind === "check" ? "" : statement.sql.spark;
};
const checksOf = (plan: Plan, name: string) => {
  const statement = statementOf(plan, name);
  return statement.kind === "check" ? statement.checks : [];
};

const small = (changes: Parameters<typeof dataset>[3], ...columns: Parameters<typeof dataset>[0]) =>
  compilePlan(
    contract(
      { things: dataset([column("id", "string", "reject"), ...columns], ["id"], "id", changes) },
      { copy: output(["id"], { id: "string" }) },
    ),
    { copy: "select id from things" },
  );

describe("the plan", () => {
  it("of the shipped contract is the one in docs/plan.sql", () => {
    const { config, sqlFiles } = loadConfig("config/pipeline_config.yaml", "dev");
    const sql = Object.fromEntries(
      Object.entries(sqlFiles).map(([name, file]) => [name, readFileSync(file as string, "utf8")]),
    );
    const head = "-- The plan of the shipped contract. A `#` marks what SQL of a contract can't name by accident.\n\n";
    expectGenerated(join("docs", "plan.sql"), head + printPlan(compilePlan(contractOf(config), sql)));
  });

  it("has these statements for each kind of rule, reference and check", () => {
    expectGenerated(join("tests", "plan", "everything.sql"), printPlan(compilePlan(everything, everythingSql)));
    expectGenerated(join("tests", "plan", "everything.json"), planText(compilePlan(everything, everythingSql)));
  });

  it("is the same text for the same contract", () => {
    const copy = JSON.parse(JSON.stringify(everything)) as typeof everything;
    expect(planText(compilePlan(copy, { ...everythingSql }))).to.equal(
      planText(compilePlan(everything, everythingSql)),
    );
  });

  it("judges a dataset after those whose kept rows decide about its own", () => {
    const order = compilePlan(everything, everythingSql).statements.map(({ name }) => name);
    const place = (name: string) => order.indexOf(name);
    expect(place("shops")).to.be.lessThan(place("sales#unknown_shop"));
    expect(place("sales#unknown_shop")).to.be.lessThan(place("sales#checked"));
    expect(place("datasets#checks")).to.be.lessThan(place("per_shop"));
  });

  it("asks rules that fail the run first, null rules before value rules, in the order of the columns", () => {
    const plan = small(
      { references: [{ column: "of", dataset: "things", orphans: "keep" }] },
      column("of", "string", "keep", { allowed: ["x"], onViolation: "reject" }),
      column("a", "int", "fail", { range: { min: "1" }, onViolation: "reject" }),
      column("b", "string", "reject", { pattern: "b", onViolation: "fail" }),
    );
    const names = [...sqlOf(plan, "things#checked").matchAll(/then '(\w+)'/g)].map(([, name]) => name);
    expect(names).to.deep.equal([
      "a_is_null",
      "b_pattern",
      "id_is_null",
      "b_is_null",
      "of_not_allowed",
      "a_out_of_range",
    ]);
    expect(Object.keys(plan.report.datasets.things!.rejected)).to.deep.equal(names);
  });

  it("writes values of the contract as texts of the column's type, so that no digit is lost", () => {
    const given = (value: string | boolean, type: string) =>
      sqlOf(small({}, column("x", type, { default: value })), "things");
    expect(given("0.1", "decimal(8,2)")).to.contain("coalesce(`x`, cast('0.1' as decimal(8,2)))");
    expect(given("12345678901234567890.12", "decimal(38,2)")).to.contain(
      "cast('12345678901234567890.12' as decimal(38,2))",
    );
    expect(given(true, "boolean")).to.contain("cast('true' as boolean)");
    expect(given("it's `a\\b`", "string")).to.contain("cast('it\\'s `a\\\\b`' as string)");
  });

  it("compares shares exactly", () => {
    const passes = (maxRejected: number) =>
      checksOf(small({ maxRejected }), "datasets#checks").find(({ name }) => name.endsWith("max_rejected"))!.passes;
    expect(passes(33.3)).to.deep.equal([
      "<=",
      ["*", 1000, ["+", "things.malformed", ["+", "things.rejected.id_is_null"]]],
      ["*", 333, ["+", "things.malformed", "things.read"]],
    ]);
  });

  it("keeps the SQL of outputs and balances as it is", () => {
    const plan = compilePlan(everything, everythingSql);
    expect(sqlOf(plan, "per_shop")).to.equal(everythingSql.per_shop);
    expect(sqlOf(plan, "per_shop#counts")).to.contain("(\nselect sum(amount) from sales -- all of them\n");
  });

  it("takes names that every object has", () => {
    const names = ["constructor", "toString", "__proto__"];
    const datasets = Object.fromEntries(
      names.map((name) => [name, dataset([column("constructor", "string", "reject")], ["constructor"], "constructor")]),
    );
    const outputs = Object.fromEntries([["valueOf", output(["constructor"], { constructor: "string" })]]);
    const sql = { valueOf: "select `constructor` from `constructor`" };
    const plan = compilePlan(contract(datasets, outputs), sql);
    expect(Object.keys(JSON.parse(planText(plan)).report.datasets)).to.deep.equal(names);
    expect(() => compilePlan(contract(datasets, outputs), {})).to.throw('output "valueOf" has no SQL');
  });

  it("refuses references that reject in a circle", () => {
    const references = [{ column: "of", dataset: "things", orphans: "reject" as const }];
    expect(() => small({ references }, column("of", "string"))).to.throw(
      "rejecting orphans leads from things back to itself",
    );
  });

  it("is only of this dialect where the dialect says so", () => {
    const strange = {
      name: "spark" as const,
      identifier: (name: string) => `«${name}»`,
      text: (value: string) => `‹${value}›`,
      type: (name: string) => `§${name}`,
      struct: (columns: readonly string[]) => `STRUCT(${columns})`,
      hash: (values: readonly string[]) => `HASH(${values})`,
      matches: (value: string, pattern: string) => `MATCHES(${value}, ${pattern})`,
      isPlain: (value: string) => `PLAIN(${value})`,
    };
    const { statements } = compileIn(strange, everything, everythingSql);
    const text = statements
      .map((each) => (each.kind === "check" ? "" : each.sql.spark.replaceAll(/‹[^›]*›/g, "‹›")))
      .join("\n");
    expect(text).not.to.match(/`|xxhash64|[^.]\bstruct\(|rlike|typeof|[^§]decimal\(8,2|\bsemi join|\banti join/);
    for (const file of ["compile", "dataset", "output", "rules", "sqlText"]) {
      const source = readFileSync(join(root, "plan", `${file}.ts`), "utf8");
      expect(source, file).not.to.match(
        /xxhash64|[^.]\bstruct\(|rlike|regexp|typeof\(|\\`|semi join|anti join|decimal\(/,
      );
    }
  });
});
