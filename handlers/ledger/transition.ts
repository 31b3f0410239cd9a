import { isDeepStrictEqual } from "node:util";
import { bounded } from "../bounded.ts";
import type { Release } from "../release.ts";
import {
  type CatalogEffect,
  type Effect,
  type ExpireEffect,
  emptyDocument,
  findRun,
  type Input,
  isLive,
  isUnsettled,
  type LedgerDocument,
  type NoticeEffect,
  type OutputColumns,
  type PinnedInput,
  type PinnedInputs,
  type Publication,
  type Run,
  type RunCause,
  type RunFailure,
  type StartEffect,
  type StopEffect,
  type Tries,
} from "./document.ts";
import type { LedgerEvent, ObservedJobRun, OperatorOrder } from "./event.ts";
import { evaluateGate, inputSet, liveInputs, noTries } from "./gate.ts";
import { checkMoves } from "./moves.ts";
import { newestGood } from "./newestGood.ts";
import type { Rules } from "./rules.ts";

/** An operator's order that the ledger will not carry out; the message says why. */
export class OrderRefused extends Error {
  override readonly name = "OrderRefused";
}

/** The settings and circumstances of one write. Times in milliseconds. */
export interface TransitionContext {
  readonly batch: string;
  readonly now: number;
  /** The invocation, owner of the effects that this write decides. */
  readonly invocation: string;
  /** Nonce of this write. */
  readonly writer: string;
  readonly rules: Rules;
}

const rememberedVersions = 20;
const rememberedOperations = 50;
/** How often a notice is tried, over some hours, before it is given up. */
export const noticeTries = 10;

/**
 * The whole protocol: what the document becomes when `event` happens. Pure, and so repeatable at will.
 * @returns the same document when the event changes nothing, else one with the next revision.
 * @throws OrderRefused for an operator's order that does not hold.
 */
export function transition(
  before: LedgerDocument | null,
  event: LedgerEvent,
  context: TransitionContext,
): LedgerDocument {
  const document = before ?? emptyDocument;
  const applied = trim(notify(document, apply(document, event, context), context), context);
  const revision = document.revision + 1;
  const open = isPending(applied, context) ? (document.open ?? revision) : null;
  const after = { ...applied, open, judged: Math.max(document.judged, context.rules.sequence) };
  const isOvertaken = event.kind === "overtake" && event.epoch > document.revision;
  if (!isOvertaken && isDeepStrictEqual(after, document)) return document;
  checkMoves(document, after, event.kind);
  return { ...after, revision, writer: context.writer };
}

function apply(document: LedgerDocument, event: LedgerEvent, context: TransitionContext): LedgerDocument {
  switch (event.kind) {
    case "decided":
      return decide(document, event);
    case "claim": {
      // The same inputs may have been claimed since under an older release.
      if (context.rules.sequence < document.judged) return document;
      const verdict = evaluateGate(context.batch, document, context.rules, context.now);
      if (verdict.state !== "ready") return document;
      const { release, outputs } = context.rules;
      return claim(document, { ...verdict, release, outputs, cause: { kind: "gate" } }, context);
    }
    case "started":
      return started(document, event.run, event.jobRun, context);
    case "deferred":
      return defer(document, event.effect, event.until);
    case "refused":
      return refuse(document, event.run, event.message, context);
    case "observed":
      return observe(document, event.run, event.jobRuns, context);
    case "stopped":
      return withoutEffect(document, stopId(event.jobRun));
    case "switched":
      return event.run === document.published?.run ? withoutEffect(document, catalogId(event.output)) : document;
    case "expired":
      return withoutEffect(document, expireId(event.run));
    case "notified":
      return withoutEffect(document, noticeId(event.run));
    case "sweep":
      return markLate(takeOver(document, context), context);
    case "overtake":
      return document;
    case "operate":
      return operate(document, event.id, event.order, context);
  }
}

// ---- inputs

/** S3 compares sequencers of one key as hexadecimal texts, the shorter one padded with zeros on its right. */
function isNewer(candidate: string, than: string): boolean {
  const width = Math.max(candidate.length, than.length);
  return candidate.toUpperCase().padEnd(width, "0") > than.toUpperCase().padEnd(width, "0");
}

/**
 * Which of two versions of a key is newer, by their sequencers; null if one has none, so that only Bronze's list of
 * versions knows.
 */
export function isNewerBySequencer(candidate: string | null, than: string | null): boolean | null {
  return candidate === null || than === null ? null : isNewer(candidate, than);
}

