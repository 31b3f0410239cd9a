import { PutObjectCommand } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { contractOf } from "../../config/contract.ts";
import { loadConfig } from "../../config/load.ts";
import { perBucket } from "../../config/naming.ts";
import type { S3 } from "../../handlers/clients.ts";
import { assemble } from "../../handlers/invocation/runtime.ts";
import { ledgerKeys } from "../../handlers/keys.ts";
import type { LedgerDocument, Run } from "../../handlers/ledger/document.ts";
import { createHandler as createPromote } from "../../handlers/promote/handler.ts";
import { createGold } from "../../handlers/publication/gold.ts";
import type { FunctionEnvironment } from "../../handlers/settings.ts";
import { createHandler as createSettle } from "../../handlers/settle/handler.ts";
import { createDocumentStore } from "../../handlers/storage.ts";
import { MemoryS3 } from "../simulation/s3/memoryS3.ts";
import { noEngine } from "./noEngine.ts";
import { FakeCatalog, FakeEngine, goodReport, settingsOf, sqsEvent } from "./pipelineUnderTest.ts";
import { releaseObjects } from "./releaseObjects.ts";
import { stubParts } from "./stubParts.ts";

/**
 * How many calls of S3 an event costs, counted at the SDK's client on the S3 in memory: the same with 10 batches and
 * with 10,000, and stated in docs/reliability.md.
 */
