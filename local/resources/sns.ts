import { CreateTopicCommand, SetTopicAttributesCommand, SubscribeCommand } from "@aws-sdk/client-sns";
import type * as aws from "@pulumi/aws";
import { plain } from "../inputs.ts";
import { type Create, named, type Resources, tagPairs } from "./resource.ts";

const topic: Create<aws.sns.TopicArgs> = async (inputs, { clients: { sns } }) => {
  const { kmsMasterKeyId } = inputs;
  const { TopicArn } = await sns.send(
    new CreateTopicCommand({
      Name: named(inputs.name, "name"),
      Attributes: kmsMasterKeyId ? { KmsMasterKeyId: kmsMasterKeyId } : {},
      Tags: tagPairs(plain(inputs.tags)),
    }),
  );
  return { id: TopicArn!, outputs: { arn: TopicArn } };
};

const topicPolicy: Create<aws.sns.TopicPolicyArgs> = async (inputs, { clients: { sns } }) => {
  await sns.send(
    new SetTopicAttributesCommand({
      TopicArn: inputs.arn,
      AttributeName: "Policy",
      AttributeValue: plain(inputs.policy) as string,
    }),
  );
  return { id: inputs.arn };
};

const subscription: Create<aws.sns.TopicSubscriptionArgs> = async (inputs, { clients: { sns } }) => {
  const { SubscriptionArn } = await sns.send(
    new SubscribeCommand({
      TopicArn: inputs.topic as unknown as string,
      Protocol: inputs.protocol,
      Endpoint: inputs.endpoint,
      ReturnSubscriptionArn: true,
    }),
  );
  return { id: SubscriptionArn!, outputs: { arn: SubscriptionArn } };
};

export const snsResources: Resources = {
  "aws:sns/topic:Topic": topic,
  "aws:sns/topicPolicy:TopicPolicy": topicPolicy,
  "aws:sns/topicSubscription:TopicSubscription": subscription,
};
