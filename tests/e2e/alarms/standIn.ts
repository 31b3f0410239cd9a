import { setTimeout as sleep } from "node:timers/promises";
import { DescribeAlarmsCommand, GetMetricStatisticsCommand, SetAlarmStateCommand } from "@aws-sdk/client-cloudwatch";
import { paginateFilterLogEvents } from "@aws-sdk/client-cloudwatch-logs";
import { SubscribeCommand } from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
} from "@aws-sdk/client-sqs";
import type { Clients } from "../../../local/clients.ts";
import { toldBy } from "../../local/toldBy.ts";
import { evaluate, type Point } from "./evaluate.ts";

/** What an alarm told the topic. */
export interface Told {
  readonly alarm: string;
  readonly state: string;
  readonly description: string;
}

/**
 * Stands in for the part of CloudWatch that the local AWS lacks: it makes no metrics of log lines, counts no messages of
 * queues, and evaluates an alarm without its dimensions, periods and missing data. Everything else is the local AWS's:
 * the alarms as deployed, the functions' log lines, Lambda's own metrics, and the way from an alarm's new state by the
 * topic to a queue that is subscribed to it.
 */
export interface CloudWatchStandIn {
  /** Evaluates every alarm `ahead` seconds from now, and returns what the topic was told since the last look. */
  look(ahead?: number): Promise<Told[]>;
  /** Lets time go by in which nothing is reported: what was reported until now is `seconds` older. */
  pass(seconds: number): void;
  /** Looks until an alarm has told that it is in `state`. */
  hear(alarm: string, state?: "ALARM" | "OK", patience?: number): Promise<Told>;
}

interface Watched {
  readonly topicArn: string;
  readonly logGroups: readonly string[];
  readonly prefix: string;
}

type Embedded = Readonly<Record<string, unknown>> & {
  readonly _aws?: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string }[];
    }[];
  };
};

/** The values that a log line in the embedded metric format carries. */
function pointsOf(line: string): Point[] {
  const start = line.indexOf('{"level"');
  if (start < 0) return [];
  const entry = JSON.parse(line.slice(start)) as Embedded;
  return (entry._aws?.CloudWatchMetrics ?? []).flatMap(({ Namespace, Dimensions, Metrics }) =>
    Dimensions.flatMap((names) =>
      Metrics.map(({ Name }) => ({
        namespace: Namespace,
        metric: Name,
        dimensions: Object.fromEntries(names.map((name) => [name, String(entry[name])])),
        value: Number(entry[Name]),
        at: entry._aws!.Timestamp,
      })),
    ),
  );
}

