import type { LoadedConfig } from "../config/load.ts";
import type { PhysicalNames } from "../config/naming.ts";
import { metricNamespace } from "../handlers/log.ts";
import type { Alarm } from "./alerts.ts";
import { redeliveryOf } from "./redelivery.ts";

/** Each alarm's entry there is named after it. */
export const runbook = "docs/runbook.md";

/** Five minutes, the resolution at which SQS reports a queue that is not busy. */
const minutes5 = 300;
const hour = 3600;

const inWords = (seconds: number): string => {
  const [size, unit] = (
    [
      [86_400, "days"],
      [hour, "hours"],
      [60, "minutes"],
    ] as const
  ).find(([size]) => seconds >= 2 * size && seconds % size === 0) ?? [1, "seconds"];
  const count = seconds / size;
  return `${count} ${count === 1 ? unit.slice(0, -1) : unit}`;
};

/** An alarm for an event: one occurrence is enough, missing data means no event, and its end is not announced. */
const event = {
  statistic: "Sum",
  comparison: "atLeast",
  threshold: 1,
  period: minutes5,
  datapoints: { bad: 1, of: 1 },
  missingData: "notBreaching",
  tellsEnd: false,
} as const satisfies Partial<Alarm>;

/** Something that lasts until it is mended. */
const state = { ...event, statistic: "Maximum", tellsEnd: true } as const satisfies Partial<Alarm>;

/** Bad for so many seconds without a break. */
const lasting = (seconds: number, period: number): Pick<Alarm, "period" | "datapoints"> => {
  const periods = Math.ceil(seconds / period);
  return { period, datapoints: { bad: periods, of: periods } };
};

/**
 * The alarms: everything that the pipeline does not repair by itself, and everything that takes too long.
 * @param isEmbedded whether the embedded engine is deployed
 */
