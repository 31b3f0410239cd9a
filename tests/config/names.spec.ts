/** Names that JavaScript's objects have of themselves are names like any other. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { deploy } from "../../components/program.ts";
import { parseColumnType } from "../../config/columnType.ts";
import { contractOf } from "../../config/contract.ts";
import { loadConfig } from "../../config/load.ts";
import { differences, problemsOf } from "../../config/validate.ts";
import { inputSet } from "../../handlers/ledger/gate.ts";
import { readSource } from "../../review/contractDiff/read.ts";
import { settings, tinySources } from "../components/pipelineRun.ts";
import { runProgram } from "../components/pulumiMocks.ts";
import { shopConfig } from "../e2e/shopConfig.ts";

const datasets = `  constructor:
    required: true
    file: constructor
    formats: [json]
    primaryKey: [__proto__]
    latestBy: toString
    maxRejected: 50%
    references: { hasOwnProperty: { dataset: constructor, orphans: keep } }
    columns:
      __proto__: { type: string, onNull: reject }
      __proto___: { type: string, onNull: keep }
      toString: { type: long, onNull: { default: 1 } }
      hasOwnProperty: { type: string, onNull: keep, rules: [{ allowed: [constructor], onViolation: warn }] }
`;
const outputs = `  valueof:
    sql: query.sql
    description: x
    grain: [__proto__]
    clusterBy: [__proto__]
    balances: { constructor: { input: select count(*) from constructor, output: select count(*) from valueof } }
    columns: { __proto__: string, constructor: long }
`;
const query = "select `__proto__`, `toString` as constructor from constructor";

function written(edit: (text: string) => string = (text) => text): string {
  const folder = mkdtempSync(join(tmpdir(), "names-"));
  const text = shopConfig({ datasets, outputs }).replace("tags: {", "tags: { __proto__: a, constructor: b,");
  const changed = edit(text);
  writeFileSync(join(folder, "query.sql"), query);
  writeFileSync(join(folder, "pipeline.yaml"), changed);
  return join(folder, "pipeline.yaml");
}
const said = async (edit: (text: string) => string) =>
  (await problemsOf(written(edit))).map((line) => line.replace(/^.*?:\d+:\d+ /, ""));
const columnNames = "__proto__, __proto___, toString, hasOwnProperty";

describe("names that every object has", () => {
  it("are loaded and come into the contract", () => {
    const { config } = loadConfig(written(), "dev");
    const contract = contractOf(config);
    expect(Object.entries(config.tags).slice(0, 2)).to.deep.equal([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
    const { columns, references, primaryKey, latestBy } = Object.values(contract.datasets)[0]!;
    expect(columns.map(({ name }) => name).join(", ")).to.equal(columnNames);
    expect({ references, primaryKey, latestBy }).to.deep.equal({
      references: [{ column: "hasOwnProperty", dataset: "constructor", orphans: "keep" }],
      primaryKey: ["__proto__"],
      latestBy: "toString",
    });
    const output = contract.outputs.valueof!;
    expect(output.columns.map(({ name }) => name)).to.deep.equal(["__proto__", "constructor"]);
    expect(output.balances.map(({ name }) => name)).to.deep.equal(["constructor"]);
    expect(readSource(written()).contract("dev").datasets).to.deep.equal(contract.datasets);
  });

  it("are valid with their SQL", async () => {
    expect(await problemsOf(written())).to.deep.equal([]);
  });

  it("are overridden by an environment, and compared", () => {
    const tags = "tags: { __proto__: c, constructor: b, toString: d }";
    const file = written((text) =>
      text.replace("environments: { dev: {} }", `environments: { dev: {}, constructor: { ${tags} } }`),
    );
    expect(Object.entries(loadConfig(file, "constructor").config.tags)).to.deep.equal([
      ["__proto__", "c"],
      ["constructor", "b"],
      ["team", "shop"],
      ["toString", "d"],
    ]);
    expect(differences(file, "dev", "constructor")).to.deep.equal([
      { path: "tags.__proto__", left: '"a"', right: '"c"' },
      { path: "tags.toString", left: "-", right: '"d"' },
    ]);
  });

  it("are deployed", async () => {
    const sources = { ...tinySources, release: { ...tinySources.release, sql: { valueof: query } } };
    const run = await runProgram(() => deploy({ sources: async () => sources }), {
      stack: "dev",
      config: { ...settings, "commerce:configFile": written() },
    });
    const [table] = run.all("aws:glue/catalogTable:CatalogTable");
    expect(table!.inputs.storageDescriptor.columns.map(({ name }: { name: string }) => name)).to.deep.equal([
      "__proto__",
      "constructor",
    ]);
    const [role] = run.all("aws:iam/role:Role");
    expect(Object.entries(role!.inputs.tags)).to.deep.include.members([["constructor", "b"]]);
  });

  for (const [title, from, to, problems] of [
    [
      "a key",
      "primaryKey: [__proto__]",
      "primaryKey: [constructor]",
      [`datasets.constructor.primaryKey.0: "constructor" is not a column of constructor; columns: ${columnNames}`],
    ],
    [
      "the latest",
      "latestBy: toString",
      "latestBy: valueOf",
      [`datasets.constructor.latestBy: "valueOf" is not a column of constructor; columns: ${columnNames}`],
    ],
    [
      "a grain",
      "grain: [__proto__]",
      "grain: [toString]",
      [`outputs.valueof.grain.0: "toString" is not a column of valueof; columns: __proto__, constructor`],
    ],
    [
      "a dataset",
      "{ dataset: constructor,",
      "{ dataset: toString,",
      [`datasets.constructor.references.hasOwnProperty.dataset: "toString" is not a dataset; datasets: constructor`],
    ],
    [
      "a column's type",
      "toString: { type: long,",
      "toString: { type: constructor,",
      [
        `datasets.constructor.columns.toString.type: "constructor" is not a column type; allowed: string, boolean, integer, long, double, date, timestamp, decimal(precision,scale), array<type>, struct<name:type,...>`,
      ],
    ],
    [
      "a setting",
      "iam: { path: / }",
      "iam: { path: /, __proto__: /, constructor: / }",
      [
        `iam.__proto__: unknown key "__proto__"; allowed: path, permissionsBoundary, goldReaders`,
        `iam.constructor: unknown key "constructor"; allowed: path, permissionsBoundary, goldReaders`,
      ],
    ],
    [
      "a setting that is missing",
      "tags: { __proto__: a, constructor: b,",
      "tags: { __proto__: [a], constructor: b,",
      ["tags.__proto__: must be a text, not a list"],
    ],
  ] as const)
    it(`are refused as ${title} where nothing has that name`, async () => {
      expect(await said((text) => text.replace(from, to))).to.deep.equal(problems);
    });

  it("stand for nothing that a document lacks", () => {
    expect(inputSet({}, { constructor: { required: true } })).to.equal("[]");
    expect(() => parseColumnType("constructor")).to.throw('"constructor" is not a column type');
  });
});
