import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { CreateTopicCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import type { SQSEvent } from "aws-lambda";
import { type Contract, contractOf } from "../../config/contract.ts";
import { loadConfig } from "../../config/load.ts";
import { perBucket } from "../../config/naming.ts";
import type { PipelineConfig } from "../../config/schema.ts";
import type { S3 } from "../../handlers/clients.ts";
import { assemble } from "../../handlers/invocation/runtime.ts";
import { goldPrefix, ledgerKeys } from "../../handlers/keys.ts";
import type { LedgerDocument } from "../../handlers/ledger/document.ts";
import { createHandler as createPromote } from "../../handlers/promote/handler.ts";
import type { Catalog, PublishedFiles } from "../../handlers/publication/catalog.ts";
import { createGold } from "../../handlers/publication/gold.ts";
import { createNotices, type Notice } from "../../handlers/publication/notices.ts";
import { typeParts } from "../../handlers/reader/file.ts";
import type { Release } from "../../handlers/release.ts";
import type { Engine, JobRun, StartAnswer } from "../../handlers/run/engine.ts";
import type { GlueEngine } from "../../handlers/run/glue.ts";
import type { FunctionEnvironment, FunctionSettings } from "../../handlers/settings.ts";
import { createHandler as createSettle, type SettleAnswer, type SettleEvent } from "../../handlers/settle/handler.ts";
import { createDocumentStore } from "../../handlers/storage.ts";
import { credentials, region, startLocalAws } from "../../local/localAws.ts";
import { toldBy } from "../local/toldBy.ts";
import { noEngine } from "./noEngine.ts";
import { releaseObjects } from "./releaseObjects.ts";

/**
 * Both handlers in this process on buckets of a local AWS, over HTTP with the real SDK. The engine and the catalog are
 * declared fakes: they record what they are asked and answer what a test tells them to.
 */
export interface PipelineUnderTest {
  readonly s3: S3Client;
  readonly names: FunctionEnvironment;
  readonly bronze: string;
  readonly settings: FunctionSettings;
  /** What is deployed. */
  readonly contract: Contract;
  readonly release: Release;
  /** Points to a release of this contract and, as may be, of another engine. */
  deploy(contract: Contract, engine?: string): Promise<Release>;
  readonly engine: FakeEngine;
  readonly catalog: FakeCatalog;
  /** How often in a row a notice is refused from now on. */
  readonly topic: { failures: number };
  /** The notices of a batch that have come so far. */
  notices(batch: string): Promise<Notice[]>;
  readonly logs: LogLine[];
  /** Milliseconds added to the clock of both functions. */
  clock: { ahead: number };
  /** Milliseconds that are left of every call; may be a function, asked each time. */
  time: { left: () => number };
  /** Uploads a file and returns the S3 record that tells of it. */
  upload(key: string, body: string | Buffer): Promise<S3Record>;
  deliver(...records: S3Record[]): Promise<readonly string[]>;
  promote(event: SQSEvent): Promise<readonly string[]>;
  settle(event: SettleEvent): Promise<SettleAnswer>;
  jobEnded(jobRun: string): Promise<void>;
  send(queueUrl: string, body: string): Promise<void>;
  /** Takes all messages that are visible in a queue. */
  receive(queueUrl: string): Promise<string[]>;
  ledger(batch: string): Promise<LedgerDocument>;
  text(bucket: string, key: string): Promise<string>;
  put(bucket: string, key: string, text: string): Promise<void>;
  keys(bucket: string, prefix?: string): Promise<string[]>;
  /** Writes a run report that agrees with the manifest of this run, changed by `change`. */
  report(batch: string, run: number, jobRun: string, change?: (report: Report) => void): Promise<void>;
  stop(): Promise<void>;
}

export interface S3Record {
  readonly eventName: string;
  readonly s3: {
    readonly bucket: { name: string };
    readonly object: { key: string; versionId: string; sequencer: string };
  };
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: tests bend reports out of shape
export type Report = any;

export const settingsOf = ({ name, files }: Pick<PipelineConfig, "name" | "files">): FunctionSettings => ({
  pipeline: name,
  environment: "dev",
  files,
  attempts: 3,
  keepRuns: 5,
  effectLease: 180,
  reconciliationEvery: 86_400,
});

export class FakeEngine implements GlueEngine {
  readonly starts: { readonly manifest: string; readonly sha256: string }[] = [];
  readonly stopped: string[] = [];
  readonly jobRuns = new Map<string, JobRun & { readonly manifestUri: string | null }>();
  /** Answers of the next starts; started when there is none. `lost` starts the job and loses the answer. */
  answers: (StartAnswer | "lost")[] = [];
  searches = 0;

  start: Engine["start"] = async ({ manifest, ...claim }, uncertain) => {
    const [earlier] = uncertain ? await this.find({ ...claim, manifest }) : [];
    if (earlier) return { kind: "started", jobRun: earlier.id };
    this.starts.push({ manifest: manifest.uri, sha256: manifest.sha256 });
    const answer = this.answers.shift();
    if (answer && answer !== "lost") return answer;
    const id = `jr_${this.starts.length}`;
    this.jobRuns.set(id, { id, state: "alive", executed: true, message: "", manifestUri: manifest.uri });
    return answer === "lost" ? { kind: "unknown", message: "TimeoutError" } : { kind: "started", jobRun: id };
  };

  find: Engine["find"] = async ({ manifest }) => {
    this.searches++;
    return [...this.jobRuns.values()].filter(({ manifestUri }) => manifestUri === manifest.uri).reverse();
  };

  describe: Engine["describe"] = async (_, id) => this.jobRuns.get(id) ?? null;

  manifestUri: GlueEngine["manifestUri"] = async (id) => this.jobRuns.get(id)?.manifestUri ?? null;

  stop: Engine["stop"] = async (_, id) => {
    this.stopped.push(id);
  };

  end(id: string, state: JobRun["state"], message = "", executed = true): void {
    this.jobRuns.set(id, { ...this.jobRuns.get(id)!, state, message, executed });
  }
}

export class FakeCatalog implements Catalog {
  /** `<table>/<batch>` to its files. */
  readonly partitions = new Map<string, PublishedFiles>();
  failures = 0;
  /** Tables that are not there. */
  readonly missing = new Set<string>();

  #check(): void {
    if (this.failures-- > 0) throw new Error("the catalog is away");
  }

  point: Catalog["point"] = async (table, batch, files) => {
    this.#check();
    if (this.missing.has(table)) return false;
    this.partitions.set(`${table}/${batch}`, files);
    return true;
  };

  remove: Catalog["remove"] = async (table, batch) => {
    this.#check();
    this.partitions.delete(`${table}/${batch}`);
  };
}

/** `wrap` may come between the handlers and S3, to make calls fail. */
export async function startPipelineUnderTest(wrap: (s3: S3Client) => S3 = (s3) => s3): Promise<PipelineUnderTest> {
  const directory = mkdtempSync(join(tmpdir(), "pipeline-"));
  const aws = await startLocalAws(directory, join(directory, "aws.log"));
  const s3 = new S3Client({ endpoint: aws.endpoint, region, credentials, forcePathStyle: true });
  const bronze = "test-bronze";
  const sqs = new SQSClient({ endpoint: aws.endpoint, region, credentials });
  const sns = new SNSClient({ endpoint: aws.endpoint, region, credentials });
  const queue = async (QueueName: string, Attributes: Record<string, string> = {}) =>
    (await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl!;
  const names: FunctionEnvironment = {
    ...perBucket((layer) => `test-${layer}`),
    promoteQueueUrl: await queue("test-promote"),
    promoteDeadLettersUrl: await queue("test-promote-dlq"),
    settleDeadLettersUrl: await queue("test-settle-dlq"),
    keyArn: `arn:aws:kms:${region}:000000000000:key/11111111-2222-3333-4444-555555555555`,
    glueJob: "test-job",
    catalogDatabase: "test",
    alertTopic: (await sns.send(new CreateTopicCommand({ Name: "test-alerts" }))).TopicArn!,
  };
  const noticesUrl = await queue("test-notices", toldBy("sns", "test-notices", names.alertTopic));
  await sns.send(
    new SubscribeCommand({
      TopicArn: names.alertTopic,
      Protocol: "sqs",
      Endpoint: `arn:aws:sqs:${region}:000000000000:test-notices`,
    }),
  );
  const { silverBucket, rejectedBucket, goldBucket, ledgerBucket, artifactsBucket } = names;
  for (const Bucket of [bronze, silverBucket, rejectedBucket, goldBucket, ledgerBucket, artifactsBucket])
    await s3.send(new CreateBucketCommand({ Bucket }));
  for (const Bucket of [bronze, ledgerBucket, artifactsBucket])
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));

  const { config } = loadConfig("config/pipeline_config.yaml", "dev");
  const settings = settingsOf(config);
  const deployed = { contract: contractOf(config), release: {} as Release };
  const deploy = async (contract: Contract, engine?: string) => {
    const { release, objects } = releaseObjects(contract, artifactsBucket, engine);
    for (const { key, content } of objects)
      await s3.send(new PutObjectCommand({ Bucket: artifactsBucket, Key: key, Body: content }));
    Object.assign(deployed, { contract, release });
    return release;
  };
  await deploy(deployed.contract);

  const logs: LogLine[] = [];
  const write =
    (level: string) =>
    (message: string, fields: object = {}) =>
      logs.push({ level, message, ...fields });
  const log = { info: write("info"), warn: write("warn"), error: write("error") };
  const engine = new FakeEngine();
  const engines = { glue: engine, embedded: noEngine };
  const catalog = new FakeCatalog();
  const topic = { failures: 0 };
  const heard: Notice[] = [];
  const notices = createNotices(sns, names.alertTopic);
  const clock = { ahead: 0 };
  const time = { left: () => 120_000 };
  const invocation = { getRemainingTimeInMillis: () => time.left() };
  const now = () => Date.now() + clock.ahead;
  const wrapped = wrap(s3);
  let invocations = 0;
  const parts = {
    s3: wrapped,
    engines,
    settings,
    names,
    log,
    now,
    pause: async () => {},
    nonce: () => `invocation-${++invocations}`,
  };
  const reasons = createDocumentStore(wrapped, names.rejectedBucket, names.keyArn);
  const promoteHandler = createPromote({
    s3: wrapped,
    sqs,
    settings,
    names,
    log,
    now,
    open: assemble({ ...parts, sqs, outlets: null }),
    reasons,
    documents: createDocumentStore(wrapped, names.ledgerBucket, names.keyArn),
    typeParts,
  });
  const settleHandler = createSettle({
    s3: wrapped,
    sqs,
    engines,
    settings,
    names,
    log,
    now,
    open: assemble({
      ...parts,
      sqs,
      outlets: {
        catalog,
        gold: createGold(wrapped, names.goldBucket, names.keyArn),
        notices: {
          send: async (notice) => {
            if (topic.failures-- > 0) throw new Error("the topic is away");
            await notices.send(notice);
          },
        },
      },
    }),
  });

  let sequence = 0x1000;
  let messages = 0;
  const text = async (Bucket: string, Key: string) =>
    (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString();

  const receive = async (QueueUrl: string) => {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    for (const { ReceiptHandle } of Messages)
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: ReceiptHandle! }));
    return Messages.map(({ Body }) => Body!);
  };
  const promote = async (event: SQSEvent) =>
    (await promoteHandler(event, invocation)).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);

  return {
    s3,
    names,
    bronze,
    settings,
    get contract() {
      return deployed.contract;
    },
    get release() {
      return deployed.release;
    },
    deploy,
    engine,
    catalog,
    logs,
    clock,
    time,
    text,
    promote,
    async upload(key, body) {
      const { VersionId } = await s3.send(new PutObjectCommand({ Bucket: bronze, Key: key, Body: body }));
      const encoded = encodeURIComponent(key).replaceAll("%2F", "/").replaceAll("%20", "+");
      sequence += 1;
      return {
        eventName: "ObjectCreated:Put",
        s3: {
          bucket: { name: bronze },
          object: { key: encoded, versionId: VersionId!, sequencer: sequence.toString(16).toUpperCase() },
        },
      };
    },
    deliver: (...records) => promote(sqsEvent({ [`m${++messages}`]: JSON.stringify({ Records: records }) })),
    settle: (event) => settleHandler(event, invocation),
    async jobEnded(jobRunId) {
      await settleHandler({ "detail-type": "Glue Job State Change", detail: { jobRunId } }, invocation);
    },
    async send(QueueUrl, MessageBody) {
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    },
    receive,
    topic,
    async notices(batch) {
      for (let bodies = await receive(noticesUrl); bodies.length > 0; bodies = await receive(noticesUrl))
        for (const body of bodies) {
          const { Subject: subject, Message: text } = JSON.parse(body) as { Subject: string; Message: string };
          heard.push({ subject, text });
        }
      return heard.filter(({ subject }) => subject.includes(` ${batch}: `));
    },
    ledger: async (batch) => JSON.parse(await text(names.ledgerBucket, ledgerKeys.document(batch))) as LedgerDocument,
    async keys(Bucket, Prefix = "") {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
      return Contents.map(({ Key }) => Key!).sort();
    },
    async put(Bucket, Key, Body) {
      await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
    },
    async report(batch, run, jobRun, change = () => {}) {
      const manifest = await text(names.ledgerBucket, ledgerKeys.manifest(batch, run));
      const document = JSON.parse(await text(names.ledgerBucket, ledgerKeys.document(batch))) as LedgerDocument;
      const outputs = Object.keys(document.runs.find((one) => one.run === run)!.outputs);
      const report = goodReport(names, manifest, { batch, run, jobRun }, outputs);
      change(report);
      await s3.send(
        new PutObjectCommand({
          Bucket: names.ledgerBucket,
          Key: ledgerKeys.report(batch, run, jobRun),
          Body: JSON.stringify(report),
        }),
      );
    },
    async stop() {
      s3.destroy();
      sqs.destroy();
      sns.destroy();
      await aws.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Message ids to bodies, as SQS hands them to a function. */
export const sqsEvent = (bodies: Readonly<Record<string, string>>): SQSEvent => ({
  Records: Object.entries(bodies).map(([messageId, body]) => ({ messageId, body })) as unknown as SQSEvent["Records"],
});

/** A run report that agrees with the manifest of its run. */
export const goodReport = (
  names: FunctionEnvironment,
  manifest: string,
  { batch, run, jobRun }: { readonly batch: string; readonly run: number; readonly jobRun: string },
  outputs: readonly string[] = ["user_activity"],
): Report => {
  const { inputs } = JSON.parse(manifest) as { inputs: object };
  return {
    format: 1,
    batch,
    run,
    jobRun,
    manifest: {
      uri: `s3://${names.ledgerBucket}/${ledgerKeys.manifest(batch, run)}`,
      sha256: createHash("sha256").update(manifest).digest("hex"),
    },
    state: "succeeded",
    failure: null,
    datasets: Object.fromEntries(
      Object.keys(inputs).map((name) => [
        name,
        { lines: 6, malformed: 1, read: 5, kept: 2, rejected: { id_is_null: 2 }, deduplicated: 1, orphans: {} },
      ]),
    ),
    outputs: Object.fromEntries(
      outputs.map((output) => [
        output,
        { rows: 2, files: 1, uri: `s3://${names.goldBucket}/${goldPrefix(output, batch, run, jobRun)}`, columns: [] },
      ]),
    ),
    checks: [{ name: "users.rows_balance", passed: true, detail: "5 = 2 + 2 + 1" }],
    seconds: { total: 1 },
    engine: { name: "fake", version: "0" },
  };
};

/** S3 counts whole seconds, and a release that is pointed to in the next one is told from the last. */
export const nextSecond = () => new Promise((resolve) => setTimeout(resolve, 1000 - (Date.now() % 1000)));
