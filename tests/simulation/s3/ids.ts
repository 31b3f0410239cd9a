/** Names that S3 makes up. From a seed, so that a run can be repeated. */

const versionAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";

/** Numbers below 2^32, by Mulberry32. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** Opaque names of 32 characters. One in eight begins with `_` and one with `.`, which S3's do more rarely. */
export function opaqueIds(seed: number): () => string {
  const random = randomNumbers(seed);
  return () => {
    const kind = random() & 7;
    let id = kind === 0 ? "_" : kind === 1 ? "." : versionAlphabet[random() % 62]!;
    // Six bits a character, five characters a number.
    for (let bits = 0, left = 0; id.length < 32; left--) {
      if (left === 0) {
        bits = random();
        left = 5;
      }
      id += versionAlphabet[bits & 63]!;
      bits >>>= 6;
    }
    return id;
  };
}

/** 32 hex digits that are the hash of nothing. */
export function opaqueDigests(seed: number): () => string {
  const random = randomNumbers(seed ^ 0x5bd1e995);
  const eight = () => random().toString(16).padStart(8, "0");
  return () => eight() + eight() + eight() + eight();
}

/**
 * The sequencer of the n-th event: hex digits, of differing length. "To compare these values, first right pad the shorter
 * value with zeros, and then do a lexicographical comparison" ("Event message structure", S3 User Guide).
 */
export function sequencerOf(order: number): string {
  const head = (0x5f3a_0000_0000 + order).toString(16).toUpperCase().padStart(16, "0");
  return order % 3 === 0 ? `${head}${((order * 37) % 255).toString(16).toUpperCase().padStart(2, "0")}` : head;
}

/** A key as S3's notifications name it: form-encoded, but for the slashes. */
export const encodeKey = (key: string): string =>
  encodeURIComponent(key)
    .replaceAll("%2F", "/")
    .replaceAll("%20", "+")
    .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
