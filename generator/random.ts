/**
 * sfc32 (Chris Doty-Humphrey's Small Fast Counter, 32 bit), seeded by splitmix32 so that neighbouring seeds give
 * unrelated streams. Not for secrets. It uses only 32-bit integer steps, so every platform draws the same numbers.
 */
export interface Random {
  /** A 32-bit unsigned integer. */
  next(): number;
  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number;
  /** True with the probability `share`. */
  chance(share: number): boolean;
}

/** Each `stream` of a seed has its own draws, so one dataset's draws don't affect another's. */
export function createRandom(seed: number, stream: number): Random {
  const split = splitmix32(seed ^ Math.imul(stream + 1, 0x85ebca6b));
  let a = split();
  let b = split();
  let c = split();
  let counter = 1;
  const next = (): number => {
    const result = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + result) | 0;
    return result >>> 0;
  };
  // The first draws still show the seed's pattern, so they are dropped.
  for (let i = 0; i < 12; i++) next();
  return {
    next,
    below: (limit) => Math.floor((next() / 4294967296) * limit),
    chance: (share) => next() < share * 4294967296,
  };
}

function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  };
}