export function pipelineAlarms(
  names: PhysicalNames,
  { config, environment }: LoadedConfig,
  isEmbedded: boolean,
): readonly Alarm[] {
  const { alerts, lambda } = config;
  const { promoteFunction: promote, settleFunction: settle, embeddedFunction: embedded } = names;
  const { visibilityTimeout, maxReceiveCount } = redeliveryOf(lambda.promote.timeout);
  const sweepEvery = Math.ceil(lambda.settle.schedule / 60) * 60;

  const queue = (QueueName: string, metric: string) => ({
    namespace: "AWS/SQS",
    metric,
    dimensions: { QueueName },
  });
  const visible = "ApproximateNumberOfMessagesVisible";
  const ofFunction = (FunctionName: string, metric: string) => ({
    ...event,
    namespace: "AWS/Lambda",
    metric,
    dimensions: { FunctionName },
  });
  const own = (metric: string) => ({
    namespace: metricNamespace,
    metric,
    dimensions: { Pipeline: config.name, Environment: environment },
  });
  /** An alarm for a state that each sweep reports while it lasts; a single late sweep does not end it. */
  const toldBySweep = (metric: string) => ({
    ...state,
    ...own(metric),
    statistic: "Sum" as const,
    period: Math.max(minutes5, sweepEvery),
    datapoints: { bad: 1, of: 2 },
  });
  /** An alarm for a state that the next sweep may repair: two of three sweeps have to report it. */
  const atSweepAfterSweep = (metric: string) => ({
    ...state,
    ...own(metric),
    period: sweepEvery,
    datapoints: { bad: 2, of: 3 },
  });

  const alarms: readonly Alarm[] = [
    {
      ...state,
      ...queue(names.promoteDeadLetters, visible),
      name: "promote-dlq-not-empty",
      description: `Files could not be promoted in ${maxReceiveCount} tries; mend what the function's log names, then redrive`,
      // SQS stops reporting a queue that nobody uses, but its messages are still there.
      missingData: "ignore",
    },
    {
      ...state,
      ...queue(names.settleDeadLetters, visible),
      name: "settle-dlq-not-empty",
      description:
        "Events could not be settled; the sweep does the same work, so see whether batch-failing is raised too, then redrive",
      missingData: "ignore",
    },
    {
      ...state,
      ...queue(names.promoteQueue, "ApproximateAgeOfOldestMessage"),
      name: "promote-queue-age",
      description: `A file has been waiting for ${inWords(alerts.queueAge)}; see whether ${promote} is throttled or failing`,
      threshold: alerts.queueAge,
    },
    {
      ...event,
      ...own("MessagesFailed"),
      name: "promote-failed",
      description: `A try to promote a file failed and is repeated after ${inWords(visibilityTimeout)}; see its reason in the log of ${promote}`,
    },
    {
      ...ofFunction(promote, "Errors"),
      name: "promote-errors",
      description: `${promote} crashed or ran out of time; see the end of that call in its log`,
    },
    {
      ...ofFunction(settle, "Errors"),
      name: "settle-errors",
      description: `${settle} failed on an event or an order, or before its sweep reached the batches; see the reason in its log`,
    },
    {
      ...ofFunction(promote, "Throttles"),
      name: "promote-throttles",
      description: `Lambda refused calls of ${promote}; see whether the account's concurrency is used up`,
    },
    {
      ...ofFunction(settle, "Throttles"),
      name: "settle-throttles",
      description: `Lambda refused calls of ${settle}; see whether the account's concurrency is used up`,
    },
    ...(isEmbedded
      ? [
          {
            ...ofFunction(embedded, "Errors"),
            name: "embedded-errors",
            description: `${embedded} crashed or ran out of time or memory, so Glue does that run, later and at its price; see the end of that call in its log`,
          },
          {
            ...ofFunction(embedded, "Throttles"),
            // A run whose call is refused waits, and is called again every five minutes at least.
            datapoints: { bad: 3, of: 4 },
            tellsEnd: true,
            name: "embedded-throttles",
            description: `Lambda has refused calls of ${embedded} for ${inWords(3 * minutes5)}, so runs wait; see whether its concurrency or the account's is used up`,
          },
        ]
      : []),
    {
      ...event,
      ...own("FilesRejected"),
      name: "file-rejected",
      description: "A file was rejected and its batch waits for a good one; send its producer the reason and the fix",
    },
    {
      ...event,
      ...own("BatchesLate"),
      name: "batch-late",
      description: `A batch was not complete ${inWords(config.batching.deadline)} after its first file; ask the producer for what is missing`,
    },
    {
      ...event,
      ...own("RunsFailed"),
      name: "run-failed",
      description:
        "A run failed and published nothing; read the reason, for a report's failure does not go away by itself",
    },
    ...(alerts.runAge === undefined
      ? []
      : [
          {
            ...toldBySweep("RunsOverlong"),
            name: "run-overlong",
            description: `A run has not ended after ${inWords(alerts.runAge)}; see which engine has it and whether it waits or works, and in Glue stop it if it hangs`,
          },
        ]),
    {
      ...event,
      ...own("PublicationsFailed"),
      name: "publication-failed",
      description:
        "Readers could not be given a good run and still see the one before; see the log for what the catalog refuses",
    },
    {
      ...atSweepAfterSweep("EffectsFailed"),
      name: "effect-failed",
      description: `Starting, stopping or removing a run failed repeatedly, and the sweep goes on trying; see the reasons in the log of ${settle}`,
    },
    {
      ...event,
      ...own("NoticesFailed"),
      name: "notice-failed",
      description: `People could not be notified of a run's end and may never be; see which batches have ended, and in the log of ${settle} what SNS refuses`,
    },
    {
      ...atSweepAfterSweep("BatchesFailing"),
      name: "batch-failing",
      description: `The sweep fails repeatedly on a batch, which makes no progress; see which batch and why in the log of ${settle}`,
    },
    {
      ...atSweepAfterSweep("BatchesUnswept"),
      name: "sweep-too-short",
      description: `The sweep runs out of time before it has reached every open batch; raise the timeout of ${settle}, or see what is slow`,
    },
    ...(alerts.freshness === undefined
      ? []
      : [
          {
            ...state,
            ...own("RunsPublished"),
            name: "nothing-published",
            description: `Nothing has been published for ${inWords(alerts.freshness)}; see which batches wait, and for what`,
            statistic: "Sum" as const,
            comparison: "below" as const,
            // For spans above a day, CloudWatch accepts no periods below an hour and evaluates once an hour.
            ...lasting(alerts.freshness, Math.max(hour, sweepEvery)),
            // The sweep reports zeros, so data is missing only if the stack is new or its sweep does not run.
          },
        ]),
    {
      ...state,
      ...own("Sweeps"),
      name: "sweep-missing",
      description: `No sweep has finished for ${inWords(3 * sweepEvery)}; see whether its rule is enabled and whether ${settle} fails`,
      statistic: "Sum",
      comparison: "below",
      ...lasting(3 * sweepEvery, sweepEvery),
      missingData: "breaching",
    },
    {
      ...toldBySweep("ReconciliationsOverdue"),
      name: "reconciliation-overdue",
      description: `No comparison of Bronze with the ledger has finished for ${inWords(2 * lambda.settle.reconciliation)}; see what the log of ${settle} says about it`,
    },
  ];
  return alarms.map((alarm) => ({
    ...alarm,
    description: `${alarm.description}. ${runbook}#${alarm.name}`,
  }));
}
