import { declaredTables } from "../../config/tables.ts";
import { sendToPromote } from "../bronze/sendToPromote.ts";
import type { Sqs } from "../clients.ts";
import { goldPrefix, ledgerKeys, runPrefix } from "../keys.ts";
import {
  type CatalogEffect,
  type Effect,
  type ExpireEffect,
  findRun,
  isUnsettled,
  type LedgerDocument,
  type NoticeEffect,
  type Run,
  type StartEffect,
  type StopEffect,
  type TypeEffect,
} from "../ledger/document.ts";
import { noticeTries } from "../ledger/effects.ts";
import type { LedgerEvent, ObservedJobRun } from "../ledger/event.ts";
import type { GateVerdict } from "../ledger/gate.ts";
import { isToldOf } from "../ledger/retry.ts";
import type { Ledger } from "../ledger/store.ts";
import { type Log, reasonOf } from "../log.ts";
import { noticeOf } from "../publication/notices.ts";
import type { Outlets } from "../publication/outlets.ts";
import { filesOf } from "../publication/tables.ts";
import type { Releases } from "../release.ts";
import type { Claim, Engines, JobRun } from "../run/engine.ts";
import { type Manifest, manifestOf, type StorageNames } from "../run/manifest.ts";
import { faultOf } from "../run/report.ts";
import type { FunctionEnvironment, FunctionSettings } from "../settings.ts";
import type { DocumentStore } from "../storage.ts";

/**
 * Performs what the ledger decides, and enters the result in the ledger. Both functions use it, so a batch makes
 * progress whichever of them looks at it.
 */
export interface Coordinator {
  /** Enters an event, runs the gate, and performs the effects that this invocation owns. */
  advance(batch: string, event: LedgerEvent): Promise<LedgerDocument>;
  /** Asks the engine for the state of a run's job runs, and settles the run once they have ended. */
  settle(batch: string, run: number, heardOf?: string): Promise<LedgerDocument | null>;
  /**
   * Takes over effects that other invocations left undone, settles runs whose end nobody reported, marks late files,
   * and runs the gate.
   * @throws Error with the number of effects that could not be performed, after all were tried
   */
  sweep(batch: string): Promise<void>;
}

export interface CoordinatorDeps {
  readonly ledger: Ledger;
  readonly releases: Releases;
  readonly documents: DocumentStore;
  readonly engines: Engines;
  /** Null in promote, which may only start runs. Everything else is left to settle's next sweep. */
  readonly outlets: Outlets | null;
  readonly settings: FunctionSettings;
  readonly names: StorageNames & Pick<FunctionEnvironment, "bronzeBucket" | "silverBucket" | "promoteQueueUrl">;
  readonly sqs: Sqs;
  readonly invocation: string;
  readonly log: Log;
  readonly now: () => number;
}

/** A busy engine is asked again after this long, in milliseconds. */
const retryAfter = 60_000;
/** A file that was to be typed is asked for again after this long, in milliseconds. */
const typingPatience = 15 * 60_000;

/** The order in which effects are performed: a run's start comes first. */
const urgency: readonly Effect["kind"][] = ["start", "type", "stop", "catalog", "expire", "notify"];

