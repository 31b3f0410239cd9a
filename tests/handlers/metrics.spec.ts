/** What CloudWatch is given to count: the embedded metric format of log lines, and when the sweep complains. */
import { expect } from "chai";
import type { Glue } from "../../handlers/clients.ts";
import { createLog } from "../../handlers/log.ts";
import type { Claim } from "../../handlers/run/engine.ts";
import { createGlueEngine } from "../../handlers/run/glue.ts";
import { nextSecond, type PipelineUnderTest, startPipelineUnderTest } from "./pipelineUnderTest.ts";

describe("a log entry that is counted", () => {
  const written = (message: string, fields: Readonly<Record<string, unknown>>) => {
    const lines: string[] = [];
    const scope = { namespace: "DataPipeline", dimensions: { Pipeline: "commerce", Environment: "dev" } };
    createLog(
      (line) => lines.push(line),
      scope,
      () => 1_700_000_000_000,
    ).info(message, fields);
    return JSON.parse(lines[0]!);
  };
  const metricsOf = (entry: ReturnType<typeof written>) => entry._aws.CloudWatchMetrics[0].Metrics;

  it("carries its count beside its fields", () => {
    expect(written("file.promoted", { key: "a" })).to.deep.equal({
      level: "info",
      message: "file.promoted",
      key: "a",
      Pipeline: "commerce",
      Environment: "dev",
      FilesPromoted: 1,
      _aws: {
        Timestamp: 1_700_000_000_000,
        CloudWatchMetrics: [
          {
            Namespace: "DataPipeline",
            Dimensions: [["Pipeline", "Environment"]],
            Metrics: [{ Name: "FilesPromoted", Unit: "Count" }],
          },
        ],
      },
    });
  });

  it("carries what its run used up, each number in its unit", () => {
    const entry = written("run.published", { run: 1, seconds: 90, dpuHours: 0.25 });
    expect(entry).to.deep.include({ RunsPublished: 1, RunSeconds: 90, GlueDpuHours: 0.25, seconds: 90 });
    expect(metricsOf(entry)).to.deep.equal([
      { Name: "RunsPublished", Unit: "Count" },
      { Name: "RunSeconds", Unit: "Seconds" },
      { Name: "GlueDpuHours", Unit: "None" },
    ]);
  });

  it("leaves out a number that is not known", () => {
    const entry = written("run.failed", { run: 1, reason: "refused" });
    expect(metricsOf(entry)).to.deep.equal([{ Name: "RunsFailed", Unit: "Count" }]);
    expect(entry).not.to.have.property("RunSeconds");
  });

  it("tells by each sweep that nothing was published, which is not silence", () => {
    const entry = written("sweep.done", { batches: 0, published: 0 });
    expect(entry).to.deep.include({ Sweeps: 1, RunsPublished: 0 });
    expect(metricsOf(entry)).to.deep.include({ Name: "RunsPublished", Unit: "Count" });
  });

  it("tells by each sweep how many batches it failed on and did not get round to, none included", () => {
    const entry = written("sweep.done", { batches: 9, swept: 5, failed: 1, unswept: 3, published: 0 });
    expect(entry).to.deep.include({ BatchesFailing: 1, BatchesUnswept: 3 });
    expect(metricsOf(entry)).to.deep.include({ Name: "BatchesFailing", Unit: "Count" });
    const clean = written("sweep.done", { batches: 0, swept: 0, failed: 0, unswept: 0, published: 0 });
    expect(clean).to.deep.include({ BatchesFailing: 0, BatchesUnswept: 0 });
  });

  it("counts a notice that failed and one that was given up under one name", () => {
    for (const message of ["notice.failed", "notice.given_up"])
      expect(written(message, { run: 1 }), message).to.deep.include({ NoticesFailed: 1 });
    expect(written("effect.failed", { run: 1 })).to.deep.include({ EffectsFailed: 1 });
  });

  it("is no metric when nobody counts it", () => {
    expect(written("file.duplicate", { key: "a" })).not.to.have.property("_aws");
  });
});

