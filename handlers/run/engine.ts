import type { EngineName } from "../ledger/document.ts";
import type { ObservedJobRun } from "../ledger/event.ts";
import type { Manifest } from "./manifest.ts";

/** What an engine is told of a run. Times in milliseconds since the epoch. */
export interface Claim {
  readonly batch: string;
  readonly run: number;
  readonly manifest: Pick<Manifest, "uri" | "sha256">;
  readonly claimedAt: number;
  /** When the start was entered; null before. */
  readonly startedAt: number | null;
  /** The embedded engine's function with its version; null for Glue. */
  readonly functionArn: string | null;
}

/** A job run as the engine knows it. Its report is read elsewhere. */
export type JobRun = Omit<ObservedJobRun, "report"> & {
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
  /** @param uncertain whether an earlier call may have started it without receiving the answer */
  start(claim: Claim, uncertain: boolean): Promise<StartAnswer>;
  /** Job runs started for the claim, newest first. */
  find(claim: Claim): Promise<JobRun[]>;
  /** @returns null when the engine knows no such job run. */
  describe(claim: Claim, jobRun: string): Promise<JobRun | null>;
  /** Asks an alive job run to stop; one that has ended is left alone. */
  stop(claim: Claim, jobRun: string): Promise<void>;
}

export type Engines = Readonly<Record<EngineName, Engine>>;
