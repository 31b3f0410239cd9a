import { readFileSync } from "node:fs";
import { expect } from "chai";
import { problemsOf } from "../../config/validate.ts";
import { changedConfig } from "./changedConfig.ts";

/** What a config may name beside the stack's own roles, and what is refused, at its line and column. */
describe("principals in the config", () => {
  const example = "such as arn:aws:iam::123456789012:role/analytics";
  /** What is said of the config once the key's administrators and Gold's readers are these, without the file's name. */
  async function problems(administrators: string, goldReaders = "[]"): Promise<string[]> {
    const file = changedConfig({
      "  rotation: true\n": `  rotation: true\n  administrators: ${administrators}\n`,
      "  path: /\n": `  path: /\n  goldReaders: ${goldReaders}\n`,
    });
    return (await problemsOf(file)).map((line) => line.slice(file.length + 1));
  }
  const lineOf = (text: string) => readFileSync("config/pipeline_config.yaml", "utf8").split("\n").indexOf(text) + 1;
  const administratorsLine = lineOf("  rotation: true") + 1;
  const readersLine = lineOf("  path: /") + 2;
  const admin = "arn:aws:iam::123456789012:role/ops/deploy";
  const reader = "arn:aws:iam::210987654321:role/analytics";

  it("may be roles and users, also of other accounts and partitions", async () => {
    const user = "arn:aws-cn:iam::123456789012:user/jo@example.com";
    const readers = `[{ principal: ${reader}, outputs: [user_activity] }]`;
    expect(await problems(`[${admin}, ${user}]`, readers)).to.deep.equal([]);
  });

  it("leave the key to somebody", async () => {
    expect(await problems("[]")).to.deep.equal([
      `${administratorsLine}:19 encryption.administrators: nobody could administer the key; name a role or a user, or omit the setting to allow the whole account`,
    ]);
  });

  const wrong: [what: string, principal: string, says: string][] = [
    ["everybody", '"*"', `a principal is one role or user, without *, ${example}`],
    [
      "every role of an account",
      '"arn:aws:iam::123456789012:role/*"',
      `a principal is one role or user, without *, ${example}`,
    ],
    [
      "a whole account",
      "arn:aws:iam::123456789012:root",
      `a whole account is no principal here; name a role or a user of it, ${example}`,
    ],
    [
      "an account's number",
      '"123456789012"',
      `a whole account is no principal here; name a role or a user of it, ${example}`,
    ],
    [
      "a session",
      "arn:aws:sts::123456789012:assumed-role/deploy/jo",
      "a session ends; name its role, with its path: arn:aws:iam::123456789012:role/deploy",
    ],
    [
      "an account of eleven digits",
      "arn:aws:iam::12345678901:role/deploy",
      `not the ARN of a role or a user, ${example}`,
    ],
    ["a policy", "arn:aws:iam::123456789012:policy/deploy", `not the ARN of a role or a user, ${example}`],
    ["a service", "lambda.amazonaws.com", `not the ARN of a role or a user, ${example}`],
  ];
  for (const [what, principal, says] of wrong)
    it(`are never ${what}`, async () => {
      expect(await problems(`[${principal}]`, `[{ principal: ${principal}, outputs: [user_activity] }]`)).to.deep.equal(
        [
          `${administratorsLine}:20 encryption.administrators.0: ${says}`,
          `${readersLine}:30 iam.goldReaders.0.principal: ${says}`,
        ],
      );
    });

  it("read declared outputs only, each named once", async () => {
    const readers = `[{ principal: ${reader}, outputs: [user_activty, user_activity, user_activity] }, { principal: ${reader}, outputs: [] }]`;
    const found = await problems(`[${admin}, ${admin}]`, readers);
    expect(found.map((line) => line.replace(/^(\d+):\d+/, "$1"))).to.deep.equal([
      `${administratorsLine} encryption.administrators.1: "${admin}" is named twice`,
      `${readersLine} iam.goldReaders.0.outputs.0: "user_activty" is not an output (did you mean "user_activity"?); outputs: user_activity`,
      `${readersLine} iam.goldReaders.0.outputs.2: "user_activity" is named twice`,
      `${readersLine} iam.goldReaders.1.principal: "${reader}" is named twice`,
      `${readersLine} iam.goldReaders.1.outputs: must be at least 1 entries`,
    ]);
  });
});
