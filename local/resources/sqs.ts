import { CreateQueueCommand, GetQueueAttributesCommand, SetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import type * as aws from "@pulumi/aws";
import type * as native from "@pulumi/aws-native";
import { plain } from "../inputs.ts";
import { type Create, named, type Resources, tagMap } from "./resource.ts";

const text = (value: unknown): string | undefined =>
  value === undefined || typeof value === "string" ? value : JSON.stringify(value);

const queue: Create<native.sqs.QueueArgs> = async (inputs, { clients: { sqs } }) => {
  const attributes = {
    KmsMasterKeyId: inputs.kmsMasterKeyId,
    MessageRetentionPeriod: text(inputs.messageRetentionPeriod),
    VisibilityTimeout: text(inputs.visibilityTimeout),
    RedrivePolicy: text(plain(inputs.redrivePolicy)),
    RedriveAllowPolicy: text(plain(inputs.redriveAllowPolicy)),
  };
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({
      QueueName: named(inputs.queueName, "queueName"),
      Attributes: Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)),
      tags: tagMap(inputs.tags),
    }),
  );
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }));
  return { id: QueueUrl!, outputs: { queueUrl: QueueUrl, arn: Attributes?.QueueArn } };
};

const queuePolicy: Create<aws.sqs.QueuePolicyArgs> = async (inputs, { clients: { sqs } }) => {
  const Policy = plain(inputs.policy) as string;
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl: inputs.queueUrl, Attributes: { Policy } }));
  return { id: inputs.queueUrl };
};

export const sqsResources: Resources = {
  "aws-native:sqs:Queue": queue,
  "aws:sqs/queuePolicy:QueuePolicy": queuePolicy,
};