const noClaim = {} as Claim;

describe("what a Glue job run used up", () => {
  const usageOf = async (run: object) => {
    const glue = {
      send: async () => ({ JobRun: { Id: "jr_1", JobRunState: "SUCCEEDED", ...run } }),
    } as unknown as Glue;
    return (await createGlueEngine(glue, "job").describe(noClaim, "jr_1"))!.usage;
  };

  it("is its time by its workers' DPUs", async () => {
    expect(await usageOf({ ExecutionTime: 360, MaxCapacity: 10 })).to.deep.equal({ seconds: 360, dpuHours: 1 });
  });
  it("is a minute at least, as it is charged", async () => {
    expect(await usageOf({ ExecutionTime: 6, MaxCapacity: 6 })).to.deep.equal({ seconds: 6, dpuHours: 0.1 });
  });
  it("is what Glue counted, where workers come and go", async () => {
    const usage = await usageOf({ ExecutionTime: 360, MaxCapacity: 10, DPUSeconds: 1800 });
    expect(usage).to.deep.equal({ seconds: 360, dpuHours: 0.5 });
  });
  it("is not known before it has run", async () => {
    expect(await usageOf({ JobRunState: "WAITING", ExecutionTime: 0, MaxCapacity: 10 })).to.equal(undefined);
  });
});

