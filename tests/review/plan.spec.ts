/**
 * The plan that a reviewer sees for a planted change. Both sides are the real program on mocks: this proves only what
 * is declared and what the plan shows, not what AWS or Pulumi's engine would do.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { expect } from "chai";
import { deploy } from "../../components/program.ts";
import { layers } from "../../config/naming.ts";
import { markdown } from "../../review/plan/markdown.ts";
import { type Plan, planOf } from "../../review/plan/plan.ts";
import { runProgram } from "../../review/plan/snapshot/mocks.ts";
import { type PlannedResource, type Snapshot, snapshotOf } from "../../review/plan/snapshot/snapshot.ts";
import { commitOf, withCommit } from "../../review/plan/trees.ts";
import { runPipeline, settings, tinySources } from "../components/pipelineRun.ts";
import { changedConfig } from "../config/changedConfig.ts";

const bucketType = "aws-native:s3:Bucket";

async function snapshotWith(changes: Readonly<Record<string, string>>, stack = "prod"): Promise<Snapshot> {
  return snapshotOf(await runPipeline({ stack, config: { "commerce:configFile": changedConfig(changes) } }));
}

/** The first lines: those that say what matters. */
const summary = (plan: Plan): string[] => markdown(plan).split("\n").slice(2, 8);
const line = "user_activity: DuckDB or Spark";
/** Kind and name of what changes. */
const kinds = ({ resources }: Plan): string[] =>
  resources.map(({ kind, resource }) => `${kind} ${resource.type.split(":").at(-1)} ${resource.name}`);

