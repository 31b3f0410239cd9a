import { type ExpireEffect, isLive, isUnsettled, type LedgerDocument, type Run } from "./document.ts";
import { expireId, owned, withEffect } from "./effects.ts";
import { inputSet } from "./gate.ts";
import type { Rules, TransitionContext } from "./rules.ts";

/** Which runs a document keeps. */

/**
 * A failed run still matters to the gate while its files are the current ones and no later run has read the same files;
 * the later run carries the number of tries.
 */
const stillCounts = (document: LedgerDocument, { run, state, inputs }: Run, datasets: Rules["datasets"]): boolean =>
  state === "failed" &&
  Object.values(inputs).every((pinned) => {
    const input = pinned && document.inputs[pinned.key];
    return !pinned || (input?.decision.version === pinned.version && isLive(input));
  }) &&
  !document.runs.some((later) => later.run > run && inputSet(later.inputs, datasets) === inputSet(inputs, datasets));

/** What a stopped function may still write to Gold has landed after so many milliseconds: its longest time and two minutes. */
const lastWrites = 17 * 60_000;

const mayWrite = ({ engine, state, settledAt }: Run, now: number) =>
  engine === "embedded" && state === "failed" && now < settledAt! + lastWrites;

/**
 * Keeps the newest runs, the newest published runs, the run published now, failures that still matter, and runs of
 * which a job run may still be alive. The output of all others expires, because no rollback or replay can reach a
 * dropped run.
 */
export function trim(document: LedgerDocument, context: TransitionContext): LedgerDocument {
  const { keepRuns, datasets } = context.rules;
  if (document.runs.length <= keepRuns) return document;
  const newest = new Set(document.runs.slice(-keepRuns));
  const newestPublished = new Set(document.runs.filter(({ publishedAt }) => publishedAt !== null).slice(-keepRuns));
  const isKept = (run: Run) =>
    run.run === document.published?.run ||
    newest.has(run) ||
    newestPublished.has(run) ||
    isUnsettled(run) ||
    mayWrite(run, context.now) ||
    document.effects.some((effect) => effect.kind === "stop" && effect.run === run.run) ||
    stillCounts(document, run, datasets);
  const kept = document.runs.filter(isKept);
  return document.runs
    .filter((run) => !isKept(run))
    .reduce<LedgerDocument>(
      (next, { run, outputs }) => {
        const id = expireId(run);
        const effect: ExpireEffect = { kind: "expire", run, outputs: Object.keys(outputs), ...owned(id, context) };
        return withEffect(next, effect);
      },
      kept.length === document.runs.length ? document : { ...document, runs: kept },
    );
}
