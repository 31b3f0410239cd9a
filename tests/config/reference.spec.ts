/**
 * What is made from the config's schema: the reference for people, and the schema that editors check by. Both are written
 * by `UPDATE_GENERATED=1 npm test -- tests/config/reference.spec.ts`.
 */
import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { expect } from "chai";
import { parse } from "yaml";
import { expectGenerated } from "../docs/generatedFile.ts";
import { configReference, fileSchema, type JsonSchema } from "./configReference.ts";

const shipped = "config/pipeline_config.yaml";
const schemaFile = "config/pipeline_config.schema.json";
const text = readFileSync(shipped, "utf8");

describe("the config's reference", () => {
  it("is docs/configuration.md", () => {
    expectGenerated("docs/configuration.md", configReference());
  });

  it("says of every setting what it means", () => {
    const silent = configReference()
      .split("\n")
      .filter((line) => /^\| `/.test(line) && /\|\s*\|$/.test(line));
    expect(silent).to.deep.equal([]);
  });
});

describe("the config's schema for editors", () => {
  const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(fileSchema());
  /** What is wrong with the shipped file once `from` is replaced. */
  const problems = (from = "", to = ""): string[] => {
    const changed = text.replace(from, to);
    if (from) expect(changed).to.not.equal(text);
    validate(parse(changed));
    return (validate.errors ?? []).map(({ instancePath, message, params }) =>
      [instancePath, message, ...Object.values(params)].join(" "),
    );
  };

  it(`is ${schemaFile}`, () => {
    expectGenerated(schemaFile, `${JSON.stringify(fileSchema(), null, 2)}\n`);
  });

  it("is named in the first line of the shipped file", () => {
    expect(text.split("\n")[0]).to.equal("# yaml-language-server: $schema=./pipeline_config.schema.json");
  });

  it("takes the shipped file", () => {
    expect(problems()).to.deep.equal([]);
  });

  it("takes an environment that overrides nothing", () => {
    expect(problems("environments:\n", "environments:\n  staging:\n")).to.deep.equal([]);
  });

  it("has a description wherever a value is written", () => {
    const silent: string[] = [];
    const visit = (path: string, { properties, description, additionalProperties }: JsonSchema): void => {
      if (!description && !properties) silent.push(path);
      for (const [key, child] of Object.entries(properties ?? {})) visit(`${path}.${key}`, child);
      if (typeof additionalProperties === "object" && additionalProperties.properties)
        visit(`${path}.*`, additionalProperties);
    };
    visit("", fileSchema());
    expect(silent).to.deep.equal([]);
  });

  for (const [title, from, to, problem] of [
    ["a typo in a key", "  maxSpread:", "  maxSpred:", "/batching must NOT have additional properties maxSpred"],
    [
      "a typo in an override",
      "alerts: { queueAge: 2h }",
      "alerts: { queueage: 2h }",
      "/environments/dev/alerts must NOT have additional properties queueage",
    ],
    ["a duration without its unit", "maxSpread: 6h", 'maxSpread: "6"', "/batching/maxSpread must match pattern"],
    ["a number that is too small", "workers: 10,", "workers: 1,", "/environments/prod/glue/workers must be >= 2"],
    ["a value that is not allowed", "workerType: G.1X", "workerType: G1X", "/glue/workerType must be equal to one of"],
    ["a text for a switch", "protect: true", 'protect: "yes"', "/removal/protect must be boolean"],
    [
      "an unknown null rule",
      "onNull: reject",
      "onNull: drop",
      "/datasets/users/columns/user_id/onNull must match a schema",
    ],
    ["no environments", "environments:", "tagz:", "must have required property 'environments'"],
  ] as const)
    it(`refuses ${title}`, () => {
      expect(problems(from, to).join("\n")).to.contain(problem);
    });
});