function decide(document: LedgerDocument, event: LedgerEvent & { kind: "decided" }): LedgerDocument {
  const present = document.inputs[event.key];
  const { decision } = event;
  if (present?.decision.version === decision.version) {
    if (present.decision.sequencer !== null || decision.sequencer === null) return document;
    const known = { ...present.decision, sequencer: decision.sequencer };
    return { ...document, inputs: { ...document.inputs, [event.key]: { ...present, decision: known } } };
  }
  if (present) {
    const isListedNewer = event.newerThan === present.decision.version;
    if (!(isNewerBySequencer(decision.sequencer, present.decision.sequencer) ?? isListedNewer)) return document;
  }
  const input: Input = {
    dataset: event.dataset,
    decision,
    read: present?.read ?? [],
    withdrawn: present?.withdrawn ?? [],
    late: false,
  };
  return { ...document, inputs: { ...document.inputs, [event.key]: input } };
}

function markLate(document: LedgerDocument, { now, rules }: TransitionContext): LedgerDocument {
  const live = [...liveInputs(document, rules.datasets).values()].flat();
  const first = Math.min(...live.map(({ input }) => input.decision.decidedAt));
  if (!(now > first + rules.deadline)) return document;
  const late = live.map(({ key, input }) => [key, { ...input, late: true }]);
  return { ...document, inputs: { ...document.inputs, ...Object.fromEntries(late) } };
}

function markRead(document: LedgerDocument, inputs: PinnedInputs): LedgerDocument {
  const next: Record<string, Input> = { ...document.inputs };
  for (const pinned of Object.values(inputs)) {
    const input = pinned && next[pinned.key];
    if (!pinned || !input || input.read.includes(pinned.version)) continue;
    next[pinned.key] = { ...input, read: [...input.read, pinned.version].slice(-rememberedVersions) };
  }
  return { ...document, inputs: next };
}

// ---- runs

const updateRun = (document: LedgerDocument, number: number, change: (run: Run) => Run): LedgerDocument => {
  const runs = document.runs.map((run) => (run.run === number ? change(run) : run));
  const next = { ...document, runs };
  const changed = findRun(next, number);
  return changed && !isUnsettled(changed) ? withoutEffect(next, startId(number)) : next;
};

interface Claim {
  readonly inputs: PinnedInputs;
  readonly release: Release;
  readonly outputs: OutputColumns;
  readonly tries: Tries;
  readonly cause: RunCause;
}

