import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type Sender, topicPolicy } from "./iam/resource.ts";
import type { Tags } from "./tags.ts";

/** One number that must not reach a limit, or must not stay below one. */
export interface Alarm {
  /** The end of the alarm's name. */
  readonly name: string;
  /** What has happened and what to do first, for whoever is woken. */
  readonly description: string;
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, pulumi.Input<string>>>;
  readonly statistic: "Sum" | "Maximum";
  /** `atLeast`: the alarm is raised at the threshold, not above it. */
  readonly comparison: "atLeast" | "below";
  readonly threshold: number;
  /** Seconds over which a value is taken. */
  readonly period: number;
  /** How many of the newest values are evaluated, and how many of them have to be bad. */
  readonly datapoints: { readonly bad: number; readonly of: number };
  /** What it means when nothing is reported: all is well, something is wrong, or all is as it was. */
  readonly missingData: "notBreaching" | "breaching" | "ignore";
  /** Whether people are also notified of its end; an event has none. */
  readonly tellsEnd: boolean;
}

export interface AlertsArgs {
  readonly topicName: string;
  /** The topic's ARN, known from its name, for the policy. */
  readonly topicArn: string;
  /** The alarms' names begin with it. */
  readonly prefix: string;
  /** Which alarms may publish. */
  readonly sender: Sender;
  readonly keyArn: pulumi.Input<string>;
  /** Gets a mail for each alert, once its owner has confirmed. Without it nobody gets mails. */
  readonly email?: string | undefined;
  readonly alarms: readonly Alarm[];
  readonly tags: Tags;
}

const comparisons = {
  atLeast: "GreaterThanOrEqualToThreshold",
  below: "LessThanThreshold",
} as const satisfies Record<Alarm["comparison"], string>;

/** The topic that notifies people, and the alarms that publish to it. */
export class Alerts extends pulumi.ComponentResource {
  readonly topicArn: pulumi.Output<string>;

  constructor(name: string, args: AlertsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("commerce:alerting:Alerts", name, {}, opts);

    const topic = new aws.sns.Topic(
      name,
      { name: args.topicName, kmsMasterKeyId: args.keyArn, tags: args.tags },
      { parent: this },
    );
    new aws.sns.TopicPolicy(
      `${name}-policy`,
      { arn: topic.arn, policy: JSON.stringify(topicPolicy(args.topicArn, args.sender)) },
      { parent: this },
    );
    if (args.email)
      new aws.sns.TopicSubscription(
        `${name}-email`,
        { topic: topic.arn, protocol: "email", endpoint: args.email },
        { parent: this },
      );
    for (const alarm of args.alarms)
      new aws.cloudwatch.MetricAlarm(
        `${name}-${alarm.name}`,
        {
          name: `${args.prefix}-${alarm.name}`,
          alarmDescription: alarm.description,
          namespace: alarm.namespace,
          metricName: alarm.metric,
          dimensions: alarm.dimensions,
          statistic: alarm.statistic,
          period: alarm.period,
          evaluationPeriods: alarm.datapoints.of,
          datapointsToAlarm: alarm.datapoints.bad,
          threshold: alarm.threshold,
          comparisonOperator: comparisons[alarm.comparison],
          treatMissingData: alarm.missingData,
          alarmActions: [topic.arn],
          ...(alarm.tellsEnd && { okActions: [topic.arn] }),
          tags: args.tags,
        },
        { parent: this },
      );

    this.topicArn = topic.arn;
    this.registerOutputs({ topicArn: this.topicArn });
  }
}
