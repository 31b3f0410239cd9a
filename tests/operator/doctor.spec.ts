/** `doctor`: each look with what AWS would answer, well and badly. That the answers are AWS's own is not shown here. */

import { expect } from "chai";
import { contractOf } from "../../config/contract.ts";
import { loadConfig } from "../../config/load.ts";
import { type Check, runProbe } from "../../operator/doctor/check.ts";
import { nodeCheck } from "../../operator/doctor/machine.ts";
import { stackProbes } from "../../operator/doctor/stack.ts";
import type { Target } from "../../operator/stack/target.ts";
import { embeddedRelease, release } from "../handlers/ledger/documents.ts";
import type { PipelineUnderTest } from "../handlers/pipelineUnderTest.ts";
import { operatorOf, targetOf } from "./operator.ts";

const { config } = loadConfig("config/pipeline_config.yaml", "dev");
const settings = { pipeline: "commerce", environment: "dev" } as PipelineUnderTest["settings"];
const names = {
  bronzeBucket: "bronze",
  silverBucket: "silver",
  rejectedBucket: "rejected",
  goldBucket: "gold",
  ledgerBucket: "ledger",
  keyArn: "arn:aws:kms:eu-central-1:1:key/k",
  glueJob: "commerce-dev-refine",
  catalogDatabase: "commerce_dev",
};

type Answers = Readonly<Record<string, object | Error>>;

const failing = (name: string, message = "no") => Object.assign(new Error(message), { name });

/** What AWS answers to each call when all is well. */
const healthy = (): Answers => ({
  HeadBucketCommand: {},
  GetBucketVersioningCommand: { Status: "Enabled" },
  HeadObjectCommand: {},
  DescribeKeyCommand: { KeyMetadata: { KeyState: "Enabled" } },
  GetFunctionConfigurationCommand: {
    ...{ State: "Active", LastUpdateStatus: "Successful", MemorySize: 3008, Timeout: 600 },
  },
  GetFunctionEventInvokeConfigCommand: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 3600 },
  GetFunctionConcurrencyCommand: {},
  GetAccountSettingsCommand: { AccountLimit: { UnreservedConcurrentExecutions: 1000 } },
  ListEventSourceMappingsCommand: {
    EventSourceMappings: [{ State: "Enabled", LastProcessingResult: "OK", ScalingConfig: { MaximumConcurrency: 10 } }],
  },
  GetJobCommand: { Job: { WorkerType: "G.1X", NumberOfWorkers: 2, ExecutionProperty: { MaxConcurrentRuns: 3 } } },
  GetDatabaseCommand: {
    Database: {
      CreateTableDefaultPermissions: [
        { Principal: { DataLakePrincipalIdentifier: "IAM_ALLOWED_PRINCIPALS" }, Permissions: ["ALL"] },
      ],
    },
  },
  DescribeRuleCommand: { State: "ENABLED", ScheduleExpression: "rate(5 minutes)" },
  FilterLogEventsCommand: { events: [] },
  DescribeLogGroupsCommand: { logGroups: [] },
});

function target(change: Answers = {}, overrides: Partial<Target> = {}, pinned = release): Target {
  const answers = { ...healthy(), ...change };
  const client = {
    send: async (command: { constructor: { name: string }; input: { filterPattern?: string } }) => {
      const isSweep = command.input.filterPattern === '"sweep.done"';
      const answer =
        answers[`${command.constructor.name}${isSweep ? " sweep" : ""}`] ?? answers[command.constructor.name];
      if (answer instanceof Error) throw answer;
      if (isSweep && !("FilterLogEventsCommand sweep" in change))
        return { events: [{ timestamp: Date.now() - 60_000 }] };
      return answer;
    },
  };
  const under = { names, s3: client, settings, release: pinned, contract: contractOf(config) };
  const clients = { sqs: client, lambda: client, glue: client, logs: client, events: client, kms: client };
  return targetOf(under as unknown as PipelineUnderTest, {
    clients: clients as unknown as Target["clients"],
    ...overrides,
  });
}

async function looks(change: Answers = {}, overrides: Partial<Target> = {}, pinned = release) {
  const probes = stackProbes(target(change, overrides, pinned), (args) => `pipeline ${args}`);
  const checks = await Promise.all(probes.map(runProbe));
  return new Map<string, Check>(checks.map((check) => [check.name, check]));
}
const unwell = async (change: Answers, overrides: Partial<Target> = {}) =>
  [...(await looks(change, overrides)).values()]
    .filter(({ state }) => state !== "good")
    .map(({ name, state, detail, fix }) => [name, state, detail, fix]);

