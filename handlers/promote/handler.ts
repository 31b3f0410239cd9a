import { HeadObjectCommand, type HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { classify } from "../bronze/classify.ts";
import { type ObjectCreated, readNotification, writeNotification } from "../bronze/s3Event.ts";
import type { S3, Sqs } from "../clients.ts";
import type { InvocationContext } from "../invocation/context.ts";
import type { Invocation } from "../invocation/runtime.ts";
import { type BronzeFile, reasonKey, rejectedKey, silverKey } from "../keys.ts";
import type { Decision, Input } from "../ledger/document.ts";
import { isNewerBySequencer } from "../ledger/inputs.ts";
import { type Log, reasonOf } from "../log.ts";
import type { FunctionEnvironment, FunctionSettings } from "../settings.ts";
import { type DocumentStore, statusOf } from "../storage.ts";
import { isListedNewer } from "../versions.ts";
import { expectedColumns } from "./fit.ts";
import { inspect } from "./inspect.ts";
import { type PinnedObject, s3Source } from "./source.ts";
import { transfer } from "./transfer.ts";

export interface PromoteDeps {
  readonly s3: S3;
  readonly sqs: Sqs;
  readonly settings: FunctionSettings;
  readonly names: FunctionEnvironment;
  readonly log: Log;
  readonly now: () => number;
  /** What one file is promoted with. */
  readonly open: () => Invocation;
  /** The rejected bucket's documents. */
  readonly reasons: DocumentStore;
}

/**
 * Promotes or rejects each object version that a queue message names. A message is reported as failed, and so delivered
 * again, if any of its records could not be completed. A rejection or a skip is a completed record.
 */
export function createHandler(
  deps: PromoteDeps,
): (event: SQSEvent, invocation: InvocationContext) => Promise<SQSBatchResponse> {
  const { log } = deps;
  return async (event, { getRemainingTimeInMillis }) => {
    const failures = new Set<string>();
    const failed = (messageId: string, error: unknown, about: { readonly key?: string } = {}) => {
      log.error("message.failed", { messageId, ...about, reason: reasonOf(error) });
      failures.add(messageId);
    };
    for (const { messageId, body } of event.Records) {
      try {
        const { created, passed } = readNotification(body);
        for (const event of passed) log.info("event.skipped", { messageId, ...event });
        const results = await Promise.allSettled(
          // One after the other: two records of one batch must not both own its effects.
          created.map((object) => promote(object, { ...deps, ...deps.open(), getRemainingTimeInMillis })),
        );
        results.forEach((result, index) => {
          if (result.status === "rejected") failed(messageId, result.reason, { key: created[index]!.key });
        });
      } catch (error) {
        failed(messageId, error);
      }
    }
    return { batchItemFailures: [...failures].map((itemIdentifier) => ({ itemIdentifier })) };
  };
}

type Context = PromoteDeps & InvocationContext & Invocation;

async function promote(object: ObjectCreated, context: Context): Promise<void> {
  const { log, ledger, coordinator, releases } = context;
  const { key, version } = object;
  const { contract } = await releases.current();
  const named = classify(key, contract);
  if (named.kind === "skipped") return log.info("file.skipped", { key, version, reason: named.reason, fix: named.fix });
  if (version === null || version === "null")
    return log.error("file.skipped", {
      key,
      version,
      reason: "the bucket keeps no versions, so the file can't be pinned",
      fix: "enable versioning and upload it again",
    });

  const file: BronzeFile = { ...named, key, version };
  const { batch, dataset } = file;
  const known = (await ledger.read(batch))?.inputs[key];
  if (known?.decision.version === version) {
    log.info("file.duplicate", { key, version, batch, dataset });
    // A duplicate still runs the gate, because the first delivery may have died before it.
    const decision = { ...known.decision, sequencer: object.sequencer ?? known.decision.sequencer };
    await coordinator.advance(batch, { kind: "decided", key, dataset, decision });
    return;
  }
  const head = await headOf(object, context);
  if (head === "gone") return skipGone(object, context);
  const found = { ...object, version, lastModified: head.lastModified };
  if (known && !(await isNewer(found, known, context))) {
    log.info("file.superseded", { key, version, batch, dataset, by: known.decision.version });
    await coordinator.advance(batch, { kind: "decided", key, dataset, decision: known.decision });
    return;
  }

  const decision = await decide(found, file, head, context);
  if (decision === "gone") return skipGone(object, context);
  if (decision === "unfinished") return await goOnLater(object, context);
  const { outcome, bytes } = decision;
  const why = outcome === "rejected" ? { code: decision.code, reason: decision.reason, fix: decision.fix } : {};
  log.info(`file.${outcome}`, { key, version, batch, dataset, bytes, ...why });
  await enter(found, file, decision, known, context);
}

type FoundVersion = ObjectCreated & { readonly version: string; readonly lastModified: number };

async function isNewer(object: FoundVersion, { decision }: Input, { s3 }: Context): Promise<boolean> {
  return (
    isNewerBySequencer(object.sequencer, decision.sequencer) ?? (await isListedNewer(s3, object, object, decision))
  );
}

/**
 * Enters the decision in the ledger. If sequencers cannot order this version and the ledger's, Bronze's list of
 * versions does; the list is read again if the ledger has changed meanwhile.
 */
async function enter(
  object: FoundVersion,
  file: BronzeFile,
  decision: Decision,
  known: Input | undefined,
  context: Context,
): Promise<void> {
  const { batch, dataset, key, version } = file;
  const newerThan = known ? { newerThan: known.decision.version } : {};
  const document = await context.coordinator.advance(batch, { kind: "decided", key, dataset, decision, ...newerThan });
  const present = document.inputs[key]!;
  const { decision: other } = present;
  if (other.version === version || isNewerBySequencer(other.sequencer, decision.sequencer) !== null) return;
  if (await isNewer(object, present, context)) await enter(object, file, decision, present, context);
}

function skipGone({ key, version }: ObjectCreated, { log }: Context): void {
  log.info("file.skipped", {
    key,
    version,
    reason: "the version was deleted before it was read",
    fix: "upload it again if it was meant to stay",
  });
}

/** The current message counts as done, so that a long copy does not use up its receives. */
async function goOnLater(object: ObjectCreated, { sqs, names, log }: Context): Promise<void> {
  const { key, version } = object;
  await sqs.send(
    new SendMessageCommand({ QueueUrl: names.promoteQueueUrl, MessageBody: writeNotification(object, "Continued") }),
  );
  log.info("file.continued", { key, version, reason: "the copy takes more time than one call has" });
}

interface Head {
  readonly bytes: number;
  readonly lastModified: number;
}

/** Inspects the version and copies it to Silver or to the rejected bucket. */
async function decide(
  { bucket, sequencer }: ObjectCreated,
  file: BronzeFile,
  { bytes, lastModified }: Head,
  context: Context,
): Promise<Decision | "gone" | "unfinished"> {
  const { s3, settings, names, now, releases } = context;
  const { batch, dataset, key, version } = file;
  const base = { version, sequencer, lastModified, decidedAt: now(), bytes };
  const source: PinnedObject = { bucket, key, version, bytes };
  const copyTo = (target: string, targetKey: string) =>
    transfer(
      s3,
      source,
      { bucket: target, key: targetKey, encryptionKeyArn: names.keyArn },
      context.getRemainingTimeInMillis,
    );

  const { contract } = await releases.current();
  const expected = { format: file.format, columns: expectedColumns(contract.datasets[dataset]!) };
  const inspection = await inspect(s3Source(s3, source), expected, settings.files);
  if (inspection.outcome === "good") {
    const { layout, compression } = inspection;
    const copied = await copyTo(names.silverBucket, silverKey(file));
    if (copied !== "done") return copied;
    return { ...base, outcome: "promoted", silverKey: silverKey(file), layout, compression };
  }
  const { code, reason, fix } = inspection;
  const copied = await copyTo(names.rejectedBucket, rejectedKey(file));
  if (copied !== "done") return copied;
  const decidedAt = new Date(base.decidedAt).toISOString();
  const document = { format: 1, code, reason, fix, key, version, batch, dataset, bytes, decidedAt };
  await context.reasons.put(reasonKey(file), `${JSON.stringify(document, null, 2)}\n`, null);
  return { ...base, outcome: "rejected", code, reason, fix };
}

async function headOf({ bucket, key, version }: ObjectCreated, { s3, now }: Context): Promise<Head | "gone"> {
  try {
    const head: HeadObjectCommandOutput = await s3.send(
      new HeadObjectCommand({ Bucket: bucket, Key: key, VersionId: version! }),
    );
    return { bytes: head.ContentLength ?? 0, lastModified: head.LastModified?.getTime() ?? now() };
  } catch (error) {
    // 405 answers a HEAD of a delete marker.
    if ([404, 405].includes(statusOf(error))) return "gone";
    throw error;
  }
}
