/** What AWS charges in most regions, and where it is published. A few regions are more expensive. */
export const asOf = "October 2026";
export const sources = {
  glue: "https://aws.amazon.com/glue/pricing/",
  lambda: "https://aws.amazon.com/lambda/pricing/",
} as const;

/** Data processing units of a worker. */
export const dpuOf: Readonly<Record<string, number>> = { "G.1X": 1, "G.2X": 2, "G.4X": 4, "G.8X": 8 };

/** Glue 6.0 costs 30 % less than the versions before. */
export const usdPerDpuHour = (glueVersion: string): number => (Number(glueVersion) < 6 ? 0.44 : 0.308);

/** Glue charges a run for at least so many seconds. */
export const leastSecondsOfGlue = 60;

/** Of a function on arm64; 512 MiB of its storage cost nothing. */
const lambda = { usdPerGibSecond: 0.0000133334, usdPerGibSecondOfStorage: 0.0000000309 };

/** A second of a function with so much memory and temporary storage, both in MiB. */
export const usdPerSecond = (memory: number, storage: number): number =>
  (memory * lambda.usdPerGibSecond + (storage - 512) * lambda.usdPerGibSecondOfStorage) / 1024;
