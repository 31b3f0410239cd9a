import { nothing } from "./layout.ts";
import type { Random } from "./random.ts";
import { ties } from "./shares.ts";

const day = 86_400;

/** Draws a second between two dates. */
export function timeBetween(from: string, to: string): (random: Random) => number {
  const first = Date.parse(from) / 1000;
  const span = Date.parse(to) / 1000 - first;
  return (random) => first + random.below(span);
}

const fallback = timeBetween("2024-06-01", "2024-07-01");

export const midnight = (time: number): number => time - (time % day);

/** The time of a changed duplicate: up to 30 days later or earlier, null, or sometimes the same. */
export function otherTime(time: number, random: Random): number {
  if (random.chance(ties)) return time;
  if (time === nothing) return fallback(random);
  if (random.chance(0.1)) return nothing;
  const distance = 1 + random.below(30 * day);
  return random.chance(0.5) ? time + distance : time - distance;
}
