import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { CreateMultipartUploadCommand, DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { Upload } from "../../components/artifacts.ts";
import type { Contract } from "../../config/contract.ts";
import { s3Objects } from "../../handlers/embedded/objects.ts";
import { run as compute } from "../../handlers/embedded/run.ts";
import { abortAfter, work } from "../../handlers/embedded/worker.ts";
import { assemble } from "../../handlers/invocation/runtime.ts";
import { ledgerKeys, parseManifestUri, rejectedKey } from "../../handlers/keys.ts";
import type { LedgerDocument, Run } from "../../handlers/ledger/document.ts";
import { createHandler as createPromote } from "../../handlers/promote/handler.ts";
import { createCatalog } from "../../handlers/publication/catalog.ts";
import { createGold } from "../../handlers/publication/gold.ts";
import { createNotices } from "../../handlers/publication/notices.ts";
import { typeParts } from "../../handlers/reader/file.ts";
import { attemptAt, attemptId } from "../../handlers/run/attempt.ts";
import { createEmbeddedEngine } from "../../handlers/run/embedded.ts";
import { createGlueEngine } from "../../handlers/run/glue.ts";
import type { FunctionSettings } from "../../handlers/settings.ts";
import { createHandler as createSettle, type SettleEvent } from "../../handlers/settle/handler.ts";
import { createDocumentStore, statusOf } from "../../handlers/storage.ts";
import { goodReport, sqsEvent } from "../handlers/pipelineUnderTest.ts";
import { releaseObjects } from "../handlers/releaseObjects.ts";
import { stubParts } from "../handlers/stubParts.ts";
import { MemoryS3 } from "../simulation/s3/memoryS3.ts";
import { type Input, needsOf, type Service } from "./actions.ts";
import type { Call } from "./call.ts";
import type { DeclaredStack, Role } from "./declared.ts";
import { lost, MemoryGlue, MemoryLambda, MemoryQueues, refused } from "./memoryServices.ts";

type Send = (command: never) => Promise<unknown>;

/** The same command with its body in memory, where the S3 in memory wants it. */
async function whole(command: never): Promise<never> {
  const { Body, ContentLength: _, ...rest } = (command as { readonly input: Input }).input;
  return Body instanceof Readable ? (new PutObjectCommand({ ...rest, Body: await buffer(Body) }) as never) : command;
}

const mebibyte = 1024 ** 2;
/** Milliseconds. */
const hour = 3_600_000;

/** As many bytes of the same line as asked for, made when they are read. */
const repeated = (line: string, bytes: number) => ({
  bytes,
  read: (start: number, end: number) =>
    Buffer.from(line.repeat(Math.ceil((end - start) / line.length) + 1)).subarray(
      start % line.length,
      (start % line.length) + end - start,
    ),
});

const lines: Readonly<Record<string, string>> = {
  users: '{"user_id":"u_0"}\n',
  events: '{"event_id":"e_0","user_id":"u_0"}\n',
  orders: '{"order_id":"o_0","user_id":"u_0"}\n',
};

/** @throws Error for a story that did not come to the calls that it is told for. */
function expectEnd({ run, state, failure }: Run, wanted: Run["state"]): void {
  if (state !== wanted) throw new Error(`run ${run} is ${state}, not ${wanted}: ${failure?.message}`);
}

/** Enough of them for one that is rejected. */
const rows: typeof lines = {
  users: `${Array.from({ length: 50 }, (_, index) => `{"user_id":"u_${index}"}\n`).join("")}{"user_id":null}\n`,
  events: '{"event_id":"e_0","user_id":"u_0","event_type":"product_view"}\n',
  orders: '{"order_id":"o_0","user_id":"u_0","order_amount":12.34,"payment_status":"success"}\n',
};

/**
 * Every call that the functions make, recorded at the SDK's clients while they go through all that they do: on the
 * stack's own names and settings, on S3 in memory, and with only one run kept, so that old ones expire soon.
 */
export async function recordedCalls(stack: DeclaredStack): Promise<Call[]> {
  const { names } = stack;
  const settings: FunctionSettings = { ...stack.settings, keepRuns: 1 };
  const calls = new Map<string, Call>();
  let ahead = 0;
  let left = 900_000;
  const now = () => Date.now() + ahead;
  const memory = new MemoryS3({ now });
  for (const name of [names.bronzeBucket, names.ledgerBucket, names.artifactsBucket])
    memory.createBucket(name, { versioned: true });
  for (const name of [names.silverBucket, names.rejectedBucket, names.goldBucket]) memory.createBucket(name);
  const place = (uploads: readonly Upload[]) => {
    for (const { key, content } of uploads)
      memory.apply(new PutObjectCommand({ Bucket: names.artifactsBucket, Key: key, Body: content }));
  };
  /** Without the embedded engine. */
  const deploy = (contract: Contract) => place(releaseObjects(contract, names.artifactsBucket).objects);
  deploy(stack.contract);
  const glue = new MemoryGlue();
  const lambda = new MemoryLambda();
  const queues = new MemoryQueues();
  const s3 = memory.client();

  /** Clients whose calls count as made by one of the functions. */
  function clients(role: Exclude<Role, "refine">) {
    const note = (service: Service, command: string, input: Input) => {
      for (const need of needsOf(stack, service, command, input)) {
        const call: Call = { principal: stack.roleArns[role], ...need, from: `handlers: ${service} ${command}` };
        calls.set(JSON.stringify([call.principal, need]), call);
      }
    };
    const client = (service: Service, perform: (command: string, input: Input, whole: never) => unknown) => ({
      send: async (command: { readonly input: Input }) => {
        const name = command.constructor.name.replace("Command", "");
        note(service, name, command.input);
        try {
          return await perform(name, command.input, command as never);
        } catch (error) {
          // S3 says 404 only to who may list the bucket, to others 403.
          if (service === "s3" && statusOf(error) === 404)
            note("s3", "ListObjectsV2", { Bucket: command.input.Bucket });
          throw error;
        }
      },
    });
    return {
      s3: client("s3", async (_name, _input, command) => (s3.send as unknown as Send)(await whole(command))) as never,
      sns: client("sns", () => ({})) as never,
      sqs: client("sqs", (name, input) => queues.answer(name, input)) as never,
      glue: client("glue", (name, input) => glue.answer(name, input)) as never,
      lambda: client("lambda", (name, input) => lambda.answer(name, input)) as never,
    };
  }

  let nonces = 0;
  const invocation = { getRemainingTimeInMillis: () => left };
  const log = { info() {}, warn() {}, error() {} };
  const parts = (role: "promote" | "settle") => {
    const of = clients(role);
    const documents = createDocumentStore(of.s3, names.ledgerBucket, names.keyArn);
    const engines = {
      glue: createGlueEngine(of.glue, names.glueJob),
      embedded: createEmbeddedEngine({ lambda: of.lambda, documents, now }),
    };
    const nonce = () => `invocation-${++nonces}`;
    const outlets = {
      catalog: createCatalog(of.glue, names.catalogDatabase),
      gold: createGold(of.s3, names.goldBucket, names.keyArn),
      notices: createNotices(of.sns, names.alertTopic),
    };
    const common = { s3: of.s3, sqs: of.sqs, engines, settings, names, log, now };
    return {
      ...common,
      open: assemble({ ...common, outlets: role === "settle" ? outlets : null, pause: async () => {}, nonce }),
    };
  };
  const ofPromote = parts("promote");
  const promoteBy = (reader: typeof typeParts) =>
    createPromote({
      ...ofPromote,
      reasons: createDocumentStore(ofPromote.s3, names.rejectedBucket, names.keyArn),
      documents: createDocumentStore(ofPromote.s3, names.ledgerBucket, names.keyArn),
      typeParts: reader,
    });
  const promote = promoteBy(stubParts);
  const settle = createSettle(parts("settle"));

  let sequence = 0x1000;
  const upload = (key: string, body: string | { bytes: number; line: string }, isOrdered = true) => {
    const { VersionId } =
      typeof body === "string"
        ? memory.apply(new PutObjectCommand({ Bucket: names.bronzeBucket, Key: key, Body: body }))
        : memory.putVirtual(names.bronzeBucket, key, repeated(body.line, body.bytes));
    const sequencer = isOrdered ? { sequencer: (++sequence).toString(16) } : {};
    const object = { key, versionId: VersionId!, ...sequencer };
    return { Records: [{ eventName: "ObjectCreated:Put", s3: { bucket: { name: names.bronzeBucket }, object } }] };
  };
  const deliver = async (notification: object, by = promote) => {
    const { batchItemFailures } = await by(sqsEvent({ m: JSON.stringify(notification) }), invocation);
    if (batchItemFailures.length > 0) throw new Error(`promote failed on ${JSON.stringify(notification)}`);
  };
  const tell = (event: SettleEvent) => settle(event, invocation);
  const text = (key: string) => memory.object(names.ledgerBucket, key)!.content.text();
  const put = (bucket: string, key: string, body: string) =>
    memory.apply(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
  const ended = (jobRunId: string) => tell({ "detail-type": "Glue Job State Change", detail: { jobRunId } });
  const document = (batch: string) => JSON.parse(text(ledgerKeys.document(batch))) as LedgerDocument;
  const publish = async (batch: string, jobRun = document(batch).runs.at(-1)!.jobRuns.at(-1)!) => {
    const { run, outputs } = document(batch).runs.at(-1)!;
    const manifest = text(ledgerKeys.manifest(batch, run));
    const report = goodReport(names, manifest, { batch, run, jobRun }, Object.keys(outputs));
    put(names.ledgerBucket, ledgerKeys.report(batch, run, jobRun), JSON.stringify(report));
    for (const output of Object.keys(stack.contract.outputs))
      put(names.goldBucket, `${output}/batch=${batch}/run=${run}/${jobRun}/part-0.parquet`, "");
    glue.end(jobRun, "SUCCEEDED");
    await ended(jobRun);
  };
  const complete = async (batch: string) => {
    for (const [dataset, line] of Object.entries(lines)) await deliver(upload(`${batch}/${dataset}.json`, line));
  };

  const ofEmbedded = clients("embedded");
  /** The embedded engine's function, called with the newest order. */
  const execute = async () => {
    const [order] = lambda.orders;
    const scratch = mkdtempSync(join(tmpdir(), "permissions-"));
    try {
      await work(order!, {
        documents: createDocumentStore(ofEmbedded.s3, names.ledgerBucket, names.keyArn),
        ledgerBucket: names.ledgerBucket,
        execute: (jobRun, proceed, signal) =>
          compute({ uri: order!.manifest, sha256: order!.sha256 }, jobRun, s3Objects(ofEmbedded.s3, names.keyArn), {
            ...{ scratch, threads: 1, memoryLimit: "500MB", proceed, signal },
            artifacts: `s3://${names.artifactsBucket}/`,
          }),
        abortAfter,
        remainingTime: () => left,
        now,
        log,
      });
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  };
  /** The newest order's attempt, begun by somebody who is never heard of again. */
  const begin = async () => {
    const [{ manifest: uri, sha256 }] = lambda.orders as [MemoryLambda["orders"][number]];
    const documents = createDocumentStore(s3, names.ledgerBucket, names.keyArn);
    const attempt = attemptAt({ ...parseManifestUri(uri, names.ledgerBucket)!, manifest: { uri, sha256 } }, documents);
    await attempt.takeLease({ kind: "worker", nonce: "another", deadline: now() + left });
  };
  const reported = async () => {
    const [{ manifest: uri, sha256 }] = lambda.orders as [MemoryLambda["orders"][number]];
    const { batch, run } = parseManifestUri(uri, names.ledgerBucket)!;
    const key = ledgerKeys.report(batch, run, attemptId({ uri, sha256 }));
    await tell({ "detail-type": "Object Created", detail: { object: { key } } });
    return document(batch).runs.find((one) => one.run === run)!;
  };

  // A batch's usual way, newer versions until old runs expire, an upload told of twice, a file that is rejected.
  await complete("2026-01-01");
  await publish("2026-01-01");
  for (let version = 0; version < 3; version++) {
    await deliver(upload("2026-01-01/users.json", lines.users!.repeat(version + 2)));
    await publish("2026-01-01");
  }
  const again = upload("2026-01-01/events.json", lines.events!.repeat(2));
  await deliver(again);
  await deliver(again);
  await publish("2026-01-01");
  await deliver(upload("2026-01-02/users.json", "no rows\n"));
  await deliver(upload("2026-01-02/events.json", lines.events!.slice(0, -3)));

  // Versions that no sequencer orders, and one that is gone before it is read.
  await deliver(upload("2026-01-03/users.json", lines.users!, false));
  await deliver(upload("2026-01-03/users.json", lines.users!.repeat(2), false));
  const gone = upload("2026-01-03/events.json", lines.events!);
  gone.Records[0]!.s3.object.versionId = "gone";
  await deliver(gone);

  // A large file is typed by several calls, one of which is cut off.
  const large = upload("2026-01-04/users.json", { bytes: 9 * 256 * mebibyte, line: lines.users! });
  left = 0;
  await deliver(large);
  left = 900_000;
  await deliver(large);
  await deliver({ Records: [{ ...large.Records[0]!, parts: { first: 8, count: 100 } }] });

  // A large file is refused, and copied by parts: begun by two others, cut off, gone on with.
  const key = "2026-01-04/events.json";
  const faulty = upload(key, { bytes: 9 * 256 * mebibyte, line: "no rows\n" });
  const version = faulty.Records[0]!.s3.object.versionId;
  const copy = rejectedKey({ batch: "2026-01-04", dataset: "events", format: "json", key, version });
  left = 0;
  await deliver(faulty);
  left = 900_000;
  memory.apply(new CreateMultipartUploadCommand({ Bucket: names.rejectedBucket, Key: copy }));
  await deliver(faulty);

  // A start whose answer is lost: found by the sweep, and the job started once more by somebody else.
  glue.nextStart = "lost";
  await complete("2026-01-06");
  ahead += hour;
  await tell({ kind: "sweep" });
  const manifest = glue.runs[0]!.Arguments;
  glue.answer("StartJobRun", { Arguments: manifest });
  await publish("2026-01-06", glue.runs[0]!.Id);

  // A job that fails is started again by settle; a start that is refused ends its run, which expires by the next claim;
  // a manifest that is there already, as after a lost answer, is read.
  await complete("2026-01-07");
  glue.end(glue.runs[0]!.Id, "FAILED");
  await ended(glue.runs[0]!.Id);
  ahead += hour;
  await tell({ kind: "sweep" });
  await publish("2026-01-07");
  glue.nextStart = "refused";
  await complete("2026-01-08");
  await deliver(upload("2026-01-08/users.json", lines.users!.repeat(2)));
  put(names.ledgerBucket, ledgerKeys.manifest("2026-01-11", 1), "{}");
  await complete("2026-01-11");

  // A deployment that takes an output away, and the next publication; then a job run of an expired run that ends after all.
  const { user_activity: _, ...others } = stack.contract.outputs;
  deploy({ ...stack.contract, outputs: { ...others, another: stack.contract.outputs.user_activity! } });
  for (const [dataset, line] of Object.entries(lines))
    await deliver(upload(`2026-01-07/${dataset}.json`, line.repeat(3)));
  await publish("2026-01-07");
  const expired = glue.runs.find(({ Arguments }) => Arguments["--manifest"]!.endsWith("/2026-01-07/1.json"))!;
  await ended(expired.Id);

  // The operator, the schedules and the dead letters.
  await tell({ kind: "order", id: "o-1", batch: "2026-01-07", order: { operation: "run" } });
  await publish("2026-01-07");
  const { run } = document("2026-01-07").published!;
  await tell({ kind: "order", id: "o-2", batch: "2026-01-07", order: { operation: "rollback", run } });
  put(names.ledgerBucket, ledgerKeys.openMark("2026-01-09", 1), "{}");
  await tell({ kind: "sweep" });
  upload("2026-01-10/users.json", lines.users!);
  ahead += hour;
  await tell({ kind: "reconcile" });
  queues.put(names.promoteDeadLettersUrl, JSON.stringify(again));
  queues.put(names.settleDeadLettersUrl, JSON.stringify({ kind: "sweep" }));
  await tell({ kind: "redrive" });

  // The embedded engine: a run and its duplicate, and one whose rows are gone from Silver.
  place(stack.uploads);
  const typing = promoteBy(typeParts);
  for (const [dataset, text] of Object.entries(rows)) await deliver(upload(`2026-02-01/${dataset}.json`, text), typing);
  await execute();
  await execute();
  expectEnd(await reported(), "published");
  await complete("2026-02-02");
  for (const Key of memory.keys(names.silverBucket).filter((name) => name.includes("batch=2026-02-02/")))
    memory.apply(new DeleteObjectCommand({ Bucket: names.silverBucket, Key }));
  await execute();
  expectEnd(await reported(), "failed");

  // A call whose answer is lost is made again by the sweep. Nobody begins it, and nobody is heard of after the next.
  lambda.next = lost;
  await complete("2026-02-03");
  ahead += hour;
  await tell({ kind: "sweep" });
  ahead += 2 * hour;
  await tell({ kind: "sweep" });
  ahead += hour;
  await tell({ kind: "sweep" });
  await begin();
  ahead += hour;
  await tell({ kind: "sweep" });
  await publish("2026-02-03");

  // Calls that are refused: settle's, and one of promote's that somebody had made before.
  lambda.next = refused;
  await tell({ kind: "order", id: "o-3", batch: "2026-02-01", order: { operation: "run" } });
  await publish("2026-02-01");
  lambda.next = async () => {
    await begin();
    refused();
  };
  await complete("2026-02-04");
  return [...calls.values()];
}