export function createCoordinator(deps: CoordinatorDeps): Coordinator {
  const { ledger, releases, documents, engines, outlets, settings, names, invocation, log, now } = deps;

  /** The effects that this invocation has tried; it tries none twice. */
  const tried = new Set<string>();
  /** Effects that it could not perform. */
  let failures = 0;

  const manifest = (batch: string, run: Run): Manifest => manifestOf(batch, run, settings, names);

  const claimOf = (batch: string, run: Run): Claim => ({
    batch,
    run: run.run,
    manifest: manifest(batch, run),
    claimedAt: run.claimedAt,
    startedAt: run.startedAt,
    functionArn: run.release.embedded?.functionArn ?? null,
  });

  async function runGate(batch: string, document: LedgerDocument): Promise<LedgerDocument> {
    const verdict = await ledger.gate(batch, document);
    if (verdict.state !== "ready") log.info(`gate.${verdict.state}`, { batch, ...gateDetails(verdict) });
    const asks = document.effects.some(({ kind }) => kind === "type");
    if (!["ready", "typing"].includes(verdict.state) && document.ordered === null && !asks) return document;
    const claimed = await ledger.commit(batch, { kind: "claim" });
    if (claimed.runs.length === 0) return claimed;
    const run = claimed.runs.at(-1)!;
    const isNew = run.run !== document.runs.at(-1)?.run;
    const isOurs = claimed.effects.some(({ by, kind }) => kind === "start" && by === invocation);
    if (isNew && isOurs) log.info("run.claimed", { batch, run: run.run });
    return claimed;
  }

  /**
   * Performs this invocation's effects, starts first, until it can do no more. A failed effect is left to the sweep and
   * does not delay the others.
   */
  async function perform(batch: string, document: LedgerDocument): Promise<LedgerDocument> {
    let current = document;
    for (;;) {
      const [effect] = current.effects
        .filter(
          (candidate) =>
            candidate.by === invocation &&
            candidate.until > now() &&
            !tried.has(attemptOf(candidate, current)) &&
            canPerform(candidate),
        )
        .sort((one, other) => urgency.indexOf(one.kind) - urgency.indexOf(other.kind));
      if (!effect) return current;
      tried.add(attemptOf(effect, current));
      try {
        const outcome = await performOne(batch, current, effect);
        if (outcome) current = await ledger.commit(batch, outcome);
      } catch (error) {
        failures++;
        tellFailed(batch, effect, reasonOf(error));
      }
    }
  }

  function tellFailed(batch: string, effect: Effect, reason: string): void {
    // Until then readers see the previous run.
    if (effect.kind === "catalog") log.error("publication.failed", { batch, table: effect.table, reason });
    else log.error("effect.failed", { batch, effect: effect.id, reason });
  }

  const canPerform = ({ kind }: Effect) => kind === "start" || kind === "type" || outlets !== null;

  function performOne(batch: string, document: LedgerDocument, effect: Effect): Promise<LedgerEvent | null> {
    switch (effect.kind) {
      case "start":
        return start(batch, findRun(document, effect.run)!, effect);
      case "type":
        return askPromote(effect);
      case "stop":
        return stop(batch, findRun(document, effect.run)!, effect);
      case "catalog":
        return switchCatalog(batch, effect);
      case "expire":
        return expire(batch, effect);
      case "notify":
        return notify(batch, document, effect);
    }
  }

  async function start(batch: string, run: Run, effect: StartEffect): Promise<LedgerEvent | null> {
    const pinned = manifest(batch, run);
    if (!(await documents.put(pinned.key, pinned.body, { ifAbsent: true }))) {
      const present = await documents.get(pinned.key);
      // S3 refused the write as already present, yet finds no object: two performers raced. The next one will see the
      // result.
      if (!present) return null;
      if (present.text !== pinned.body)
        return { kind: "refused", run: run.run, message: `${pinned.uri} exists and is not this claim's manifest` };
    }
    const answer = await engines[run.engine].start(claimOf(batch, run), effect.uncertain);
    switch (answer.kind) {
      case "started":
        log.info("run.started", { batch, run: run.run, engine: run.engine, jobRun: answer.jobRun });
        return { kind: "started", run: run.run, jobRun: answer.jobRun };
      case "later":
        log.warn("run.deferred", { batch, run: run.run, reason: answer.message });
        return { kind: "deferred", effect: effect.id, until: now() + retryAfter };
      case "refused":
        log.error("run.failed", { batch, run: run.run, reason: answer.message });
        return { kind: "refused", run: run.run, message: answer.message };
      case "unknown":
        // The job run may have been started. The sweep searches for it before it starts another.
        log.warn("run.start_unknown", { batch, run: run.run, reason: answer.message });
        return null;
    }
  }

  async function stop(batch: string, run: Run, { jobRun }: StopEffect): Promise<LedgerEvent> {
    await engines[run.engine].stop(claimOf(batch, run), jobRun);
    return { kind: "stopped", jobRun };
  }

  async function askPromote({ id, key, version, sequencer, shape }: TypeEffect): Promise<LedgerEvent> {
    await sendToPromote({ bucket: names.bronzeBucket, key, version, sequencer, shape }, "Retyped", deps);
    log.info("file.retyped", { key, version, reason: "it was decided under another contract" });
    return { kind: "deferred", effect: id, until: now() + typingPatience };
  }

  async function switchCatalog(batch: string, effect: CatalogEffect): Promise<LedgerEvent | null> {
    const document = await ledger.read(batch);
    const run = document?.published ? findRun(document, document.published.run) : undefined;
    if (!run?.settledBy) return null;
    const { table } = effect;
    const files = await filesOf(table, batch, run, names, releases);
    const { catalog } = outlets!;
    if (!files) await catalog.remove(table, batch);
    else if (!(await catalog.point(table, batch, files))) {
      const { contract } = await releases.current();
      if (Object.hasOwn(declaredTables(contract), table)) throw new Error(`the catalog has no table ${table}`);
      log.warn("publication.unread", { batch, table, run: run.run, reason: "the table is not deployed any more" });
    }
    return { kind: "switched", table, run: run.run };
  }

  async function expire(batch: string, { run, outputs }: ExpireEffect): Promise<LedgerEvent> {
    for (const output of outputs) await outlets!.gold.remove(runPrefix(output, batch, run));
    log.info("run.expired", { batch, run });
    return { kind: "expired", run };
  }

  /** Removes the output of a job run that the ledger never knew and that ended after its run had expired. */
  async function forget(batch: string, run: number, jobRun: string): Promise<void> {
    const stored = await documents.get(ledgerKeys.oldRun(batch, run));
    const { outputs } = JSON.parse(stored!.text) as Run;
    for (const output of Object.keys(outputs)) await outlets!.gold.remove(goldPrefix(output, batch, run, jobRun));
    log.warn("jobrun.forgotten", { batch, run, jobRun, reason: "its run has expired; what it wrote was removed" });
  }

  /**
   * A notice that fails is sent again with growing delays and finally given up. The ledger keeps the result in any
   * case.
   */
  async function notify(batch: string, document: LedgerDocument, effect: NoticeEffect): Promise<LedgerEvent> {
    const { pipeline, environment } = settings;
    const { id, run, tries } = effect;
    try {
      await outlets!.notices.send(noticeOf({ pipeline, environment, batch }, document, effect));
    } catch (error) {
      const isLast = tries + 1 >= noticeTries;
      log.error(isLast ? "notice.given_up" : "notice.failed", { batch, run, reason: reasonOf(error) });
      return { kind: "deferred", effect: id, until: now() + Math.min(60_000 * 2 ** tries, 60 * 60_000) };
    }
    return { kind: "notified", run };
  }

  async function observed(batch: string, run: Run, jobRun: JobRun): Promise<ObservedJobRun> {
    const { id, state, message, executed } = jobRun;
    const report = state === "alive" ? null : await documents.get(ledgerKeys.report(batch, run.run, id));
    if (!report) return { id, state, message, executed, report: "missing" };
    const pinned = manifest(batch, run);
    const fault = faultOf(report.text, {
      batch,
      run: run.run,
      jobRun: id,
      manifestUri: pinned.uri,
      manifestSha256: pinned.sha256,
      goldUri: (output) => `s3://${names.goldBucket}/${goldPrefix(output, batch, run.run, id)}`,
      datasets: Object.keys(run.inputs),
      outputs: Object.keys(run.outputs),
    });
    return { id, state, message, executed, report: fault === null ? "good" : { bad: fault } };
  }

  async function settle(batch: string, number: number, heardOf?: string): Promise<LedgerDocument | null> {
    const document = await ledger.read(batch);
    const run = document && findRun(document, number);
    if (!document || !run) {
      const hasExpired = number <= (document?.runs.at(-1)?.run ?? 0);
      if (hasExpired && heardOf) await forget(batch, number, heardOf);
      else log.warn("run.unknown", { batch, run: number });
      return document;
    }
    const ids = new Set([...run.jobRuns, ...(heardOf ? [heardOf] : [])]);
    const observe = (found: readonly JobRun[]) => Promise.all(found.map((jobRun) => observed(batch, run, jobRun)));
    const engine = engines[run.engine];
    const claim = claimOf(batch, run);
    const described = await Promise.all(
      [...ids].map(async (id) => (await engine.describe(claim, id)) ?? forgotten(id)),
    );
    const known = await observe(described);
    // All job runs of the manifest must be known before the claim can be called failed.
    const isClear = known.some(
      ({ state, report }) => state === "alive" || (state === "succeeded" && report === "good"),
    );
    const others = isClear ? [] : await engine.find(claim);
    const unheard = others.filter(({ id }) => !ids.has(id));
    const jobRuns = [...known, ...(await observe(unheard))];
    if (jobRuns.length === 0) return document;
    return await advance(batch, { kind: "observed", run: number, jobRuns }, (after) => {
      const settled = findRun(after, number);
      if (isUnsettled(run) && settled && !isUnsettled(settled)) tell(batch, settled, [...described, ...unheard]);
    });
  }

  function tell(batch: string, settled: Run, jobRuns: readonly JobRun[]): void {
    const { run, engine, state, settledBy, failure } = settled;
    const fields = { batch, run, engine, jobRun: settledBy, ...usageOf(jobRuns) };
    if (state !== "failed") log.info(`run.${state}`, fields);
    else if (isToldOf(settled)) log.error("run.failed", { ...fields, reason: failure?.message });
    else log.warn("run.repeated", { ...fields, reason: failure?.message });
  }

  function tellOverlong(batch: string, { run, state, claimedAt }: Run): void {
    const { runAge = Number.POSITIVE_INFINITY } = settings;
    const age = Math.round((now() - claimedAt) / 1000);
    if (age > runAge) log.error("run.overlong", { batch, run, state, age });
  }

  async function tellLate(batch: string, document: LedgerDocument): Promise<void> {
    const verdict = await ledger.gate(batch, document);
    log.error("batch.late", {
      batch,
      state: verdict.state,
      ...(verdict.state === "ready" ? {} : gateDetails(verdict)),
    });
  }

  /** `entered` gets the document right after the event was written, even if an effect fails later. */
  async function advance(
    batch: string,
    event: LedgerEvent,
    entered: (document: LedgerDocument) => void = () => {},
  ): Promise<LedgerDocument> {
    let document = await ledger.commit(batch, event);
    entered(document);
    // A refused start ends its run; files that arrived meanwhile may be ready for the next run.
    do document = await perform(batch, await runGate(batch, document));
    while ((await ledger.gate(batch, document)).state === "ready");
    return document;
  }

  async function sweep(batch: string): Promise<void> {
    const before = await ledger.read(batch);
    const document = await advance(batch, { kind: "sweep" });
    if (lateKeys(document).length > lateKeys(before).length) await tellLate(batch, document);
    for (const { run } of document.runs.filter(isUnsettled)) {
      const after = await settle(batch, run);
      const unsettled = after && findRun(after, run);
      if (unsettled && isUnsettled(unsettled)) tellOverlong(batch, unsettled);
    }
    if (failures > 0) throw new Error(`${failures} effects could not be performed`);
  }

  return { advance, settle, sweep };
}

