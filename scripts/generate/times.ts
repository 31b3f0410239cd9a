import type { Random } from "./random.ts";

const day = 86_400;

/** Draws a second between two dates. */
export function timeBetween(from: string, to: string): (random: Random) => number {
  const first = Date.parse(from) / 1000;
  const span = Date.parse(to) / 1000 - first;
  return (random) => first + random.below(span);
}

const fallback = timeBetween("2024-06-01", "2024-07-01");

/** A time that differs from `time`: later or earlier by up to 30 days, or null. Never equal, as the kept row would be open. */
export function otherTime(time: number, random: Random): number {
  if (time < 0) return fallback(random);
  if (random.chance(0.1)) return -1;
  const distance = 1 + random.below(30 * day);
  return random.chance(0.5) ? time + distance : time - distance;
}