function claim(
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

const addJobRuns = (run: Run, ids: readonly string[]): Run => ({
  ...run,
  jobRuns: [...run.jobRuns, ...ids.filter((id) => !run.jobRuns.includes(id))],
});

/** A job run whose start is reported after its claim was settled is entered and stopped. */
function started(document: LedgerDocument, number: number, jobRun: string, context: TransitionContext): LedgerDocument {
  const wasUnsettled = document.runs.some((run) => run.run === number && isUnsettled(run));
  const next = updateRun(document, number, (run) => {
    const known = addJobRuns(run, [jobRun]);
    return isUnsettled(run) ? { ...known, state: "started" } : known;
  });
  const cleared = withoutEffect(next, startId(number));
  const isNew = !findRun(document, number)?.jobRuns.includes(jobRun);
  return wasUnsettled || !isNew ? cleared : stop(cleared, [jobRun], context);
}

/** A claim that already has a job run does not fail because a second start was refused. */
function refuse(document: LedgerDocument, number: number, message: string, context: TransitionContext): LedgerDocument {
  const run = findRun(document, number);
  if (run?.state !== "claimed" || run.jobRuns.length > 0) return withoutEffect(document, startId(number));
  return updateRun(document, number, () => failed(run, { kind: "refused", message }, null, context));
}

const failed = (run: Run, failure: RunFailure, settledBy: string | null, { now }: TransitionContext): Run => ({
  ...run,
  state: "failed",
  failure: { ...failure, message: bounded(failure.message) },
  settledAt: now,
  settledBy,
});

function observe(
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
  if (!isUnsettled(run)) return stop(base, alive, context);

  const succeeded = inOrder.filter(({ state }) => state === "succeeded");
  const good = succeeded.find(({ report }) => report === "good");
  if (good) return stop(publish(base, { ...known, settledBy: good.id }, context), alive, context);
  if (alive.length > 0) {
    const [, ...twins] = alive;
    return stop(
      updateRun(base, number, (claimed) => ({
        ...claimed,
        state: "started",
        twins: [...claimed.twins, ...twins.filter((id) => !claimed.twins.includes(id))],
      })),
      twins,
      context,
    );
  }
  if (inOrder.length < known.jobRuns.length) return base;
  const own = inOrder.filter(({ id }) => !known.twins.includes(id));
  const { failure, id } = worst(own.length > 0 ? own : inOrder);
  return updateRun(base, number, (ended) => failed(ended, failure, id, context));
}

/** The failure that best explains the claim: a bad report first, then what happened to the job. */
function worst(ended: readonly ObservedJobRun[]): { failure: RunFailure; id: string } {
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

function publish(document: LedgerDocument, run: Run, context: TransitionContext): LedgerDocument {
  const settled: Run = { ...run, settledAt: context.now };
  const highWater = document.published?.highWater ?? 0;
  if (run.run <= highWater) return updateRun(document, run.run, () => ({ ...settled, state: "superseded" }));
  const next = updateRun(document, run.run, () => ({ ...settled, publishedAt: context.now }));
  return pointTo(markRead(next, run.inputs), { run: run.run, highWater: run.run }, context);
}

/**
 * Moves the pointer and enters a catalog effect for each output of the old and the new run, since the new run may lack
 * an output of the old one. An invocation that already owns a catalog effect keeps it and performs it again; two owners
 * could leave the older location in the catalog.
 */
function pointTo(document: LedgerDocument, published: Publication, context: TransitionContext): LedgerDocument {
  const runs = document.runs.map((run): Run => {
    if (run.run === published.run) return { ...run, state: "published" };
    return run.state === "published" ? { ...run, state: "superseded" } : run;
  });
  const shown = document.runs.filter(({ run, state }) => run === published.run || state === "published");
  const outputs = new Set(shown.flatMap((run) => Object.keys(run.outputs)));
  return [...outputs].reduce<LedgerDocument>(
    (next, output) => {
      const isOwned = next.effects.some(({ id, until }) => id === catalogId(output) && until > context.now);
      if (isOwned) return next;
      const effect: CatalogEffect = { kind: "catalog", output, ...owned(catalogId(output), context) };
      return withEffect(next, effect);
    },
    { ...document, runs, published },
  );
}

// ---- effects

const startId = (run: number) => `start:${run}`;
const stopId = (jobRun: string) => `stop:${jobRun}`;
const catalogId = (output: string) => `catalog:${output}`;
const expireId = (run: number) => `expire:${run}`;
const noticeId = (run: number) => `notify:${run}`;

const owned = (id: string, { invocation, now, rules }: TransitionContext) => ({
  id,
  by: invocation,
  until: now + rules.effectLease,
});

const withoutEffect = (document: LedgerDocument, id: string): LedgerDocument => ({
  ...document,
  effects: document.effects.filter((effect) => effect.id !== id),
});

const withEffect = (document: LedgerDocument, effect: Effect): LedgerDocument => ({
  ...document,
  effects: [...document.effects.filter(({ id }) => id !== effect.id), effect],
});

/** A notice that has failed too often is dropped, so that the batch can close. */
function defer(document: LedgerDocument, id: string, until: number): LedgerDocument {
  const effects = document.effects.flatMap((effect): Effect[] => {
    if (effect.id !== id) return [effect];
    if (effect.kind !== "notify") return [{ ...effect, until }];
    const tries = effect.tries + 1;
    return tries < noticeTries ? [{ ...effect, until, tries }] : [];
  });
  return { ...document, effects };
}

function stop(document: LedgerDocument, jobRuns: readonly string[], context: TransitionContext): LedgerDocument {
  return jobRuns.reduce((next, jobRun) => {
    if (next.effects.some(({ id }) => id === stopId(jobRun))) return next;
    const effect: StopEffect = { kind: "stop", jobRun, ...owned(stopId(jobRun), context) };
    return withEffect(next, effect);
  }, document);
}

function takeOver(document: LedgerDocument, context: TransitionContext): LedgerDocument {
  const effects = document.effects.map((effect): Effect => {
    if (effect.until > context.now) return effect;
    const taken = { ...effect, ...owned(effect.id, context) };
    return taken.kind === "start" ? { ...taken, uncertain: true } : taken;
  });
  return { ...document, effects };
}

// ---- operator

function operate(
  document: LedgerDocument,
  id: string,
  order: OperatorOrder,
  context: TransitionContext,
): LedgerDocument {
  if (document.operations.includes(id)) return document;
  const unsettled = document.runs.find(isUnsettled);
  if (unsettled)
    throw new OrderRefused(
      `run ${unsettled.run} of batch ${context.batch} has not ended; wait for it, then give the order again`,
    );
  return {
    ...carryOut(document, id, order, context),
    operations: [...document.operations, id].slice(-rememberedOperations),
  };
}

function carryOut(
  document: LedgerDocument,
  id: string,
  order: OperatorOrder,
  context: TransitionContext,
): LedgerDocument {
  switch (order.operation) {
    case "run":
      return claim(
        document,
        {
          inputs: operatorInputs(document, context),
          release: context.rules.release,
          outputs: context.rules.outputs,
          tries: noTries,
          cause: { kind: "operator", operation: "run", id },
        },
        context,
      );
    case "replay": {
      const { inputs, release, outputs } = wasPublished(document, order.run, context);
      const cause = { kind: "operator", operation: "replay", id } as const;
      return claim(document, { inputs, release, outputs, tries: noTries, cause }, context);
    }
    case "rollback": {
      wasPublished(document, order.run, context);
      return pointTo(document, { run: order.run, highWater: document.published!.highWater }, context);
    }
    case "withdraw": {
      const input = document.inputs[order.key];
      if (!input) throw new OrderRefused(`batch ${context.batch} knows no file ${order.key}`);
      const versions = input.withdrawn.filter((version) => version !== input.decision.version);
      const withdrawn = { ...input, withdrawn: [...versions, input.decision.version].slice(-rememberedVersions) };
      return { ...document, inputs: { ...document.inputs, [order.key]: withdrawn } };
    }
  }
}

function wasPublished(document: LedgerDocument, number: number, { batch }: TransitionContext): Run {
  const run = findRun(document, number);
  if (!run) throw new OrderRefused(`the ledger of batch ${batch} keeps no run ${number}`);
  if (run.publishedAt === null) throw new OrderRefused(`run ${number} of batch ${batch} was never published`);
  return run;
}

/** Chooses the files by `newestGood`. If that leaves the choice to a person, the order is refused. */
function operatorInputs(document: LedgerDocument, { batch, rules }: TransitionContext): PinnedInputs {
  const choices = newestGood(document, Object.keys(rules.datasets));
  const take = (name: string, required: boolean): PinnedInput | null => {
    const choice = choices[name]!;
    switch (choice.kind) {
      case "file":
        return choice.file;
      case "ambiguous":
        throw new OrderRefused(
          `${name} has ${choice.keys.length} files: ${choice.keys.join(", ")}; withdraw all but one`,
        );
      case "rejected":
        throw new OrderRefused(`${choice.key} was rejected: ${choice.reason}; upload a good one or withdraw it`);
      case "absent":
        if (required) throw new OrderRefused(`${name} is required and batch ${batch} has no file of it`);
        return null;
    }
  };
  return Object.fromEntries(Object.entries(rules.datasets).map(([name, { required }]) => [name, take(name, required)]));
}

/** Enters a notice for every run that has just ended. */
function notify(before: LedgerDocument, after: LedgerDocument, context: TransitionContext): LedgerDocument {
  const ended = after.runs.filter((run) => {
    const earlier = findRun(before, run.run);
    return !isUnsettled(run) && (!earlier || isUnsettled(earlier));
  });
  return ended.reduce<LedgerDocument>((next, { run, state, failure }) => {
    const effect: NoticeEffect = {
      kind: "notify",
      run,
      ended: state as NoticeEffect["ended"],
      reason: failure?.message ?? null,
      tries: 0,
      ...owned(noticeId(run), context),
    };
    return withEffect(next, effect);
  }, after);
}

// ---- bounds

/** A ready batch stays open until it is claimed; if it were closed, a crash before the claim would lose it. */
const isPending = (document: LedgerDocument, { batch, now, rules }: TransitionContext): boolean =>
  document.effects.length > 0 ||
  document.runs.some(isUnsettled) ||
  [...liveInputs(document, rules.datasets).values()].flat().some(({ input }) => !input.late) ||
  ["ready", "retrying"].includes(evaluateGate(batch, document, rules, now).state);

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

/**
 * Keeps the newest runs, the newest published runs, the run published now, and failures that still matter. The output
 * of all others expires, because no rollback or replay can reach a dropped run.
 */
function trim(document: LedgerDocument, context: TransitionContext): LedgerDocument {
  const { keepRuns, datasets } = context.rules;
  if (document.runs.length <= keepRuns) return document;
  const newest = new Set(document.runs.slice(-keepRuns));
  const newestPublished = new Set(document.runs.filter(({ publishedAt }) => publishedAt !== null).slice(-keepRuns));
  const isKept = (run: Run) =>
    run.run === document.published?.run ||
    newest.has(run) ||
    newestPublished.has(run) ||
    isUnsettled(run) ||
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
