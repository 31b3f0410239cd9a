import { createHash } from "node:crypto";
import type { Run, Tries } from "./document.ts";

/** When the gate claims the inputs of a failed run again, and how often. */

const minute = 60_000;
/** Delays before the gate claims again after an infrastructure failure: the first, the second, and every later one. */
const retryDelays = [minute, 10 * minute, 60 * minute] as const;
/** Up to this share of the delay is added, so that batches that failed together are not retried together. */
const retryJitter = 0.25;

/** When the inputs of a failed run may be claimed again, in milliseconds since the epoch; null for never. */
export function retryAt(batch: string, { run, failure, settledAt, tries }: Run, attempts: number): number | null {
  if (failure?.kind !== "undelivered" && failure?.kind !== "infrastructure") return null;
  const { executed } = triesAfter(tries, failure.kind);
  if (executed >= attempts) return null;
  const delay = retryDelays[Math.min(tries.executed + tries.undelivered, retryDelays.length - 1)]!;
  const part = createHash("sha256").update(`${batch}\n${run}`).digest().readUInt32BE() / 2 ** 32;
  return settledAt! + Math.round(delay * (1 + retryJitter * part));
}

export const triesAfter = (tries: Tries, kind: "undelivered" | "infrastructure"): Tries =>
  kind === "undelivered"
    ? { ...tries, undelivered: tries.undelivered + 1 }
    : { ...tries, executed: tries.executed + 1 };

export const noTries: Tries = { executed: 0, undelivered: 0 };
