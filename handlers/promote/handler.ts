import { CopyObjectCommand, HeadObjectCommand, type HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { parseColumnType } from "../../config/columnType.ts";
import { type BronzeFile, reasonKey, rejectedKey, silverKey } from "../keys.ts";
import type { Coordinator } from "../ledger/coordinator.ts";
import type { Decision } from "../ledger/document.ts";
import type { Ledger } from "../ledger/store.ts";
import { isStale } from "../ledger/transition.ts";
import type { Log } from "../log.ts";
import type { FunctionEnvironment, FunctionSettings } from "../settings.ts";
import { type DocumentStore, type S3, statusOf } from "../storage.ts";
import { classify } from "./classify.ts";
import { type Inspection, inspect } from "./inspect.ts";
import { type ObjectCreated, readNotification } from "./s3Event.ts";
import { s3Source } from "./source.ts";

export interface PromoteDeps {
  readonly s3: S3;
  readonly settings: FunctionSettings;
  readonly names: FunctionEnvironment;
  readonly log: Log;
  readonly now: () => number;
  /** A ledger and a coordinator of one invocation. */
  readonly open: () => { readonly ledger: Ledger; readonly coordinator: Coordinator };
  /** The rejected bucket's documents. */
  readonly reasons: DocumentStore;
}

/** CopyObject's limit; S3 refuses a single copy above it. */
const maxCopyBytes = 5 * 1024 ** 3;

/**
 * Promotes or rejects each object version that a queue message tells of. A message is reported as failed, and so
 * delivered again, when any of its records could not be brought to an end; what can't succeed is a rejection or a
 * skip and ends well.
 */
export function createHandler(deps: PromoteDeps): (event: SQSEvent) => Promise<SQSBatchResponse> {
  const { log } = deps;
  return async (event) => {
    const batchItemFailures: { itemIdentifier: string }[] = [];
    for (const { messageId, body } of event.Records) {
      const { ledger, coordinator } = deps.open();
      try {
        const { created, passed } = readNotification(body);
        for (const event of passed) log.info("event.skipped", { messageId, ...event });
        const results = await Promise.allSettled(
          created.map((object) => promote(object, { ...deps, ledger, coordinator })),
        );
        const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
        if (failures.length > 0) throw failures.length === 1 ? failures[0] : new AggregateError(failures);
      } catch (error) {
        log.error("message.failed", { messageId, reason: describe(error) });
        batchItemFailures.push({ itemIdentifier: messageId });
      }
    }
    return { batchItemFailures };
  };
}

const describe = (error: unknown): string =>
  error instanceof AggregateError
    ? error.errors.map(describe).join("; ")
    : `${(error as Error).name}: ${(error as Error).message}`;

type Context = PromoteDeps & { readonly ledger: Ledger; readonly coordinator: Coordinator };

async function promote(object: ObjectCreated, context: Context): Promise<void> {
  const { settings, log, ledger, coordinator } = context;
  const { key, version, sequencer } = object;
  const named = classify(key, settings.contract, settings.batching.keyPattern);
  if (named.kind === "skipped") return log.info("file.skipped", { key, version, reason: named.reason, fix: named.fix });
  if (version === null || version === "null")
    return log.error("file.skipped", {
      key,
      version,
      reason: "the bucket keeps no versions, so the file can't be pinned",
      fix: "enable versioning and upload it again",
    });

  const file: BronzeFile = { ...named, key, version };
  const known = (await ledger.read(file.batch))?.inputs[key];
  if (isStale(known, version, sequencer)) {
    log.info("file.stale", { key, version, batch: file.batch, dataset: file.dataset });
    // A duplicate still moves the batch on: the first delivery may have died before the gate.
    await coordinator.advance(file.batch, { kind: "decided", key, dataset: file.dataset, decision: known!.decision });
    return;
  }
  const decision = await decide(object.bucket, file, sequencer, context);
  if (decision === null)
    return log.info("file.skipped", {
      key,
      version,
      reason: "the version was deleted before it was read",
      fix: "upload it again if it was meant to stay",
    });
  const { outcome, bytes } = decision;
  const why = outcome === "rejected" ? { code: decision.code, reason: decision.reason, fix: decision.fix } : {};
  log.info(`file.${outcome}`, { key, version, batch: file.batch, dataset: file.dataset, bytes, ...why });
  await coordinator.advance(file.batch, { kind: "decided", key, dataset: file.dataset, decision });
}

/** Inspects the version, and leaves its copy in Silver or in the rejected bucket. Null when the version is gone. */
async function decide(bucket: string, file: BronzeFile, sequencer: string, context: Context): Promise<Decision | null> {
  const { s3, settings, names, now } = context;
  const head = await headOf(s3, bucket, file);
  if (head === null) return null;
  const bytes = head.ContentLength ?? 0;
  const base = {
    version: file.version,
    sequencer,
    lastModified: head.LastModified?.getTime() ?? now(),
    decidedAt: now(),
    bytes,
  };

  const dataset = settings.contract.datasets[file.dataset]!;
  const expected = {
    format: file.format,
    columns: dataset.columns.map(({ name, type, onNull }) => ({
      name,
      type: parseColumnType(type),
      rejectsNull: onNull === "reject",
    })),
  };
  const inspection: Inspection =
    bytes > maxCopyBytes
      ? {
          outcome: "bad",
          code: "too_large",
          reason: `the file has ${bytes} bytes and ${maxCopyBytes} are allowed`,
          fix: "pack it with gzip, or upload fewer records in one batch",
        }
      : await inspect(s3Source(s3, { bucket, key: file.key, version: file.version, bytes }), expected, settings.files);

  if (inspection.outcome === "good") {
    const { layout, compression } = inspection;
    await copy(s3, bucket, file, names.silverBucket, silverKey(file), names.keyArn);
    return { ...base, outcome: "promoted", silverKey: silverKey(file), layout, compression };
  }
  const { code, reason, fix } = inspection;
  if (bytes <= maxCopyBytes) await copy(s3, bucket, file, names.rejectedBucket, rejectedKey(file), names.keyArn);
  const { batch, dataset: name, key, version } = file;
  const document = {
    format: 1,
    code,
    reason,
    fix,
    key,
    version,
    batch,
    dataset: name,
    bytes,
    decidedAt: new Date(base.decidedAt).toISOString(),
  };
  await context.reasons.put(reasonKey(file), `${JSON.stringify(document, null, 2)}\n`, null);
  return { ...base, outcome: "rejected", code, reason, fix };
}

async function headOf(s3: S3, bucket: string, { key, version }: BronzeFile): Promise<HeadObjectCommandOutput | null> {
  try {
    return await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key, VersionId: version }));
  } catch (error) {
    // 405 answers a HEAD of a delete marker.
    if ([404, 405].includes(statusOf(error))) return null;
    throw error;
  }
}

/** Copies the pinned version inside S3. The target's name holds key and version, so one that exists is this very copy. */
async function copy(
  s3: S3,
  bucket: string,
  { key, version }: BronzeFile,
  target: string,
  targetKey: string,
  keyArn: string,
): Promise<void> {
  const path = key.split("/").map(encodeURIComponent).join("/");
  try {
    await s3.send(
      new CopyObjectCommand({
        Bucket: target,
        Key: targetKey,
        CopySource: `${bucket}/${path}?versionId=${encodeURIComponent(version)}`,
        ServerSideEncryption: "aws:kms",
        SSEKMSKeyId: keyArn,
        BucketKeyEnabled: true,
        TaggingDirective: "REPLACE",
        IfNoneMatch: "*",
      }),
    );
  } catch (error) {
    if (statusOf(error) !== 412) throw error;
  }
}
