import { findRun, isUnsettled, type LedgerDocument, type Run } from "./document.ts";
import { startId, withoutEffect } from "./effects.ts";

/** Changes a run; one that has ended is started no more. */
export const updateRun = (document: LedgerDocument, number: number, change: (run: Run) => Run): LedgerDocument => {
  const runs = document.runs.map((run) => (run.run === number ? change(run) : run));
  const next = { ...document, runs };
  const changed = findRun(next, number);
  return changed && !isUnsettled(changed) ? withoutEffect(next, startId(number)) : next;
};
