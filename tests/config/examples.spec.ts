import { expect } from "chai";
import { type ColumnType, parseColumnType, scalarKinds } from "../../config/columnType.ts";
import { loadConfig } from "../../config/load.ts";
import { checkSql } from "../../config/sql.ts";

const names = ["clinic", "fleet"] as const;
const environments = ["dev", "prod"] as const;
const load = (name: string, environment = "dev") => loadConfig(`examples/${name}/pipeline_config.yaml`, environment);

function kindsIn(type: ColumnType): string[] {
  if (type.kind === "array") return [type.kind, ...kindsIn(type.element)];
  if (type.kind === "struct") return [type.kind, ...type.fields.flatMap((field) => kindsIn(field.type))];
  return [type.kind];
}

/** What the examples declare; that they run and give the right answer is tests/e2e/examples.spec.ts. */
describe("the examples", () => {
  const configs = () => names.map((name) => load(name).config);
  const datasets = () => configs().flatMap((config) => Object.values(config.datasets));

  for (const name of names)
    for (const environment of environments)
      it(`have a valid config and valid SQL: ${name}, ${environment}`, () => checkSql(load(name, environment)));

  it("are pipelines of their own, with two outputs each", () => {
    const shipped = loadConfig("config/pipeline_config.yaml", "dev").config;
    const all = [shipped, ...configs()];
    expect(new Set(all.map(({ name }) => name)).size).to.equal(all.length);
    expect(new Set(all.map(({ batching }) => batching.keyPattern)).size).to.equal(all.length);
    for (const { outputs } of configs()) expect(Object.keys(outputs)).to.have.length(2);
  });

  it("read and return columns of every type", () => {
    const every = [...scalarKinds, "decimal", "array", "struct"].sort();
    const kinds = (types: string[]) => [...new Set(types.flatMap((type) => kindsIn(parseColumnType(type))))].sort();
    const read = datasets().flatMap(({ columns }) => Object.values(columns).map(({ type }) => type));
    const returned = configs().flatMap(({ outputs }) =>
      Object.values(outputs).flatMap(({ columns }) => Object.values(columns)),
    );
    expect(kinds(read)).to.deep.equal(every);
    expect(kinds(returned)).to.deep.equal(every);
  });

  it("have each kind of null rule, optional datasets and references", () => {
    const rules = datasets().flatMap(({ columns }) => Object.values(columns).map(({ onNull }) => onNull));
    const kinds = new Set(rules.map((rule) => (typeof rule === "object" ? "default" : rule)));
    expect([...kinds].sort()).to.deep.equal(["default", "keep", "reject"]);
    for (const config of configs()) {
      const own = Object.values(config.datasets);
      expect(own.filter(({ required }) => !required)).to.have.length(1);
      expect(own.filter(({ references }) => references)).to.have.length.at.least(2);
    }
  });
});
