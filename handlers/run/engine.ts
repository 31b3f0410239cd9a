import type { ObservedJobRun } from "../ledger/event.ts";
import type { Manifest } from "./manifest.ts";

/** A job run as the engine knows it. Its report is read elsewhere. */
export type JobRun = Omit<ObservedJobRun, "report"> & {
  readonly manifestUri: string | null;
  /** What it used up so far; absent while nothing is known of it. */
  readonly usage?: Usage;
};

export interface Usage {
  readonly seconds: number;
  readonly dpuHours: number;
}

/**
 * `later`: busy, the same call may go through soon. `refused`: it never will. `unknown`: no answer, so it may or may
 * not have been started.
 */
export type StartAnswer =
  | { readonly kind: "started"; readonly jobRun: string }
  | { readonly kind: "later" | "refused" | "unknown"; readonly message: string };

/** What turns a manifest into run-scoped output and a run report. */
export interface Engine {
  start(manifest: Manifest): Promise<StartAnswer>;
  /** Job runs started for a manifest since `since` (milliseconds since the epoch), newest first. */
  find(manifestUri: string, since: number): Promise<JobRun[]>;
  /** @returns null when the engine knows no such job run. */
  describe(jobRun: string): Promise<JobRun | null>;
  /** Asks an alive job run to stop; one that has ended is left alone. */
  stop(jobRun: string): Promise<void>;
}
