import type { Limit, Line, Round } from "./benchmark.ts";

/** The median of several measurements, and how far they are apart. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly greatest: number;
}

/** @throws RangeError without any value */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError("nothing was measured");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, least: sorted[0]!, greatest: sorted.at(-1)! };
}

export interface Result {
  readonly line: Line;
  readonly figure: Spread;
  readonly baseline?: Spread;
  /** The ratios of the two figures in each round, so that a slowdown of both does not count. */
  readonly ratio?: Spread;
  /** Whether the limit holds, by the median; undefined without one. */
  readonly holds?: boolean;
}

export function resultOf(line: Line, rounds: readonly Round[]): Result {
  const figure = spreadOf(rounds.map(line.figure));
  const { baseline, limit } = line;
  const ratio = baseline && spreadOf(rounds.map((round) => line.figure(round) / baseline.figure(round)));
  return {
    line,
    figure,
    ...(baseline && ratio ? { baseline: spreadOf(rounds.map(baseline.figure)), ratio } : {}),
    ...(limit ? { holds: holds(limit, limit.of === "ratio" ? ratio : figure) } : {}),
  };
}

function holds({ kind, bound }: Limit, measured: Spread | undefined): boolean {
  if (measured === undefined) throw new Error("a limit of a ratio needs a baseline");
  return kind === "at most" ? measured.median <= bound : measured.median >= bound;
}
