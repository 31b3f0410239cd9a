import type { ObjectVersion } from "@aws-sdk/client-s3";
import { classify } from "../bronze/classify.ts";
import { sendToPromote } from "../bronze/sendToPromote.ts";
import type { S3, Sqs } from "../clients.ts";
import type { Invocation } from "../invocation/runtime.ts";
import { ledgerKeys } from "../keys.ts";
import { isLive, type LedgerDocument } from "../ledger/document.ts";
import type { Log } from "../log.ts";
import { inParallel } from "../parallel.ts";
import type { CurrentRelease } from "../release.ts";
import type { FunctionEnvironment, FunctionSettings } from "../settings.ts";
import type { DocumentStore } from "../storage.ts";
import { listStart, type VersionMarker, versionPage } from "../versions.ts";

/** The progress of a reconciliation, stored in the ledger bucket, so that one that ran out of time is continued. */
interface Progress {
  readonly format: 1;
  readonly startedAt: number;
  readonly finishedAt: number | null;
  /** The sequence of the release under which it was begun. */
  readonly sequence: number;
  /** Whether files uploaded before their name was declared count as well. */
  readonly history: boolean;
  readonly declared: readonly Declared[];
  readonly next: VersionMarker;
  /**
   * The last key that was handled. If a page ended among its versions, the remaining ones are older and are ignored.
   */
  readonly judged: string | null;
  /** Versions found so far that no event had named. */
  readonly found: number;
}

/** When a file name, in folders of a pattern, was first declared; milliseconds since the epoch. */
interface Declared {
  readonly keyPattern: string;
  readonly file: string;
  readonly since: number;
}

export interface ReconcileDeps extends Invocation {
  readonly s3: S3;
  readonly sqs: Sqs;
  readonly documents: DocumentStore;
  readonly settings: FunctionSettings;
  readonly names: FunctionEnvironment;
  readonly log: Log;
  readonly now: () => number;
}

/** An upload younger than this may still have its event on the way; in milliseconds. */
const grace = 15 * 60_000;
const batchesAtOnce = 16;

/** Compares all of Bronze with the ledger, from the start. */
export async function reconcile(deps: ReconcileDeps, hasTime: () => boolean, history = false): Promise<undefined> {
  await goOn(await begin(await readProgress(deps), deps, history), deps, hasTime);
}

/**
 * Continues a reconciliation that ran out of time, or begins one when the last is old enough or a new release was
 * deployed. Logs an error when none has finished for too long.
 */
export async function reconcileWhenDue(deps: ReconcileDeps, hasTime: () => boolean): Promise<void> {
  const { settings, releases, log, now } = deps;
  const last = await readProgress(deps);
  if (last === null) return goOn(await begin(null, deps, false), deps, hasTime);
  const every = settings.reconciliationEvery * 1000;
  const silence = now() - (last.finishedAt ?? last.startedAt);
  if (silence > 2 * every) log.error("reconciliation.overdue", { age: Math.round(silence / 1000) });
  const isFinished = last.finishedAt !== null;
  const isOld = isFinished && now() - last.startedAt >= every;
  if (isOld || last.sequence < (await releases.current()).sequence)
    // A history that an operator asked for is kept, even if a deployment restarts the reconciliation.
    await goOn(await begin(last, deps, !isFinished && last.history), deps, hasTime);
  else if (!isFinished) await goOn(last, deps, hasTime);
}

async function readProgress({ documents }: ReconcileDeps): Promise<Progress | null> {
  const stored = await documents.get(ledgerKeys.reconciliation);
  return stored && (JSON.parse(stored.text) as Progress);
}

async function begin(last: Progress | null, { releases, now }: ReconcileDeps, history: boolean): Promise<Progress> {
  const startedAt = now();
  const later = last ? await releases.since(last.sequence) : [await releases.current()];
  const declared = later.reduce(declaredBy, last?.declared ?? null) ?? [];
  const sequence = Math.max(last?.sequence ?? 0, ...later.map((release) => release.sequence));
  return {
    format: 1,
    startedAt,
    finishedAt: null,
    sequence,
    history,
    declared,
    next: listStart,
    judged: null,
    found: 0,
  };
}

/**
 * Keeps earlier declarations that still hold and adds those of this release. For the first release every file counts.
 */
