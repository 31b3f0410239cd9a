/**
 * The operator's commands through the real settle handler, on real conditional writes. Only the call of the function is
 * not shown, nor what Glue and Pulumi answer: the engine is a fake, and the stack is handed in.
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { isUnsettled } from "../../handlers/ledger/document.ts";
import type { SettleEvent } from "../../handlers/settle/handler.ts";
import { runningFile } from "../../local/directory.ts";
import { readRunning, removeRunning, writeRunning } from "../../local/running.ts";
import { helpOf, overview } from "../../operator/help.ts";
import { loadCommands } from "../../operator/loadCommands.ts";
import type { World } from "../../operator/main.ts";
import { checkChoice, openTarget } from "../../operator/stack/open.ts";
import { operatorOutputs, type Target } from "../../operator/stack/target.ts";
import { root } from "../../setup/paths.mjs";
import { UsageError } from "../../terminal/flags.ts";
import { createStatus } from "../../terminal/status.ts";
import { createStyle } from "../../terminal/style.ts";
import { type PipelineUnderTest, startPipelineUnderTest } from "../handlers/pipelineUnderTest.ts";
import { targetOf } from "./operator.ts";

const files = {
  "users.json": '{"user_id":"u_0"}\n',
  "events.json": '{"event_id":"e_0","user_id":"u_0"}\n',
  "orders.json": '{"order_id":"o_0","user_id":"u_0"}\n',
};

interface Outcome {
  readonly code: number;
  readonly printed: string;
  readonly errors: string;
}

describe("npm run pipeline", function () {
  this.timeout(60_000);
  let under: PipelineUnderTest;
  let target: Target;
  /** What was sent to the settle function. */
  let sent: SettleEvent[];
  let questions: string[];
  let commands: World["commands"];
  let pipeline: (args: readonly string[], world: World) => Promise<number>;
  let month = 0;

  before(async () => {
    under = await startPipelineUnderTest();
    commands = await loadCommands();
    // Imported as the commands are, or mocha's loader would make a second one of each class of errors.
    ({ pipeline } = await import("../../operator/main.ts"));
    target = targetOf(under, {
      settle: async (event) => {
        sent.push(event);
        return await under.settle(event);
      },
    });
  });
  after(() => under?.stop());
  beforeEach(async () => {
    sent = [];
    questions = [];
    await under.deploy(under.contract);
  });

  async function call(args: string, world: Partial<World> = {}): Promise<Outcome> {
    const printed: string[] = [];
    const errors: string[] = [];
    const code = await pipeline(
      args.match(/"[^"]*"|\S+/g)!.map((word) => word.replace(/^"|"$/g, "")),
      {
        commands,
        print: (text) => printed.push(text),
        printError: (text) => errors.push(text),
        openTarget: () => target,
        ask: async (question) => {
          questions.push(question);
          return true;
        },
        style: createStyle({}),
        status: createStatus({ write: (text) => errors.push(text.trimEnd()) }),
        signal: new AbortController().signal,
        pause: async () => {},
        ...world,
      },
    );
    return { code, printed: printed.join("\n"), errors: errors.join("\n") };
  }

  const upload = async (key: string, text: string) => await under.deliver(await under.upload(key, text));

  async function end(batch: string, run: number, how: "succeeded" | "timeout" = "succeeded"): Promise<void> {
    const { runs } = await under.ledger(batch);
    const jobRun = runs.find((candidate) => candidate.run === run)!.jobRuns[0]!;
    if (how === "succeeded") await under.report(batch, run, jobRun);
    under.engine.end(jobRun, how, how === "timeout" ? "Job run exceeded its timeout" : "");
    await under.jobEnded(jobRun);
  }

  async function publishBatch(batch: string): Promise<string> {
    for (const [name, text] of Object.entries(files)) await upload(`${batch}/${name}`, text);
    await end(batch, 1);
    return batch;
  }
  /** Months are the tests' own, so that none sees another's batches. */
  const newMonth = () => `2026-${String(++month).padStart(2, "0")}`;
  const runsOf = async (batch: string) => (await under.ledger(batch)).runs.map(({ run, state }) => `${run} ${state}`);

  describe("gives an order", () => {
    it("run: with the new file and the newest good ones of the others", async () => {
      const batch = await publishBatch(`${newMonth()}-01`);
      await upload(`${batch}/users.json`, '{"user_id":"u_1"}\n');
      expect(await call(`run ${batch}`)).to.deep.equal({
        code: 0,
        printed: `batch ${batch}: run 2 is on its way; run 1 stays published until it has succeeded`,
        errors: "",
      });
      expect(questions).to.deep.equal([
        `the test stack: start run 2 of batch ${batch} in Glue on ${batch}/users.json (new), ${batch}/events.json, ${batch}/orders.json?`,
      ]);
      expect(await runsOf(batch)).to.deep.equal(["1 published", "2 started"]);
    });

    it("run --wait: until the run has ended, and fails with it", async () => {
      const batch = await publishBatch(`${newMonth()}-01`);
      const pause = async () => end(batch, 2);
      const { code, printed } = await call(`run ${batch} --yes --wait`, { pause });
      expect(printed).to.match(new RegExp(`^batch ${batch}: run 2 is published after \\d+\\.\\d s in Glue$`));
      expect(code).to.equal(0);
      const failing = await call(`run ${batch} --yes --wait --json`, { pause: async () => end(batch, 3, "timeout") });
      expect(failing.code).to.equal(1);
      expect(JSON.parse(failing.printed)).to.deep.equal({
        batch,
        operation: "run",
        run: 3,
        published: 2,
        engine: "glue",
        state: "failed",
        reason: "Job run exceeded its timeout",
      });
    });

    it("run --wait: until Glue has done what the embedded engine could not", async () => {
      const batch = await publishBatch(`${newMonth()}-01`);
      const ends = [
        async () => {
          const jobRun = (await under.ledger(batch)).runs.at(-1)!.jobRuns[0]!;
          under.engine.end(jobRun, "unfit", "no more memory");
          await under.jobEnded(jobRun);
        },
        () => end(batch, 3),
      ];
      const { code, printed } = await call(`run ${batch} --yes --wait`, {
        pause: async () => void (await ends.shift()!()),
      });
      expect(printed).to.match(new RegExp(`^batch ${batch}: run 3 is published after `));
      expect(code).to.equal(0);
    });

    it("replay: of the published run, or of the one that is named", async () => {
      const batch = await publishBatch(`${newMonth()}-01`);
      const { code, printed } = await call(`replay ${batch} --yes`);
      expect({ code, printed }).to.deep.equal({
        code: 0,
        printed: `batch ${batch}: run 2 replays run 1; run 1 stays published until it has succeeded`,
      });
      await end(batch, 2);
      await call(`replay ${batch} --run 1 --yes`);
      expect(sent.map((event) => "order" in event && event.order)).to.deep.equal([
        { operation: "replay", run: 1 },
        { operation: "replay", run: 1 },
      ]);
      const ids = sent.map((event) => "id" in event && event.id);
      expect(new Set(ids).size).to.equal(2);
      expect(await runsOf(batch)).to.deep.equal(["1 superseded", "2 published", "3 started"]);
    });

    it("rollback: there and back", async () => {
      const batch = await publishBatch(`${newMonth()}-01`);
      await call(`replay ${batch} --yes --wait`, { pause: async () => end(batch, 2) });
      expect(await call(`rollback ${batch} --run 1`)).to.deep.equal({
        code: 0,
        printed: `batch ${batch}: run 1 is published instead of run 2`,
        errors: "",
      });
      expect(questions).to.deep.equal([`the test stack: publish run 1 of batch ${batch} instead of run 2?`]);
      expect(await runsOf(batch)).to.deep.equal(["1 published", "2 superseded"]);
      expect(await call(`rollback ${batch} --run 1`)).to.include({
        code: 0,
        printed: `batch ${batch}: run 1 is already published`,
      });
      expect((await call(`rollback ${batch} --run 2 --yes --json`)).printed).to.equal(
        JSON.stringify({ batch, operation: "rollback", run: 2, state: "published", published: 2 }, null, 2),
      );
    });

    it("rollback: says before what readers lose, and what they get with other columns", async () => {
      const batch = await publishBatch(`${newMonth()}-01`);
      await call(`replay ${batch} --yes --wait`, { pause: async () => end(batch, 2) });
      const { contract } = under;
      const { user_activity: declared } = contract.outputs;
      const [first, ...others] = declared!.columns;
      const added = { name: "added", type: "bigint" };
      await under.deploy({
        ...contract,
        outputs: { user_activity: { ...declared!, columns: [first!, ...others, added] }, totals: declared! },
      });
      const columns = `this shows user_activity with other columns than its table has today: added is null, as run 1 did not have it`;
      const dry = await call(`rollback ${batch} --run 1 --dry-run`);
      expect(dry.printed).to.equal(`would publish run 1 of batch ${batch} instead of run 2; ${columns}`);
      const { effects } = JSON.parse((await call(`rollback ${batch} --run 1 --dry-run --json`)).printed);
      expect(effects).to.deep.equal([columns.replace("this ", "")]);

      // A run that was made by the newer release shows what the earlier one lacks.
      await call(`run ${batch} --yes --wait`, { pause: async () => end(batch, 3) });
      await call(`rollback ${batch} --run 1`);
      expect(questions).to.deep.equal([
        `the test stack: publish run 1 of batch ${batch} instead of run 3; ${columns}; this takes the partition of totals away: run 1 has none?`,
      ]);
      expect(await runsOf(batch)).to.deep.equal(["1 published", "2 superseded", "3 superseded"]);
      expect([...under.catalog.partitions.keys()].filter((name) => name.endsWith(batch)).sort()).to.deep.equal(
        ["silver_events", "silver_orders", "silver_users", "user_activity"].map((table) => `${table}/${batch}`),
      );
    });

    it("run: with the correction that was rolled back and replayed behind, and without one that was withdrawn", async () => {
      const batch = await publishBatch(`${newMonth()}-01`);
      const versions = async () => (await under.ledger(batch)).runs.map(({ inputs }) => inputs.users!.version);
      await upload(`${batch}/users.json`, '{"user_id":"u_1"}\n');
      await call(`run ${batch} --yes --wait`, { pause: async () => end(batch, 2) });
      await call(`rollback ${batch} --run 1 --yes`);
      await call(`replay ${batch} --yes --wait`, { pause: async () => end(batch, 3) });
      await call(`run ${batch} --yes --wait`, { pause: async () => end(batch, 4) });
      const [first, correction, replayed, again] = await versions();
      expect([replayed, again]).to.deep.equal([first, correction]);

      await upload(`${batch}/users.json`, '{"user_id":"u_2"}\n');
      await call(`withdraw ${batch}/users.json --yes`);
      const { printed } = await call(`run ${batch} --dry-run`);
      expect(printed).to.match(
        new RegExp(`\n  users: ${batch}/users\\.json of 20\\S+Z, read by run 4, version ${correction}\n`),
      );
    });

    it("withdraw: ends a conflict, and the batch goes on", async () => {
      const batch = `${newMonth()}-01`;
      await upload(`${batch}/users.json.gz`, "no gzip, so rejected");
      for (const [name, text] of Object.entries(files)) await upload(`${batch}/${name}`, text);
      expect(await call(`withdraw ${batch}/users.json.gz`)).to.include({
        code: 0,
        printed: `${batch}/users.json.gz is withdrawn; batch ${batch} is running`,
      });
      expect(questions[0]).to.match(/^the test stack: leave .*users\.json\.gz out of batch .* \(rejected 20.*Z\)\?$/);
      expect(await runsOf(batch)).to.deep.equal(["1 started"]);
      expect(await call(`withdraw ${batch}/users.json.gz`)).to.include({
        code: 0,
        printed: `${batch}/users.json.gz is already withdrawn`,
      });
    });

    it("redrive: what lies in the dead-letter queues is taken up again", async () => {
      await under.send(under.names.promoteDeadLettersUrl, '{"Records":[]}');
      await under.send(under.names.settleDeadLettersUrl, '{"kind":"nonsense"}');
      const waiting: Target = { ...target, messages: async () => ({ uploads: 0, deadUploads: 1, deadEvents: 1 }) };
      const { code, printed } = await call("redrive", { openTarget: () => waiting });
      expect(questions).to.deep.equal(["the test stack: try 1 message of promote and 1 message of settle again?"]);
      expect({ code, printed }).to.deep.equal({
        code: 1,
        printed: "promote: 1 message sent again; settle: 0 messages taken up, 1 failed again",
      });
      expect(await under.receive(under.names.promoteQueueUrl)).to.deep.equal(['{"Records":[]}']);
    });
  });

  describe("changes nothing", () => {
    it("by a dry run, which says what would be done", async () => {
      const batch = await publishBatch(`${newMonth()}-01`);
      await call(`replay ${batch} --yes --wait`, { pause: async () => end(batch, 2) });
      await upload(`${batch}/orders.json`, '{"order_id":"o_1","user_id":"u_0"}\n');
      sent = [];
      const { revision } = await under.ledger(batch);
      const said = async (args: string) => (await call(`${args} --dry-run`)).printed;
      const { inputs } = await under.ledger(batch);
      const file = (dataset: string) => {
        const { version, lastModified } = inputs[`${batch}/${dataset}.json`]!.decision;
        return { key: `${batch}/${dataset}.json`, version, lastModified };
      };
      const line = (dataset: string, read: string) => {
        const { key, version, lastModified } = file(dataset);
        return `  ${dataset}: ${key} of ${new Date(lastModified).toISOString().slice(0, 19)}Z, ${read}, version ${version}`;
      };
      expect((await said(`run ${batch}`)).split("\n")).to.deep.equal([
        `would start run 3 of batch ${batch} in Glue on ${batch}/users.json, ${batch}/events.json, ${batch}/orders.json (new)`,
        line("users", "read by run 2"),
        line("events", "read by run 2"),
        line("orders", "new"),
      ]);
      expect(await said(`replay ${batch}`)).to.equal(`would start run 3 of batch ${batch} in Glue, a replay of run 2`);
      expect(await said(`rollback ${batch} --run 1`)).to.equal(
        `would publish run 1 of batch ${batch} instead of run 2`,
      );
      expect(await said(`withdraw ${batch}/orders.json`)).to.match(/^would leave .*orders\.json out of batch/);
      expect(await said("redrive")).to.equal("would try 0 messages of promote and 0 messages of settle again");
      expect(JSON.parse(await said(`run ${batch} --json`))).to.deep.equal({
        batch,
        operation: "run",
        dryRun: true,
        wouldRun: 3,
        published: 2,
        reads: [
          { dataset: "users", choice: "read", ...file("users"), readBy: 2 },
          { dataset: "events", choice: "read", ...file("events"), readBy: 2 },
          { dataset: "orders", choice: "new", ...file("orders"), readBy: null },
        ],
      });
      expect(sent).to.deep.equal([]);
      expect((await under.ledger(batch)).revision).to.equal(revision);
    });

    it("when the answer is no, and where nobody can be asked", async () => {
      const batch = await publishBatch(`${newMonth()}-01`);
      expect(await call(`replay ${batch}`, { ask: async () => false })).to.deep.equal({
        code: 1,
        printed: "",
        errors: "nothing was changed",
      });
      expect(await call(`replay ${batch}`, { ask: null })).to.deep.equal({
        code: 2,
        printed: "",
        errors: `nobody can be asked here, so add --yes to do it: the test stack: start run 2 of batch ${batch} in Glue, a replay of run 1?`,
      });
      expect(sent).to.deep.equal([]);
    });

    it("when the ledger refuses, with its reason and 3", async () => {
      const batch = await publishBatch(`${newMonth()}-01`);
      const refused = async (args: string) => {
        const { code, errors } = await call(`${args} --yes`);
        expect(code, args).to.equal(3);
        return errors;
      };
      expect(await refused(`rollback ${batch} --run 7`)).to.equal(
        `refused: the ledger of batch ${batch} keeps no run 7`,
      );
      expect(await refused(`replay ${batch} --run 7`)).to.equal(`refused: the ledger of batch ${batch} keeps no run 7`);
      expect(await refused(`withdraw ${batch}/user.json`)).to.equal(
        `refused: batch ${batch} has no file ${batch}/user.json (did you mean "${batch}/users.json"?); it has ${batch}/users.json, ${batch}/events.json, ${batch}/orders.json`,
      );
      expect(await refused(`withdraw ${batch}/users.json`)).to.match(
        /^refused: a published run has read .*users\.json; /,
      );
      expect(sent).to.deep.equal([]);
      await call(`replay ${batch} --yes`);
      expect(await refused(`run ${batch}`)).to.match(/^refused: run 2 of batch .* has not ended; wait for it/);
      expect(sent).to.have.length(1);
    });

    it("when the function says no although the look at the ledger did not", async () => {
      const batch = await publishBatch(`${newMonth()}-01`);
      const late: Target = {
        ...target,
        settle: async (event) => {
          await under.settle({ kind: "order", id: "somebody else", batch, order: { operation: "replay", run: 1 } });
          return await under.settle(event);
        },
      };
      const { code, errors } = await call(`run ${batch} --yes`, { openTarget: () => late });
      expect(code).to.equal(3);
      expect(errors).to.match(/^refused: run 2 of batch .* has not ended/);
    });

    it("when something breaks, in one line and with 1", async () => {
      const broken: Target = {
        ...target,
        messages: () => Promise.reject(new Error("the queue\n  is away")),
      };
      expect(await call("redrive --yes", { openTarget: () => broken })).to.deep.equal({
        code: 1,
        printed: "",
        errors: "failed: the queue is away",
      });
    });
  });

  describe("backfills a range", () => {
    /** Time passes: every second look one run that is under way ends. */
    const passing = (
      batches: readonly string[],
      how: (batch: string) => "succeeded" | "timeout" = () => "succeeded",
    ) => {
      const most = { unsettled: 0, begun: [] as string[] };
      const pause = async () => {
        const underWay: [string, number][] = [];
        for (const batch of batches)
          for (const run of (await under.ledger(batch)).runs) if (isUnsettled(run)) underWay.push([batch, run.run]);
        most.unsettled = Math.max(most.unsettled, underWay.length);
        const [first] = underWay;
        if (first) await end(...first, how(first[0]));
      };
      return { most, pause };
    };
    async function published(count: number): Promise<string[]> {
      const name = newMonth();
      const batches = Array.from({ length: count }, (_, index) => `${name}-${String(index + 1).padStart(2, "0")}`);
      for (const batch of batches) await publishBatch(batch);
      return batches;
    }
    beforeEach(async () => {
      for (const key of await under.keys(under.names.ledgerBucket, "batches/")) {
        const batch = key.slice("batches/".length, -".json".length);
        for (const run of (await under.ledger(batch)).runs) if (isUnsettled(run)) await end(batch, run.run);
      }
    });
    const rangeOf = (batches: readonly string[]) => `${batches[0]}..${batches.at(-1)}`;
    const orders = () => sent.flatMap((event) => ("order" in event ? [event.batch] : []));

    it("with today's release on the same files, no more at once than Glue lets go, and once", async () => {
      const batches = await published(5);
      const newer = await under.deploy(under.contract, "newer");
      const { most, pause } = passing(batches);
      const first = await call(`backfill ${rangeOf(batches)} --yes`, { pause });
      expect(first.errors.split("\n").filter((line) => line.startsWith("✔"))).to.deep.equal(
        batches.map((batch) => `✔ ${batch}: run 2 is published`),
      );
      expect({ code: first.code, printed: first.printed }).to.deep.equal({ code: 0, printed: "5 batches run" });
      expect(most.unsettled).to.equal(2);
      for (const batch of batches) {
        const [before, after] = (await under.ledger(batch)).runs;
        expect(after!.inputs).to.deep.equal(before!.inputs);
        expect(after!.release).to.deep.equal(newer);
      }
      expect(orders()).to.deep.equal(batches);

      const again = await call(`backfill ${rangeOf(batches)} --yes`, { pause });
      expect({ code: again.code, printed: again.printed }).to.deep.equal({
        code: 0,
        printed: [...batches.map((batch) => `${batch}  run 2 is published`), "nothing is left to run"].join("\n"),
      });
      expect(orders()).to.deep.equal(batches);
    });

    it("goes on where it was stopped, with the orders that it gave", async () => {
      const batches = await published(4);
      await under.deploy(under.contract, "newer");
      const interrupted = new AbortController();
      const stopped = await call(`backfill ${rangeOf(batches)} --yes`, {
        signal: interrupted.signal,
        pause: async () => interrupted.abort(),
      });
      expect({ code: stopped.code, printed: stopped.printed }).to.deep.equal({
        code: 130,
        printed: "0 batches run, 4 left: the same command goes on with them",
      });
      expect(orders()).to.deep.equal(batches.slice(0, 2));
      const { pause, most } = passing(batches);
      const { code, printed } = await call(`backfill ${rangeOf(batches)} --yes`, { pause });
      expect({ code, printed }).to.deep.equal({ code: 0, printed: "4 batches run" });
      expect(orders()).to.deep.equal(batches);
      expect(most.unsettled).to.equal(2);
    });

    it("counts the runs of others, and waits for one of its own batches", async () => {
      const batches = await published(2);
      const [other] = await published(1);
      await under.deploy(under.contract, "newer");
      await call(`run ${other} --yes`);
      await call(`replay ${batches[0]} --yes`);
      sent = [];
      const { pause, most } = passing([other!, ...batches]);
      const { code, printed } = await call(`backfill ${rangeOf(batches)} --yes`, { pause });
      expect({ code, printed }).to.deep.equal({ code: 0, printed: "2 batches run" });
      expect(most.unsettled).to.equal(2);
      expect(orders().sort()).to.deep.equal(batches);
      expect(await runsOf(batches[0]!)).to.deep.equal(["1 superseded", "2 superseded", "3 published"]);
    });

    it("begins no more after a failed run; the same command goes on with the others", async () => {
      const batches = await published(4);
      await under.deploy(under.contract, "newer");
      const failing = passing(batches, (batch) => (batch === batches[0] ? "timeout" : "succeeded"));
      const first = await call(`backfill ${rangeOf(batches)} --yes`, { pause: failing.pause });
      expect({ code: first.code, printed: first.printed }).to.deep.equal({
        code: 1,
        printed: [
          `${batches[0]}  run 2 failed: Job run exceeded its timeout`,
          "1 batch run, 1 failed, 2 left: the same command goes on with them",
        ].join("\n"),
      });
      const second = await call(`backfill ${rangeOf(batches)} --yes`, { pause: failing.pause });
      expect(second.code).to.equal(1);
      expect(second.printed).to.match(/\n3 batches run, 1 failed$/);
      expect(orders()).to.deep.equal(batches);
    });

    it("goes on when the ledger refuses one batch", async () => {
      const batches = await published(2);
      await upload(`${batches[0]}/users.json`, "");
      await under.deploy(under.contract, "newer");
      const { pause } = passing(batches);
      const { code, printed } = await call(`backfill ${rangeOf(batches)} --yes`, { pause });
      expect(code).to.equal(1);
      expect(printed).to.match(/^\S+ {2}refused: .*users\.json was rejected: .*\n1 batch run, 1 failed$/);
    });

    it("leaves alone what was never published and what this release has made; a dry run says so", async () => {
      const batches = await published(3);
      const [incomplete] = [`${batches[0]!.slice(0, 8)}04`];
      await upload(`${incomplete}/users.json`, files["users.json"]);
      await under.deploy(under.contract, "newer");
      await call(`run ${batches[0]} --yes --wait`, { pause: async () => end(batches[0]!, 2) });
      await upload(`${batches[1]}/users.json`, '{"user_id":"u_9"}\n');
      sent = [];
      const range = `${batches[0]}..${incomplete}`;
      const { code, printed } = await call(`backfill ${range} --dry-run`);
      expect({ code, printed }).to.deep.equal({
        code: 0,
        printed: [
          `${batches[0]}  was already made by this release`,
          `${batches[1]}  to run, with ${batches[1]}/users.json that no published run has read`,
          `${batches[2]}  to run`,
          `${incomplete}  was never published, left alone`,
          "would run 2 batches, at most 2 at a time",
        ].join("\n"),
      });
      expect(sent).to.deep.equal([]);
      const { batches: states } = JSON.parse((await call(`backfill ${range} --dry-run --json`)).printed);
      expect(states.map(({ state }: { state: string }) => state)).to.deep.equal([
        "current",
        "due",
        "due",
        "unpublished",
      ]);
    });

    for (const [range, message] of [
      ["2026-11-01", /^"2026-11-01" is not a range of batches; write FROM\.\.TO, such as /],
      ["2026-11-02..2026-11-01", /^the range .* ends before it begins; write 2026-11-01\.\.2026-11-02$/],
      ["1999-01-01..1999-12-31", /^the ledger has no batch from 1999-01-01 to 1999-12-31; it has 2026-01-01 to /],
    ] as const)
      it(`refuses the range ${range}`, async () => {
        const { code, errors } = await call(`backfill ${range} --yes`);
        expect(errors).to.match(message);
        expect(code).to.equal(2);
      });
  });

  describe("says what is wrong with a command line, in one line and with 2", () => {
    for (const [args, message] of [
      ["replya x", /^"replya" is not a command; did you mean replay\?$/],
      ["upload", /^upload needs FILE: npm run pipeline -- upload FILE…$/],
      ["watch a b", /^"b" is one word too many for watch: npm run pipeline -- watch \[BATCH\]$/],
      ["upload x --yes", /^unknown flag --yes; the flags are --batch, --dry-run, /],
      ["validate --stack dev", /^unknown flag --stack; the flags are --config, --diff, --json$/],
      ["status --limt 3", /^unknown flag --limt; did you mean --limit\?$/],
      ["status --limit 0", /^--limit must be a whole number from 1 to 100000, not "0"$/],
      ["explain 1999-1-01", /^the ledger has no batch "1999-1-01"/],
      ["replay", /^replay needs BATCH: npm run pipeline -- replay BATCH$/],
      ["rollback", /^rollback needs BATCH: npm run pipeline -- rollback BATCH --run N$/],
      ["replay x y", /^"y" is one word too many for replay: npm run pipeline -- replay BATCH$/],
      ["replay x --runs 3", /^unknown flag --runs; did you mean --run\?$/],
      ["replay x --run three", /^--run must be a whole number from 1 to 999999999, not "three"$/],
      ["replay x --yes=no", /^--yes takes no value$/],
      ["query select --yes", /^unknown flag --yes; the flags are --batch, --out, --json, --stack, --local, --outputs$/],
      ["run x --stack dev --local", /^--stack and --local are two stacks; name one$/],
      ["run x --outputs o.json", /^--outputs belongs to a deployed stack; name it with --stack$/],
      ["run 2026-1-01", /^the ledger has no batch "2026-1-01"; did you mean 2026-\d\d-01\?$/],
    ] as const)
      it(args, async () => {
        const { code, errors, printed } = await call(args);
        expect(errors).to.match(message);
        expect(errors).to.not.include("\n");
        expect({ code, printed }).to.deep.equal({ code: 2, printed: "" });
      });

    it("xyzzy", async () => {
      const names = commands.map(({ name }) => name).join(", ");
      expect(await call("xyzzy")).to.deep.equal({
        code: 2,
        printed: "",
        errors: `"xyzzy" is not a command; the commands are ${names}`,
      });
    });

    it("rollback BATCH, with the runs that can be published", async () => {
      const batch = await publishBatch(`${newMonth()}-01`);
      expect((await call(`rollback ${batch}`)).errors).to.equal(
        `rollback needs --run: batch ${batch} has no other run that was published`,
      );
      await call(`replay ${batch} --yes --wait`, { pause: async () => end(batch, 2) });
      const { code, errors } = await call(`rollback ${batch}`);
      expect(errors).to.match(/^rollback needs --run: batch \S+ shows run 2 and can show run 1 \(of 20\S+Z\)$/);
      expect(code).to.equal(2);
    });
  });

  describe("finds its stack", () => {
    let folder: string;
    before(() => {
      folder = mkdtempSync(join(tmpdir(), "pipeline-"));
    });
    after(() => rmSync(folder, { recursive: true, force: true }));

    it("refuses outputs that lack something, or are another stack's", async () => {
      expect(() => operatorOutputs({ goldBucket: "g" }, "stack dev")).to.throw(
        UsageError,
        "stack dev has no bronzeBucket, silverBucket, rejectedBucket, ledgerBucket, artifactsBucket, promoteQueueUrl, promoteFunction, settleFunction, glueJob, promoteDeadLetterQueueUrl, settleDeadLetterQueueUrl, catalogDatabase, keyArn; deploy the stack again",
      );
      const outputs = {
        bronzeBucket: "b",
        silverBucket: "s",
        rejectedBucket: "r",
        goldBucket: "g",
        ledgerBucket: "l",
        artifactsBucket: "a",
        promoteQueueUrl: "q",
        promoteFunction: "commerce-prod-promote",
        settleFunction: "commerce-prod-settle",
        glueJob: "commerce-prod-refine",
        promoteDeadLetterQueueUrl: "p",
        settleDeadLetterQueueUrl: "s",
        catalogDatabase: "commerce_prod",
        keyArn: "arn:aws:kms:eu-west-1:1:key/1",
      };
      const file = join(folder, "outputs.json");
      writeFileSync(file, JSON.stringify(outputs));
      expect(() => openTarget({ stack: "dev", outputs: file })).to.throw(
        UsageError,
        `${file} holds the outputs of another stack, not of dev: its job is commerce-prod-refine`,
      );
      const opened = openTarget({ stack: "prod", outputs: file });
      expect(opened.title).to.equal("stack prod");
      expect(await opened.s3.config.region()).to.equal("eu-west-1");
      opened.close();
      expect(() => openTarget({ stack: "dev", outputs: join(folder, "none.json") })).to.throw(
        UsageError,
        /none\.json can't be read as JSON/,
      );
    });

    it("says how to go on where there is no Pulumi", () => {
      const path = process.env.PATH;
      process.env.PATH = folder;
      try {
        expect(() => openTarget({ stack: "dev" })).to.throw(
          UsageError,
          /^pulumi is not on the PATH; .* --outputs outputs\.json$/,
        );
      } finally {
        process.env.PATH = path;
      }
    });

    it("knows a local stack for as long as its process lives", () => {
      expect(readRunning(folder)).to.equal(null);
      const stack = {
        endpoint: "http://127.0.0.1:1",
        glueEndpoint: "http://127.0.0.1:2",
        region: "eu-central-1",
        credentials: { accessKeyId: "a", secretAccessKey: "b" },
        outputs: { goldBucket: "gold" },
        logFile: "local.log",
        redeploy: async () => {},
        stop: async () => {},
      };
      writeRunning(stack, folder);
      const { stop: _, redeploy: __, ...told } = stack;
      expect(readRunning(folder)).to.deep.equal({ ...told, pid: process.pid });
      const ended = spawnSync(process.execPath, ["--version"]).pid;
      writeFileSync(join(folder, runningFile), JSON.stringify({ ...told, pid: ended }));
      expect(readRunning(folder)).to.equal(null);
      writeRunning(stack, folder);
      removeRunning(folder);
      expect(readRunning(folder)).to.equal(null);
    });

    it("never means two stacks", () => {
      expect(() => checkChoice({ stack: "dev", local: true })).to.throw(UsageError);
    });
  });

  describe("helps", () => {
    it("in lines of at most 80 characters", async () => {
      for (const text of [overview(commands), ...commands.map(helpOf)]) {
        const lines = text.split("\n");
        expect(lines.filter((line) => line.length > 80)).to.deep.equal([]);
      }
      expect((await call("--help")).printed).to.equal(overview(commands));
      expect((await call("replay --help")).printed).to.equal((await call("help replay")).printed);
    });

    it("fails when what it says can't be written", () => {
      const unwritable = openSync(fileURLToPath(import.meta.url), "r");
      const args = ["--import", "tsx", join(root, "scripts", "pipeline.ts"), "--help"];
      const { status, stderr } = spawnSync(process.execPath, args, {
        stdio: ["ignore", unwritable, "pipe"],
        cwd: root,
      });
      closeSync(unwritable);
      expect([status, String(stderr)]).to.deep.equal([
        1,
        "failed: the output can't be written: EBADF: bad file descriptor, write\n",
      ]);
    });

    it("with examples that are command lines of the command", async () => {
      for (const { name, examples } of commands) {
        expect(examples, name).to.not.deep.equal([]);
        for (const { args } of examples) {
          const { errors, code } = await call(`${args.replaceAll("2026-11-22", "1999-11-22")} --help`);
          expect({ errors, code, command: args.split(" ")[0] }).to.deep.equal({ errors: "", code: 0, command: name });
        }
      }
    });

    it("with every command by the name of its file", () => {
      const names = readdirSync("operator/commands").map((file) => file.replace(/\.ts$/, ""));
      expect(commands.map(({ name }) => name)).to.deep.equal(names.sort());
    });

    it("with every command in the first table of docs/operate.md, and no other", () => {
      const [, table] = readFileSync("docs/operate.md", "utf8").split(/^\| to \| commands \|$/m);
      const named = [...table!.split("\n\n")[0]!.matchAll(/`([a-z]+)[^`]*`/g)].map(([, name]) => name);
      expect(named.sort()).to.deep.equal(commands.map(({ name }) => name));
    });
  });
});
