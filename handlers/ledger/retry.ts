import { createHash } from "node:crypto";
import type { RetriedKind, Run, RunFailure, Tries } from "./document.ts";

/** When the gate claims the inputs of a failed run again, and how often. */

const minute = 60_000;
/** Delays before the gate claims again after an infrastructure failure: the first, the second, and every later one. */
const retryDelays = [minute, 10 * minute, 60 * minute] as const;
/** Up to this share of the delay is added, so that batches that failed together are not retried together. */
const retryJitter = 0.25;

/** When the inputs of a failed run may be claimed again, in milliseconds since the epoch; null for never. */
export function retryAt(batch: string, { run, failure, settledAt, tries }: Run, attempts: number): number | null {
  if (!isRetried(failure)) return null;
  // Another engine need not wait for what failed this one, and it fails so once at most.
  if (failure.kind === "unfit") return settledAt;
  const { executed } = triesAfter(tries, failure.kind);
  if (executed >= attempts) return null;
  const delay = retryDelays[Math.min(tries.executed + tries.undelivered, retryDelays.length - 1)]!;
  const part = createHash("sha256").update(`${batch}\n${run}`).digest().readUInt32BE() / 2 ** 32;
  return settledAt! + Math.round(delay * (1 + retryJitter * part));
}

type Retried = RunFailure & { readonly kind: RetriedKind };

export const isRetried = (failure: RunFailure | null): failure is Retried =>
  failure !== null && ["infrastructure", "undelivered", "unfit"].includes(failure.kind);

export const triesAfter = (tries: Tries, kind: RetriedKind): Tries =>
  kind === "undelivered"
    ? { ...tries, undelivered: tries.undelivered + 1 }
    : { ...tries, executed: tries.executed + 1, unfit: tries.unfit || kind === "unfit" };

export const noTries: Tries = { executed: 0, undelivered: 0, unfit: false };

/** Undelivered runs are claimed again without end. People are told of the third, and after it once a day. */
const [firstTold, toldEvery] = [3, 24];

/** Whether a run's end concerns people: not if another run follows by itself, without costing a try. */
export function isToldOf({ failure, tries }: Pick<Run, "failure" | "tries">): boolean {
  if (failure?.kind === "unfit") return false;
  if (failure?.kind !== "undelivered") return true;
  const since = tries.undelivered + 1 - firstTold;
  return since >= 0 && since % toldEvery === 0;
}
