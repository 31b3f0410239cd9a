import type { ResourceRule } from "../rule.ts";

/** What one run may cost at most: 50 workers for 3 hours. A larger job is a decision, made here. */
const ceiling = { workers: 50, timeoutMinutes: 180 };

export const glueLimits: ResourceRule = {
  name: "glue-limits",
  description: "A Glue job has a timeout and a limit of workers, and starts nothing again by itself.",
  check({ type, props }) {
    if (type !== "aws-native:glue:Job") return [];
    const { timeout, numberOfWorkers, maxCapacity, maxRetries } = props;
    return [
      ...(timeout === undefined ? ["timeout is missing; Glue's own is two days"] : []),
      ...(timeout > ceiling.timeoutMinutes
        ? [`timeout is ${timeout} minutes, above the ceiling of ${ceiling.timeoutMinutes}`]
        : []),
      ...(numberOfWorkers === undefined || maxCapacity !== undefined
        ? ["its size has to be said by numberOfWorkers and workerType, not by maxCapacity"]
        : []),
      ...(numberOfWorkers > ceiling.workers
        ? [`numberOfWorkers is ${numberOfWorkers}, above the ceiling of ${ceiling.workers}`]
        : []),
      ...(maxRetries === 0 ? [] : ["maxRetries has to be 0: the ledger decides what is run again"]),
    ];
  },
};
