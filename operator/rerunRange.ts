import { createHash } from "node:crypto";
import { rollingBatch } from "../config/batchName.ts";
import { isLive, isUnsettled, type LedgerDocument, type Run } from "../handlers/ledger/document.ts";
import type { Release } from "../handlers/release.ts";
import { UsageError } from "../terminal/flags.ts";
import { isRelease, releaseText, send } from "./sendOrder.ts";
import { batchesOf, readDocument, readDocuments, runOfOrder, unsettledBatches } from "./stack/ledger.ts";
import type { Target } from "./stack/target.ts";
import { Refused } from "./story/foresee.ts";

export interface Range {
  readonly from: string;
  readonly to: string;
}

/**
 * The state of a batch of the range. `due`: it is to be run. `running`: its run has begun. `published`, `superseded`,
 * `failed`: how its run ended. `current`: today's release has already made it. `unpublished`: readers never saw a run
 * of it, so it is left alone.
 */
export type State = "due" | "running" | "published" | "superseded" | "failed" | "current" | "unpublished";

export interface BatchState {
  readonly batch: string;
  readonly state: State;
  /** The run of this backfill, or null when there is none. */
  readonly run: number | null;
  /** Why it failed. */
  readonly reason: string | null;
  /** Files that the run takes in and that the published one has not read. */
  readonly newFiles: readonly string[];
}

/** `2026-11-01..2026-11-30`, both ends included. @throws UsageError */
export function parseRange(text: string): Range {
  const [, from, to] = /^([^.].*?)\.\.([^.].*)$/.exec(text) ?? [];
  if (from === undefined || to === undefined)
    throw new UsageError(`"${text}" is not a range of batches; write FROM..TO, such as 2026-11-01..2026-11-30`);
  if (from > to) throw new UsageError(`the range ${text} ends before it begins; write ${to}..${from}`);
  return { from, to };
}

/** The same range, batch and release give the same id, so a repeated backfill gives each order once. */
export function orderIdOf({ from, to }: Range, batch: string, release: Release): string {
  const text = JSON.stringify([from, to, batch, releaseText(release)]);
  return `backfill-${createHash("sha256").update(text).digest("hex").slice(0, 32)}`;
}

/** @throws UsageError when the ledger has no batch of the range */
export async function look(target: Target, range: Range, release: Release): Promise<BatchState[]> {
  const all = (await batchesOf(target.ledger)).filter((batch) => batch !== rollingBatch);
  const batches = all.filter((batch) => batch >= range.from && batch <= range.to);
  if (batches.length === 0)
    throw new UsageError(
      all.length === 0
        ? "the ledger has no batch but the rolling one"
        : `the ledger has no batch from ${range.from} to ${range.to}; it has ${all[0]} to ${all.at(-1)}`,
    );
  const documents = await readDocuments(target.ledger, batches);
  return batches.map((batch) => stateOf(batch, documents.get(batch)!, orderIdOf(range, batch, release), release));
}

function stateOf(batch: string, document: LedgerDocument, id: string, release: Release): BatchState {
  const begun = runOfOrder(document, id);
  if (begun) return ofRun(batch, begun);
  const newFiles = Object.entries(document.inputs).flatMap(([key, input]) => (isLive(input) ? [key] : []));
  const published = document.runs.find(({ run }) => run === document.published?.run);
  const found = (state: State) => ({ batch, state, run: null, reason: null, newFiles });
  if (!document.published) return found("unpublished");
  // A run that the ledger no longer keeps was made by an older release, or by this very order long ago.
  if (document.operations.includes(id)) return found("current");
  return found(published && isRelease(published.release, release) && newFiles.length === 0 ? "current" : "due");
}

const ofRun = (batch: string, run: Run): BatchState => ({
  batch,
  state: isUnsettled(run) ? "running" : (run.state as "failed" | "published" | "superseded"),
  run: run.run,
  reason: run.failure?.message ?? null,
  newFiles: [],
});

export interface BackfillOptions {
  readonly range: Range;
  readonly release: Release;
  /** Runs of the whole pipeline that may be under way at once, including those that others started. */
  readonly maxRuns: number;
  readonly signal: AbortSignal;
  readonly pause: () => Promise<void>;
  /** Called for each batch whose state changed. */
  readonly onChange: (changed: BatchState, all: readonly BatchState[]) => void;
}

/**
 * Gives the order `run` to each batch that is due, as others end, until all have ended. After a failed run it begins no
 * more and waits for those under way; when stopped it returns at once. The same call later continues with the rest.
 */
export async function backfill(
  target: Target,
  states: readonly BatchState[],
  { range, release, maxRuns, signal, pause, onChange }: BackfillOptions,
): Promise<BatchState[]> {
  const all = new Map(states.map((state) => [state.batch, state]));
  let hasFailed = false;
  const enter = (state: BatchState) => {
    all.set(state.batch, state);
    // A refusal concerns only this batch; the cause of a failed run may affect the others too.
    hasFailed ||= state.state === "failed" && state.run !== null;
    onChange(state, [...all.values()]);
  };
  const of = (state: State) => [...all.values()].filter((one) => one.state === state).map(({ batch }) => batch);
  const id = (batch: string) => orderIdOf(range, batch, release);

  while (true) {
    for (const [batch, document] of await readDocuments(target.ledger, of("running"))) {
      const run = runOfOrder(document, id(batch));
      if (run && !isUnsettled(run)) enter(ofRun(batch, run));
    }
    const mayBegin = !hasFailed && !signal.aborted;
    if (of("running").length === 0 && !(mayBegin && of("due").length > 0)) return [...all.values()];
    if (mayBegin) {
      const unsettled = await unsettledBatches(target.ledger);
      for (const batch of of("due")) {
        if (unsettled.size >= maxRuns || hasFailed || signal.aborted) break;
        if (unsettled.has(batch)) continue;
        const state = await begin(target, batch, id(batch));
        if (state === null) continue;
        enter(state);
        unsettled.add(batch);
      }
    }
    if (of("running").length > 0 && signal.aborted) return [...all.values()];
    await pause();
  }
}

/** @returns null when somebody else's run of the batch is under way, for which the batch has to wait */
async function begin(target: Target, batch: string, id: string): Promise<BatchState | null> {
  try {
    const { run } = await send(target, { kind: "order", id, batch, order: { operation: "run" } });
    return { batch, state: "running", run, reason: null, newFiles: [] };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const document = await readDocument(target.ledger, batch);
    if (document?.runs.some(isUnsettled)) return null;
    return { batch, state: "failed", run: null, reason: error.message, newFiles: [] };
  }
}
