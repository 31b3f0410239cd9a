import { HeadObjectCommand, type HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { classify } from "../bronze/classify.ts";
import { type ObjectCreated, type PartRange, readNotification } from "../bronze/s3Event.ts";
import { sendToPromote } from "../bronze/sendToPromote.ts";
import type { S3, Sqs } from "../clients.ts";
import type { InvocationContext } from "../invocation/context.ts";
import type { Invocation } from "../invocation/runtime.ts";
import { type BronzeFile, reasonKey, rejectedKey, restartKey } from "../keys.ts";
import type { Decision, Input } from "../ledger/document.ts";
import { isNewerBySequencer } from "../ledger/inputs.ts";
import { type Log, reasonOf } from "../log.ts";
import { FaultyText, type FileFault } from "../reader/faultyText.ts";
import type { typeParts } from "../reader/file.ts";
import { partBytes } from "../reader/lines.ts";
import type { FunctionEnvironment, FunctionSettings } from "../settings.ts";
import { readerVersion } from "../shape.ts";
import { type DocumentStore, statusOf } from "../storage.ts";
import { isListedNewer } from "../versions.ts";
import { formOf } from "./form.ts";
import { type PinnedObject, type Source, s3Source } from "./source.ts";
import { textOf } from "./text.ts";
import { transfer } from "./transfer.ts";
import { reportOf, type StoredReport, typeVersion } from "./typing.ts";

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
  /** The ledger's. */
  readonly documents: DocumentStore;
  /** Reads the rows; the simulation has one of its own. */
  readonly typeParts: typeof typeParts;
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
  const { contract, shapes, pinned, sequence } = await releases.current();
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
  const shape = shapes[dataset]!;
  const known = (await ledger.read(batch))?.inputs[key];
  // A message that asks for another shape than the deployed one is dropped; the gate asks for what it wants by now.
  const isOvertaken = object.shape !== undefined && object.shape !== shape;
  if (isOvertaken && object.parts)
    return await beginAgain({ ...object, shape }, restartKey(file, shape, sequence), context);
  const isDecided = object.shape === undefined || known?.decision.shape === object.shape || isOvertaken;
  if (known?.decision.version === version && isDecided) {
    log.info("file.duplicate", { key, version, batch, dataset });
    // A duplicate still runs the gate, because the first delivery may have died before it.
    const decision = { ...known.decision, sequencer: object.sequencer ?? known.decision.sequencer };
    await coordinator.advance(batch, { kind: "decided", key, dataset, decision });
    return;
  }
  const head = await headOf(object, context);
  if (head === "gone") return await settleGone(object, file, known, shape, context);
  const found = { ...object, version, shape, lastModified: head.lastModified };
  if (known && known.decision.version !== version && !(await isNewer(found, known, context))) {
    log.info("file.superseded", { key, version, batch, dataset, by: known.decision.version });
    await coordinator.advance(batch, { kind: "decided", key, dataset, decision: known.decision });
    return;
  }

  if (pinned.reader !== readerVersion) return await postpone(object, context);
  const decision = await decide(found, file, head, context);
  if (decision === "gone") return await settleGone(object, file, known, shape, context);
  if (decision === "unfinished") return;
  const { outcome, bytes } = decision;
  const why = outcome === "rejected" ? { code: decision.code, reason: decision.reason, fix: decision.fix } : {};
  log.info(`file.${outcome}`, { key, version, batch, dataset, bytes, ...why });
  await enter(found, file, decision, known, context);
}

type FoundVersion = ObjectCreated & {
  readonly version: string;
  readonly lastModified: number;
  /** Under which it is typed. */
  readonly shape: string;
};

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

/** Has the whole file typed again; one of the messages that ask for its parts is enough. */
async function beginAgain(object: ObjectCreated, marker: string, context: Context): Promise<void> {
  if (await context.documents.get(marker)) return;
  await sendOn(object, null, context);
  // Afterwards: several messages do no harm, and none would.
  await context.documents.put(marker, "", { ifAbsent: true });
}

/** In seconds, and in milliseconds. */
const [postponedBy, longestPostponed] = [60, 60 * 60_000];

/** While a deployment goes on, the release may ask for a reader that only the other version of this function has. */
async function postpone(object: ObjectCreated, context: Context): Promise<void> {
  const { log, now } = context;
  const { key, version, since = now() } = object;
  await sendToPromote({ ...object, since }, "Postponed", context, postponedBy);
  const reason = "the release asks for another version of the reader than this function has";
  if (now() - since < longestPostponed) log.warn("file.postponed", { key, version, reason });
  else log.error("message.failed", { key, version, reason: `${reason}; complete the deployment` });
}

/** A version that is not there is skipped, unless the ledger knows it and had it typed again. */
async function settleGone(
  { key, version, shape: asked }: ObjectCreated,
  { batch, dataset }: BronzeFile,
  known: Input | undefined,
  shape: string,
  { log, coordinator }: Context,
): Promise<void> {
  if (asked !== undefined && known?.decision.version === version) {
    const { sequencer, lastModified, decidedAt, bytes } = known.decision;
    const decision = { outcome: "gone", version, sequencer, lastModified, decidedAt, bytes, shape } as const;
    log.error("file.expired", {
      ...{ key, version, batch, dataset },
      reason: "it was to be typed again for another contract, and Bronze no longer has the version",
      fix: "upload it again, or replay a run that has read it",
    });
    await coordinator.advance(batch, { kind: "decided", key, dataset, decision });
    return;
  }
  log.info("file.skipped", {
    key,
    version,
    reason: "the version was deleted before it was read",
    fix: "upload it again if it was meant to stay",
  });
}