describe("S3 calls per event", function () {
  this.timeout(120_000);
  const { config } = loadConfig("config/pipeline_config.yaml", "dev");
  const settings = settingsOf(config);
  const names: FunctionEnvironment = {
    ...perBucket((layer) => layer),
    promoteQueueUrl: "https://sqs/promote",
    promoteDeadLettersUrl: "https://sqs/promote-dlq",
    settleDeadLettersUrl: "https://sqs/settle-dlq",
    keyArn: "arn:aws:kms:eu-central-1:000000000000:key/k",
    glueJob: "job",
    catalogDatabase: "catalog",
    alertTopic: "arn:aws:sns:eu-central-1:000000000000:alerts",
  };
  const invocation = { getRemainingTimeInMillis: () => 120_000 };
  const files = {
    users: '{"user_id":"u_0"}\n',
    events: '{"event_id":"e_0","user_id":"u_0"}\n',
    orders: '{"order_id":"o_0","user_id":"u_0"}\n',
  };

  function pipeline() {
    const memory = new MemoryS3();
    for (const name of ["bronze", "ledger", "artifacts"]) memory.createBucket(name, { versioned: true });
    for (const name of ["silver", "rejected", "gold"]) memory.createBucket(name);
    for (const { key, content } of releaseObjects(contractOf(config), "artifacts").objects)
      memory.apply(new PutObjectCommand({ Bucket: "artifacts", Key: key, Body: content }));
    const calls: string[] = [];
    const client = memory.client();
    const s3 = {
      send: (command: never) => {
        calls.push((command as object).constructor.name.replace("Command", ""));
        return (client.send as (command: never) => Promise<unknown>)(command);
      },
    } as unknown as S3;
    const sqs = { send: async () => ({}) } as never;
    const log = { info() {}, warn() {}, error() {} };
    const engine = new FakeEngine();
    let nonces = 0;
    const parts = {
      s3,
      engines: { glue: engine, embedded: noEngine },
      settings,
      names,
      log,
      now: Date.now,
      pause: async () => {},
      nonce: () => `invocation-${++nonces}`,
    };
    const promote = createPromote({
      ...parts,
      sqs,
      open: assemble({ ...parts, sqs, outlets: null }),
      reasons: createDocumentStore(s3, names.rejectedBucket, names.keyArn),
      documents: createDocumentStore(s3, names.ledgerBucket, names.keyArn),
      typeParts: stubParts,
    });
    const gold = createGold(s3, names.goldBucket, names.keyArn);
    const open = assemble({
      ...parts,
      sqs,
      outlets: { catalog: new FakeCatalog(), gold, notices: { send: async () => {} } },
    });
    const settle = createSettle({ ...parts, sqs, open });

    const put = (Bucket: string, Key: string, Body: string) =>
      memory.apply(new PutObjectCommand({ Bucket, Key, Body }));
    const text = (bucket: string, key: string) => memory.object(bucket, key)!.content.text();
    let sequence = 0x1000;
    /** Runs `work` and counts its calls. */
    const count = async (work: () => Promise<unknown>): Promise<Record<string, number>> => {
      calls.length = 0;
      await work();
      const counted: Record<string, number> = {};
      for (const name of calls) counted[name] = (counted[name] ?? 0) + 1;
      return counted;
    };
    const upload = (key: string, body: string) => {
      const { VersionId } = put("bronze", key, body);
      const object = { key, versionId: VersionId, sequencer: (++sequence).toString(16) };
      return { Records: [{ eventName: "ObjectCreated:Put", s3: { bucket: { name: "bronze" }, object } }] };
    };
    const deliver = (notification: object) =>
      promote(sqsEvent({ m: JSON.stringify(notification) }), invocation).then(({ batchItemFailures }) =>
        expect(batchItemFailures).to.deep.equal([]),
      );
    const document = (batch: string) => JSON.parse(text("ledger", ledgerKeys.document(batch))) as LedgerDocument;

    /** The calls of one batch's whole way, by event. */
    async function countBatch(batch: string): Promise<Record<string, Record<string, number>>> {
      const counted: Record<string, Record<string, number>> = {};
      for (const [name, body] of Object.entries(files)) {
        const notification = upload(`${batch}/${name}.json`, body);
        counted[name] = await count(() => deliver(notification));
        counted[`${name} again`] = await count(() => deliver(notification));
      }
      const { jobRuns } = document(batch).runs[0]!;
      const manifest = text("ledger", ledgerKeys.manifest(batch, 1));
      const report = goodReport(names, manifest, { batch, run: 1, jobRun: jobRuns[0]! });
      put("ledger", ledgerKeys.report(batch, 1, jobRuns[0]!), JSON.stringify(report));
      engine.end(jobRuns[0]!, "succeeded");
      const ended = { "detail-type": "Glue Job State Change", detail: { jobRunId: jobRuns[0]! } };
      counted["job ended"] = await count(() => settle(ended, invocation));
      counted["job ended again"] = await count(() => settle(ended, invocation));
      counted.sweep = await count(() => settle({ kind: "sweep" }, invocation));
      expect(document(batch).published).to.deep.equal({ run: 1, highWater: 1 });
      // Glue lists its runs slowly, and no run here is in doubt.
      expect(engine.searches).to.equal(0);
      return counted;
    }
    return { put, upload, deliver, document, countBatch, count, settle };
  }

  /** Batches that went their way before, as their documents and copies lie there. */
  async function withEarlier(batches: number) {
    const world = pipeline();
    await world.countBatch("2026-01-01");
    const sample = JSON.stringify(world.document("2026-01-01"));
    for (let index = 1; index < batches; index++) {
      const batch = new Date(Date.UTC(2030, 0, index)).toISOString().slice(0, 10);
      world.put("ledger", ledgerKeys.document(batch), sample.replaceAll("2026-01-01", batch));
      for (const name of Object.keys(files)) world.put("silver", `${name}/batch=${batch}/v-0.json`, "");
    }
    return world;
  }

  const stated = {
    users: { HeadObject: 1, GetObject: 6, PutObject: 4 },
    "users again": { GetObject: 3 },
    events: { HeadObject: 1, GetObject: 6, PutObject: 3 },
    "events again": { GetObject: 3 },
    orders: { HeadObject: 1, GetObject: 8, PutObject: 6 },
    "orders again": { GetObject: 3 },
    "job ended": { GetObject: 13, PutObject: 6, DeleteObject: 1 },
    "job ended again": { GetObject: 4 },
    sweep: { ListObjectsV2: 1, GetObject: 2 },
  };

  for (const batches of [10, 10_000])
    it(`are as stated with ${batches} batches`, async () => {
      const world = await withEarlier(batches);
      expect(await world.countBatch("2026-02-01")).to.deep.equal(stated);
    });

  it("do not grow with the runs of a batch, nor with the versions of a file", async () => {
    const world = pipeline();
    await world.countBatch("2026-01-01");
    const { runs, ...document } = world.document("2026-01-01");
    const aged = Array.from(
      { length: 5 },
      (_, index): Run => ({ ...runs[0]!, run: 1000 + index, state: "superseded" }),
    );
    const last = aged.at(-1)!.run;
    const published = { run: last, highWater: last };
    aged[4] = { ...aged[4]!, state: "published" };
    world.put("ledger", ledgerKeys.document("2026-01-01"), JSON.stringify({ ...document, runs: aged, published }));
    for (let version = 0; version < 200; version++) world.upload("2026-01-01/users.json", files.users);
    const notification = world.upload("2026-01-01/users.json", files.users);
    expect(await world.count(() => world.deliver(notification))).to.deep.equal(stated.users);
    expect(await world.count(() => world.settle({ kind: "sweep" }, invocation))).to.deep.equal({
      ListObjectsV2: 1,
      GetObject: 6,
    });
  });
});
