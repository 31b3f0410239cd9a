import type { FunctionSettings } from "../settings.ts";
import type { TransitionContext } from "./transition.ts";

export type Rules = TransitionContext["rules"];

/** The ledger's rules, of what a function knows of the config. */
export const rulesOf = ({ contract, batching, attempts, keepRuns, effectLease }: FunctionSettings): Rules => ({
  datasets: contract.datasets,
  outputs: Object.keys(contract.outputs),
  maxSpread: batching.maxSpread * 1000,
  deadline: batching.deadline * 1000,
  effectLease: effectLease * 1000,
  attempts,
  keepRuns,
});
