import type { Random } from "./random.ts";

/**
 * Draws what is odd about a row, each oddity on its own, as bits: the one of share i is bit i. Most rows have none, and
 * those cost one draw: whether there is any is drawn first, then each until there is one.
 */
export function drawBits(random: Random, shares: readonly number[]): () => number {
  const any = 1 - shares.reduce((none, share) => none * (1 - share), 1);
  return () => {
    if (!random.chance(any)) return 0;
    for (;;) {
      let bits = 0;
      for (let i = 0; i < shares.length; i++) if (random.chance(shares[i]!)) bits |= 1 << i;
      if (bits !== 0) return bits;
    }
  };
}