export async function standInForCloudWatch(
  { cloudwatch, logs, sns, sqs }: Clients,
  { topicArn, logGroups, prefix }: Watched,
): Promise<CloudWatchStandIn> {
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({ QueueName: "on-call", Attributes: toldBy("sns", "on-call", topicArn) }),
  );
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }));
  await sns.send(
    new SubscribeCommand({
      TopicArn: topicArn,
      Protocol: "sqs",
      Endpoint: Attributes!.QueueArn,
      Attributes: { RawMessageDelivery: "true" },
    }),
  );
  const begun = Date.now();
  /** SQS's numbers are of a moment, so they are kept from look to look. */
  const ofQueues: Point[] = [];
  const passed: { readonly before: number; readonly milliseconds: number }[] = [];
  const aged = (point: Point): Point => ({
    ...point,
    at: passed.reduce((at, { before, milliseconds }) => (point.at <= before ? at - milliseconds : at), point.at),
  });
  /** Since when a queue has not been empty: its oldest message is at least that old. */
  const notEmptySince = new Map<string, number>();

  async function ofLogs(): Promise<Point[]> {
    const points: Point[] = [];
    for (const logGroupName of logGroups)
      for await (const { events = [] } of paginateFilterLogEvents({ client: logs }, { logGroupName }))
        points.push(...events.flatMap(({ message = "" }) => pointsOf(message)));
    return points;
  }

  async function lookAtQueue(name: string): Promise<void> {
    const at = Date.now();
    const { QueueUrl: url } = await sqs.send(new GetQueueUrlCommand({ QueueName: name }));
    const { Attributes: numbers = {} } = await sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: url,
        AttributeNames: ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
      }),
    );
    const visible = Number(numbers.ApproximateNumberOfMessages);
    if (visible + Number(numbers.ApproximateNumberOfMessagesNotVisible) === 0) notEmptySince.delete(name);
    else if (!notEmptySince.has(name)) notEmptySince.set(name, at);
    const age = Math.floor((at - (notEmptySince.get(name) ?? at)) / 1000);
    const point = (metric: string, value: number): Point => ({
      namespace: "AWS/SQS",
      metric,
      dimensions: { QueueName: name },
      value,
      at,
    });
    ofQueues.push(point("ApproximateNumberOfMessagesVisible", visible), point("ApproximateAgeOfOldestMessage", age));
  }

  async function ofFunction(name: string, metric: string): Promise<Point[]> {
    const { Datapoints = [] } = await cloudwatch.send(
      new GetMetricStatisticsCommand({
        Namespace: "AWS/Lambda",
        MetricName: metric,
        Dimensions: [{ Name: "FunctionName", Value: name }],
        StartTime: new Date(begun - 60_000),
        EndTime: new Date(Date.now() + 60_000),
        Period: 1,
        Statistics: ["Sum"],
      }),
    );
    return Datapoints.map(({ Timestamp, Sum }) => ({
      namespace: "AWS/Lambda",
      metric,
      dimensions: { FunctionName: name },
      value: Sum!,
      at: Timestamp!.getTime(),
    }));
  }

  async function received(): Promise<Told[]> {
    const told: Told[] = [];
    for (;;) {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      if (Messages.length === 0) return told;
      for (const { Body, ReceiptHandle } of Messages) {
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: ReceiptHandle! }));
        let message: Readonly<Record<string, string>>;
        try {
          message = JSON.parse(Body!);
        } catch {
          continue; // The functions' own notices are texts.
        }
        const { AlarmName, NewStateValue, AlarmDescription } = message;
        told.push({
          alarm: AlarmName!.slice(prefix.length + 1),
          state: NewStateValue!,
          description: AlarmDescription!,
        });
      }
    }
  }

  async function look(ahead = 0): Promise<Told[]> {
    const { MetricAlarms: alarms = [] } = await cloudwatch.send(
      new DescribeAlarmsCommand({ AlarmNamePrefix: `${prefix}-`, MaxRecords: 100 }),
    );
    const points = await ofLogs();
    const queues = alarms.filter(({ Namespace }) => Namespace === "AWS/SQS").map(({ Dimensions }) => Dimensions![0]!);
    for (const queue of new Set(queues.map(({ Value }) => Value!))) await lookAtQueue(queue);
    for (const { Namespace, MetricName, Dimensions } of alarms)
      if (Namespace === "AWS/Lambda") points.push(...(await ofFunction(Dimensions![0]!.Value!, MetricName!)));
    const reported = [...points, ...ofQueues].map(aged);
    const now = Date.now() + ahead * 1000;
    for (const alarm of alarms) {
      const state = evaluate(alarm, reported, now);
      if (state && state !== alarm.StateValue)
        await cloudwatch.send(
          new SetAlarmStateCommand({ AlarmName: alarm.AlarmName!, StateValue: state, StateReason: "as evaluated" }),
        );
    }
    return await received();
  }

  const heard: Told[] = [];
  return {
    look,
    pass: (seconds) => passed.push({ before: Date.now(), milliseconds: seconds * 1000 }),
    async hear(alarm, state = "ALARM", patience = 60_000) {
      const deadline = Date.now() + patience;
      for (;;) {
        heard.push(...(await look()));
        const index = heard.findIndex((told) => told.alarm === alarm && told.state === state);
        if (index >= 0) return heard.splice(index, 1)[0]!;
        if (Date.now() > deadline)
          throw new Error(`${alarm} never told ${state}; heard was ${JSON.stringify(heard.map((told) => told))}`);
        await sleep(250);
      }
    },
  };
}