interface Head {
  readonly bytes: number;
  readonly lastModified: number;
}

type Undecided = "gone" | "unfinished";

/** Types the rows of the version into Silver, and decides by what they come to. */
async function decide(
  object: FoundVersion,
  file: BronzeFile,
  { bytes, lastModified }: Head,
  context: Context,
): Promise<Decision | Undecided> {
  const { bucket, key, version, sequencer, shape } = object;
  const base = { version, sequencer, lastModified, decidedAt: context.now(), bytes, shape };
  const pinned: PinnedObject = { bucket, key, version, bytes };
  const judged = await judge(object, file, s3Source(context.s3, pinned), context);
  if (judged === "gone" || judged === "unfinished") return judged;
  if ("pin" in judged) {
    const silverBytes = judged.report.parts.reduce((sum, part) => sum + part.bytes, 0);
    return { ...base, outcome: "promoted", report: judged.pin, silverBytes };
  }
  const { code, reason, fix } = judged;
  const rejected = await reject(object, file, pinned, { code, reason, fix, decidedAt: base.decidedAt }, context);
  return rejected === "done" ? { ...base, outcome: "rejected", code, reason, fix } : rejected;
}

/** @returns the report of a file that is good, or why it is not */
async function judge(
  object: FoundVersion,
  file: BronzeFile,
  source: Source,
  context: Context,
): Promise<StoredReport | FileFault | Undecided> {
  const { contract } = await context.releases.current();
  try {
    const stored =
      (await reportOf({ file, contract }, context.documents)) ?? (await type(object, file, source, context));
    if (stored === "gone" || stored === "unfinished") return stored;
    return stored.report.fault ?? stored;
  } catch (error) {
    if (error instanceof FaultyText) return error;
    throw error;
  }
}

/** Parts that one message asks for: half a gigabyte of text. */
const partsAtOnce = 8;

/**
 * Types the parts that the message asks for. An upload's own message asks for all: what is too much for one call is
 * asked for by further messages, which are handled at the same time. A gzip can be read only from its beginning, so one
 * call after the other types as many of its parts as it has time for.
 */
async function type(
  object: FoundVersion,
  file: BronzeFile,
  source: Source,
  context: Context,
): Promise<StoredReport | Undecided> {
  const { contract } = await context.releases.current();
  const form = await formOf(source, file.format);
  const isSeekable = form.layout === "jsonl" && form.compression === "none";
  const parts = object.parts ?? { first: 0, count: isSeekable ? partsAtOnce : Number.MAX_SAFE_INTEGER };
  if (!object.parts && isSeekable)
    for (let first = partsAtOnce; first * partBytes < source.bytes; first += partsAtOnce)
      await sendOn(object, { first, count: partsAtOnce }, context);
  try {
    const job = {
      file,
      bytes: source.bytes,
      text: await textOf(source, form, context.settings.files),
      contract,
      parts,
    };
    const typed = await typeVersion(job, { ...context, remainingTime: context.getRemainingTimeInMillis });
    if (typed.kind === "whole") return typed;
    const end = parts.first + parts.count;
    if (typed.next !== null && typed.next < end)
      await sendOn(object, { first: typed.next, count: end - typed.next }, context);
    return "unfinished";
  } catch (error) {
    if (["NoSuchVersion", "NoSuchKey"].includes((error as Error).name)) return "gone";
    throw error;
  }
}

/** Copies a file to the rejected bucket, with the reason beside it. */
async function reject(
  object: FoundVersion,
  file: BronzeFile,
  source: PinnedObject,
  { decidedAt, ...fault }: FileFault & { readonly decidedAt: number },
  context: Context,
): Promise<"done" | Undecided> {
  const { s3, names, reasons, getRemainingTimeInMillis: remainingTime } = context;
  const target = { bucket: names.rejectedBucket, key: rejectedKey(file), encryptionKeyArn: names.keyArn };
  const copied = await transfer(s3, source, target, remainingTime);
  if (copied === "unfinished") await sendOn(object, null, context);
  if (copied !== "done") return copied;
  const { key, version, batch, dataset } = file;
  const of = { key, version, batch, dataset, bytes: source.bytes, decidedAt: new Date(decidedAt).toISOString() };
  await reasons.put(reasonKey(file), `${JSON.stringify({ format: 1, ...fault, ...of }, null, 2)}\n`, null);
  return "done";
}

/** The current message counts as done, so that a large file does not use up its receives. */
async function sendOn(
  { parts: _, ...object }: ObjectCreated,
  parts: PartRange | null,
  context: Context,
): Promise<void> {
  await sendToPromote(parts ? { ...object, parts } : object, "Continued", context);
  const of = { key: object.key, version: object.version, ...(parts ?? {}) };
  context.log.info("file.continued", { ...of, reason: "a large file takes several calls" });
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