const redeploy = "deploy the stack again: pulumi up";

describe("npm run pipeline -- doctor", () => {
  it("finds a healthy stack healthy", async () => {
    const checks = await looks();
    expect([...checks.values()].filter(({ state }) => state !== "good")).to.deep.equal([]);
    expect(checks.get("Glue job")!.detail).to.equal("2 G.1X workers, 3 runs at once, its release is complete");
    expect(checks.get("last sweep")!.detail).to.match(/^1 min( 1 s)? ago$/);
    for (const name of ["embedded engine", "embedded engine's calls"])
      expect(checks.get(name)!.detail).to.equal("none, so Glue gets every run");
    expect(checks.get("settings")!.detail).to.equal("commerce dev, 3 datasets: users, events, orders");
  });

  it("warns where Lake Formation decides about tables, which is not seen from IAM", async () => {
    expect(await unwell({ GetDatabaseCommand: { Database: { CreateTableDefaultPermissions: [] } } })).to.deep.equal([
      [
        "tables",
        "warning",
        "Lake Formation decides who may use the tables of commerce_dev, and IAM alone gives no access to new ones",
        "in Lake Formation, grant settle's role ALTER and DESCRIBE on them, and readers SELECT; or let IAM decide for this database",
      ],
    ]);
    expect(await unwell({ GetDatabaseCommand: { Database: {} } })).to.deep.equal([]);
  });

  for (const [what, change, found] of [
    [
      "a key that is to be deleted",
      { DescribeKeyCommand: { KeyMetadata: { KeyState: "PendingDeletion" } } },
      [
        [
          "encryption key",
          "bad",
          "its state is PendingDeletion, so no data can be read or written",
          "cancel its deletion and enable it, now",
        ],
      ],
    ],
    [
      "a mapping that is switched off",
      { ListEventSourceMappingsCommand: { EventSourceMappings: [{ State: "Disabled" }] } },
      [
        [
          "promote's queue",
          "bad",
          "its mapping is Disabled, so promote looks at no upload",
          "enable the event source mapping, or deploy again",
        ],
      ],
    ],
    [
      "a mapping that is not there",
      { ListEventSourceMappingsCommand: { EventSourceMappings: [] } },
      [["promote's queue", "bad", "its queue does not trigger promote", redeploy]],
    ],
    [
      "a job that is not there",
      { GetJobCommand: failing("EntityNotFoundException") },
      [["Glue job", "bad", "does not exist", redeploy]],
    ],
    [
      "a release that has lost an artifact",
      { HeadObjectCommand: failing("NotFound") },
      [
        [
          "Glue job",
          "bad",
          `its release lacks ${[release.engine, release.contract, release.plan].map(({ uri }) => uri).join(", ")}`,
          redeploy,
        ],
      ],
    ],
    [
      "a bucket that keeps no versions",
      { GetBucketVersioningCommand: {} },
      [
        ["bronze", "bad", "bronze keeps no versions", redeploy],
        ["ledger", "bad", "ledger keeps no versions", redeploy],
      ],
    ],
    [
      "what may not be looked at",
      { DescribeKeyCommand: failing("AccessDeniedException", "not\nyou") },
      [
        [
          "encryption key",
          "warning",
          "could not be checked: AccessDeniedException: not you",
          "use a role that may read it",
        ],
      ],
    ],
    [
      "a function that failed lately",
      {
        FilterLogEventsCommand: {
          events: [
            {
              get timestamp() {
                return Date.now() - 300_000;
              },
            },
          ],
        },
      },
      [
        [
          "errors",
          "warning",
          "commerce-dev-promote logged message.failed 5 min ago",
          "read why: pipeline logs BATCH --functions",
        ],
      ],
    ],
  ] as const)
    it(`finds ${what}`, async () => {
      expect(await unwell(change)).to.deep.equal(found);
    });

  it("finds dead letters, with the command that gives them another try", async () => {
    const messages = async () => ({ uploads: 4, deadUploads: 2, deadEvents: 1 });
    expect(await unwell({}, { messages })).to.deep.equal([
      ["dead uploads", "bad", "2 messages that promote gave up on", "once the cause is mended: pipeline redrive"],
      ["dead events", "bad", "1 message that settle gave up on", "once the cause is mended: pipeline redrive"],
    ]);
  });

  describe("of the embedded engine", () => {
    const look = async (name: string, change: Answers = {}) => (await looks(change, {}, embeddedRelease)).get(name)!;

    it("finds the version that the release pins, and room for its calls", async () => {
      expect((await look("embedded engine")).detail).to.equal("ready, with 3008 MiB for 10 min");
      const calls = "embedded engine's calls";
      expect((await look(calls)).detail).to.equal("1000 at once, with all other functions of the account");
      const reserved = { GetFunctionConcurrencyCommand: { ReservedConcurrentExecutions: 5 } };
      expect((await look(calls, reserved)).detail).to.equal("5 at once, reserved");
    });

    for (const [what, name, change, found] of [
      [
        "a version that is gone",
        "embedded engine",
        { GetFunctionConfigurationCommand: failing("ResourceNotFoundException") },
        { state: "bad", detail: "does not exist", fix: redeploy },
      ],
      [
        "a version that can't be called",
        "embedded engine",
        { GetFunctionConfigurationCommand: { State: "Failed", StateReason: "no image" } },
        { state: "bad", detail: "Failed: no image", fix: redeploy },
      ],
      [
        "calls that Lambda repeats",
        "embedded engine's calls",
        { GetFunctionEventInvokeConfigCommand: { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 3600 } },
        {
          state: "warning",
          detail: "version 7 has calls repeated, or kept for another time than the ledger expects",
          fix: redeploy,
        },
      ],
      [
        "calls that are switched off",
        "embedded engine's calls",
        { GetFunctionConcurrencyCommand: { ReservedConcurrentExecutions: 0 } },
        {
          state: "bad",
          detail: "its reserved concurrency is 0, so every call is refused",
          fix: "remove it, or reserve some",
        },
      ],
      [
        "an account in which promote leaves no room",
        "embedded engine's calls",
        { GetAccountSettingsCommand: { AccountLimit: { UnreservedConcurrentExecutions: 10 } } },
        {
          state: "warning",
          detail: "10 at once, with all other functions of the account; promote alone may have 10, so runs may wait",
          fix: "ask AWS for a higher quota of concurrent executions, or lower lambda.promote.concurrency",
        },
      ],
    ] as const)
      it(`finds ${what}`, async () => {
        expect(await look(name, change)).to.deep.include(found);
      });
  });

  it("finds that no sweep has run, unless the stack is young", async () => {
    const group = (creationTime: number) => ({
      "FilterLogEventsCommand sweep": { events: [] },
      DescribeLogGroupsCommand: { logGroups: [{ logGroupName: "/aws/lambda/commerce-dev-settle", creationTime }] },
    });
    expect(await unwell(group(0))).to.deep.equal([
      ["last sweep", "bad", "none for 15 min", "check whether the rule is enabled and what settle fails on"],
    ]);
    expect((await looks(group(Date.now() - 60_000))).get("last sweep")!.detail).to.equal("none yet; the stack is new");
  });

  it("finds a rule that is switched off", async () => {
    const found = await unwell({ DescribeRuleCommand: { State: "DISABLED", ScheduleExpression: "rate(5 minutes)" } });
    expect(found.map(([name, state, detail]) => [name, state, detail])).to.deep.equal([
      ["sweep", "bad", "its rule is DISABLED"],
      ["end of a job", "bad", "its rule is DISABLED"],
      ["report of a run", "bad", "its rule is DISABLED"],
    ]);
  });

  it("says how old a Node may be", () => {
    expect(nodeCheck("20.0.0").state).to.equal("good");
    expect(nodeCheck("18.19.0")).to.deep.equal({
      state: "bad",
      detail: "18.19.0, and 20 or newer is needed",
      fix: "install Node 20 or newer",
    });
  });

  it("ends with 1 when something is bad and 0 otherwise, and prints the same as data", async () => {
    const call = await operatorOf(target());
    const { printed } = await call("doctor --stack dev --json");
    expect(JSON.parse(printed)).to.deep.include({ healthy: true });
    const bad = await operatorOf(target({ GetJobCommand: failing("EntityNotFoundException") }));
    const outcome = await bad("doctor --stack dev");
    expect(outcome.code).to.equal(1);
    expect(outcome.printed).to.match(/\n✖ job +Glue job +does not exist\n +→ deploy the stack again: pulumi up\n/);
    expect(outcome.printed).to.match(/\nnot healthy: 1 of \d+ checks$/);
    expect(outcome.printed.split("\n").filter((line) => line.length > 80)).to.deep.equal([]);
  });
});
