import { createHash } from "node:crypto";
import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { expect } from "chai";
import type { S3 } from "../../../handlers/clients.ts";
import type { FileReport } from "../../../handlers/promote/fileReport.ts";
import { s3Source } from "../../../handlers/promote/source.ts";
import { type PipelineUnderTest, type S3Record, sqsEvent, startPipelineUnderTest } from "../pipelineUnderTest.ts";
import { readParquet } from "./parquetRows.ts";

/**
 * The promote handler over HTTP on real conditional writes. Not proven here: that S3 and the queue deliver, the bundle,
 * permissions, and If-None-Match on a copy's target, which the local AWS ignores.
 */
describe("promote handler", function () {
  this.timeout(60_000);
  let pipeline: PipelineUnderTest;
  let failNextAnswerTo: string | null = null;

  /** Lets a write take effect and loses its answer, as a connection that breaks does. */
  const losing = (s3: S3Client): S3 => {
    const send = async (command: { input: { Key?: string } }) => {
      const answer = await s3.send(command as never);
      if (command instanceof PutObjectCommand && failNextAnswerTo && command.input.Key === failNextAnswerTo) {
        failNextAnswerTo = null;
        // The SDK tries again by itself, and this second try finds the first one's result.
        return s3.send(new PutObjectCommand(command.input));
      }
      return answer;
    };
    return { send } as unknown as S3;
  };

  before(async () => {
    pipeline = await startPipelineUnderTest(losing);
  });
  after(() => pipeline?.stop());

  const user = '{"user_id":"u_0","country":"US"}\n';
  const event = '{"event_id":"e_0","user_id":"u_0"}\n';
  const order = '{"order_id":"o_0","user_id":"u_0","order_amount":12.34}\n';
  const uploadAll = async (batch: string): Promise<[S3Record, S3Record, S3Record]> => [
    await pipeline.upload(`${batch}/users.json`, user),
    await pipeline.upload(`${batch}/events.json`, event),
    await pipeline.upload(`${batch}/orders.json`, order),
  ];
  const startsOf = (batch: string) =>
    pipeline.engine.starts.filter(({ manifest }) => manifest.includes(`/manifests/${batch}/`));
  /** The rows that a promoted file's report leads to, its bytes being as pinned. */
  const rowsOf = async ({ uri, sha256 }: { readonly uri: string; readonly sha256: string }) => {
    const text = await pipeline.text("test-ledger", uri.slice("s3://test-ledger/".length));
    expect(createHash("sha256").update(text).digest("hex")).to.equal(sha256);
    const { silver, parts } = JSON.parse(text) as FileReport;
    const place = silver.slice("s3://test-silver/".length);
    return await readParquet(
      pipeline.s3,
      "test-silver",
      parts.map((_, part) => `${place}part-${part}.parquet`),
    );
  };

  it("promotes three files, and starts once, after the third, with everything pinned", async () => {
    const batch = "2026-01-01";
    const [users, events, orders] = await uploadAll(batch);
    expect(await pipeline.deliver(users)).to.deep.equal([]);
    expect(await pipeline.deliver(events)).to.deep.equal([]);
    expect(startsOf(batch)).to.have.length(0);
    expect(await pipeline.deliver(orders)).to.deep.equal([]);

    expect(startsOf(batch)).to.have.length(1);
    const body = await pipeline.text(pipeline.names.ledgerBucket, `manifests/${batch}/1.json`);
    expect(startsOf(batch)[0]).to.deep.equal({
      manifest: `s3://test-ledger/manifests/${batch}/1.json`,
      sha256: createHash("sha256").update(body).digest("hex"),
    });
    const manifest = JSON.parse(body);
    const { inputs } = manifest;
    const input = (record: S3Record, dataset: string) => ({
      source: { key: `${batch}/${dataset}.json`, version: record.s3.object.versionId },
      report: inputs[dataset].report,
    });
    expect(manifest).to.deep.equal({
      format: 1,
      pipeline: "commerce",
      environment: "dev",
      batch,
      run: 1,
      inputs: {
        users: input(users, "users"),
        events: input(events, "events"),
        orders: input(orders, "orders"),
      },
      release: pipeline.release,
      destination: {
        gold: "s3://test-gold",
        rejected: "s3://test-rejected",
        report: `s3://test-ledger/reports/${batch}/1`,
      },
    });
    const [row, ...more] = await rowsOf(inputs.users.report);
    expect(more).to.deep.equal([]);
    expect(row).to.include({ user_id: "u_0", country: "US", device_type: null, _part: "0", _line: "1" });
    const ledger = await pipeline.ledger(batch);
    expect(ledger.runs).to.have.length(1);
    expect(ledger.runs[0]).to.deep.include({ state: "started", jobRuns: ["jr_1"] });
    expect(ledger.effects).to.deep.equal([]);
    expect(await pipeline.keys("test-ledger", `open/${batch}/`)).to.deep.equal([`open/${batch}/1`]);
  });

  it("starts once when every event comes four times at the same moment", async () => {
    const batch = "2026-01-02";
    const records = await uploadAll(batch);
    const deliveries = Array.from({ length: 4 }, () => records).flat();
    const failures = await Promise.all(deliveries.map((record) => pipeline.deliver(record)));
    expect(failures.flat()).to.deep.equal([]);
    expect(startsOf(batch)).to.have.length(1);
    expect((await pipeline.ledger(batch)).runs).to.have.length(1);
  });

  it("keeps the newer version when events come in the wrong order", async () => {
    const batch = "2026-01-03";
    const old = await pipeline.upload(`${batch}/users.json`, user);
    const fresh = await pipeline.upload(`${batch}/users.json`, user.replace("US", "EU"));
    await pipeline.deliver(fresh);
    await pipeline.deliver(old);
    const { decision } = (await pipeline.ledger(batch)).inputs[`${batch}/users.json`]!;
    expect(decision.version).to.equal(fresh.s3.object.versionId);
  });

  it("types the version that the event names, whatever was uploaded since", async () => {
    const batch = "2026-01-04";
    const first = await pipeline.upload(`${batch}/users.json`, user);
    await pipeline.upload(`${batch}/users.json`, "garbage");
    await pipeline.deliver(first);
    const { decision } = (await pipeline.ledger(batch)).inputs[`${batch}/users.json`]!;
    if (decision.outcome !== "promoted") throw new Error(decision.outcome);
    const { key, sha256 } = decision.report;
    expect(await rowsOf({ uri: `s3://test-ledger/${key}`, sha256 })).to.have.length(1);
  });

  it("rejects a bad file with a reason object, and completes the batch with a good one", async () => {
    const batch = "2026-01-05";
    const [users, events] = await uploadAll(batch);
    const bad = await pipeline.upload(`${batch}/orders.json`, `${order}{"order_id":"o_1","us`);
    await pipeline.deliver(users, events, bad);
    expect(startsOf(batch)).to.have.length(0);
    const reasonKey = (await pipeline.keys("test-rejected", `files/orders/batch=${batch}/`)).find((key) =>
      key.endsWith(".reason.json"),
    )!;
    const reason = JSON.parse(await pipeline.text("test-rejected", reasonKey));
    expect(reason).to.deep.equal({
      format: 1,
      code: "truncated",
      reason: "the last record is not a whole JSON object",
      fix: "upload the whole file",
      key: `${batch}/orders.json`,
      version: bad.s3.object.versionId,
      batch,
      dataset: "orders",
      bytes: order.length + 21,
      decidedAt: reason.decidedAt,
    });
    expect(await pipeline.text("test-rejected", reasonKey.replace(".reason", ""))).to.equal(
      `${order}{"order_id":"o_1","us`,
    );

    await pipeline.deliver(await pipeline.upload(`${batch}/orders.json`, order));
    expect(startsOf(batch)).to.have.length(1);
  });

  it("handles every record on its own, and reports only the message that failed", async () => {
    const batch = "2026-01-06";
    const [users, events, orders] = await uploadAll(batch);
    const foreign = await pipeline.upload(`${batch}/notes+a%.txt`, "x");
    const empty = await pipeline.upload("2026-01-07/users.json", "");
    const gone = {
      ...users,
      s3: { ...users.s3, object: { ...users.s3.object, key: "2026-01-08/users.json", versionId: "no-such-version" } },
    };
    const body = (...Records: S3Record[]) => JSON.stringify({ Records });
    const failures = await pipeline.promote(
      sqsEvent({
        broken: "{",
        test: '{"Event":"s3:TestEvent"}',
        mixed: body(users, foreign, empty, gone, events),
        last: body(orders),
      }),
    );
    expect(failures).to.deep.equal(["broken"]);
    expect(startsOf(batch)).to.have.length(1);
    expect((await pipeline.ledger("2026-01-07")).inputs["2026-01-07/users.json"]!.decision).to.include({
      outcome: "rejected",
      code: "empty",
    });
    const skipped = pipeline.logs.filter(({ message }) => message === "file.skipped").map(({ key }) => key);
    expect(skipped).to.include.members([`${batch}/notes+a%.txt`, "2026-01-08/users.json"]);
  });

  it("reads exactly the bytes that it asks for, wherever they lie in a version", async () => {
    const body = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
    const { s3 } = await pipeline.upload("2026-01-10/users.json", body);
    const { key, versionId: version } = s3.object;
    const source = s3Source(pipeline.s3, { bucket: pipeline.bronze, key, version, bytes: body.length });
    for (const [start, end] of [
      [0, 0],
      [0, 99_999],
      [150_000, 250_000],
      [299_990, 299_999],
    ] as const)
      expect((await source.range(start, end)).equals(body.subarray(start, end + 1)), `${start}-${end}`).to.equal(true);
  });

  it("starts day two once, after the third file", async () => {
    for (const record of await Promise.all(
      ["users", "events", "orders"].map((name, index) => pipeline.upload(`${name}.json`, [user, event, order][index]!)),
    ))
      await pipeline.deliver(record);
    const jobRun = (await pipeline.ledger("current")).runs[0]!.jobRuns[0]!;
    await pipeline.report("current", 1, jobRun);
    pipeline.engine.end(jobRun, "succeeded");
    await pipeline.jobEnded(jobRun);
    expect((await pipeline.ledger("current")).published).to.deep.equal({ run: 1, highWater: 1 });

    const counts: number[] = [];
    for (const [name, text] of [
      ["users", user],
      ["events", event],
      ["orders", order],
    ] as const) {
      await pipeline.deliver(await pipeline.upload(`${name}.json`, text));
      counts.push(startsOf("current").length);
    }
    expect(counts).to.deep.equal([1, 1, 2]);
  });

  it("takes a write whose answer was lost for its own", async () => {
    const batch = "2026-01-09";
    const [users] = await uploadAll(batch);
    failNextAnswerTo = `batches/${batch}.json`;
    expect(await pipeline.deliver(users)).to.deep.equal([]);
    expect(failNextAnswerTo).to.equal(null);
    expect((await pipeline.ledger(batch)).revision).to.equal(1);
  });

  describe("when the engine", () => {
    it("is busy, keeps the claim for the sweep", async () => {
      const batch = "2026-02-01";
      pipeline.engine.answers = [{ kind: "later", message: "ConcurrentRunsExceededException" }];
      const records = await uploadAll(batch);
      expect(await pipeline.deliver(...records)).to.deep.equal([]);
      expect((await pipeline.ledger(batch)).effects).to.have.length(1);
      await pipeline.settle({ kind: "sweep" });
      expect(startsOf(batch)).to.have.length(1);
      pipeline.clock.ahead += 61_000;
      await pipeline.settle({ kind: "sweep" });
      expect(startsOf(batch)).to.have.length(2);
      expect((await pipeline.ledger(batch)).runs[0]).to.include({ state: "started" });
    });

    it("started the job and its answer was lost, finds that job run and starts no other", async () => {
      const batch = "2026-02-02";
      pipeline.engine.answers = ["lost"];
      await pipeline.deliver(...(await uploadAll(batch)));
      expect((await pipeline.ledger(batch)).runs[0]).to.deep.include({ state: "claimed", jobRuns: [] });
      pipeline.clock.ahead += 181_000;
      await pipeline.settle({ kind: "sweep" });
      expect(startsOf(batch)).to.have.length(1);
      expect((await pipeline.ledger(batch)).runs[0]).to.include({ state: "started" });
    });

    it("refuses, fails the claim with its words", async () => {
      const batch = "2026-02-03";
      pipeline.engine.answers = [{ kind: "refused", message: "InvalidInputException: no such worker" }];
      await pipeline.deliver(...(await uploadAll(batch)));
      expect((await pipeline.ledger(batch)).runs[0]!.failure).to.deep.equal({
        kind: "refused",
        message: "InvalidInputException: no such worker",
      });
    });
  });
});
