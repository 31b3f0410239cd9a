import { PutObjectCommand } from "@aws-sdk/client-s3";
import { expect } from "chai";
import type { OrderEvent } from "../../../handlers/settle/answerOrder.ts";
import { type PipelineUnderTest, startPipelineUnderTest } from "../pipelineUnderTest.ts";

/** An operator's orders through the settle handler, over HTTP on real conditional writes; engine and catalog are fakes. */
describe("an operator's order", function () {
  this.timeout(60_000);
  let pipeline: PipelineUnderTest;
  let day = 0;
  let orders = 0;

  before(async () => {
    pipeline = await startPipelineUnderTest();
  });
  after(() => pipeline?.stop());

  const upload = async (batch: string, name: string, text: string) =>
    await pipeline.deliver(await pipeline.upload(`${batch}/${name}`, text));
  const files = {
    "users.json": '{"user_id":"u_0"}\n',
    "events.json": '{"event_id":"e_0","user_id":"u_0"}\n',
    "orders.json": '{"order_id":"o_0","user_id":"u_0"}\n',
  };
  const give = (batch: string, order: OrderEvent["order"], id = `order-${++orders}`) =>
    pipeline.settle({ kind: "order", id, batch, order });

  async function finish(batch: string, run: number): Promise<void> {
    const { runs } = await pipeline.ledger(batch);
    const jobRun = runs.find((candidate) => candidate.run === run)!.jobRuns[0]!;
    await pipeline.report(batch, run, jobRun);
    pipeline.engine.end(jobRun, "succeeded");
    await pipeline.jobEnded(jobRun);
  }

  /** A batch of its own whose run 1 is published. */
  async function publishedBatch(): Promise<string> {
    const batch = `2026-05-${String(++day).padStart(2, "0")}`;
    for (const [name, text] of Object.entries(files)) await upload(batch, name, text);
    await finish(batch, 1);
    return batch;
  }
  const publishedLocation = (batch: string) => pipeline.catalog.partitions.get(`user_activity/${batch}`)?.location;

  it("run: releases a correction of one file, with the newest good ones of the others", async () => {
    const batch = await publishedBatch();
    await upload(batch, "users.json", '{"user_id":"u_1"}\n');
    expect((await pipeline.ledger(batch)).runs).to.have.length(1);
    expect(await give(batch, { operation: "run" })).to.deep.equal({ batch, state: "running", run: 2, published: 1 });
    const [first, second] = (await pipeline.ledger(batch)).runs;
    expect(second!.inputs.events).to.deep.equal(first!.inputs.events);
    expect(second!.inputs.users!.version).to.not.equal(first!.inputs.users!.version);
    expect(second!.state).to.equal("started");
    await finish(batch, 2);
    expect((await pipeline.ledger(batch)).published).to.deep.equal({ run: 2, highWater: 2 });
  });

  it("does a repeated order once, whoever else came between", async () => {
    const batch = await publishedBatch();
    const answer = await give(batch, { operation: "replay", run: 1 }, "the-same");
    expect(await give(batch, { operation: "replay", run: 1 }, "the-same")).to.deep.equal(answer);
    await finish(batch, 2);
    await give(batch, { operation: "replay", run: 1 }, "the-same");
    expect((await pipeline.ledger(batch)).runs).to.have.length(2);
  });

  it("replay: pins the very inputs and artifacts of a published run", async () => {
    const batch = await publishedBatch();
    await give(batch, { operation: "replay", run: 1 });
    const [first, second] = (await pipeline.ledger(batch)).runs;
    expect(second).to.deep.include({ run: 2, inputs: first!.inputs, release: first!.release });
  });

  it("rollback: moves pointer and catalog back, and leaves the high-water mark", async () => {
    const batch = await publishedBatch();
    await give(batch, { operation: "replay", run: 1 });
    await finish(batch, 2);
    expect(publishedLocation(batch)).to.contain("/run=2/");
    expect(await give(batch, { operation: "rollback", run: 1 })).to.deep.equal({
      batch,
      state: "published",
      run: 1,
      published: 1,
    });
    expect((await pipeline.ledger(batch)).published).to.deep.equal({ run: 1, highWater: 2 });
    expect(publishedLocation(batch)).to.contain("/run=1/");
  });

  it("withdraw: ends a conflict, and the batch goes on", async () => {
    const batch = `2026-05-${String(++day).padStart(2, "0")}`;
    await upload(batch, "users.json.gz", "no gzip, so rejected; it counts all the same");
    for (const [name, text] of Object.entries(files)) await upload(batch, name, text);
    expect((await pipeline.ledger(batch)).runs).to.deep.equal([]);
    expect(await give(batch, { operation: "withdraw", key: `${batch}/users.json.gz` })).to.deep.equal({
      batch,
      state: "running",
      run: null,
      published: null,
    });
    expect((await pipeline.ledger(batch)).runs.map(({ state }) => state)).to.deep.equal(["started"]);
  });

  it("expires what runs wrote that are kept no more, and nothing else", async () => {
    const batch = await publishedBatch();
    const write = (run: number, jobRun: string) =>
      pipeline.s3.send(
        new PutObjectCommand({
          Bucket: "test-gold",
          Key: `user_activity/batch=${batch}/run=${run}/${jobRun}/part-0.parquet`,
          Body: "rows",
        }),
      );
    await write(1, "jr_a");
    await write(1, "jr_twin");
    await write(10, "jr_b");
    const { keepRuns } = pipeline.settings;
    for (let run = 2; run <= keepRuns + 1; run++) {
      await give(batch, { operation: "replay", run: run - 1 });
      await write(run, "jr_c");
      await finish(batch, run);
    }
    await pipeline.settle({ kind: "sweep" });
    const runs = (await pipeline.keys("test-gold", `user_activity/batch=${batch}/`)).map((key) => key.split("/")[2]);
    expect(runs).to.deep.equal(["run=10", "run=2", "run=3", "run=4", "run=5", "run=6"]);
    expect((await pipeline.ledger(batch)).effects).to.deep.equal([]);
    expect(JSON.parse(await pipeline.text("test-ledger", `runs/${batch}/1.json`))).to.include({ run: 1 });
    expect(await give(batch, { operation: "rollback", run: 1 }))
      .to.have.property("refused")
      .that.matches(/keeps no run 1/);

    // Somebody's start of run 1 that no answer told of: it writes, and ends, when the run has long expired.
    const manifestUri = `s3://test-ledger/manifests/${batch}/1.json`;
    pipeline.engine.jobRuns.set("jr_late", {
      id: "jr_late",
      state: "succeeded",
      executed: true,
      message: "",
      manifestUri,
    });
    await write(1, "jr_late");
    await write(1, "jr_later");
    await pipeline.jobEnded("jr_late");
    const left = await pipeline.keys("test-gold", `user_activity/batch=${batch}/run=1/`);
    expect(left).to.deep.equal([`user_activity/batch=${batch}/run=1/jr_later/part-0.parquet`]);
    expect(pipeline.logs.at(-1)).to.include({ message: "jobrun.forgotten", batch, run: 1, jobRun: "jr_late" });
  });

  const refusals: [string, OrderEvent["order"], RegExp][] = [
    ["a rollback to a run that never was", { operation: "rollback", run: 7 }, /keeps no run 7/],
    ["a replay of a run that never was", { operation: "replay", run: 7 }, /keeps no run 7/],
    ["the withdrawal of an unknown file", { operation: "withdraw", key: "nobody.json" }, /knows no file nobody\.json/],
    ["an operation that is none", { operation: "explode" } as never, /one of run, replay, rollback, withdraw/],
    ["a rollback to no run", { operation: "rollback" } as never, /rollback needs a run/],
    ["a withdrawal of nothing", { operation: "withdraw" } as never, /withdraw needs a key/],
  ];
  for (const [title, order, message] of refusals)
    it(`refuses ${title}, with the reason, and writes nothing`, async () => {
      const batch = await publishedBatch();
      const { revision } = await pipeline.ledger(batch);
      expect(await give(batch, order))
        .to.have.property("refused")
        .that.matches(message);
      expect((await pipeline.ledger(batch)).revision).to.equal(revision);
    });

  it("refuses every order while a run has not ended", async () => {
    const batch = await publishedBatch();
    await give(batch, { operation: "replay", run: 1 });
    for (const order of [
      { operation: "run" },
      { operation: "rollback", run: 1 },
      { operation: "withdraw", key: `${batch}/users.json` },
    ] as const)
      expect(await give(batch, order))
        .to.have.property("refused")
        .that.matches(/run 2 of batch .* has not ended/);
  });

  it("refuses a run of a batch that has no files, and one without an id", async () => {
    expect(await give("2030-01-01", { operation: "run" }))
      .to.have.property("refused")
      .that.matches(/users is required and batch 2030-01-01 has no file/);
    expect(await give("2030-01-01", { operation: "run" }, "")).to.deep.equal({
      refused: "an order needs an id of 1 to 128 characters",
    });
    expect(await pipeline.keys("test-ledger", "batches/2030")).to.deep.equal([]);
  });
});
