import { fork } from "node:child_process";
import { runSchedule, type ScheduleResult } from "./schedule.ts";
import type { Violation } from "./world.ts";

/** What many schedules came to; plain data, so that it can go from process to process. */
export interface Totals {
  runs: number;
  calls: number;
  batches: number;
  /** Faults of the schedule that had the fewest. */
  fewestFaults: number;
  /** Virtual hours. */
  hours: number;
  /** Fault to how often it was injected. */
  readonly faults: Record<string, number>;
  /** `fault|transition` to how often they met. */
  readonly cells: Record<string, number>;
  readonly violations: { readonly seed: number; readonly violation: Violation }[];
}

export const noTotals = (): Totals => ({
  runs: 0,
  calls: 0,
  batches: 0,
  fewestFaults: Number.MAX_SAFE_INTEGER,
  hours: 0,
  faults: {},
  cells: {},
  violations: [],
});

function addCounts(to: Record<string, number>, counts: Iterable<readonly [string, number]>): void {
  for (const [key, count] of counts) to[key] = (to[key] ?? 0) + count;
}

function addResult(totals: Totals, { seed, violation, calls, batches, duration, tally }: ScheduleResult): void {
  totals.runs++;
  totals.calls += calls;
  totals.batches += batches;
  totals.hours += duration / 3_600_000;
  totals.fewestFaults = Math.min(
    totals.fewestFaults,
    [...tally.faults.values()].reduce((sum, count) => sum + count, 0),
  );
  addCounts(totals.faults, tally.faults);
  addCounts(totals.cells, tally.cells);
  if (violation) totals.violations.push({ seed, violation });
}

export function addTotals(to: Totals, more: Totals): void {
  to.runs += more.runs;
  to.calls += more.calls;
  to.batches += more.batches;
  to.hours += more.hours;
  to.fewestFaults = Math.min(to.fewestFaults, more.fewestFaults);
  addCounts(to.faults, Object.entries(more.faults));
  addCounts(to.cells, Object.entries(more.cells));
  to.violations.push(...more.violations);
}

/** Seeds one after the other in this process. */
export async function runSeeds(first: number, runs: number): Promise<Totals> {
  // Errors are part of the game, by the thousand, and nobody reads their stacks.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const totals = noTotals();
  for (let seed = first; seed < first + runs; seed++) addResult(totals, await runSchedule(seed));
  Error.stackTraceLimit = stackTraceLimit;
  return totals;
}

/** A worker asks for seeds by sending totals; it is sent the next `{ first, runs }`, or nothing more. */
export interface Slice {
  readonly first: number;
  readonly runs: number;
}

const sliceSize = 50;

/** Spreads the seeds over so many processes. @param onProgress is told the totals so far */
export async function runCampaign(
  first: number,
  runs: number,
  jobs: number,
  onProgress: (totals: Totals) => void = () => {},
): Promise<Totals> {
  const totals = noTotals();
  let next = first;
  const slice = (): Slice | null => {
    if (next >= first + runs) return null;
    const start = next;
    next = Math.min(next + sliceSize, first + runs);
    return { first: start, runs: next - start };
  };
  const work = () =>
    new Promise<void>((resolve, reject) => {
      const worker = fork(new URL("./worker.ts", import.meta.url), {
        // The young generation holds what one schedule leaves behind.
        execArgv: ["--import", "tsx", "--max-semi-space-size=64"],
      });
      worker.on("message", (done: Totals | null) => {
        if (done) {
          addTotals(totals, done);
          onProgress(totals);
        }
        const more = slice();
        if (more) worker.send(more);
        else worker.disconnect();
      });
      worker.on("error", reject);
      worker.on("exit", (code) =>
        code === 0 ? resolve() : reject(new Error(`a worker ended with exit code ${code}`)),
      );
    });
  await Promise.all(Array.from({ length: Math.min(jobs, Math.ceil(runs / sliceSize)) }, work));
  totals.violations.sort((a, b) => a.seed - b.seed);
  return totals;
}