describe("the plan", function () {
  this.timeout(120_000);
  let prod: Snapshot;
  let dev: Snapshot;
  before(async () => {
    prod = await snapshotWith({});
    dev = await snapshotWith({}, "dev");
  });
  const against = (after: Snapshot, before = prod): Plan =>
    planOf({ stack: "prod", base: "main", engines: [line] }, before, after);
  const edit = (snapshot: Snapshot, name: string, type: string, change: (old: PlannedResource) => PlannedResource) => {
    const resources = snapshot.resources.map((old) => (old.name === name && old.type === type ? change(old) : old));
    expect(resources).not.to.deep.equal(snapshot.resources);
    return { ...snapshot, resources };
  };

  it("of no change says so, and what a run may cost", async () => {
    expect(markdown(against(await snapshotWith({})))).to.equal(
      `## Plan for \`prod\`, against \`main\`

- Data: nothing at risk
- Permissions: no change
- Contract: no change
- Statements: no change
- Resources: no change
- Cost: at most USD 4.42 a run, as before
- Engines: DuckDB or Spark, as before

### Cost, at worst

| engine | a run | a month of 30 runs | such a month if every attempt fails |
| --- | --- | --- | --- |
| \`commerce-prod-embedded\`: 3008 MiB, 10 min, 3 attempts | USD 0.02 | USD 0.71 | USD 2.13 |
| \`commerce-prod-refine\`: 10 × G.1X, 60 min, 3 attempts | USD 4.40 | USD 132.00 | USD 396.00 |

The worst case: everything busy until the timeout, one batch a day, USD 0.0000394 per second of the function (https://aws.amazon.com/lambda/pricing/, October 2026) and USD 0.44 per DPU-hour (https://aws.amazon.com/glue/pricing/, October 2026). A run that the function can't finish costs both.

### Engines

\`\`\`text
user_activity: DuckDB or Spark
\`\`\`
`,
    );
  });

  it("of more workers says what they may cost", async () => {
    const plan = against(
      await snapshotWith({
        "workers: 10, autoscaling: true, timeout: 60m": "workers: 20, autoscaling: true, timeout: 90m",
      }),
    );
    expect(summary(plan)[5]).to.equal("- **Cost: at most USD 13.22 a run**, up from USD 4.42");
    expect(markdown(plan)).to.contain("| USD 13.20 (was USD 4.40) | USD 396.00 (was USD 132.00) |");
    expect(kinds(plan)).to.deep.equal(["changed Job commerce-refine"]);
  });

  it("of Glue 6.0 without a function for small runs says what it may cost", async () => {
    const plan = against(
      await snapshotWith({
        'version: "5.1"': 'version: "6.0"',
        "engine: { embeddedUpTo: 400000000, memory: 3008, timeout: 10m }": "engine: glue",
      }),
    );
    expect(summary(plan)[5]).to.equal("- Cost: at most USD 3.08 a run, down from USD 4.42");
    expect(markdown(plan)).to.contain("one batch a day, USD 0.308 per DPU-hour (https://aws.amazon.com/glue/pricing/,");
  });

  it("of a renamed pipeline puts first that every bucket, queue and log is a new one", async () => {
    const plan = against(await snapshotWith({ "name: commerce #": "name: trade #" }));
    const lost = (type: string) =>
      plan.risks.filter(({ resource }) => resource.type === type).map(({ resource }) => resource.name);
    expect(lost(bucketType)).to.deep.equal([...layers].sort().map((layer) => `commerce-${layer}`));
    expect(lost("aws-native:sqs:Queue")).to.have.length(3);
    expect(lost("aws-native:logs:LogGroup")).to.have.length(5);
    expect(summary(plan)[0]!.startsWith("- **Data at risk**: `commerce-artifacts` (Bucket), ")).to.equal(true);
  });

  it("of a renamed bucket says that it is replaced, and what protects its data", async () => {
    const renamed = (snapshot: Snapshot) =>
      edit(snapshot, "commerce-gold", bucketType, (old) => ({
        ...old,
        inputs: { ...old.inputs, bucketName: "commerce-prod-outputs-123456789012" },
      }));
    const plan = against(renamed(prod));
    expect(summary(plan)[0]).to.equal("- **Data at risk**: `commerce-gold` (Bucket)");
    expect(kinds(plan)).to.deep.equal(["replaced Bucket commerce-gold"]);
    expect(markdown(plan)).to.contain(
      "- `commerce-gold` (Bucket): is replaced, because bucketName changes: Pulumi refuses while it is protected; unprotected, its objects would be at risk",
    );
    const retained = against(renamed(dev), dev);
    expect(retained.risks[0]!.what).to.equal(
      "is replaced, because bucketName changes: it stays in AWS with its objects, but outside the stack; the new one begins empty",
    );
    const bare = edit(dev, "commerce-gold", bucketType, (old) => ({ ...old, retainOnDelete: false }));
    expect(against(renamed(bare), bare).risks[0]!.what).to.equal(
      "is replaced, because bucketName changes, and its objects with it; the new one begins empty",
    );
  });

  it("of a renamed resource in the program says removed and added, unless an alias ties the two", () => {
    const renamed = (aliases: (old: PlannedResource) => string[]) =>
      edit(prod, "commerce-gold", bucketType, (old) => ({
        ...old,
        name: "commerce-outputs",
        urn: old.urn.replace(/commerce-gold$/, "commerce-outputs"),
        aliases: aliases(old),
      }));
    const plan = against(renamed(() => []));
    expect(kinds(plan)).to.deep.equal(["removed Bucket commerce-gold", "added Bucket commerce-outputs"]);
    expect(summary(plan)[0]).to.equal("- **Data at risk**: `commerce-gold` (Bucket)");
    expect(kinds(against(renamed((old) => [old.urn])))).to.deep.equal([]);
  });

  it("of data that is kept for a shorter time says how short", async () => {
    const plan = against(
      await snapshotWith({
        "retention: { silver: 365d, logs: 365d }":
          "retention: { bronze: 30d, bronzeVersions: 2d, silver: 365d, logs: 90d }",
        "encryption: { deletionWindow: 30d }": "encryption: { deletionWindow: 7d }",
        "removal: { data: retain, protect: true }": "removal: { data: retain, protect: false }",
      }),
    );
    const said = plan.risks.map(({ resource, what }) => `${resource.name}: ${what}`);
    expect(said).to.include.members([
      "commerce-bronze: objects are kept for 30 days, no longer 90",
      "commerce-bronze: replaced versions are kept for 2 days, no longer 7",
      "commerce-promote-logs: log lines are kept for 90 days, no longer 365",
      "commerce-encryption-key: a deleted key can be restored for 7 days, no longer 30",
      "commerce-gold: Pulumi would no longer refuse to delete it",
    ]);
    const longer = against(
      prod,
      await snapshotWith({ "retention: { silver: 365d, logs: 365d }": "retention: { silver: 90d, logs: 90d }" }),
    );
    expect(longer.risks).to.deep.equal([]);
  });

  it("of an expiry for what was kept for ever, and of versions no longer kept, says so", () => {
    const change = (name: string, inputs: object) =>
      against(edit(prod, name, bucketType, (old) => ({ ...old, inputs: { ...old.inputs, ...inputs } }))).risks.map(
        ({ what }) => what,
      );
    const rules = [{ id: "age", status: "Enabled", expirationInDays: 400 }];
    expect(change("commerce-gold", { lifecycleConfiguration: { rules } })).to.deep.equal([
      "objects are kept for 400 days, no longer for ever",
    ]);
    const { versioningConfiguration, ...unversioned } = prod.resources.find(
      ({ name, type }) => name === "commerce-ledger" && type === bucketType,
    )!.inputs;
    expect(versioningConfiguration).not.to.equal(undefined);
    const plan = against(edit(prod, "commerce-ledger", bucketType, (old) => ({ ...old, inputs: unversioned })));
    expect(plan.risks.map(({ what }) => what)).to.deep.equal(["an overwrite no longer keeps the replaced version"]);
  });

  it("of another query says that its upload changes, and what points to it, and nothing else", async () => {
    const sources = {
      ...tinySources,
      release: {
        ...tinySources.release,
        sql: {
          user_activity: `${tinySources.release.sql.user_activity!.trimEnd()}\nwhere all_users.user_id is not null\n`,
        },
      },
    };
    const run = await runProgram(() => deploy({ sources: async () => sources }), { stack: "prod", config: settings });
    const before = await snapshotOf(await runPipeline({ stack: "prod" }));
    const plan = against(await snapshotOf(run), before);
    expect(kinds(plan)).to.deep.equal([
      "replaced BucketObjectv2 commerce-artifacts-release-plan",
      "changed BucketObjectv2 commerce-artifacts-current",
    ]);
    expect(summary(plan).slice(0, 5)).to.deep.equal([
      "- Data: nothing at risk",
      "- Permissions: no change",
      "- Contract: no change",
      "- Statements: 1 changed",
      "- Resources: 1 replaced, 1 changed",
    ]);
    expect(markdown(plan)).to.contain("because of `key`<br>the old one stays in AWS");
    expect(markdown(plan)).to.contain("\n+where all_users.user_id is not null\n");
  });

  it("of a new dataset says so as a compatible change, and that no permission comes with it", async () => {
    const dataset = `  returns:
    required: false
    file: returns
    formats: [json]
    primaryKey: [return_id]
    latestBy: returned_at
    maxRejected: 5%
    columns:
      return_id: { type: string, onNull: reject }
      returned_at: { type: timestamp, onNull: keep }

  users:
`;
    const plan = against(await snapshotWith({ "  users:\n": dataset }));
    expect(summary(plan).slice(0, 3)).to.deep.equal([
      "- Data: nothing at risk",
      "- Permissions: no change",
      "- Contract: 1 compatible change: `datasets.returns` added as optional",
    ]);
    expect(summary(plan)[3]).to.equal("- Statements: 6 changed, 4 added");
    expect(kinds(plan)).to.deep.equal([
      "replaced BucketObjectv2 commerce-artifacts-release-contract",
      "replaced BucketObjectv2 commerce-artifacts-release-plan",
      "changed BucketObjectv2 commerce-artifacts-current",
      "added CatalogTable commerce-catalog-silver_returns",
    ]);
  });

  it("of a column that may no longer be null says that it breaks the contract, of a dropped one that it doesn't", async () => {
    const dropped = against(
      await snapshotWith({ "      product_id: { type: string, onNull: keep }\n      # A refund": "      # A refund" }),
    );
    expect(summary(dropped)[2]).to.equal(
      "- Contract: 2 compatible changes: `datasets.orders.columns.product_id` removed, `datasets` typed again: orders",
    );
    const plan = against(
      await snapshotWith({
        "      product_id: { type: string, onNull: keep }\n      # A refund":
          "      product_id: { type: string, onNull: reject }\n      # A refund",
      }),
    );
    expect(summary(plan)[2]).to.equal(
      "- **Contract breaks**: `datasets.orders.columns.product_id.onNull` keep → reject",
    );
    expect(markdown(plan)).to.contain(
      "| breaking | producers | `datasets.orders.columns.product_id.onNull` keep → reject | a row without it is rejected |",
    );
    expect(plan.statements.map(({ change, part }) => `${change} ${part.name}`)).to.deep.equal(
      ["orders#checked", "datasets#counts", "orders#rejected", "datasets#checks", "#report"].map(
        (name) => `changed ${name}`,
      ),
    );
    expect(markdown(plan)).to.contain("\n+        when `product_id` is null then 'product_id_is_null'\n");
  });

  it("of a pattern shows it as it is, whatever it means to Markdown", async () => {
    const plan = against(await snapshotWith({ '"[A-Z]{3}"': '"[A-Z]{3}|_*_"' }));
    expect(markdown(plan)).to.contain(
      "| compatible | producers | `datasets.orders.columns.currency.rules.pattern` \\[A-Z\\]{3} → \\[A-Z\\]{3}\\|\\_\\*\\_ | a value that breaks it is only counted |",
    );
  });

  const changeStatement = (
    name: string,
    type: string,
    property: string,
    sid: string,
    change: (it: Record<string, unknown>) => void,
  ) =>
    edit(prod, name, type, (old) => {
      const inputs = structuredClone(old.inputs) as Record<string, { Statement: Record<string, unknown>[] }>;
      change(inputs[property]!.Statement.find(({ Sid }) => Sid === sid)!);
      return { ...old, inputs: inputs as unknown as PlannedResource["inputs"] };
    });

  it("of a role that may do more names the action and the resource", () => {
    const plan = against(
      changeStatement(
        "commerce-promote-role-policy",
        "aws:iam/rolePolicy:RolePolicy",
        "policy",
        "ReadUploads",
        (it) => {
          it.Action = ["s3:GetObjectVersion", "s3:DeleteObject"];
        },
      ),
    );
    expect(summary(plan)[1]).to.equal("- **Permissions widened**: 1 action gained by `commerce-prod-promote`");
    expect(plan.permissions).to.deep.equal([
      {
        principal: "commerce-prod-promote",
        direction: "gained",
        action: "s3:DeleteObject",
        on: "arn:aws:s3:::commerce-prod-bronze-123456789012/*",
      },
    ]);
  });

  it("of a condition that is dropped says what is gained and lost by it", () => {
    const plan = against(
      changeStatement(
        "commerce-refine-role-policy",
        "aws:iam/rolePolicy:RolePolicy",
        "policy",
        "WriteMetrics",
        (it) => {
          delete it.Condition;
        },
      ),
    );
    expect(plan.permissions).to.deep.equal([
      { principal: "commerce-prod-refine", direction: "gained", action: "cloudwatch:PutMetricData", on: "*" },
      {
        principal: "commerce-prod-refine",
        direction: "lost",
        action: "cloudwatch:PutMetricData",
        on: '* if {"StringEquals":{"cloudwatch:namespace":"Glue"}}',
      },
    ]);
  });

  it("of a refusal that is dropped says that everybody gains by it", () => {
    const plan = against(
      changeStatement("commerce-gold-policy", "aws:s3/bucketPolicy:BucketPolicy", "policy", "DenyPlainText", (it) => {
        it.Resource = ["arn:aws:s3:::commerce-prod-gold-123456789012"];
      }),
    );
    expect(plan.permissions).to.deep.equal([
      {
        principal: "everybody",
        direction: "gained",
        action: "s3:* (its refusal is dropped)",
        on: 'arn:aws:s3:::commerce-prod-gold-123456789012/* if {"Bool":{"aws:SecureTransport":"false"}}',
      },
    ]);
  });

  it("of new readers, administrators and boundaries says who gains and who loses", async () => {
    const plan = against(
      await snapshotWith({
        "  rotation: true\n": "  rotation: true\n  administrators: [arn:aws:iam::123456789012:role/deploy]\n",
        "  path: /\n":
          "  path: /\n  permissionsBoundary: arn:aws:iam::123456789012:policy/team\n  goldReaders: [{ principal: arn:aws:iam::210987654321:role/bi, outputs: [user_activity] }]\n",
      }),
    );
    const said = plan.permissions.map(({ principal, direction, action, on }) =>
      [direction, principal, action, on].join(" "),
    );
    expect(said).to.include.members([
      "gained arn:aws:iam::210987654321:role/bi s3:GetObject arn:aws:s3:::commerce-prod-gold-123456789012/user_activity/*",
      "gained arn:aws:iam::123456789012:role/deploy kms:PutKeyPolicy key commerce-encryption-key",
      "lost arn:aws:iam::123456789012:root kms:* key commerce-encryption-key",
      "lost commerce-prod-settle permissions boundary none → arn:aws:iam::123456789012:policy/team",
    ]);
    expect(said.filter((line) => /^gained (commerce|everybody)/.test(line))).to.deep.equal([]);
  });

  it("of a function that another source may invoke, and of a role that another service may take on, says so", () => {
    const opened = edit(prod, "commerce-settle-sweep-permission", "aws:lambda/permission:Permission", (old) => {
      const { sourceArn, ...inputs } = old.inputs;
      return { ...old, inputs };
    });
    expect(against(opened).permissions[0]).to.deep.equal({
      principal: "events.amazonaws.com",
      direction: "gained",
      action: "lambda:InvokeFunction",
      on: "function commerce-prod-settle for any source",
    });
    const trusted = changeStatement(
      "commerce-refine-role",
      "aws:iam/role:Role",
      "assumeRolePolicy",
      "AssumeRole",
      (it) => {
        it.Principal = { Service: ["glue.amazonaws.com", "ec2.amazonaws.com"] };
      },
    );
    expect(against(trusted).permissions).to.deep.equal([
      {
        principal: "ec2.amazonaws.com",
        direction: "gained",
        action: "sts:AssumeRole",
        on: "role commerce-prod-refine",
      },
    ]);
  });

  it("says the same of the same change each time", async () => {
    const change = { "  path: /\n": "  path: /data/\n" };
    const text = markdown(against(await snapshotWith(change)));
    expect(markdown(against(await snapshotWith(change)))).to.equal(text);
    expect(text).to.contain("| replaced | `commerce-settle-role` (Role) | because of `path`");
  });

  it("knows for every type of the program what replaces it", () => {
    const unsure = markdown(
      against({ ...prod, resources: prod.resources.map((old) => ({ ...old, inputs: { ...old.inputs, added: 1 } })) }),
    );
    expect(unsure).not.to.contain("this type is not known");
  });
});

