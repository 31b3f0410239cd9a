/** Glue's price and where it is published. Most regions have this price; a few are more expensive. */
export const price = {
  usdPerDpuHour: 0.44,
  source: "https://aws.amazon.com/glue/pricing/",
  asOf: "May 2026",
} as const;

/** Data processing units of a worker. */
export const dpuOf: Readonly<Record<string, number>> = { "G.1X": 1, "G.2X": 2, "G.4X": 4, "G.8X": 8 };