const lateKeys = (document: LedgerDocument | null) =>
  Object.entries(document?.inputs ?? {}).flatMap(([key, { late }]) => (late ? [key] : []));

/** What all job runs of a claim used together, including failed ones; undefined while nothing is known. */
function usageOf(jobRuns: readonly JobRun[]): JobRun["usage"] | undefined {
  const usages = jobRuns.flatMap(({ usage }) => usage ?? []);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return usages.length === 0
    ? undefined
    : { seconds: sum(usages.map(({ seconds }) => seconds)), dpuHours: sum(usages.map(({ dpuHours }) => dpuHours)) };
}

/** A job run that the engine no longer knows counts as failed: nothing can prove that it succeeded. */
const forgotten = (id: string): JobRun => ({
  id,
  state: "failed",
  executed: true,
  message: `the engine knows no job run ${id}`,
});

/** A catalog effect must be performed again after another publication, so the pointer is part of the attempt. */
const attemptOf = (effect: Effect, { published }: LedgerDocument) =>
  `${effect.id}@${effect.kind === "type" ? `${effect.version} ${effect.shape}` : (published?.run ?? 0)}`;

function gateDetails(verdict: Exclude<GateVerdict, { state: "ready" }>): Record<string, unknown> {
  const { state: _, ...details } = verdict;
  return details;
}
