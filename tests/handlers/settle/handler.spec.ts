import { PutObjectCommand } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { UnknownEvent } from "../../../handlers/settle/handler.ts";
import { type PipelineUnderTest, type Report, startPipelineUnderTest } from "../pipelineUnderTest.ts";

/**
 * The settle handler over HTTP on real conditional writes. Not proven here: that EventBridge delivers, what Glue and
 * its catalog answer, the bundle, and permissions.
 */
describe("settle handler", function () {
  this.timeout(60_000);
  let pipeline: PipelineUnderTest;
  let day = 0;

  before(async () => {
    pipeline = await startPipelineUnderTest();
  });
  after(() => pipeline?.stop());

  /** A batch of its own whose run 1 has started; returns its name and the job run. */
  async function startedBatch(): Promise<{ batch: string; jobRun: string }> {
    const batch = `2026-03-${String(++day).padStart(2, "0")}`;
    for (const [name, text] of [
      ["users", '{"user_id":"u_0"}\n'],
      ["events", '{"event_id":"e_0","user_id":"u_0"}\n'],
      ["orders", '{"order_id":"o_0","user_id":"u_0"}\n'],
    ] as const)
      await pipeline.deliver(await pipeline.upload(`${batch}/${name}.json`, text));
    return { batch, jobRun: (await pipeline.ledger(batch)).runs[0]!.jobRuns[0]! };
  }
  const location = (batch: string, run: number, jobRun: string) =>
    `s3://test-gold/user_activity/batch=${batch}/run=${run}/${jobRun}/`;

  const shown = (batch: string, run: number, jobRun: string) => ({
    location: location(batch, run, jobRun),
    columns: pipeline.contract.outputs.user_activity!.columns,
  });

  it("publishes: pointer, catalog, closed batch", async () => {
    const { batch, jobRun } = await startedBatch();
    await pipeline.report(batch, 1, jobRun);
    pipeline.engine.end(jobRun, "succeeded");
    await pipeline.jobEnded(jobRun);
    const ledger = await pipeline.ledger(batch);
    expect(ledger.published).to.deep.equal({ run: 1, highWater: 1 });
    expect(ledger).to.deep.include({ open: null, effects: [] });
    expect(pipeline.catalog.partitions.get(`user_activity/${batch}`)).to.deep.equal(shown(batch, 1, jobRun));
    expect(await pipeline.keys("test-ledger", `open/${batch}/`)).to.deep.equal([]);
  });

  it("changes nothing when the end is told twice", async () => {
    const { batch, jobRun } = await startedBatch();
    await pipeline.report(batch, 1, jobRun);
    pipeline.engine.end(jobRun, "succeeded");
    await pipeline.jobEnded(jobRun);
    const { revision } = await pipeline.ledger(batch);
    await pipeline.jobEnded(jobRun);
    expect((await pipeline.ledger(batch)).revision).to.equal(revision);
  });

  it("settles by the sweep what no event told", async () => {
    const { batch, jobRun } = await startedBatch();
    await pipeline.report(batch, 1, jobRun);
    pipeline.engine.end(jobRun, "succeeded");
    await pipeline.settle({ kind: "sweep" });
    expect((await pipeline.ledger(batch)).published).to.deep.equal({ run: 1, highWater: 1 });
  });

  const faults: [string, (report: Report) => void, RegExp][] = [
    [
      "does not balance",
      (report) => Object.assign(report.datasets.users, { kept: 3 }),
      /users does not balance: 5 read, 3 kept, 2 rejected, 1 deduplicated/,
    ],
    [
      "has a failed check",
      (report) => report.checks.push({ name: "revenue", passed: false, detail: "1 <> 2" }),
      /check revenue failed: 1 <> 2/,
    ],
    ["names another manifest", (report) => Object.assign(report.manifest, { sha256: "0" }), /another manifest/],
    ["is another job run's", (report) => Object.assign(report, { jobRun: "jr_x" }), /names jobRun jr_x/],
    ["leaves out a dataset", (report) => delete report.datasets.orders, /not mention dataset orders/],
    ["leaves out an output", (report) => Object.assign(report, { outputs: {} }), /not mention output user_activity/],
    [
      "wrote elsewhere",
      (report) => Object.assign(report.outputs.user_activity, { uri: "s3://else/" }),
      /written to s3:\/\/else\//,
    ],
    ["is of another shape", (report) => Object.assign(report, { checks: 5 }), /not of the documented shape/],
    ["is of a newer format", (report) => Object.assign(report, { format: 2 }), /format 2/],
  ];
  for (const [title, change, message] of faults)
    it(`publishes nothing when the report ${title}`, async () => {
      const { batch, jobRun } = await startedBatch();
      await pipeline.report(batch, 1, jobRun, change);
      pipeline.engine.end(jobRun, "succeeded");
      await pipeline.jobEnded(jobRun);
      const ledger = await pipeline.ledger(batch);
      expect(ledger.published).to.equal(null);
      expect(ledger.runs[0]!.failure!.kind).to.equal("report");
      expect(ledger.runs[0]!.failure!.message).to.match(message);
      expect(pipeline.catalog.partitions.has(`user_activity/${batch}`)).to.equal(false);
    });

  it("fails with the engine's own reason when the job failed and left a report", async () => {
    const { batch, jobRun } = await startedBatch();
    await pipeline.report(batch, 1, jobRun, (report) =>
      Object.assign(report, { state: "failed", failure: { code: "schema_mismatch", message: "revenue is double" } }),
    );
    pipeline.engine.end(jobRun, "failed", "exit 1");
    await pipeline.jobEnded(jobRun);
    const ledger = await pipeline.ledger(batch);
    expect(ledger.runs.map(({ state }) => state)).to.deep.equal(["failed"]);
    expect(ledger.runs[0]!.failure).to.deep.equal({ kind: "report", message: "schema_mismatch: revenue is double" });
  });

  it("claims and starts again, a little later, when the infrastructure failed", async () => {
    const { batch, jobRun } = await startedBatch();
    pipeline.engine.end(jobRun, "failed", "node lost");
    await pipeline.jobEnded(jobRun);
    await pipeline.settle({ kind: "sweep" });
    expect((await pipeline.ledger(batch)).runs.map(({ state }) => state)).to.deep.equal(["failed"]);
    pipeline.clock.ahead += 90_000;
    await pipeline.settle({ kind: "sweep" });
    const ledger = await pipeline.ledger(batch);
    expect(ledger.runs.map(({ state }) => state)).to.deep.equal(["failed", "started"]);
    expect(ledger.runs[0]!.failure).to.deep.equal({ kind: "infrastructure", message: "node lost" });
  });

  it("finishes by the sweep a publication whose catalog switch failed", async () => {
    const { batch, jobRun } = await startedBatch();
    await pipeline.report(batch, 1, jobRun);
    pipeline.engine.end(jobRun, "succeeded");
    pipeline.catalog.failures = 1;
    await pipeline.jobEnded(jobRun);
    expect((await pipeline.ledger(batch)).effects.map(({ id }) => id)).to.deep.equal(["catalog:user_activity"]);
    pipeline.clock.ahead += 181_000;
    await pipeline.settle({ kind: "sweep" });
    expect((await pipeline.ledger(batch)).effects).to.deep.equal([]);
    expect(pipeline.catalog.partitions.get(`user_activity/${batch}`)).to.deep.equal(shown(batch, 1, jobRun));
    expect(await pipeline.notices(batch)).to.deep.equal([
      {
        subject: `commerce dev ${batch}: run 1 is published`,
        text: `commerce dev ${batch}: run 1 is published\n\nReaders get run 1.\n`,
      },
    ]);
  });

  it("tells people why a run has failed, in the first line, and what readers get", async () => {
    const { batch, jobRun } = await startedBatch();
    await pipeline.report(batch, 1, jobRun, (report) => {
      Object.assign(report, { state: "failed", failure: { code: "CheckFailed", message: "too many\nrows" } });
    });
    pipeline.engine.end(jobRun, "failed", "exit 1");
    await pipeline.jobEnded(jobRun);
    const { failure } = (await pipeline.ledger(batch)).runs[0]!;
    expect(await pipeline.notices(batch)).to.deep.equal([
      {
        subject: `commerce dev ${batch}: run 1 has failed`,
        text:
          `commerce dev ${batch}: run 1 has failed: ${failure!.message.replace("\n", " ")}\n\n` +
          `Nothing has been published so far.\nWhat to do: npm run pipeline -- explain ${batch} --stack dev\n`,
      },
    ]);
    expect(failure!.message).to.include("too many\nrows");
  });

  it("goes on when people can't be told, and tells them by the sweep", async () => {
    const { batch, jobRun } = await startedBatch();
    await pipeline.report(batch, 1, jobRun);
    pipeline.engine.end(jobRun, "succeeded");
    pipeline.topic.failures = 1;
    await pipeline.jobEnded(jobRun);
    expect((await pipeline.ledger(batch)).effects.map(({ id }) => id)).to.deep.equal(["notify:1"]);
    expect(pipeline.logs.filter(({ message }) => message === "notice.failed")).to.deep.equal([
      { level: "error", message: "notice.failed", batch, run: 1, reason: "Error: the topic is away" },
    ]);
    expect(await pipeline.notices(batch)).to.deep.equal([]);
    pipeline.clock.ahead += 181_000;
    await pipeline.settle({ kind: "sweep" });
    expect((await pipeline.ledger(batch)).effects).to.deep.equal([]);
    expect((await pipeline.notices(batch)).map(({ subject }) => subject)).to.deep.equal([
      `commerce dev ${batch}: run 1 is published`,
    ]);
  });

  it("gives a notice up that is refused time and again, and closes the batch", async () => {
    const { batch, jobRun } = await startedBatch();
    await pipeline.report(batch, 1, jobRun);
    pipeline.engine.end(jobRun, "succeeded");
    pipeline.topic.failures = Number.POSITIVE_INFINITY;
    await pipeline.jobEnded(jobRun);
    for (let sweeps = 0; sweeps < 20 && (await pipeline.ledger(batch)).effects.length > 0; sweeps++) {
      pipeline.clock.ahead += 3_700_000;
      await pipeline.settle({ kind: "sweep" });
    }
    pipeline.topic.failures = 0;
    const told = pipeline.logs.filter((line) => line.batch === batch && line.message.startsWith("notice."));
    const failed = told.slice(0, -1).map(({ message }) => message);
    expect([...new Set(failed), told.at(-1)!.message]).to.deep.equal(["notice.failed", "notice.given_up"]);
    expect(await pipeline.ledger(batch)).to.deep.include({ open: null, effects: [] });
  });

  it("stops the second of two job runs that were started for one claim", async () => {
    const { batch, jobRun } = await startedBatch();
    const twin = { ...pipeline.engine.jobRuns.get(jobRun)!, id: "jr_twin" };
    pipeline.engine.jobRuns.set(twin.id, twin);
    await pipeline.jobEnded(twin.id);
    expect(pipeline.engine.stopped).to.deep.equal([twin.id]);
    expect((await pipeline.ledger(batch)).effects).to.deep.equal([]);
  });

  it("sweeps away marks that no document names", async () => {
    const { batch } = await startedBatch();
    const before = await pipeline.ledger(batch);
    const { open, revision } = before;
    const mark = (epoch: number) => `open/${batch}/${epoch}`;
    const put = (Key: string) => pipeline.s3.send(new PutObjectCommand({ Bucket: "test-ledger", Key, Body: "{}" }));
    // The first is long past; the writer of the second died before it wrote the document, of the third without one.
    for (const key of [mark(revision), mark(revision + 1), "open/2026-12-31/1"]) await put(key);
    await pipeline.settle({ kind: "sweep" });
    expect(await pipeline.keys("test-ledger", `open/${batch}/`)).to.deep.equal([mark(open!)]);
    expect(await pipeline.keys("test-ledger", "open/2026-12-31/")).to.deep.equal([]);
    const after = await pipeline.ledger(batch);
    expect(after).to.deep.equal({ ...before, revision: revision + 1, writer: after.writer });
  });

  it("leaves a job run alone that nothing claimed, and refuses an event of another kind", async () => {
    pipeline.engine.jobRuns.set("jr_hand", {
      id: "jr_hand",
      state: "succeeded",
      executed: true,
      message: "",
      manifestUri: null,
    });
    await pipeline.jobEnded("jr_hand");
    expect(pipeline.logs.at(-1)).to.include({ message: "jobrun.foreign", jobRun: "jr_hand" });
    let failure: unknown;
    await pipeline.settle({ hello: 1 } as never).catch((error: unknown) => {
      failure = error;
    });
    expect(failure).to.be.instanceOf(UnknownEvent);
  });
});
