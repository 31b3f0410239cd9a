import type { CurrentRelease, Release } from "../release.ts";
import type { FunctionSettings } from "../settings.ts";
import type { OutputColumns } from "./document.ts";
import type { GateRules } from "./gate.ts";

/** The rules for one write of the ledger: the release's and the function's own limits. Times in milliseconds. */
export interface Rules extends GateRules {
  /** The release's. */
  readonly sequence: number;
  readonly release: Release;
  readonly outputs: OutputColumns;
  readonly deadline: number;
  readonly effectLease: number;
  readonly keepRuns: number;
}

export const rulesOf = (
  { sequence, pinned, contract, shapes }: CurrentRelease,
  { attempts, keepRuns, effectLease }: Pick<FunctionSettings, "attempts" | "keepRuns" | "effectLease">,
): Rules => ({
  sequence,
  release: pinned,
  datasets: contract.datasets,
  shapes,
  outputs: Object.fromEntries(Object.entries(contract.outputs).map(([name, { columns }]) => [name, columns])),
  maxSpread: contract.batching.maxSpread * 1000,
  deadline: contract.batching.deadline * 1000,
  effectLease: effectLease * 1000,
  attempts,
  keepRuns,
});

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
