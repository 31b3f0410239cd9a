/** Writes one JSON line per entry: ids and reasons, never the content of a file. */
export interface Log {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** What was thrown, as a log's `reason`. */
export const reasonOf = (error: unknown): string => `${(error as Error).name}: ${(error as Error).message}`;

/** Log messages that are also counted as CloudWatch metrics, with the metric's name. */
export const metrics: Readonly<Record<string, string>> = {
  "file.promoted": "FilesPromoted",
  "file.rejected": "FilesRejected",
  "file.expired": "FilesRejected",
  "file.skipped": "FilesSkipped",
  "file.superseded": "FilesSuperseded",
  "file.untold": "FilesUntold",
  "message.failed": "MessagesFailed",
  "batch.late": "BatchesLate",
  "run.claimed": "RunsClaimed",
  "run.published": "RunsPublished",
  "run.failed": "RunsFailed",
  "run.overlong": "RunsOverlong",
  "publication.failed": "PublicationsFailed",
  "effect.failed": "EffectsFailed",
  "notice.failed": "NoticesFailed",
  "notice.given_up": "NoticesFailed",
  "sweep.done": "Sweeps",
  "reconciliation.done": "Reconciliations",
  "reconciliation.overdue": "ReconciliationsOverdue",
};

interface Measure {
  readonly metric: string;
  readonly unit: "Count" | "Seconds" | "None";
}

const ofRun: Readonly<Record<string, Measure>> = {
  seconds: { metric: "RunSeconds", unit: "Seconds" },
  dpuHours: { metric: "GlueDpuHours", unit: "None" },
};

/** Fields that are also CloudWatch metrics: message to field to metric. */
export const measures: Readonly<Record<string, Readonly<Record<string, Measure>>>> = {
  "run.published": ofRun,
  "run.superseded": ofRun,
  "run.failed": ofRun,
  "run.repeated": ofRun,
  "sweep.done": {
    failed: { metric: "BatchesFailing", unit: "Count" },
    unswept: { metric: "BatchesUnswept", unit: "Count" },
    // Always 0. It distinguishes a pipeline that publishes nothing from one that reports nothing.
    published: { metric: "RunsPublished", unit: "Count" },
  },
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
  const embedded = (values: readonly (Measure & { readonly value: number })[]) => ({
    ...dimensions,
    ...Object.fromEntries(values.map(({ metric, value }) => [metric, value])),
    _aws: {
      Timestamp: now(),
      CloudWatchMetrics: [
        {
          Namespace: namespace,
          Dimensions: [Object.keys(dimensions)],
          Metrics: values.map(({ metric, unit }) => ({ Name: metric, Unit: unit })),
        },
      ],
    },
  });
  const at =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      const metric = metrics[message];
      const values = [
        ...(metric ? [{ metric, unit: "Count" as const, value: 1 }] : []),
        ...Object.entries(measures[message] ?? {}).flatMap(([field, measure]) => {
          const value = fields[field];
          return typeof value === "number" ? [{ ...measure, value }] : [];
        }),
      ];
      write(JSON.stringify({ level, message, ...fields, ...(values.length > 0 ? embedded(values) : {}) }));
    };
  return { info: at("info"), warn: at("warn"), error: at("error") };
}
