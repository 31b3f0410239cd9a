import type { Random } from "./random.ts";

/**
 * Draws which of a row's columns are null, each on its own, as bits: column i is bit i. Most rows have none, and those
 * cost one draw: whether there is any null is drawn first, then the columns until there is one.
 */
export function nullColumns(random: Random, shares: readonly number[]): () => number {
  const any = 1 - shares.reduce((none, share) => none * (1 - share), 1);
  return () => {
    if (!random.chance(any)) return 0;
    for (;;) {
      let columns = 0;
      for (let i = 0; i < shares.length; i++) if (random.chance(shares[i]!)) columns |= 1 << i;
      if (columns !== 0) return columns;
    }
  };
}
