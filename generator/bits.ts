import type { Random } from "./random.ts";

/**
 * Draws the oddities of a row, independently of each other, as bits: share i sets bit i. Most rows have no oddity and
 * need only one draw: it decides whether there is any. If there is, all bits are drawn until at least one is set.
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
