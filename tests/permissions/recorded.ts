import { CreateMultipartUploadCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { Contract } from "../../config/contract.ts";
import { assemble } from "../../handlers/invocation/runtime.ts";
import { ledgerKeys, rejectedKey } from "../../handlers/keys.ts";
import type { LedgerDocument } from "../../handlers/ledger/document.ts";
import { createHandler as createPromote } from "../../handlers/promote/handler.ts";
import { createCatalog } from "../../handlers/publication/catalog.ts";
import { createGold } from "../../handlers/publication/gold.ts";
import { createNotices } from "../../handlers/publication/notices.ts";
import { createGlueEngine } from "../../handlers/run/glue.ts";
import type { FunctionSettings } from "../../handlers/settings.ts";
import { createHandler as createSettle, type SettleEvent } from "../../handlers/settle/handler.ts";
import { createDocumentStore, statusOf } from "../../handlers/storage.ts";
import { noEngine } from "../handlers/noEngine.ts";
import { goodReport, sqsEvent } from "../handlers/pipelineUnderTest.ts";
import { releaseObjects } from "../handlers/releaseObjects.ts";
import { stubParts } from "../handlers/stubParts.ts";
import { MemoryS3 } from "../simulation/s3/memoryS3.ts";
import { type Input, needsOf, type Service } from "./actions.ts";
import type { Call } from "./call.ts";
import type { DeclaredStack } from "./declared.ts";

type Send = (command: never) => Promise<unknown>;

const awsError = (name: string) => Object.assign(new Error(name), { name });

/** Glue as far as the functions use it: one job's runs and the partitions of tables. */
class MemoryGlue {
  readonly #partitions = new Set<string>();
  readonly runs: { Id: string; JobRunState: string; Arguments: Record<string, string>; StartedOn: Date }[] = [];
  /** What the next start comes to in the place of an answer; `lost` starts the job all the same. */
  nextStart: "lost" | "refused" | null = null;

  answer(command: string, input: Input): object {
    switch (command) {
      case "StartJobRun": {
        const outcome = this.nextStart;
        this.nextStart = null;
        if (outcome === "refused") throw awsError("InvalidInputException");
        const Id = `jr_${this.runs.length + 1}`;
        this.runs.unshift({ Id, JobRunState: "RUNNING", Arguments: input.Arguments, StartedOn: new Date() });
        if (outcome === "lost") throw awsError("TimeoutError");
        return { JobRunId: Id };
      }
      case "GetJobRun": {
        const JobRun = this.runs.find(({ Id }) => Id === input.RunId);
        if (!JobRun) throw awsError("EntityNotFoundException");
        return { JobRun };
      }
      case "GetJobRuns":
        return { JobRuns: this.runs };
      case "GetTable":
        return { Table: { StorageDescriptor: {} } };
      case "UpdatePartition":
        if (!this.#partitions.has(`${input.TableName}/${input.PartitionValueList[0]}`))
          throw awsError("EntityNotFoundException");
        return {};
      case "CreatePartition":
        this.#partitions.add(`${input.TableName}/${input.PartitionInput.Values[0]}`);
        return {};
      default:
        return {};
    }
  }

  end(id: string, state: string): void {
    this.runs.find(({ Id }) => Id === id)!.JobRunState = state;
  }
}

/** Queues as far as redrive uses them: what lies in them is received once. */
class MemoryQueues {
  readonly #messages = new Map<string, string[]>();

  put(queueUrl: string, body: string): void {
    this.#messages.set(queueUrl, [...(this.#messages.get(queueUrl) ?? []), body]);
  }

  answer(command: string, { QueueUrl }: Input): object {
    if (command !== "ReceiveMessage") return {};
    const bodies = this.#messages.get(QueueUrl) ?? [];
    this.#messages.delete(QueueUrl);
    return { Messages: bodies.map((Body, index) => ({ Body, MessageId: `${index}`, ReceiptHandle: `${index}` })) };
  }
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

/**
 * Every call that the two functions make, recorded at the SDK's clients while they go through all that they do: on the
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
  const deploy = (contract: Contract) => {
    for (const { key, content } of releaseObjects(contract, names.artifactsBucket).objects)
      memory.apply(new PutObjectCommand({ Bucket: names.artifactsBucket, Key: key, Body: content }));
  };
  deploy(stack.contract);
  const glue = new MemoryGlue();
  const queues = new MemoryQueues();
  const s3 = memory.client();

  /** Clients whose calls count as made by one of the functions. */
  function clients(role: "promote" | "settle") {
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
      s3: client("s3", (_name, _input, command) => (s3.send as unknown as Send)(command)) as never,
      sns: client("sns", () => ({})) as never,
      sqs: client("sqs", (name, input) => queues.answer(name, input)) as never,
      glue: client("glue", (name, input) => glue.answer(name, input)) as never,
    };
  }

  let nonces = 0;
  const invocation = { getRemainingTimeInMillis: () => left };
  const parts = (role: "promote" | "settle") => {
    const of = clients(role);
    const engines = { glue: createGlueEngine(of.glue, names.glueJob), embedded: noEngine };
    const log = { info() {}, warn() {}, error() {} };
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
  const promote = createPromote({
    ...ofPromote,
    reasons: createDocumentStore(ofPromote.s3, names.rejectedBucket, names.keyArn),
    documents: createDocumentStore(ofPromote.s3, names.ledgerBucket, names.keyArn),
    typeParts: stubParts,
  });
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
  const deliver = async (notification: object) => {
    const { batchItemFailures } = await promote(sqsEvent({ m: JSON.stringify(notification) }), invocation);
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
  const refused = upload(key, { bytes: 9 * 256 * mebibyte, line: "no rows\n" });
  const version = refused.Records[0]!.s3.object.versionId;
  const copy = rejectedKey({ batch: "2026-01-04", dataset: "events", format: "json", key, version });
  left = 0;
  await deliver(refused);
  left = 900_000;
  memory.apply(new CreateMultipartUploadCommand({ Bucket: names.rejectedBucket, Key: copy }));
  await deliver(refused);

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
  return [...calls.values()];
}