describe("the sweep", () => {
  const batch = "2026-11-23";
  const [minute, hour] = [60_000, 3_600_000];
  let pipeline: PipelineUnderTest;
  beforeEach(async () => {
    pipeline = await startPipelineUnderTest();
    Object.assign(pipeline.settings, { runAge: 7200, reconciliationEvery: 3600 });
  });
  afterEach(() => pipeline.stop());

  const upload = async () => {
    for (const [dataset, line] of [
      ["users", '{"user_id":"u"}'],
      ["events", '{"event_id":"e","user_id":"u"}'],
      ["orders", '{"order_id":"o","user_id":"u"}'],
    ])
      await pipeline.deliver(await pipeline.upload(`${batch}/${dataset}.json`, `${line}\n`));
  };
  const sweepLater = async (milliseconds: number) => {
    pipeline.clock.ahead += milliseconds;
    pipeline.logs.length = 0;
    await pipeline.settle({ kind: "sweep" });
    return pipeline.logs.map(({ message }) => message);
  };

  it("tells of a run that has not ended, each time, and of none that is young or has ended", async () => {
    await upload();
    expect(await sweepLater(2 * hour - minute)).to.not.include("run.overlong");
    expect(await sweepLater(2 * minute)).to.include("run.overlong");
    expect(pipeline.logs.find(({ message }) => message === "run.overlong")).to.deep.include({
      level: "error",
      batch,
      run: 1,
      state: "started",
    });
    expect(await sweepLater(minute)).to.include("run.overlong");
    pipeline.engine.end("jr_1", "stopped");
    expect(await sweepLater(minute))
      .to.include("run.failed")
      .and.to.not.include("run.overlong");
  });

  it("begins a reconciliation when there was none, when the last is old enough, and when a release is new", async () => {
    const done = "reconciliation.done";
    expect(await sweepLater(0)).to.include(done);
    expect(await sweepLater(hour - minute)).to.not.include(done);
    expect(await sweepLater(2 * minute)).to.include(done);
    expect(await sweepLater(minute)).to.not.include(done);
    await nextSecond();
    await pipeline.deploy(pipeline.contract, "newer");
    expect(await sweepLater(0)).to.include(done);
    expect(await sweepLater(minute)).to.not.include(done);
  });

  it("tells that a reconciliation has not come to its end for too long", async () => {
    pipeline.time.left = () => 0;
    expect(await sweepLater(0)).to.include("reconciliation.cut");
    expect(await sweepLater(2 * hour - minute)).to.not.include("reconciliation.overdue");
    expect(await sweepLater(2 * minute)).to.include("reconciliation.overdue");
    pipeline.time.left = () => 120_000;
    expect(await sweepLater(minute)).to.include("reconciliation.done");
    expect(await sweepLater(minute)).to.not.include("reconciliation.overdue");
  });

  it("tells once of a batch that is late, and what it lacks", async () => {
    await pipeline.deliver(await pipeline.upload(`${batch}/users.json`, '{"user_id":"u"}\n'));
    expect(await sweepLater(minute)).to.not.include("batch.late");
    expect(await sweepLater(pipeline.contract.batching.deadline * 1000)).to.include("batch.late");
    expect(pipeline.logs.find(({ message }) => message === "batch.late")).to.deep.equal({
      level: "error",
      message: "batch.late",
      batch,
      state: "late",
      missing: ["events", "orders"],
      rejected: [],
      expired: [],
    });
    expect(await sweepLater(minute)).to.not.include("batch.late");
  });

  it("says of a run that ended what all its job runs used up", async () => {
    await upload();
    pipeline.engine.end("jr_1", "failed", "no memory");
    Object.assign(pipeline.engine.jobRuns.get("jr_1")!, { usage: { seconds: 90, dpuHours: 0.5 } });
    await sweepLater(minute);
    const ended = pipeline.logs.find(({ message }) => message === "run.failed");
    expect(ended).to.deep.include({ run: 1, seconds: 90, dpuHours: 0.5, reason: "no memory" });
  });

  it("tells how many batches it swept, failed on, and had no time for", async () => {
    await upload();
    await sweepLater(minute);
    const done = () => pipeline.logs.find(({ message }) => message === "sweep.done");
    expect(done()).to.deep.include({ batches: 1, swept: 1, failed: 0, unswept: 0 });
    pipeline.time.left = () => 0;
    await sweepLater(minute);
    expect(done()).to.deep.include({ batches: 1, swept: 0, failed: 0, unswept: 1 });
  });

  it("tells of a publication that the catalog refused, and of none once it went through", async () => {
    await upload();
    pipeline.engine.end("jr_1", "succeeded");
    await pipeline.report(batch, 1, "jr_1");
    pipeline.catalog.failures = 1;
    await pipeline.jobEnded("jr_1");
    const published = () => pipeline.logs.filter(({ message }) => message === "run.published");
    expect(published()).to.have.length(1);
    const told = pipeline.logs.filter(({ message }) => message === "publication.failed");
    expect(told).to.deep.equal([
      {
        level: "error",
        message: "publication.failed",
        batch,
        table: "user_activity",
        reason: "Error: the catalog is away",
      },
    ]);
    expect(await sweepLater(10 * minute)).to.not.include("publication.failed");
    expect(published(), "told once").to.have.length(0);
    expect([...pipeline.catalog.partitions.keys()]).to.include(`user_activity/${batch}`);
  });

  it("tells of an output without a table for as long as the output is declared", async () => {
    await upload();
    pipeline.engine.end("jr_1", "succeeded");
    await pipeline.report(batch, 1, "jr_1");
    pipeline.catalog.missing.add("user_activity");
    await pipeline.jobEnded("jr_1");
    expect(await sweepLater(10 * minute)).to.include("publication.failed");
    expect((await pipeline.ledger(batch)).effects.map(({ id }) => id)).to.deep.equal(["catalog:user_activity"]);
    await nextSecond();
    const { user_activity: _, ...outputs } = pipeline.contract.outputs;
    await pipeline.deploy({ ...pipeline.contract, outputs });
    expect(await sweepLater(10 * minute))
      .to.include("publication.unread")
      .and.to.not.include("publication.failed");
    expect((await pipeline.ledger(batch)).effects).to.deep.equal([]);
  });
});
