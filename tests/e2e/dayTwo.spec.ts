import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { GetJobRunsCommand, GetPartitionsCommand } from "@aws-sdk/client-glue";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { expect } from "chai";
import type { LedgerDocument } from "../../handlers/ledger/document.ts";
import { type Clients, createClients, destroyClients } from "../../scripts/local/clients.ts";
import { type LocalStack, startLocalStack } from "../../scripts/local/index.ts";
import { localDirectory } from "../../scripts/setup/paths.mjs";

/**
 * The deployed program on the local AWS: real events, the real bundle in its own process, real Spark. Two days of the
 * rolling batch.
 */
describe("day two, on the deployed stack", function () {
  this.timeout(300_000);
  let folder: string;
  let stack: LocalStack;
  let clients: Clients;
  let names: Record<"bronzeBucket" | "ledgerBucket" | "glueJob" | "catalogDatabase", string>;

  const files = {
    "users.json": '{"user_id":"u_0","country":"US"}\n{"user_id":"u_1"}\n',
    "events.json": '{"event_id":"e_0","user_id":"u_0","event_type":"product_view"}\n',
    "orders.json": '{"order_id":"o_0","user_id":"u_0","order_amount":12.34,"payment_status":"success"}\n',
  } as const;

  before(async () => {
    mkdirSync(localDirectory, { recursive: true });
    folder = mkdtempSync(join(localDirectory, "e2e-"));
    stack = await startLocalStack({
      configFile: "config/pipeline_config.yaml",
      environment: "dev",
      directory: folder,
      spark: { driverMemory: "1g", shortRuns: true },
    });
    clients = createClients(stack.endpoint, stack.glueEndpoint);
    names = stack.outputs as typeof names;
  });
  after(async () => {
    if (clients) destroyClients(clients);
    await stack?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const upload = async (key: keyof typeof files) =>
    (await clients.s3.send(new PutObjectCommand({ Bucket: names.bronzeBucket, Key: key, Body: files[key] })))
      .VersionId!;
  const jobRuns = async () =>
    (await clients.glue.send(new GetJobRunsCommand({ JobName: names.glueJob }))).JobRuns ?? [];
  const ledger = async (): Promise<LedgerDocument | null> => {
    try {
      const { Body } = await clients.s3.send(
        new GetObjectCommand({ Bucket: names.ledgerBucket, Key: "batches/current.json" }),
      );
      return JSON.parse(await Body!.transformToString()) as LedgerDocument;
    } catch (error) {
      if ((error as Error).name === "NoSuchKey") return null;
      throw error;
    }
  };
  const until = async (what: string, holds: (document: LedgerDocument | null) => boolean): Promise<LedgerDocument> => {
    for (let attempt = 0; attempt < 600; attempt++) {
      const document = await ledger();
      if (holds(document)) return document!;
      await sleep(200);
    }
    throw new Error(`never came to pass: ${what}; the ledger: ${JSON.stringify(await ledger())}`);
  };
  const decided = (key: string, version: string) =>
    until(`${key} is decided`, (document) => document?.inputs[key]?.decision.version === version);
  const isPublished = (run: number) => (document: LedgerDocument | null) =>
    document?.published?.run === run && document.effects.length === 0;
  const location = async () => {
    const { Partitions = [] } = await clients.glue.send(
      new GetPartitionsCommand({ DatabaseName: names.catalogDatabase, TableName: "user_activity" }),
    );
    return Partitions.map(({ Values, StorageDescriptor }) => [Values?.[0], StorageDescriptor?.Location]);
  };

  it("publishes day one with one run", async () => {
    for (const key of Object.keys(files) as (keyof typeof files)[]) await upload(key);
    await until("run 1 is published", isPublished(1));
    expect(await jobRuns()).to.have.length(1);
    expect(await location()).to.have.length(1);
  });

  it("starts exactly one more run for day two, after the third file, and switches the partition", async () => {
    const started: number[] = [];
    for (const key of Object.keys(files) as (keyof typeof files)[]) {
      const document = await decided(key, await upload(key));
      // The claim is a write of its own, right after the decision.
      if (document.runs.length === 1) await sleep(1500);
      started.push((await jobRuns()).length);
    }
    const document = await until("run 2 is published", isPublished(2));
    expect(started.slice(0, 2)).to.deep.equal([1, 1]);
    expect(await jobRuns()).to.have.length(2);
    expect(document.runs.map(({ run, state }) => [run, state])).to.deep.equal([
      [1, "superseded"],
      [2, "published"],
    ]);
    const [[batch, uri]] = (await location()) as [[string, string]];
    expect(batch).to.equal("current");
    expect(uri).to.match(/\/user_activity\/batch=current\/run=2\/jr_\w+\/$/);
  });
});
