import { runSchedule, type ScheduleOptions, type ScheduleResult } from "./schedule.ts";

/** A failing schedule with as little in it as could be found. */
export interface Shrunk {
  readonly result: ScheduleResult;
  /** The questions to chance that must not be answered with calm: with the seed, all that a replay needs. */
  readonly keys: readonly string[];
  readonly tries: number;
}

/**
 * Takes out of a failing schedule whatever it fails without, halves first and then smaller and smaller pieces, as long
 * as the same invariant is violated (delta debugging).
 */
export async function shrink(seed: number, options: ScheduleOptions = {}, maxTries = 800): Promise<Shrunk> {
  const run = (only: ReadonlySet<string> | null) => runSchedule(seed, { ...options, only, record: true });
  let result = await run(options.only ?? null);
  if (!result.violation) return { result, keys: result.asked, tries: 1 };
  const { invariant } = result.violation;
  let tries = 1;
  const holdsWithout = async (dropped: ReadonlySet<string>): Promise<boolean> => {
    tries++;
    const smaller = await run(new Set(result.asked.filter((key) => !dropped.has(key))));
    if (smaller.violation?.invariant !== invariant) return false;
    result = smaller;
    return true;
  };

  // Times matter least, and are many.
  await holdsWithout(new Set(result.asked.filter((key) => key.endsWith("~"))));
  let pieces = 2;
  while (tries < maxTries && result.asked.length > 0) {
    const size = Math.ceil(result.asked.length / pieces);
    let isSmaller = false;
    for (let start = 0; start < result.asked.length && tries < maxTries; ) {
      // What comes late in a schedule hangs on what comes early: it is tried first.
      const end = result.asked.length - start;
      if (await holdsWithout(new Set(result.asked.slice(Math.max(0, end - size), end)))) isSmaller = true;
      else start += size;
    }
    if (!isSmaller && size === 1) break;
    pieces = isSmaller ? Math.max(2, Math.min(pieces, result.asked.length)) : Math.min(pieces * 2, result.asked.length);
  }
  return { result, keys: result.asked, tries };
}
