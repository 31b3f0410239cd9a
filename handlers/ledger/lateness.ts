import type { LedgerDocument } from "./document.ts";
import { liveInputs } from "./gate.ts";
import type { TransitionContext } from "./rules.ts";

/** Marks the live files of a batch as late once the deadline after its first file has passed. */
export function markLate(document: LedgerDocument, { now, rules }: TransitionContext): LedgerDocument {
  const live = [...liveInputs(document, rules.datasets).values()].flat();
  const first = Math.min(...live.map(({ input }) => input.decision.decidedAt));
  if (!(now > first + rules.deadline)) return document;
  const late = live.map(({ key, input }) => [key, { ...input, late: true }]);
  return { ...document, inputs: { ...document.inputs, ...Object.fromEntries(late) } };
}
