/** AWS advises six times the function's timeout, which leaves room for Lambda's own retries of a throttled batch. */
const visibilityFactor = 6;
/** Seconds for which S3, the key or a right may be away before a file waits for a person. */
const outage = 3600;
/** The least number of receives. Throttled calls count as well, so fewer would leave too few real tries. */
const leastTries = 10;

/** How a file that could not be promoted comes back: after how many seconds, and how often it is tried in all. */
export function redeliveryOf(timeout: number): {
  readonly visibilityTimeout: number;
  readonly maxReceiveCount: number;
} {
  const visibilityTimeout = visibilityFactor * timeout;
  // In the worst case the first try is at the outage's start, and one receive may be lost.
  return { visibilityTimeout, maxReceiveCount: Math.max(leastTries, 2 + Math.ceil(outage / visibilityTimeout)) };
}
