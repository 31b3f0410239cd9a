import {
  type Effect,
  findRun,
  isUnsettled,
  type LedgerDocument,
  type NoticeEffect,
  type StopEffect,
  type TypeEffect,
} from "./document.ts";
import type { FileToType } from "./gate.ts";
import { isToldOf } from "./retry.ts";
import type { TransitionContext } from "./rules.ts";

/** What has to be done outside the ledger: who owns it, for how long, and when it is given up. */

/** How often a notice is tried, over some hours, before it is given up. */
export const noticeTries = 10;

export const startId = (run: number) => `start:${run}`;
export const typeId = (key: string) => `type:${key}`;
export const stopId = (jobRun: string) => `stop:${jobRun}`;
export const catalogId = (table: string) => `catalog:${table}`;
export const expireId = (run: number) => `expire:${run}`;
export const noticeId = (run: number) => `notify:${run}`;

export const owned = (id: string, { invocation, now, rules }: TransitionContext) => ({
  id,
  by: invocation,
  until: now + rules.effectLease,
});

export const withoutEffect = (document: LedgerDocument, id: string): LedgerDocument => ({
  ...document,
  effects: document.effects.filter((effect) => effect.id !== id),
});

export const withEffect = (document: LedgerDocument, effect: Effect): LedgerDocument => ({
  ...document,
  effects: [...document.effects.filter(({ id }) => id !== effect.id), effect],
});

/** A notice that has failed too often is dropped, so that the batch can close. */
export function defer(document: LedgerDocument, id: string, until: number): LedgerDocument {
  const effects = document.effects.flatMap((effect): Effect[] => {
    if (effect.id !== id) return [effect];
    if (effect.kind !== "notify") return [{ ...effect, until }];
    const tries = effect.tries + 1;
    return tries < noticeTries ? [{ ...effect, until, tries }] : [];
  });
  return { ...document, effects };
}

export function stop(
  document: LedgerDocument,
  run: number,
  jobRuns: readonly string[],
  context: TransitionContext,
): LedgerDocument {
  return jobRuns.reduce((next, jobRun) => {
    if (next.effects.some(({ id }) => id === stopId(jobRun))) return next;
    const effect: StopEffect = { kind: "stop", run, jobRun, ...owned(stopId(jobRun), context) };
    return withEffect(next, effect);
  }, document);
}

/** Asks for these files, and for no others any more. */
export function askFor(
  document: LedgerDocument,
  files: readonly FileToType[],
  context: TransitionContext,
): LedgerDocument {
  const isWanted = ({ key, version, shape }: TypeEffect) =>
    files.some((file) => file.key === key && file.version === version && file.shape === shape);
  const kept = document.effects.filter((effect) => effect.kind !== "type" || isWanted(effect));
  const asked = new Set(kept.map(({ id }) => id));
  const added = files
    .filter(({ key }) => !asked.has(typeId(key)))
    .map((file): TypeEffect => ({ kind: "type", ...file, ...owned(typeId(file.key), context) }));
  return { ...document, effects: [...kept, ...added] };
}

export function takeOver(document: LedgerDocument, context: TransitionContext): LedgerDocument {
  const effects = document.effects.map((effect): Effect => {
    if (effect.until > context.now) return effect;
    const taken = { ...effect, ...owned(effect.id, context) };
    return taken.kind === "start" ? { ...taken, uncertain: true } : taken;
  });
  return { ...document, effects };
}

/** Enters a notice for every run that has just ended and concerns people. */
export function notify(before: LedgerDocument, after: LedgerDocument, context: TransitionContext): LedgerDocument {
  const ended = after.runs.filter((run) => {
    const earlier = findRun(before, run.run);
    return !isUnsettled(run) && (!earlier || isUnsettled(earlier)) && isToldOf(run);
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
