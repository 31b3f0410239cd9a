/**
 * All randomness of a schedule. An answer depends on the seed and on the question's name alone, never on what was asked
 * before, so taking one thing out of a schedule leaves the others as they were. 0 always means calm: no fault, the usual
 * time, nothing special.
 */
export class Chance {
  readonly #start: number;
  readonly #only: ReadonlySet<string> | null;
  /** The questions that were not answered with calm, in the order of asking; null when nobody wants to know. */
  readonly asked: Set<string> | null;

  /** @param only the questions that may be answered with anything but calm; null for all */
  constructor(seed: number, { only = null, record = false }: { only?: ReadonlySet<string> | null; record?: boolean }) {
    this.#start = mix(seed ^ 0x9e3779b9);
    this.#only = only;
    this.asked = record ? new Set() : null;
  }

  /** Whether what always happens does: it is a question only so that a failing schedule can be shrunk. */
  certain(key: string): boolean {
    return this.#answer(key, 1) === 1;
  }

  /** Whether something with this probability in 10,000 happens. */
  happens(key: string, in10000: number): boolean {
    if (in10000 <= 0) return false;
    return this.#answer(key, this.#number(key) % 10_000 < in10000 ? 1 : 0) === 1;
  }

  /** A whole number from 0 to n - 1. */
  pick(key: string, n: number): number {
    return this.#answer(key, this.#number(key) % n);
  }

  /** The index of one of the weights, each as likely as it is heavy; the first is the calm one. */
  weighted(key: string, weights: readonly number[]): number {
    let total = 0;
    for (const weight of weights) total += weight;
    let rest = this.#number(key) % total;
    let index = 0;
    while (rest >= weights[index]!) rest -= weights[index++]!;
    return this.#answer(key, index);
  }

  #number(key: string): number {
    let hash = this.#start;
    for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
    return mix(hash);
  }

  #answer(key: string, value: number): number {
    if (value === 0) return 0;
    if (this.#only !== null && !this.#only.has(key)) return 0;
    this.asked?.add(key);
    return value;
  }
}

/** Spreads every bit of a number over all 32. */
function mix(number: number): number {
  let hash = number;
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return (hash ^ (hash >>> 15)) >>> 0;
}