describe("npm run plan", function () {
  this.timeout(600_000);
  this.slow(60_000);
  let folder: string;
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], {
      cwd: folder,
      encoding: "utf8",
    });
  const plan = (...args: string[]) =>
    execFileSync(process.execPath, ["--import", "tsx", "scripts/plan.ts", ...args], {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  const refusal = (...args: string[]) => {
    try {
      plan(...args);
    } catch (error) {
      const { status, stderr } = error as { status: number; stderr: string };
      return { status, stderr: stderr.trim() };
    }
    throw new Error("it was not refused");
  };
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "plan-repository-"));
    const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { encoding: "utf8" })
      .trim()
      .split("\n");
    for (const file of files.filter((path) => !path.startsWith("docs/") && path !== ".venv" && existsSync(path))) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      cpSync(file, join(folder, file));
    }
    git("init", "--quiet", "--initial-branch=main");
    git("add", "--all");
    git("commit", "--quiet", "--message=base");
    symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, ".git/info/exclude"), "node_modules\nnpm.js\n");
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("runs both programs without credentials: a changed query is its upload, in any folder", () => {
    const sql = join(folder, "glue/sql/user_activity.sql");
    writeFileSync(sql, `${readFileSync(sql, "utf8")}\n-- changed\n`);
    const text = plan("dev");
    expect(text.split("\n").slice(0, 8)).to.deep.equal([
      "## Plan for `dev`, against `main`",
      "",
      "- Data: nothing at risk",
      "- Permissions: no change",
      "- Contract: no change",
      "- Statements: 1 changed",
      "- Resources: 1 replaced, 1 changed",
      "- Cost: at most USD 0.46 a run, as before",
    ]);
    expect(text.split("### Statements")[0]!.match(/^\| (replaced|changed) .*?\)/gm)).to.deep.equal([
      "| replaced | `commerce-artifacts-release-plan` (BucketObjectv2)",
      "| changed | `commerce-artifacts-current` (BucketObjectv2)",
    ]);
    expect(text).to.match(/#### `user_activity`\n\n```diff\n@@ line \d+ @@\n(?: .*\n){2}\+\n\+-- changed\n when /);
    expect(git("status", "--porcelain").trim()).to.equal("M glue/sql/user_activity.sql");
  });

  it("refuses what it can't plan in one message", () => {
    expect(refusal()).to.deep.include({ status: 2 });
    expect(refusal("dev", "--base", "nowhere")).to.deep.equal({
      status: 1,
      stderr: '"nowhere" is not a commit of this repository; fetch it, or name another with --base',
    });
    expect(refusal("staging").stderr).to.contain("Pulumi.staging.yaml can't be read");
  });

  it("gives a base of another lock file its own modules", async () => {
    const npm = join(folder, "npm.js");
    writeFileSync(
      npm,
      `import { mkdirSync, writeFileSync } from "node:fs";
mkdirSync("node_modules");
writeFileSync("node_modules/asked", process.argv.slice(2).join(" "));
`,
    );
    writeFileSync(join(folder, "package-lock.json"), "{}\n");
    const before = { cwd: process.cwd(), npm: process.env.npm_execpath };
    process.chdir(folder);
    process.env.npm_execpath = npm;
    try {
      const asked = await withCommit(commitOf("main"), async (tree) =>
        readFileSync(join(tree, "node_modules/asked"), "utf8"),
      );
      expect(asked).to.equal("ci --omit=dev --no-audit --no-fund --no-progress");
    } finally {
      process.chdir(before.cwd);
      if (before.npm === undefined) delete process.env.npm_execpath;
      else process.env.npm_execpath = before.npm;
    }
  });
});
