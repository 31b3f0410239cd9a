import type { ObjectVersion } from "@aws-sdk/client-s3";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { classify } from "../bronze/classify.ts";
import { writeNotification } from "../bronze/s3Event.ts";
import { listStart, type VersionMarker, versionPage } from "../bronze/versions.ts";
import { ledgerKeys } from "../keys.ts";
import type { LedgerDocument } from "../ledger/document.ts";
import type { Ledger } from "../ledger/store.ts";
import type { Log } from "../log.ts";
import { inParallel } from "../parallel.ts";
import type { Sqs } from "../queue.ts";
import type { FunctionEnvironment, FunctionSettings } from "../settings.ts";
import type { DocumentStore, S3 } from "../storage.ts";

/** How far a reconciliation has come, as it lies in the ledger bucket: one that ran out of time is gone on with. */
interface Progress {
  readonly format: 1;
  readonly startedAt: number;
  readonly finishedAt: number | null;
  readonly next: VersionMarker;
  /** The key that was judged last: where a page ends among a key's versions, the rest of them are older ones. */
  readonly judged: string | null;
  /** Versions that no event had told of so far. */
  readonly found: number;
}

export interface ReconcileDeps {
  readonly s3: S3;
  readonly sqs: Sqs;
  readonly documents: DocumentStore;
  readonly ledger: Pick<Ledger, "read">;
  readonly settings: FunctionSettings;
  readonly names: FunctionEnvironment;
  readonly log: Log;
  readonly now: () => number;
}

/** An event is late, not lost, when its upload is younger than this; in milliseconds. */
const grace = 15 * 60_000;
const batchesAtOnce = 16;

/** Compares all of Bronze with the ledger, from the start. */
export async function reconcile(deps: ReconcileDeps, hasTime: () => boolean): Promise<undefined> {
  const { now } = deps;
  await goOn({ format: 1, startedAt: now(), finishedAt: null, next: listStart, judged: null, found: 0 }, deps, hasTime);
}

/** Goes on with a reconciliation that ran out of time, and tells when none was begun for too long. */
export async function resumeReconciliation(deps: ReconcileDeps, hasTime: () => boolean): Promise<void> {
  const stored = await deps.documents.get(ledgerKeys.reconciliation);
  const progress = stored && (JSON.parse(stored.text) as Progress);
  if (progress && progress.finishedAt === null) await goOn(progress, deps, hasTime);
  if (progress) tellOverdue(progress, deps);
}

function tellOverdue({ startedAt }: Progress, { settings, log, now }: ReconcileDeps): void {
  const { reconciliationAge = Number.POSITIVE_INFINITY } = settings.limits ?? {};
  const age = Math.round((now() - startedAt) / 1000);
  if (age > reconciliationAge) log.error("reconciliation.overdue", { age });
}

async function goOn(begun: Progress, deps: ReconcileDeps, hasTime: () => boolean): Promise<void> {
  const { s3, names, log, documents, now } = deps;
  let progress = begun;
  const keep = () => documents.put(ledgerKeys.reconciliation, JSON.stringify(progress), null);
  // Before anything else: whoever dies on the way leaves it to the next sweep.
  await keep();
  while (progress.finishedAt === null && hasTime()) {
    const { versions, next } = await versionPage(s3, names.bronzeBucket, progress.next);
    const newest = newestOf(versions, progress.judged);
    const found = progress.found + (await injectUntold(newest, deps));
    const judged = newest.at(-1)?.Key ?? progress.judged;
    progress = { ...progress, found, judged, next: next ?? listStart, finishedAt: next === null ? now() : null };
    await keep();
  }
  if (progress.finishedAt === null) log.warn("reconciliation.cut", { found: progress.found });
  else log.info("reconciliation.done", { found: progress.found });
}

/** Each key's newest version, but for the key whose newest was on an earlier page. */
function newestOf(versions: readonly ObjectVersion[], judged: string | null): ObjectVersion[] {
  let last = judged;
  return versions.filter(({ Key }) => {
    const isFirst = Key !== last;
    last = Key!;
    return isFirst;
  });
}

/** Sends what the ledger knows nothing of through the queue, as if S3 had told. */
async function injectUntold(newest: readonly ObjectVersion[], deps: ReconcileDeps): Promise<number> {
  const { ledger, settings, names, sqs, log, now } = deps;
  const batches = new Map<string, ObjectVersion[]>();
  for (const version of newest) {
    const named = classify(version.Key!, settings.contract, settings.batching.keyPattern);
    if (named.kind === "skipped" || version.LastModified!.getTime() > now() - grace) continue;
    batches.set(named.batch, [...(batches.get(named.batch) ?? []), version]);
  }
  let found = 0;
  await inParallel(batches, batchesAtOnce, async ([batch, versions]) => {
    const document = await ledger.read(batch);
    for (const { Key, VersionId, LastModified } of versions) {
      if (isTold(document, Key!, VersionId!, LastModified!.getTime())) continue;
      const object = { bucket: names.bronzeBucket, key: Key!, version: VersionId!, sequencer: null };
      const body = writeNotification(object, "Reconciled");
      await sqs.send(new SendMessageCommand({ QueueUrl: names.promoteQueueUrl, MessageBody: body }));
      log.warn("file.untold", { batch, key: Key, version: VersionId, reason: "no event told of it" });
      found++;
    }
  });
  return found;
}

/** Also when the ledger's version is newer and was deleted for good since. */
function isTold(document: LedgerDocument | null, key: string, version: string, lastModified: number): boolean {
  const decision = document?.inputs[key]?.decision;
  return decision !== undefined && (decision.version === version || decision.lastModified > lastModified);
}
