import type { ResourceRule } from "../rule.ts";

/** The maximum cost of one run: 50 workers for 3 hours. To allow a larger job, change it here. */
const ceiling = { workers: 50, timeoutMinutes: 180 };

export const glueLimits: ResourceRule = {
  name: "glue-limits",
  description: "A Glue job has a timeout and a limit of workers, and does not retry by itself.",
  check({ type, props }) {
    if (type !== "aws-native:glue:Job") return [];
    const { timeout, numberOfWorkers, maxCapacity, maxRetries } = props;
    return [
      ...(timeout === undefined ? ["timeout is missing; Glue's default is two days"] : []),
      ...(timeout > ceiling.timeoutMinutes
        ? [`timeout is ${timeout} minutes, above the ceiling of ${ceiling.timeoutMinutes}`]
        : []),
      ...(numberOfWorkers === undefined || maxCapacity !== undefined
        ? ["numberOfWorkers and workerType must set its size, not maxCapacity"]
        : []),
      ...(numberOfWorkers > ceiling.workers
        ? [`numberOfWorkers is ${numberOfWorkers}, above the ceiling of ${ceiling.workers}`]
        : []),
      ...(maxRetries === 0 ? [] : ["maxRetries must be 0: the ledger decides about retries"]),
    ];
  },
};
