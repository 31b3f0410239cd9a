import { bounded } from "../bounded.ts";
import type { Release } from "../release.ts";
import {
  type EngineName,
  findRun,
  isUnsettled,
  type LedgerDocument,
  type OutputColumns,
  type PinnedInputs,
  type Run,
  type RunCause,
  type RunFailure,
  type StartEffect,
  type Tries,
} from "./document.ts";
import { owned, startId, stop, withEffect, withoutEffect } from "./effects.ts";
import type { ObservedJobRun } from "./event.ts";
import { publish } from "./publication.ts";
import { triesAfter } from "./retry.ts";
import type { TransitionContext } from "./rules.ts";
import { updateRun } from "./updateRun.ts";

/** What becomes of a run, from its claim to its end. */

interface Claim {
  readonly inputs: PinnedInputs;
  readonly release: Release;
  readonly outputs: OutputColumns;
  readonly tries: Tries;
  readonly cause: RunCause;
}

export function claim(
  document: LedgerDocument,
  { inputs, release, outputs, tries, cause }: Claim,
  context: TransitionContext,
): LedgerDocument {
  const number = (document.runs.at(-1)?.run ?? 0) + 1;
  const run: Run = {
    run: number,
    cause,
    state: "claimed",
    claimedAt: context.now,
    startedAt: null,
    engine: engineFor(release, inputs, tries),
    inputs,
    release,
    outputs,
    tries,
    jobRuns: [],
    twins: [],
    settledAt: null,
    publishedAt: null,
    settledBy: null,
    failure: null,
  };
  const start: StartEffect = { kind: "start", run: number, uncertain: false, ...owned(startId(number), context) };
  return withEffect({ ...document, runs: [...document.runs, run] }, start);
}

/**
 * The embedded engine gets what its function holds, as long as it has not turned out that it does not.
 */
function engineFor({ embedded }: Release, inputs: PinnedInputs, { unfit }: Tries): EngineName {
  const bytes = Object.values(inputs).reduce((sum, input) => sum + (input?.silverBytes ?? 0), 0);
  return embedded && !unfit && bytes <= embedded.upTo ? "embedded" : "glue";
}

const begun = (run: Run, { now }: TransitionContext): Run => ({
  ...run,
  state: "started",
  startedAt: run.startedAt ?? now,
});

const addJobRuns = (run: Run, ids: readonly string[]): Run => ({
  ...run,
  jobRuns: [...run.jobRuns, ...ids.filter((id) => !run.jobRuns.includes(id))],
});

/** A job run whose start is reported after its claim was settled is entered and stopped. */
export function started(
  document: LedgerDocument,
  number: number,
  jobRun: string,
  context: TransitionContext,
): LedgerDocument {
  const wasUnsettled = document.runs.some((run) => run.run === number && isUnsettled(run));
  const next = updateRun(document, number, (run) => {
    const known = addJobRuns(run, [jobRun]);
    return isUnsettled(run) ? begun(known, context) : known;
  });
  const cleared = withoutEffect(next, startId(number));
  const isNew = !findRun(document, number)?.jobRuns.includes(jobRun);
  return wasUnsettled || !isNew ? cleared : stop(cleared, number, [jobRun], context);
}

/**
 * A claim that already has a job run does not fail because a second start was refused. What the embedded engine refuses
 * is left to Glue: its function may be gone, or not allowed any more.
 */
export function refuse(
  document: LedgerDocument,
  number: number,
  message: string,
  context: TransitionContext,
): LedgerDocument {
  const run = findRun(document, number);
  if (run?.state !== "claimed" || run.jobRuns.length > 0) return withoutEffect(document, startId(number));
  return fail(document, run, { kind: run.engine === "embedded" ? "unfit" : "refused", message }, null, context);
}

/** The gate claims again what it has claimed. An order is given once, so its run is claimed again at once. */
function fail(
  document: LedgerDocument,
  run: Run,
  { kind, message }: RunFailure,
  settledBy: string | null,
  context: TransitionContext,
): LedgerDocument {
  const next = updateRun(document, run.run, () => ({
    ...run,
    state: "failed",
    failure: { kind, message: bounded(message) },
    settledAt: context.now,
    settledBy,
  }));
  if (kind !== "unfit" || run.cause.kind === "gate") return next;
  return claim(next, { ...run, tries: triesAfter(run.tries, kind) }, context);
}

export function observe(
  document: LedgerDocument,
  number: number,
  observed: readonly ObservedJobRun[],
  context: TransitionContext,
): LedgerDocument {
  const run = findRun(document, number);
  if (!run || observed.length === 0) return document;
  const known = addJobRuns(
    run,
    observed.map(({ id }) => id),
  );
  const inOrder = known.jobRuns.flatMap((id) => observed.find((jobRun) => jobRun.id === id) ?? []);
  const alive = inOrder.filter(({ state }) => state === "alive").map(({ id }) => id);
  const base = withoutEffect(
    updateRun(document, number, () => known),
    startId(number),
  );
  if (!isUnsettled(run)) return stop(base, number, alive, context);

  const succeeded = inOrder.filter(({ state }) => state === "succeeded");
  const good = succeeded.find(({ report }) => report === "good");
  if (good) return stop(publish(base, { ...known, settledBy: good.id }, context), number, alive, context);
  if (alive.length > 0) {
    const [, ...twins] = alive;
    return stop(
      updateRun(base, number, (claimed) => ({
        ...begun(claimed, context),
        twins: [...claimed.twins, ...twins.filter((id) => !claimed.twins.includes(id))],
      })),
      number,
      twins,
      context,
    );
  }
  if (inOrder.length < known.jobRuns.length) return base;
  const own = inOrder.filter(({ id }) => !known.twins.includes(id));
  const { failure, id } = worst(own.length > 0 ? own : inOrder);
  return fail(base, known, failure, id, context);
}

/** The failure that best explains the claim: a bad report first, then what happened to the job. */
function worst(ended: readonly ObservedJobRun[]): { failure: RunFailure; id: string } {
  const unfit = ended.find(({ state }) => state === "unfit");
  if (unfit) return { id: unfit.id, failure: { kind: "unfit", message: unfit.message } };
  for (const { id, report } of ended)
    if (typeof report === "object") return { id, failure: { kind: "report", message: report.bad } };
  for (const kind of ["timeout", "stopped"] as const) {
    const found = ended.find(({ state }) => state === kind);
    if (found) return { id: found.id, failure: { kind, message: found.message } };
  }
  const last = ended.at(-1)!;
  const message = last.state === "succeeded" ? "the job ended well but left no report" : last.message;
  const kind = ended.some(({ executed }) => executed) ? "infrastructure" : "undelivered";
  return { id: last.id, failure: { kind, message } };
}
