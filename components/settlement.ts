import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { ledgerKeys } from "../handlers/keys.ts";
import { PipelineFunction, type PipelineFunctionArgs } from "./pipelineFunction.ts";
import type { Queue } from "./queue.ts";

export interface SettlementArgs extends PipelineFunctionArgs {
  /** The queue for events that the function failed on, or that never reached it. */
  readonly deadLetters: Queue;
  /** The Glue job whose ends are settled. */
  readonly glueJob: string;
  readonly jobEndedRule: string;
  /** The bucket in which the embedded engine leaves its reports. */
  readonly ledgerBucket: string;
  readonly reportedRule: string;
  readonly sweepRule: string;
  /** Seconds between two sweeps. */
  readonly sweepEvery: number;
}

/** A schedule counts minutes; what lies between two of them is rounded up. */
function rateExpression(seconds: number): string {
  const minutes = Math.ceil(seconds / 60);
  return `rate(${minutes} ${minutes === 1 ? "minute" : "minutes"})`;
}

/**
 * The function that settles runs. The end of a job run wakes it, or the report of the embedded engine, and, because
 * such an event may be lost, a schedule.
 */
export class Settlement extends pulumi.ComponentResource {
  readonly functionName: pulumi.Output<string>;

  constructor(name: string, args: SettlementArgs, opts?: pulumi.ComponentResourceOptions) {
    super("commerce:settlement:Settlement", name, {}, opts);
    const { deadLetters, glueJob, jobEndedRule, ledgerBucket, reportedRule, sweepRule, sweepEvery, ...functionArgs } =
      args;

    const settle = new PipelineFunction(name, functionArgs, { parent: this });
    new aws.lambda.FunctionEventInvokeConfig(
      `${name}-failures`,
      {
        functionName: settle.functionName,
        // A later sweep does the same work, so an old event is worth little.
        maximumEventAgeInSeconds: 3600,
        maximumRetryAttempts: 2,
        destinationConfig: { onFailure: { destination: deadLetters.arn } },
      },
      { parent: this, dependsOn: [settle.policy] },
    );

    const wake = (role: string, rule: aws.cloudwatch.EventRule, input?: object) => {
      const permission = new aws.lambda.Permission(
        `${name}-${role}-permission`,
        {
          action: "lambda:InvokeFunction",
          function: settle.functionName,
          principal: "events.amazonaws.com",
          sourceArn: rule.arn,
        },
        { parent: this },
      );
      new aws.cloudwatch.EventTarget(
        `${name}-${role}-target`,
        {
          rule: rule.name,
          targetId: role,
          arn: settle.arn,
          ...(input && { input: JSON.stringify(input) }),
          deadLetterConfig: { arn: deadLetters.arn },
        },
        { parent: this, dependsOn: [permission, deadLetters.policy] },
      );
    };
    wake(
      "job-ended",
      new aws.cloudwatch.EventRule(
        `${name}-job-ended`,
        {
          name: jobEndedRule,
          description: `A run of ${glueJob} has ended`,
          eventPattern: JSON.stringify({
            source: ["aws.glue"],
            "detail-type": ["Glue Job State Change"],
            detail: { jobName: [glueJob], state: ["SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED"] },
          }),
          tags: args.tags,
        },
        { parent: this },
      ),
    );
    wake(
      "reported",
      new aws.cloudwatch.EventRule(
        `${name}-reported`,
        {
          name: reportedRule,
          description: "The embedded engine has left a report",
          eventPattern: JSON.stringify({
            source: ["aws.s3"],
            "detail-type": ["Object Created"],
            detail: { bucket: { name: [ledgerBucket] }, object: { key: [{ wildcard: ledgerKeys.embeddedReports }] } },
          }),
          tags: args.tags,
        },
        { parent: this },
      ),
    );
    wake(
      "sweep",
      new aws.cloudwatch.EventRule(
        `${name}-sweep`,
        {
          name: sweepRule,
          description: "Takes up what no event has finished",
          scheduleExpression: rateExpression(sweepEvery),
          tags: args.tags,
        },
        { parent: this },
      ),
      { kind: "sweep" },
    );

    this.functionName = settle.functionName;
    this.registerOutputs({ functionName: this.functionName });
  }
}
