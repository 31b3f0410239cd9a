import type { LedgerDocument, Run, RunState } from "./document.ts";
import type { LedgerEvent } from "./event.ts";

/** A change of a run's state, and the events that may make it. `from` is null for a run that is entered. */
export interface RunMove {
  readonly from: RunState | null;
  readonly to: RunState;
  readonly by: readonly LedgerEvent["kind"][];
}

/** All that can happen to a run. A run that has ended starts no more; only the pointer moves between ended runs. */
export const runMoves: readonly RunMove[] = [
  // An order's run that the embedded engine could not do is claimed again by the write that ends it.
  { from: null, to: "claimed", by: ["claim", "operate", "refused", "observed"] },
  { from: "claimed", to: "started", by: ["started", "observed"] },
  { from: "claimed", to: "failed", by: ["refused", "observed"] },
  { from: "claimed", to: "published", by: ["observed"] },
  { from: "claimed", to: "superseded", by: ["observed"] },
  { from: "started", to: "failed", by: ["observed"] },
  { from: "started", to: "published", by: ["observed"] },
  { from: "started", to: "superseded", by: ["observed"] },
  { from: "published", to: "superseded", by: ["observed", "operate"] },
  { from: "superseded", to: "published", by: ["operate"] },
];

const isAllowed = (from: RunState | null, to: RunState, by: LedgerEvent["kind"]) =>
  runMoves.some((move) => move.from === from && move.to === to && move.by.includes(by));

/** @throws Error when the event moved a run in a way that the table does not know: a defect, so nothing is written. */
export function checkMoves(before: LedgerDocument, after: LedgerDocument, by: LedgerEvent["kind"]): void {
  const earlier = new Map(before.runs.map((run): [number, Run] => [run.run, run]));
  for (const { run, state } of after.runs) {
    const from = earlier.get(run)?.state ?? null;
    if (from !== state && !isAllowed(from, state, by))
      throw new Error(`run ${run} can't go from ${from ?? "nothing"} to ${state} by ${by}`);
  }
}
