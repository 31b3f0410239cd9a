import { PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import type * as aws from "@pulumi/aws";
import { plain } from "../inputs.ts";
import { type Create, named, type Resources, tagPairs } from "./resource.ts";

const rule: Create<aws.cloudwatch.EventRuleArgs> = async (inputs, { clients: { events } }) => {
  const Name = named(inputs.name, "name");
  const { RuleArn } = await events.send(
    new PutRuleCommand({
      Name,
      Description: inputs.description,
      EventPattern: inputs.eventPattern,
      ScheduleExpression: inputs.scheduleExpression,
      State: inputs.state as "ENABLED" | "DISABLED" | undefined,
      Tags: tagPairs(plain(inputs.tags)),
    }),
  );
  return { id: Name, outputs: { arn: RuleArn } };
};

const target: Create<aws.cloudwatch.EventTargetArgs> = async (inputs, { clients: { events } }) => {
  const Id = named(inputs.targetId, "targetId");
  const { FailedEntries = [] } = await events.send(
    new PutTargetsCommand({
      Rule: inputs.rule,
      Targets: [
        {
          Id,
          Arn: inputs.arn,
          Input: inputs.input,
          DeadLetterConfig: inputs.deadLetterConfig && { Arn: inputs.deadLetterConfig.arn },
          RetryPolicy: inputs.retryPolicy && {
            MaximumEventAgeInSeconds: inputs.retryPolicy.maximumEventAgeInSeconds,
            MaximumRetryAttempts: inputs.retryPolicy.maximumRetryAttempts,
          },
        },
      ],
    }),
  );
  if (FailedEntries.length > 0) throw new Error(`EventBridge refused it: ${FailedEntries[0]?.ErrorMessage}`);
  return { id: `${inputs.rule}-${Id}` };
};

export const eventsResources: Resources = {
  "aws:cloudwatch/eventRule:EventRule": rule,
  "aws:cloudwatch/eventTarget:EventTarget": target,
};
