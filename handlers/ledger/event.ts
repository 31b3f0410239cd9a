import type { Decision } from "./document.ts";

/** How a job run stands, as the engine tells it. */
export interface ObservedJobRun {
  readonly id: string;
  /** `unfit`: the engine could not do it, and another one may. */
  readonly state: "alive" | "succeeded" | "failed" | "timeout" | "unfit" | "stopped";
  readonly message: string;
  /** Whether it began to execute; an engine without capacity may end one that never did. */
  readonly executed: boolean;
  /** What the run's report says; `missing` when there is none or the job run is alive. */
  readonly report: "missing" | "good" | { readonly bad: string };
}

export type LedgerEvent =
  | {
      readonly kind: "decided";
      readonly key: string;
      readonly dataset: string;
      readonly decision: Decision;
      /**
       * The version that Bronze lists as older than this one. It is used only if a sequencer is missing and the ledger
       * still has that version.
       */
      readonly newerThan?: string;
    }
  | { readonly kind: "claim" }
  | { readonly kind: "started"; readonly run: number; readonly jobRun: string }
  /** The effect cannot be performed now; nobody tries again before `until`. */
  | { readonly kind: "deferred"; readonly effect: string; readonly until: number }
  | { readonly kind: "refused"; readonly run: number; readonly message: string }
  | { readonly kind: "observed"; readonly run: number; readonly jobRuns: readonly ObservedJobRun[] }
  | { readonly kind: "stopped"; readonly jobRun: string }
  | { readonly kind: "switched"; readonly table: string; readonly run: number }
  | { readonly kind: "expired"; readonly run: number }
  | { readonly kind: "notified"; readonly run: number }
  | { readonly kind: "sweep" }
  /** Moves the revision past the epoch of a mark whose writer never came back. */
  | { readonly kind: "overtake"; readonly epoch: number }
  | { readonly kind: "operate"; readonly id: string; readonly order: OperatorOrder };

export type OperatorOrder =
  | { readonly operation: "run" }
  | { readonly operation: "replay" | "rollback"; readonly run: number }
  | { readonly operation: "withdraw"; readonly key: string };
