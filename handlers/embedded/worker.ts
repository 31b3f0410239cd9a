import { randomUUID } from "node:crypto";
import { parseManifestUri } from "../keys.ts";
import type { Log } from "../log.ts";
import { type Attempt, attemptAt } from "../run/attempt.ts";
import type { EmbeddedOrder } from "../run/embedded.ts";
import type { RunReport } from "../run/report.ts";
import type { DocumentStore } from "../storage.ts";
import { RunFailure } from "./failure.ts";

/** Kept for writing the report, in milliseconds. */
const reserve = 30_000;

export interface WorkerDeps {
  readonly documents: DocumentStore;
  readonly ledgerBucket: string;
  /**
   * Executes the run. The signal's reason ends it with a report; what `proceed` throws, between its steps, ends it
   * without one.
   */
  readonly execute: (jobRun: string, proceed: () => Promise<void>, signal: AbortSignal) => Promise<RunReport>;
  readonly abortAfter: typeof abortAfter;
  /** Milliseconds that are left of this invocation. */
  readonly remainingTime: () => number;
  readonly now: () => number;
  readonly log: Log;
}

/** A signal that aborts with this reason after so many milliseconds, unless it is cleared. */
export function abortAfter(milliseconds: number, reason: Error): { readonly signal: AbortSignal; clear(): void } {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(reason), milliseconds);
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}

/** The attempt was ended from outside: whatever is computed from here on counts no more. */
class Ended extends Error {
  override readonly message = "it was ended from outside";
}

/**
 * Executes the run of a manifest, if no other invocation does. It writes the report last, and ends in time to write
 * one. It throws what is no fault of the run, and reports it without its text.
 */
export async function work({ manifest: uri, sha256 }: EmbeddedOrder, deps: WorkerDeps): Promise<void> {
  const { documents, ledgerBucket, execute, remainingTime, now, log } = deps;
  const named = parseManifestUri(uri, ledgerBucket);
  if (!named) throw new Error(`the manifest ${uri} is not in this stack's ledger`);
  const manifest = { uri, sha256 };
  const attempt = attemptAt({ ...named, manifest }, documents);
  const remaining = remainingTime();
  const own = { kind: "worker", nonce: randomUUID(), deadline: now() + remaining } as const;
  const there = await attempt.takeLease(own);
  if (there.kind !== "worker" || there.nonce !== own.nonce) {
    const reason = there.kind === "worker" ? "another invocation executes it" : there.message;
    log.info("attempt.left", { ...named, jobRun: attempt.id, reason });
    return;
  }
  // A function that is killed logs nothing else of its job run.
  log.info("attempt.begun", { ...named, jobRun: attempt.id });
  const inTime = Math.max(0, remaining - reserve);
  const late = new RunFailure("timeout", `the run was not done after ${Math.round(inTime / 1000)} seconds`);
  const deadline = deps.abortAfter(inTime, late);
  try {
    const report = await execute(attempt.id, () => proceed(attempt), deadline.signal);
    const kept = await attempt.writeReport(report);
    const failure = kept.failure && { code: kept.failure.code };
    log.info("attempt.ended", { ...named, jobRun: attempt.id, state: kept.state, ...failure });
  } catch (error) {
    // The manifest is not the one that the run was started for.
    if (error instanceof RunFailure) await attempt.end(error.code, error.message);
    else if (!(error instanceof Ended)) {
      await attempt.end("infrastructure", `the function failed: ${(error as Error).name}`);
      throw error;
    }
    log.info("attempt.left", { ...named, jobRun: attempt.id, reason: (error as Error).message });
  } finally {
    deadline.clear();
  }
}

async function proceed(attempt: Attempt): Promise<void> {
  if (await attempt.report()) throw new Ended();
}
