/** `status`, `watch`, `logs`, `rejects` and `doctor`, on buckets that both handlers have written; Glue is a fake. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CloudWatchLogsClient, type FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect } from "chai";
import type { LedgerDocument } from "../../handlers/ledger/document.ts";
import { emptyDocument } from "../../handlers/ledger/document.ts";
import { changesBetween, endOf, type Look } from "../../operator/follow.ts";
import { readAttemptLog, readLocalLog } from "../../operator/stack/jobLog.ts";
import type { Target } from "../../operator/stack/target.ts";
import { belongs, textOf } from "../../operator/story/logs.ts";
import { localDirectory } from "../../setup/paths.mjs";
import { duration, printable, wrap } from "../../terminal/text.ts";
import { minute, promoted, rejected } from "../handlers/ledger/documents.ts";
import { type PipelineUnderTest, startPipelineUnderTest } from "../handlers/pipelineUnderTest.ts";
import { operatorOf, targetOf } from "./operator.ts";
import { embeddedStories } from "./stories.ts";

const files = {
  "users.json": '{"user_id":"u_0"}\n',
  "events.json": '{"event_id":"e_0","user_id":"u_0"}\n',
  "orders.json": '{"order_id":"o_0","user_id":"u_0"}\n',
};

describe("npm run pipeline, looking", function () {
  this.timeout(60_000);
  let under: PipelineUnderTest;
  let target: Target;
  let call: Awaited<ReturnType<typeof operatorOf>>;

  before(async () => {
    under = await startPipelineUnderTest();
    target = targetOf(under);
    call = await operatorOf(target);
  });
  after(() => under?.stop());

  const upload = async (key: string, text: string) => await under.deliver(await under.upload(key, text));
  const uploadAll = async (batch: string) => {
    for (const [name, text] of Object.entries(files)) await upload(`${batch}/${name}`, text);
  };
  const end = async (batch: string, run: number, how: "succeeded" | "timeout" = "succeeded") => {
    const { jobRuns } = (await under.ledger(batch)).runs.find((one) => one.run === run)!;
    if (how === "succeeded") await under.report(batch, run, jobRuns[0]!);
    under.engine.end(jobRuns[0]!, how, how === "timeout" ? "Job run exceeded its timeout" : "");
    await under.jobEnded(jobRuns[0]!);
    return jobRuns[0]!;
  };

  describe("status", () => {
    let many: Target;
    /** How many documents are read at the same time, at most. */
    let most = 0;
    const documents = new Map<string, LedgerDocument>();

    before(() => {
      const now = Date.now();
      for (let index = 0; index < 3000; index++) {
        const batch = `batch-${String(index).padStart(4, "0")}`;
        const decision = { ...promoted("v", "1"), decidedAt: now - index * minute - 5000 };
        const input = { dataset: "users", decision, read: index % 3 === 0 ? ["v"] : [], withdrawn: [], late: false };
        const publication = index % 3 === 0 ? { run: 1, highWater: 1 } : null;
        documents.set(batch, {
          ...emptyDocument,
          revision: 1,
          inputs: { [`${batch}/users.json`]: input },
          published: publication,
        });
      }
      let reading = 0;
      many = {
        ...target,
        ledger: {
          async *list() {
            for (const batch of documents.keys()) yield `batches/${batch}.json`;
          },
          async get(key) {
            most = Math.max(most, ++reading);
            await new Promise((resolve) => setImmediate(resolve));
            reading--;
            return {
              text: JSON.stringify(documents.get(key.slice("batches/".length, -".json".length))),
              etag: "e",
              lastModified: 0,
            };
          },
        },
      };
    });

    it("of thousands of batches: those that changed last, and a count of all", async () => {
      const { code, printed } = await call("status --limit 3", { openTarget: () => many });
      expect(code).to.equal(0);
      expect(printed.split("\n")).to.deep.equal([
        "batch        state       shows   changed",
        "batch-0000   published   run 1   5 s ago",
        "batch-0001   waiting     –       1 min 5 s ago   events missing, orders missing",
        "batch-0002   waiting     –       2 min 5 s ago   events missing, orders missing",
        "and 2,997 more; --limit N shows them",
        "3,000 batches: 2,000 waiting, 1,000 published",
      ]);
      expect(most).to.be.within(2, 32);
    });

    it("--late: what is past its deadline, marked or not, and 4", async () => {
      const deadline = under.contract.batching.deadline / 60;
      const { code, printed } = await call("status --late --json", { openTarget: () => many });
      const { total, batches } = JSON.parse(printed);
      expect(code).to.equal(total > 0 ? 4 : 0);
      expect(total).to.equal(
        [...documents.keys()].filter((_, index) => index % 3 !== 0 && index > deadline - 1).length,
      );
      expect(batches.length).to.equal(Math.min(20, total));
      const none: Target = {
        ...many,
        deployed: async () => {
          const deployed = await many.deployed();
          const { contract } = deployed.release;
          const batching = { ...contract.batching, deadline: 1e9 };
          return { ...deployed, release: { ...deployed.release, contract: { ...contract, batching } } };
        },
      };
      const calm = await call("status --late", { openTarget: () => none });
      expect(calm).to.deep.include({
        code: 0,
        printed: "none is late; 3,000 batches: 2,000 waiting, 1,000 published",
      });
    });
  });

  describe("status BATCH", () => {
    it("shows one batch, and what an operator's run would read, or that it would be refused", async () => {
      const batch = "2026-04-01";
      await uploadAll(batch);
      await end(batch, 1);
      const { inputs } = await under.ledger(batch);
      const line = (dataset: string) => {
        const { version, lastModified } = inputs[`${batch}/${dataset}.json`]!.decision;
        const at = new Date(lastModified).toISOString().slice(0, 19);
        return `  ${dataset}: ${batch}/${dataset}.json of ${at}Z, read by run 1, version ${version}`;
      };
      const { code, printed } = await call(`status ${batch}`);
      expect(code).to.equal(0);
      expect(
        printed
          .split("\n")
          .slice(1)
          .map((text) => text.replace(/\d+ s ago/, "N s ago")),
      ).to.deep.equal([
        `${batch}   published   run 1   N s ago`,
        "1 batch: 1 published",
        "an operator's run would read",
        line("users"),
        line("events"),
        line("orders"),
      ]);
      await upload(`${batch}/users.json`, "");
      const refused = await call(`status ${batch}`);
      expect(refused.printed.split("\n").slice(3)).to.deep.equal([
        `an operator's run would be refused: ${batch}/users.json was rejected: the file has no bytes; upload a good one or withdraw it`,
        "  users: not decided: its new file was rejected",
        line("events"),
        line("orders"),
      ]);
      const { wouldRead } = JSON.parse((await call(`status ${batch} --json`)).printed);
      expect(wouldRead.datasets[0]).to.deep.equal({
        dataset: "users",
        choice: "rejected",
        key: null,
        version: null,
        lastModified: null,
        readBy: null,
      });
    });

    it("of a batch that is not there ends with 2", async () => {
      expect(await call("status 1999-01-01")).to.deep.include({ code: 2, printed: "" });
    });
  });

  describe("watch", () => {
    it("follows a batch to its publication, a line for each change, and ends with 0", async () => {
      const batch = "2026-05-01";
      await upload(`${batch}/users.json`, files["users.json"]);
      const steps = [
        () => upload(`${batch}/events.json`, files["events.json"]),
        () => upload(`${batch}/orders.json`, files["orders.json"]),
        () => end(batch, 1),
      ];
      const { code, printed } = await call(`watch ${batch} --wait`, {
        pause: async () => void (await steps.shift()!()),
      });
      expect(
        printed.split("\n").map((line) => line.replace(/^\d\d:\d\d:\d\dZ {2}/, "").replace(/\d+(\.\d+)? s\b/, "N s")),
      ).to.deep.equal([
        `${batch}/users.json promoted`,
        `batch ${batch} waiting: events missing, orders missing`,
        `${batch}/events.json promoted`,
        `batch ${batch} waiting: orders missing`,
        `${batch}/orders.json promoted`,
        `batch ${batch} run 1 started: in Glue`,
        `batch ${batch} running: run 1 in Glue, started N s ago`,
        `batch ${batch} run 1 published: after N s in Glue`,
        `batch ${batch} published: readers see run 1`,
      ]);
      expect(code).to.equal(0);
    });

    it("ends with 4 when the batch waits, and with 1 when its run failed; --json gives objects", async () => {
      const batch = "2026-05-02";
      await upload(`${batch}/users.json`, files["users.json"]);
      expect((await call(`watch ${batch}`)).code).to.equal(4);
      await uploadAll(batch);
      const { code, printed } = await call(`watch ${batch} --json`, {
        pause: async () => void (await end(batch, 1, "timeout")),
      });
      expect(code).to.equal(1);
      const last = printed
        .split("\n")
        .map((line) => JSON.parse(line))
        .at(-1);
      expect(last).to.deep.include({
        batch,
        subject: "batch",
        state: "failed",
        detail: "run 1",
      });
    });

    it("waits for an upload that promote has not looked at, unless promote gave it up", async () => {
      const batch = "2026-05-03";
      const record = await under.upload(`${batch}/users.json`, files["users.json"]);
      const { code, printed } = await call(`watch ${batch}`, { pause: async () => void (await under.deliver(record)) });
      expect(code).to.equal(4);
      expect(printed).to.match(/users\.json uploaded\n.*\n.*users\.json promoted\n/);
      const lost = await under.upload(`${batch}/events.json`, files["events.json"]);
      const dead: Target = { ...target, messages: async () => ({ uploads: 0, deadUploads: 1, deadEvents: 0 }) };
      expect((await call(`watch ${batch}`, { openTarget: () => dead })).code).to.equal(4);
      await under.deliver(lost);
    });

    it("without a batch follows all in which something goes on", async () => {
      const [one, other] = ["2026-05-04", "2026-05-05"];
      await uploadAll(one!);
      await uploadAll(other!);
      // Batches that other tests of this file leave running would be followed for ever.
      const two: Target = {
        ...target,
        ledger: {
          ...target.ledger,
          async *list(prefix) {
            for await (const key of target.ledger.list(prefix))
              if (key.includes(one!) || key.includes(other!)) yield key;
          },
        },
      };
      const openTarget = () => two;
      const steps = [() => end(one!, 1), () => end(other!, 1, "timeout")];
      const { code, printed } = await call("watch", { openTarget, pause: async () => void (await steps.shift()!()) });
      expect(code).to.equal(1);
      expect(printed).to.contain(`batch ${one} published`).and.contain(`batch ${other} failed`);
      expect(await call("watch", { openTarget })).to.deep.include({ code: 0, printed: "" });
    });

    it("is stopped by Ctrl-C, with 130", async () => {
      const batch = "2026-05-06";
      await uploadAll(batch);
      const stopping = new AbortController();
      const { code, errors } = await call(`watch ${batch}`, {
        signal: stopping.signal,
        pause: async () => stopping.abort(),
      });
      expect(code).to.equal(130);
      expect(errors).to.match(/stopped$/);
    });

    it("refuses a batch of which nobody knows anything", async () => {
      expect((await call("watch 2026-05-0")).code).to.equal(2);
    });

    it("tells a withdrawal, a skip, a newer rejection and a new late batch once", () => {
      const input = { dataset: "users", decision: promoted("v1", "1"), read: [], withdrawn: [], late: false };
      const before: Look = {
        batch: "b",
        document: {
          ...emptyDocument,
          inputs: { "b/users.json": input, "b/orders.json": { ...input, dataset: "orders" } },
        },
        verdict: { state: "waiting", missing: ["events"], rejected: [], expired: [] },
        undecided: [],
        deadUploads: 0,
      };
      const after: Look = {
        ...before,
        document: {
          ...before.document,
          inputs: {
            "b/users.json": { ...input, withdrawn: ["v1"] },
            "b/orders.json": { ...input, dataset: "orders", decision: rejected("v2", "2") },
          },
        },
        verdict: { state: "late", missing: ["users", "events"], rejected: ["orders"], expired: [] },
        undecided: [{ key: "b/x.txt", version: "x", bytes: 1, uploadedAt: 1, skipped: { reason: "no", fix: "none" } }],
      };
      expect(
        changesBetween(before, after, 0).map(({ subject, state, detail }) => [subject, state, detail]),
      ).to.deep.equal([
        ["b/x.txt", "skipped", "no; none"],
        ["b/orders.json", "rejected", "the last record is cut; upload the whole file"],
        ["b/users.json", "withdrawn", ""],
        ["batch", "late", "orders rejected, users missing, events missing"],
      ]);
      expect(changesBetween(after, after, 0)).to.deep.equal([]);
      expect(endOf(after)).to.equal(4);
    });

    it("tells of what DuckDB could not do in one line, and goes on with Glue", () => {
      const { document, verdict } = embeddedStories.unfit;
      const [tried, done] = document.runs;
      const at = (runs: LedgerDocument["runs"], state: Look["verdict"]): Look => ({
        ...{ batch: "b", undecided: [], deadUploads: 0, verdict: state },
        document: { ...document, runs, published: state.state === "published" ? document.published : null },
      });
      const before = at([{ ...tried!, state: "started", settledAt: null, failure: null }], {
        state: "running",
        run: 1,
      });
      const between = at([tried!, { ...done!, state: "started", settledAt: null }], { state: "running", run: 2 });
      const told = (earlier: Look | null, later: Look) =>
        changesBetween(earlier, later, tried!.claimedAt + 10_000).map(({ subject, state, detail }) =>
          [subject, state, detail].join("; "),
        );
      expect(told(null, before).slice(-2)).to.deep.equal([
        "run 1; started; in DuckDB",
        "batch; running; run 1 in DuckDB, started 10 s ago",
      ]);
      expect(told(before, between)).to.deep.equal([
        "run 1; unfit; after 9.0 s in DuckDB, so Glue gets its files: user_activity: DuckDB has no more memory or disk",
        "run 2; started; in Glue",
      ]);
      expect(told(between, at([tried!, done!], verdict))).to.deep.equal([
        "run 2; published; after 34.5 s in Glue",
        "batch; published; readers see run 2",
      ]);
      expect(endOf(between)).to.equal(null);
    });
  });

  describe("logs", () => {
    /** Answers as CloudWatch does with a quoted term, a page at a time. */
    const logsClient = (groups: Readonly<Record<string, readonly [number, object][]>>): CloudWatchLogsClient => {
      const client = new CloudWatchLogsClient({ region: "eu-central-1" });
      client.send = async (command: FilterLogEventsCommand) => {
        const { logGroupName, filterPattern = "", startTime = 0, nextToken = "0" } = command.input;
        const found = (groups[logGroupName!] ?? [])
          .map(([timestamp, entry], index) => ({
            eventId: `${logGroupName}${index}`,
            timestamp,
            message: `${JSON.stringify(entry)}\n`,
          }))
          .filter(
            ({ message, timestamp }) => message.includes(filterPattern.replaceAll('"', "")) && timestamp >= startTime,
          );
        const at = Number(nextToken);
        return { events: found.slice(at, at + 2), ...(at + 2 < found.length && { nextToken: String(at + 2) }) };
      };
      return client;
    };

    it("of both functions and the job, in the order of time, of this batch alone", async () => {
      const batch = "2026-06-01";
      await uploadAll(batch);
      await end(batch, 1);
      const at = Date.now();
      const logs = logsClient({
        "/aws/lambda/commerce-dev-promote": [
          [
            at + 3,
            {
              level: "info",
              message: "file.promoted",
              key: `${batch}/users.json`,
              batch,
              bytes: 7,
            },
          ],
          [at + 1, { level: "info", message: "file.skipped", key: `${batch}/x.txt`, reason: "no dataset" }],
          [at + 4, { level: "info", message: "file.promoted", key: "2026-06-011/users.json", batch: "2026-06-011" }],
          [at + 5, { level: "error", message: "message.failed", reason: `Error: ${"no"}` }],
        ],
        "/aws/lambda/commerce-dev-settle": [
          [at + 2, { level: "warn", message: "run.deferred", batch, run: 1, reason: "busy now" }],
          [at + 6, { level: "info", message: "run.published", batch, run: 2 }],
        ],
      });
      const told: Target = {
        ...target,
        clients: { ...target.clients, logs },
        jobLog: async () => [{ at: at + 4, text: "12:00:00 WARN Spark: \u001b[2Jslow" }],
      };
      const { printed } = await call(`logs ${batch}`, { openTarget: () => told });
      expect(printed.split("\n").map((line) => line.slice(22))).to.deep.equal([
        `promote  file.skipped key=${batch}/x.txt reason="no dataset"`,
        'settle   run.deferred run=1 reason="busy now"',
        `promote  file.promoted key=${batch}/users.json bytes=7`,
        "run 1    12:00:00 WARN Spark: \\u001b[2Jslow",
        'promote  message.failed reason="Error: no"',
        "settle   run.published run=2",
      ]);
      const of1 = await call(`logs ${batch} --run 1 --functions --json`, { openTarget: () => told });
      expect(JSON.parse(of1.printed)).to.deep.equal([
        {
          at: new Date(at + 2).toISOString(),
          source: "settle",
          level: "warn",
          text: 'run.deferred run=1 reason="busy now"',
        },
      ]);
      expect((await call(`logs ${batch} --limit 1`, { openTarget: () => told })).printed).to.match(
        /^5 earlier lines; --limit N shows more\n.*run\.published run=2$/,
      );
      expect(await call(`logs ${batch} --run 7`, { openTarget: () => told })).to.deep.include({
        code: 2,
        errors: `batch ${batch} has no run 7; it has 1`,
      });
    });

    it("of DuckDB: what its function logged from the START of a request that names the job run to the next", async () => {
      const at = Date.now();
      const entry = (message: string, jobRun: string) =>
        `${at}\tr1\tINFO\t${JSON.stringify({ level: "info", message, jobRun })}`;
      const streams: Readonly<Record<string, readonly string[]>> = {
        one: [
          "START RequestId: r0 Version: 7",
          entry("attempt.begun", "em-2"),
          "INIT_START Runtime Version: nodejs",
          "START RequestId: r1 Version: 7",
          entry("attempt.begun", "em-1"),
          "2026-11-28T00:00:00Z r1 Task timed out after 600.00 seconds",
          "REPORT RequestId: r1",
          "START RequestId: r2 Version: 7",
          entry("attempt.begun", "em-3"),
        ],
        other: [`START RequestId: r3 Version: 7`, entry("attempt.left", "em-1"), "END RequestId: r3"],
      };
      const logs = new CloudWatchLogsClient({ region: "eu-central-1" });
      logs.send = async ({ input }: FilterLogEventsCommand) => {
        const { logStreamNames = Object.keys(streams), filterPattern = "" } = input;
        const events = logStreamNames.flatMap((logStreamName) =>
          streams[logStreamName]!.map((message) => ({ logStreamName, timestamp: at, message: `${message}\n` })),
        );
        return { events: events.filter(({ message }) => message.includes(filterPattern.replaceAll('"', ""))) };
      };
      const lines = await readAttemptLog(logs, "/aws/lambda/commerce-dev-embedded", "em-1", at);
      expect(lines.map(({ text }) => text)).to.deep.equal([...streams.one!.slice(3, 7), ...streams.other!]);
      const batch = "2026-06-02";
      await uploadAll(batch);
      const told: Target = {
        ...target,
        clients: { ...target.clients, logs: logsClient({}) },
        jobLog: async () => lines,
      };
      const { printed } = await call(`logs ${batch}`, { openTarget: () => told });
      expect(printed.split("\n").map((line) => line.slice(22))).to.deep.equal([
        "run 1  START RequestId: r1 Version: 7",
        "run 1  attempt.begun jobRun=em-1",
        "run 1  2026-11-28T00:00:00Z r1 Task timed out after 600.00 seconds",
        "run 1  REPORT RequestId: r1",
        "run 1  START RequestId: r3 Version: 7",
        "run 1  attempt.left jobRun=em-1",
        "run 1  END RequestId: r3",
      ]);
    });

    it("tells whose a line is", () => {
      expect(belongs({ message: "x", batch: "a", run: 1 }, "a", undefined)).to.equal(true);
      expect(belongs({ message: "x", batch: "a", run: 1 }, "a", 2)).to.equal(false);
      expect(belongs({ message: "x", key: "a/users.json" }, "a", undefined)).to.equal(true);
      expect(belongs({ message: "x", key: "users.json" }, "current", undefined)).to.equal(true);
      expect(belongs({ message: "x", key: "a/users.json" }, "current", undefined)).to.equal(false);
      expect(belongs({ message: "sweep.done" }, "a", undefined)).to.equal(false);
      const _aws = { CloudWatchMetrics: [{ Dimensions: [["Pipeline"]], Metrics: [{ Name: "RunsFailed" }] }] };
      expect(textOf({ level: "info", message: "m", _aws, Pipeline: "x", RunsFailed: 1, a: [1] })).to.equal("m a=[1]");
    });

    it("gives a local run's lines the time that they tell, or that of the line before", async () => {
      const runs = mkdtempSync(join(tmpdir(), "runs-"));
      try {
        const folder = join(runs, "jr_1");
        mkdirSync(folder);
        writeFileSync(join(folder, "run.log"), "select 1\n23:59:59 WARN a\nb\n\n00:00:01 INFO c\n");
        const started = Date.UTC(2026, 0, 1, 23, 59, 50);
        const lines = readLocalLog(runs, "jr_1", { StartedOn: new Date(started) });
        expect(lines.map(({ at, text }) => [(at - started) / 1000, text])).to.deep.equal([
          [0, "select 1"],
          [9, "23:59:59 WARN a"],
          [9, "b"],
          [11, "00:00:01 INFO c"],
        ]);
        expect(readLocalLog(runs, "jr_2", null)).to.deep.equal([]);
      } finally {
        rmSync(runs, { recursive: true });
      }
    });
  });

  describe("rejects", () => {
    const batch = "2026-07-01";
    const long = "x".repeat(200);
    /** Two malformed rows, among too many good ones for a rejection. */
    const orders = `${files["orders.json"].repeat(50)}\n{"order_id":"o_1","user_id":7}\n{"order_id":"${long}","user_id":[]}\n${files["orders.json"]}`;
    let jobRun: string;
    let folder: string;

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), "rejects-"));
      for (const [name, text] of Object.entries({ ...files, "orders.json": orders }))
        await upload(`${batch}/${name}`, text);
      jobRun = (await under.ledger(batch)).runs[0]!.jobRuns[0]!;
      await under.report(batch, 1, jobRun, (report) => {
        for (const name of ["users", "events"])
          Object.assign(report.datasets[name], { malformed: 0, read: 1, kept: 1, rejected: {}, deduplicated: 0 });
        const rejected = { x: 0, order_id_is_null: 2 };
        Object.assign(report.datasets.orders, { malformed: 2, read: 51, kept: 49, deduplicated: 0, rejected });
      });
      under.engine.end(jobRun, "succeeded");
      await under.jobEnded(jobRun);
      await upload(`${batch}/users.json`, "");
    });
    after(() => {
      rmSync(folder, { recursive: true, force: true });
      rmSync(join(localDirectory, "rejected", under.names.rejectedBucket), { recursive: true, force: true });
    });

    it("names the files with what to do, and counts rows by rule where the rows have expired", async () => {
      const { code, printed } = await call(`rejects ${batch}`);
      expect(code).to.equal(0);
      expect(printed.split("\n").slice(0, 7)).to.deep.equal([
        "Rejected files",
        `  ${batch}/users.json`,
        "    empty: the file has no bytes",
        "    to mend: upload it again with its records",
        "Rejected rows of orders: 4 of 53 rows",
        "  malformed: 2",
        `    ${batch}/orders.json:52 has a whole number in user_id, which is declared string`,
      ]);
      expect(printed).to.contain("  order_id_is_null: 2\n    the rows");
      expect(printed).to.contain("the rows have expired and are no longer at");
    });

    it("shows file and line of the first ones, cut for people and whole for programs", async () => {
      rmSync(join(localDirectory, "rejected", under.names.rejectedBucket), { recursive: true, force: true });
      const path = join(folder, "part-0.parquet");
      const instance = await DuckDBInstance.create(":memory:");
      const connection = await instance.connect();
      await connection.run(
        `copy (select rule, 'o.json' as file, line, {order_id: null, rule: id} as row
         from (values ('order_id_is_null', 9, 'c'), ('order_id_is_null', 4, 'b')) t(rule, line, id)) to '${path}' (format parquet)`,
      );
      connection.closeSync();
      instance.closeSync();
      await under.s3.send(
        new PutObjectCommand({
          Bucket: under.names.rejectedBucket,
          Key: `rows/orders/batch=${batch}/run=1/${jobRun}/part-0.parquet`,
          Body: readFileSync(path),
        }),
      );
      const { printed } = await call(`rejects ${batch} --limit 1`);
      expect(printed.split("\n").slice(4)).to.deep.equal([
        "Rejected rows of orders: 4 of 53 rows",
        "  malformed: 2",
        `    ${batch}/orders.json:52 has a whole number in user_id, which is declared string`,
        '      {"order_id":"o_1","user_id":7}',
        "  order_id_is_null: 2",
        "    o.json:4",
        '      {"order_id":null,"rule":"b"}',
      ]);
      const { rows, run } = JSON.parse((await call(`rejects ${batch} --json`)).printed);
      expect(run).to.equal(1);
      expect(rows[0].rules[0]).to.deep.equal({
        rule: "malformed",
        rows: 2,
        examples: [
          {
            file: `${batch}/orders.json`,
            line: 52,
            why: "has a whole number in user_id, which is declared string",
            text: '{"order_id":"o_1","user_id":7}',
          },
          {
            file: `${batch}/orders.json`,
            line: 53,
            why: "has a list in user_id, which is declared string",
            text: `{"order_id":"${long}","user_id":[]}`,
          },
        ],
      });
      expect(rows[0].rules[1].examples.map(({ line }: { line: number }) => line)).to.deep.equal([4, 9]);
    });

    it("says that there is nothing, and which runs have a report", async () => {
      const calm = "2026-07-02";
      await upload(`${calm}/users.json`, files["users.json"]);
      expect((await call(`rejects ${calm}`)).printed).to.equal(
        `batch ${calm} has no rejected file, and no run that counted rows`,
      );
      expect(await call(`rejects ${batch} --run 9`)).to.deep.include({
        code: 2,
        errors: `run 9 of batch ${batch} has no report; run 1 has`,
      });
    });
  });

  describe("validate", () => {
    it("the shipped config, and in what two environments differ", async () => {
      expect(await call("validate")).to.deep.include({
        code: 0,
        printed: "config/pipeline_config.yaml is valid in dev, prod\nuser_activity: DuckDB or Spark",
      });
      expect((await call("validate --diff dev..prod")).printed).to.match(/^ +dev +prod\n.*batching\.deadline +"3d"/s);
      expect(await call("validate --diff dev..prd")).to.deep.include({
        code: 2,
        errors: "--diff dev..prd: write two environments as dev..prod; there are dev, prod",
      });
      expect(await call("validate --config nowhere.yaml")).to.deep.include({
        code: 2,
        errors: "nowhere.yaml: no such file",
      });
    });
  });

  describe("texts", () => {
    it("show what would steer the terminal as its code, and leave lines, and colours where a style has made them", () => {
      const text = "a\u001b[2J\u0007\u202eb\r\nc\u001b[31md\u001b[39m\u001b[8m";
      expect(printable(text, true)).to.equal("a\\u001b[2J\\u0007\\u202eb\\u000d\nc\u001b[31md\u001b[39m\\u001b[8m");
      expect(printable(text)).to.equal("a\\u001b[2J\\u0007\\u202eb\\u000d\nc\\u001b[31md\\u001b[39m\\u001b[8m");
    });

    it("are broken at 80 columns", () => {
      expect(wrap(`${"word ".repeat(30)}end`, 2).every((line) => line.length <= 80)).to.equal(true);
    });

    it("give durations in the two units that matter, and carry when they round", () => {
      const seconds = [0, 0.44, 9, 59.94, 59.96, 87, 3599.6, 11_100, 47.99 * 3600, 52 * 3600];
      expect(seconds.map((count) => duration(count * 1000))).to.deep.equal([
        "0 s",
        "0.4 s",
        "9 s",
        "59.9 s",
        "1 min",
        "1 min 27 s",
        "1 h",
        "3 h 5 min",
        "2 d",
        "2 d 4 h",
      ]);
    });
  });
});
