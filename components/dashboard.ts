import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { LoadedConfig } from "../config/load.ts";
import type { PhysicalNames, StackArns } from "../config/naming.ts";
import { metricNamespace } from "../handlers/log.ts";
import { temporaryStorage } from "./embeddedEngine.ts";
import { pipelineAlarms } from "./pipelineAlarms.ts";
import { asOf, sources, usdPerDpuHour, usdPerSecond } from "./prices.ts";

export interface DashboardArgs {
  readonly names: PhysicalNames;
  readonly arns: StackArns;
  readonly loaded: LoadedConfig;
  /** MiB of the embedded engine; null where it is not deployed. */
  readonly embeddedMemory: number | null;
}

/** A line of a graph, as CloudWatch writes it: namespace, metric, dimensions and options, or an expression. */
type Line = readonly (string | object)[];

/** A widget without its place. */
interface Widget {
  readonly type: "alarm" | "metric" | "text";
  readonly properties: object;
}

/** Columns of CloudWatch's grid. */
const gridWidth = 24;
const heights = { text: 2, alarm: 4, metric: 6 } as const satisfies Record<Widget["type"], number>;

/** One row of widgets of equal width below another. */
function placed(rows: readonly (readonly Widget[])[]): object[] {
  let y = 0;
  return rows.flatMap((row) => {
    const width = gridWidth / row.length;
    const height = Math.max(...row.map(({ type }) => heights[type]));
    const top = y;
    y += height;
    return row.map((widget, index) => ({ ...widget, x: index * width, y: top, width, height }));
  });
}

/** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html */
export function dashboardBody({ names, arns, loaded, embeddedMemory }: DashboardArgs): object {
  const { config, environment } = loaded;
  const { region, partition, account } = arns.scope;
  const isEmbedded = embeddedMemory !== null;
  const embedded = isEmbedded ? [names.embeddedFunction] : [];
  const hour = 3600;
  const perDpuHour = usdPerDpuHour(config.glue.version);

  const text = (markdown: string): Widget => ({ type: "text", properties: { markdown, background: "transparent" } });
  const graph = (title: string, lines: readonly Line[], options: object = {}): Widget => ({
    type: "metric",
    properties: { title, region, view: "timeSeries", stat: "Sum", period: 300, metrics: lines, ...options },
  });
  const own = (metric: string, label: string, options: object = {}): Line => [
    metricNamespace,
    metric,
    "Pipeline",
    config.name,
    "Environment",
    environment,
    { label, ...options },
  ];
  const ofQueue = (queue: string, metric: string, label: string): Line => [
    "AWS/SQS",
    metric,
    "QueueName",
    queue,
    { label, stat: "Maximum" },
  ];
  const ofFunction = (name: string, metric: string, options: object): Line => [
    "AWS/Lambda",
    metric,
    "FunctionName",
    name,
    options,
  ];
  const ofFunctions = (metric: string, options: object = {}): Line[] =>
    [names.promoteFunction, names.settleFunction, ...embedded].map((name) =>
      ofFunction(name, metric, { label: `${name} ${metric.toLowerCase()}`, ...options }),
    );
  const perSecond = usdPerSecond(Number(embeddedMemory), temporaryStorage).toFixed(10);
  /** What runs cost, by engine. */
  const costs = (options: object = {}): Line[] => [
    own("GlueDpuHours", "DPU hours of Glue", { id: "dpu", ...options }),
    [{ expression: `dpu * ${perDpuHour}`, label: "USD of Glue", id: "glue" }],
    ...embedded.flatMap((name): Line[] => [
      ofFunction(name, "Duration", { label: "milliseconds of the embedded engine", id: "ms", ...options }),
      [{ expression: `ms / 1000 * ${perSecond}`, label: "USD of the embedded engine", id: "usd" }],
    ]),
  ];
  const prices = [
    `Glue at ${perDpuHour} USD per DPU hour (${sources.glue}, ${asOf})`,
    ...embedded.map(() => `the embedded engine at ${perSecond} USD per second (${sources.lambda}, ${asOf})`),
  ];
  const visible = "ApproximateNumberOfMessagesVisible";

  return {
    widgets: placed([
      [text("# Is it healthy?")],
      [
        {
          type: "alarm",
          properties: {
            title: "Alarms",
            alarms: pipelineAlarms(names, loaded, isEmbedded).map(
              ({ name }) => `arn:${partition}:cloudwatch:${region}:${account}:alarm:${names.prefix}-${name}`,
            ),
          },
        },
      ],
      [
        graph(
          "Files by fate",
          [
            own("FilesPromoted", "promoted"),
            own("FilesRejected", "rejected"),
            own("FilesSkipped", "skipped"),
            own("FilesSuperseded", "superseded"),
            own("FilesUntold", "found without an event"),
          ],
          { period: hour, stacked: true },
        ),
        graph("Waiting for a person", [
          ofQueue(names.promoteDeadLetters, visible, "dead letters of promote"),
          ofQueue(names.settleDeadLetters, visible, "dead letters of settle"),
          own("PublicationsFailed", "publications failed"),
          own("EffectsFailed", "starts, stops and removals failed"),
          own("NoticesFailed", "notices failed"),
          own("BatchesFailing", "batches that a sweep failed on", { stat: "Maximum" }),
        ]),
        graph("Functions in trouble", [
          ...ofFunctions("Errors"),
          ...ofFunctions("Throttles"),
          own("MessagesFailed", "tries to promote that failed"),
        ]),
      ],
      [text("# Is it late?")],
      [
        graph(
          "Runs",
          [
            own("RunsClaimed", "claimed"),
            ...embedded.map((name) => ofFunction(name, "Invocations", { label: "begun by the embedded engine" })),
            own("RunsPublished", "published"),
            own("RunsFailed", "failed"),
          ],
          { period: hour },
        ),
        graph("Late", [
          own("BatchesLate", "batches late"),
          own("RunsOverlong", "runs overlong, reported by each sweep"),
          own("ReconciliationsOverdue", "reconciliation overdue, reported by each sweep"),
          own("Sweeps", "sweeps"),
          own("BatchesUnswept", "batches that a sweep had no time for", { stat: "Maximum" }),
        ]),
        graph("Seconds a file waits", [
          ofQueue(names.promoteQueue, "ApproximateAgeOfOldestMessage", "oldest message of promote"),
        ]),
        graph("Seconds of a run", [
          own("RunSeconds", "longest", { stat: "Maximum" }),
          own("RunSeconds", "average", { stat: "Average" }),
        ]),
      ],
      [text(`# What did it cost?\n${prices.join("; ")}`)],
      [
        graph("Runs, in the time shown", costs(), {
          view: "singleValue",
          period: 86_400,
          setPeriodToTimeRange: true,
        }),
        graph("Runs, each day", costs({ visible: false }), { view: "bar", period: 86_400 }),
        graph("Milliseconds of the functions", ofFunctions("Duration"), { period: hour }),
        graph("Calls of the functions at the same time", ofFunctions("ConcurrentExecutions", { stat: "Maximum" })),
      ],
    ]),
  };
}

/** Whether the pipeline is healthy, whether it is late, and what it cost. */
export const dashboard = (name: string, args: DashboardArgs, opts: pulumi.CustomResourceOptions) =>
  new aws.cloudwatch.Dashboard(
    name,
    { dashboardName: args.names.prefix, dashboardBody: JSON.stringify(dashboardBody(args)) },
    opts,
  );