function declaredBy(
  earlier: readonly Declared[] | null,
  { sequence, contract: { datasets, batching } }: CurrentRelease,
): readonly Declared[] {
  const { keyPattern } = batching;
  const files = Object.values(datasets).flatMap(({ file, formats }) => formats.map((format) => `${file}.${format}`));
  const kept = (earlier ?? []).filter(({ file }) => files.includes(file));
  const isKnown = (file: string) => kept.some((one) => one.file === file && one.keyPattern === keyPattern);
  const since = earlier === null ? 0 : sequence;
  return [...kept, ...files.filter((file) => !isKnown(file)).map((file) => ({ keyPattern, file, since }))];
}

/** Whether the version was uploaded after its name was declared. Older ones were skipped when they came. */
const cameInTime = ({ declared, history }: Progress, key: string, lastModified: number): boolean => {
  if (history) return true;
  const [file, folder] = key.split("/").reverse();
  return declared.some(
    (one) =>
      one.file === file &&
      one.since <= lastModified &&
      (folder === undefined || new RegExp(`^(?:${one.keyPattern})$`).test(folder)),
  );
};

async function goOn(begun: Progress, deps: ReconcileDeps, hasTime: () => boolean): Promise<void> {
  const { s3, names, log, documents, now } = deps;
  let progress = begun;
  const keep = () => documents.put(ledgerKeys.reconciliation, JSON.stringify(progress), null);
  // Saved first, so that the next sweep continues if this invocation dies.
  await keep();
  while (progress.finishedAt === null && hasTime()) {
    const { versions, next } = await versionPage(s3, names.bronzeBucket, progress.next);
    const newest = newestOf(versions, progress.judged);
    const found = progress.found + (await takeUp(newest, progress, deps));
    const judged = newest.at(-1)?.Key ?? progress.judged;
    progress = { ...progress, found, judged, next: next ?? listStart, finishedAt: next === null ? now() : null };
    await keep();
  }
  if (progress.finishedAt === null) log.warn("reconciliation.cut", { found: progress.found });
  else log.info("reconciliation.done", { found: progress.found });
}

/** The newest version of each key, except for a key whose newest version was on an earlier page. */
function newestOf(versions: readonly ObjectVersion[], judged: string | null): ObjectVersion[] {
  let last = judged;
  return versions.filter(({ Key }) => {
    const isFirst = Key !== last;
    last = Key!;
    return isFirst;
  });
}

/**
 * Sends versions unknown to the ledger through the queue as S3 would have done, and runs the gate for batches that only
 * an older release has judged.
 */
async function takeUp(newest: readonly ObjectVersion[], progress: Progress, deps: ReconcileDeps): Promise<number> {
  const { ledger, coordinator, releases, names, log, now } = deps;
  const { contract } = await releases.current();
  const batches = new Map<string, ObjectVersion[]>();
  for (const version of newest) {
    const named = classify(version.Key!, contract);
    if (named.kind === "skipped" || version.LastModified!.getTime() > now() - grace) continue;
    batches.set(named.batch, [...(batches.get(named.batch) ?? []), version]);
  }
  let found = 0;
  await inParallel(batches, batchesAtOnce, async ([batch, versions]) => {
    const document = await ledger.read(batch);
    for (const { Key, VersionId, LastModified } of versions) {
      const lastModified = LastModified!.getTime();
      if (isTold(document, Key!, VersionId!, lastModified) || !cameInTime(progress, Key!, lastModified)) continue;
      const object = { bucket: names.bronzeBucket, key: Key!, version: VersionId!, sequencer: null };
      await sendToPromote(object, "Reconciled", deps);
      log.warn("file.untold", { batch, key: Key, version: VersionId, reason: "no event told of it" });
      found++;
    }
    // A published batch is left alone: a deployment starts no run.
    const waits = document?.published === null && Object.values(document.inputs).some(isLive);
    if (waits && document.judged < progress.sequence) await coordinator.advance(batch, { kind: "sweep" });
  });
  return found;
}

/** Also true if the ledger has a newer version that was deleted for good since. */
function isTold(document: LedgerDocument | null, key: string, version: string, lastModified: number): boolean {
  const decision = document?.inputs[key]?.decision;
  return decision !== undefined && (decision.version === version || decision.lastModified > lastModified);
}
