import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { differences } from "../../config/validate.ts";

describe("npm run validate", () => {
  const validate = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/run.mjs", "validate", ...args], {
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  };
  const edited = (from: string | RegExp, to: string): string => {
    const folder = mkdtempSync(join(tmpdir(), "validate-"));
    const text = readFileSync("config/pipeline_config.yaml", "utf8").replace(
      "../glue/sql/user_activity.sql",
      "user_activity.sql",
    );
    const changed = text.replace(from, to);
    expect(changed).to.not.equal(text);
    writeFileSync(join(folder, "user_activity.sql"), readFileSync("glue/sql/user_activity.sql"));
    writeFileSync(join(folder, "pipeline.yaml"), changed);
    return join(folder, "pipeline.yaml");
  };

  it("says that the shipped config is valid in all its environments", () => {
    expect(validate()).to.deep.equal({
      status: 0,
      stdout: "config/pipeline_config.yaml is valid in dev, prod\nuser_activity: DuckDB or Spark\n",
      stderr: "",
    });
  });

  it("says once what is wrong with every environment, and where else what is wrong with one", () => {
    const config = edited(/attempts: 3([\s\S]*)data: destroy/, "attempts: 0$1data: destory");
    const { status, stderr } = validate("--config", config);
    expect(status).to.equal(1);
    const [first, second, ...rest] = stderr.trimEnd().split("\n");
    expect(first).to.match(/glue\.attempts: must be at least 1$/);
    expect(second).to.match(/removal\.data: must be one of retain, destroy \(did you mean "destroy"\?\) \(in dev\)$/);
    expect(rest).to.deep.equal([]);
  });

  it("finds SQL that reads what no dataset declares", () => {
    const config = edited("      event_type:\n", "      kind:\n");
    const { status, stderr } = validate("--config", config);
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /user_activity\.sql:\d+:\d+ outputs\.user_activity\.sql: Unknown column 'event_type' in table 'events'/,
    );
  });

  it("tells in what two environments differ, as it is written", () => {
    const found = differences("config/pipeline_config.yaml", "dev", "prod");
    expect(found).to.deep.include({ path: "removal.data", left: '"destroy"', right: '"retain"' });
    expect(found.map(({ path }) => path)).to.not.include("glue.version");
    const { status, stdout } = validate("--diff", "dev..prod");
    expect(status).to.equal(0);
    expect(stdout.trimEnd().split("\n")).to.have.length(found.length + 1);
  });

  for (const [title, args, message] of [
    [
      "an environment that is not declared",
      ["--diff", "dev..prd"],
      /"prd" is not an environment of .* \(did you mean "prod"\?\)/,
    ],
    ["one environment to compare", ["--diff", "dev"], /--diff dev: write two environments as A\.\.B/],
    ["two words for it", ["--diff", "dev", "prod"], /Unexpected argument 'prod'/],
    ["an unknown flag", ["--dif", "dev..prod"], /Unknown option '--dif'/],
    ["a file that is not there", ["--config", "nothing.yaml"], /^nothing\.yaml: no such file/],
  ] as const)
    it(`refuses ${title} without a stack trace`, () => {
      const { status, stderr } = validate(...args);
      expect(status).to.equal(2);
      expect(stderr).to.match(message);
      expect(stderr).to.not.match(/^\s+at /m);
    });
});
