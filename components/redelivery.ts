/** AWS's advice for a queue that feeds a function: room for the function's own retries of a throttled batch. */
const visibilityFactor = 6;
/** Seconds for which S3, the key or a right may be away before a file waits for a person. */
const outage = 3600;
/** Long timeouts would come to fewer, of which throttled calls, which count as well, would leave too little. */
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
