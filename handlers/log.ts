/** One JSON line an entry: ids and reasons, never what a file holds. */
export interface Log {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** What was thrown, as a log's `reason`. */
export const reasonOf = (error: unknown): string => `${(error as Error).name}: ${(error as Error).message}`;

/** Entries that CloudWatch counts as well, each under the name of its metric. */
export const metrics: Readonly<Record<string, string>> = {
  "file.promoted": "FilesPromoted",
  "file.rejected": "FilesRejected",
  "file.skipped": "FilesSkipped",
  "file.untold": "FilesUntold",
  "batch.late": "BatchesLate",
  "run.claimed": "RunsClaimed",
  "run.published": "RunsPublished",
  "run.failed": "RunsFailed",
  "sweep.done": "Sweeps",
  "reconciliation.done": "Reconciliations",
};

export const metricNamespace = "DataPipeline";

export interface MetricScope {
  readonly namespace: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/**
 * An entry that is counted carries CloudWatch's embedded metric format beside its fields.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function createLog(
  write: (line: string) => void,
  { namespace, dimensions }: MetricScope,
  now: () => number,
): Log {
  const counted = (metric: string) => ({
    ...dimensions,
    [metric]: 1,
    _aws: {
      Timestamp: now(),
      CloudWatchMetrics: [
        { Namespace: namespace, Dimensions: [Object.keys(dimensions)], Metrics: [{ Name: metric, Unit: "Count" }] },
      ],
    },
  });
  const at =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      const metric = metrics[message];
      write(JSON.stringify({ level, message, ...fields, ...(metric ? counted(metric) : {}) }));
    };
  return { info: at("info"), warn: at("warn"), error: at("error") };
}
