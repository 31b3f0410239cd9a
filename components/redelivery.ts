/** AWS advises six times the function's timeout, which leaves room for Lambda's own retries of a throttled batch. */
const visibilityFactor = 6;
/** Seconds for which S3, the key or a right may be away before a file waits for a person. */
const outage = 3600;
/** At least so many receives: throttled calls count as well, so fewer would leave too few real tries. */
const leastTries = 10;

/** How a file that could not be promoted comes back: after how many seconds, and how often it is tried in all. */
export function redeliveryOf(timeout: number): {
  readonly visibilityTimeout: number;
  readonly maxReceiveCount: number;
} {
  const visibilityTimeout = visibilityFactor * timeout;
  // The first try is at the outage's start at worst, and one receive may come to nothing.
  return { visibilityTimeout, maxReceiveCount: Math.max(leastTries, 2 + Math.ceil(outage / visibilityTimeout)) };
}
