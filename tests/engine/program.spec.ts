import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { accountId } from "../../local/localAws.ts";
import { lambdaFiles } from "../../setup/lambdaPackages.mjs";
import { type Deployment, startDeployment } from "./deployment.ts";

/** The diagnostics of a preview or update: what a person is told beside the list of resources. */
const errors = (text: string): string[] => [...text.matchAll(/^ {4}error: (.*)$/gm)].map(([, message]) => message!);
const warnings = (text: string): string[] =>
  [...text.matchAll(/^ {4}warning: (?!using pulumi-analyzer)(.*)$/gm)].map(([, message]) => message!);
/** Operation, type and name of what changes, in their order; of a replacement one line, and nothing of components. */
const plan = (text: string): string[] =>
  [...text.matchAll(/^ (\+-|\+|-|~) +(aws\S+) (\S+)/gm)]
    .map(([, sign, type, name]) => `${sign} ${type!.split(":").at(-1)} ${name}`)
    .sort();

describe("the program on the real Pulumi CLI", function () {
  this.timeout(300_000);
  let deployment: Deployment;
  const inFolder = (file: string) => join(deployment.folder, file);
  const preview = (stack = "dev", ...args: string[]) =>
    deployment.pulumi("preview", "--stack", stack, "--non-interactive", ...args);

  /** Previews with files changed, and changes them back. */
  async function previewWith(changes: Readonly<Record<string, (text: string) => string>>, ...args: string[]) {
    const before = Object.keys(changes).map((file) => [file, readFileSync(inFolder(file), "utf8")] as const);
    for (const [file, text] of before) {
      const changed = changes[file]!(text);
      expect(changed, file).not.to.equal(text);
      writeFileSync(inFolder(file), changed);
    }
    try {
      return await preview("dev", ...args);
    } finally {
      for (const [file, text] of before) writeFileSync(inFolder(file), text);
    }
  }

  before(async () => {
    deployment = await startDeployment();
    const secrets = ["--secrets-provider", "awskms://alias/pulumi-state?region=eu-central-1"];
    for (const stack of ["dev", "prod"]) {
      expect((await deployment.pulumi("stack", "init", stack, ...secrets)).code).to.equal(0);
      await deployment.pulumi("config", "set", "--stack", stack, "commerce:account", accountId);
    }
    const { code, text } = await deployment.pulumi("up", "--stack", "dev", "--yes", "--skip-preview");
    expect(code, text).to.equal(0);
  });
  after(() => deployment?.stop());

  it("keeps to the policy pack, and plans prod, where nobody would get the alerts and DuckDB can run the output", async () => {
    const { code, text } = await preview("prod", "--policy-pack", "policy");
    expect(code, text).to.equal(0);
    expect(warnings(text)).to.deep.equal(["commerce:alertEmail is not set, so nobody gets the alerts of prod by mail"]);
    expect(text).to.match(/^ {4}user_activity: DuckDB or Spark$/m);
    expect(text).to.match(/\+ \d+ to create/);
  });

  for (const [file, job] of [
    ["preview.yml", "preview"],
    ["deploy.yml", "dev"],
  ] as const)
    it(`is ${job === "dev" ? "deployed" : "previewed"} by what ${file} runs, with no more in its environment`, async () => {
      const workflow = parse(readFileSync(inFolder(`.github/workflows/${file}`), "utf8"));
      const { env, steps } = workflow.jobs[job] as { env: object; steps: readonly { run?: string }[] };
      expect(Object.keys(env)).to.have.members(
        job === "dev" ? ["PULUMI_BACKEND_URL"] : ["PULUMI_BACKEND_URL", "STACK"],
      );
      const scripts = steps.flatMap(({ run = "" }) => (run.includes("pulumi ") ? [run] : []));
      expect(scripts).to.have.length(1);
      const { code, text } = await deployment.run("env", "STACK=dev", "bash", "-eo", "pipefail", "-c", scripts[0]!);
      expect(code, text).to.equal(0);
      expect(text).to.match(/Resources:\n {4}\d+ unchanged/);
    });

  it("is refused by the policy pack for a fault that is put in", async () => {
    const { code, text } = await previewWith(
      {
        "components/bucket.ts": (source) =>
          source.replace("restrictPublicBuckets: true", "restrictPublicBuckets: false"),
      },
      "--policy-pack",
      "policy",
    );
    expect(code, text).not.to.equal(0);
    expect(text).to.match(/\[mandatory\] +public-access-blocked/);
  });

  for (const [what, changes, expected] of [
    [
      "a query",
      { "glue/sql/user_activity.sql": (text: string) => `-- again\n${text}` },
      ["+- BucketObjectv2 commerce-artifacts-release-plan", "~ BucketObjectv2 commerce-artifacts-current"],
    ],
    [
      "the memory of a function",
      { "config/pipeline_config.yaml": (text: string) => text.replace(/memory: \d+/, "memory: 1024") },
      ["~ Function commerce-promote"],
    ],
    [
      "the engine",
      { "glue/plan_runner/run.py": (text: string) => `${text}\n# again\n` },
      ["+- BucketObjectv2 commerce-artifacts-release-engine", "~ BucketObjectv2 commerce-artifacts-current"],
    ],
  ] as const)
    it(`plans for ${what} what it concerns and nothing else`, async () => {
      const { code, text } = await previewWith(changes);
      expect(code, text).to.equal(0);
      expect(plan(text)).to.deep.equal(expected);
    });

  it("shows a change of the engine by names and hashes", async () => {
    const { text } = await previewWith({ "glue/plan_runner/run.py": (source) => `${source}\n# again\n` }, "--diff");
    expect(Math.max(...text.split("\n").map((line) => line.length))).to.be.below(400);
    expect(text).to.match(/~ key +: "engine\/\w+\/plan_runner.zip" => "engine\//);
    expect(text).to.match(/\+ source +: asset\(file:\w+\) \{ \.local\/uploads\/engine\//);
  });

  it("puts DuckDB for Lambda's machines beside a function that loads it, from paths that name no machine", async () => {
    const { code, text } = await previewWith(
      {
        "handlers/settle/index.ts": (source) =>
          `${source}\nexport const reach = async () => await import("@duckdb/node-api");\n`,
      },
      "--diff",
    );
    expect(code, text).to.equal(0);
    expect([...text.matchAll(/^ *~ aws\S+: \(update\)\n *\[id=(.*)\]/gm)].map(([, id]) => id)).to.deep.equal([
      "commerce-dev-settle",
    ]);
    const shipped = [...text.matchAll(/^ *\+ +"(node_modules\/\S+)" *: asset\(file:\w+\) \{ (\S+) \}/gm)];
    expect(shipped.map(([, path]) => path)).to.have.members([...lambdaFiles]);
    for (const [, path, file] of shipped)
      expect(file)
        .to.match(/^\.local\/packages\/lambda-[0-9a-f]{16}\/node_modules\//)
        .and.to.satisfy((one: string) => one.endsWith(path!));
  });

  for (const [what, settings, expected] of [
    [
      "a switch that is neither on nor off",
      { "commerce:destroyData": "maybe" },
      "commerce:destroyData must be one of true, false",
    ],
    [
      "a misspelt setting",
      { "commerce:alertMail": "team@example.com" },
      'commerce:alertMail unknown key "alertMail" (did you mean "alertEmail"?); allowed: account, alertEmail, configFile, destroyData',
    ],
    ["an address that is none", { "commerce:alertEmail": "nonsense" }, "commerce:alertEmail must be one mail address"],
    [
      "no region",
      { "aws:region": null },
      "aws:region is missing; set it: pulumi config set --stack dev aws:region eu-central-1",
    ],
  ] as const)
    it(`refuses ${what} in one line, at once`, async () => {
      const begun = Date.now();
      const { code, text } = await previewWith({
        "Pulumi.dev.yaml": (yaml) =>
          Object.entries(settings).reduce((changed, [key, value]) => {
            const rest = changed.replace(new RegExp(`^  ${key}:.*\n`, "m"), "");
            return value === null ? rest : rest.replace("config:\n", `config:\n  ${key}: "${value}"\n`);
          }, yaml),
      });
      expect(code).not.to.equal(0);
      expect(errors(text)).to.deep.equal([`Pulumi.dev.yaml: ${expected}`]);
      expect(Date.now() - begun).to.be.below(60_000);
    });

  describe("with credentials that are not the stack's", () => {
    afterEach(() => {
      deployment.standIn.account = accountId;
      deployment.standIn.failure = null;
    });

    it("refuses those of another account, and plans nothing", async () => {
      deployment.standIn.account = "111111111111";
      const { code, text } = await preview();
      expect(code).not.to.equal(0);
      expect(plan(text)).to.deep.equal([]);
      expect(errors(text)).to.deep.equal([
        `stack dev lives in account ${accountId} (commerce:account), and these credentials are of account 111111111111`,
      ]);
    });

    it("refuses those that have ended, in one line with the cause", async () => {
      deployment.standIn.failure =
        "1 error occurred:\n\t* reading the identity: ExpiredToken: the token has expired\n\n";
      const { code, text } = await preview();
      expect(code).not.to.equal(0);
      const [error, ...more] = errors(text);
      expect(error).to.match(/^AWS does not say whose credentials these are: .*ExpiredToken: the token has expired$/);
      expect(more).to.deep.equal([]);
    });
  });

  it("finds nothing changed after all of this", async () => {
    const { text } = await deployment.pulumi("refresh", "--stack", "dev", "--yes", "--non-interactive");
    expect(text).to.match(/Resources:\n {4}\d+ unchanged/);
    expect(plan((await preview()).text)).to.deep.equal([]);
  });
});
