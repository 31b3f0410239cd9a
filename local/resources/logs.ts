import { CreateLogGroupCommand, PutRetentionPolicyCommand } from "@aws-sdk/client-cloudwatch-logs";
import type * as native from "@pulumi/aws-native";
import { type Create, named, type Resources, tagMap } from "./resource.ts";

const logGroup: Create<native.logs.LogGroupArgs> = async (inputs, { clients: { logs }, region, accountId }) => {
  const logGroupName = named(inputs.logGroupName, "logGroupName");
  await logs.send(new CreateLogGroupCommand({ logGroupName, kmsKeyId: inputs.kmsKeyId, tags: tagMap(inputs.tags) }));
  if (inputs.retentionInDays)
    await logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: inputs.retentionInDays }));
  return { id: logGroupName, outputs: { arn: `arn:aws:logs:${region}:${accountId}:log-group:${logGroupName}:*` } };
};

export const logsResources: Resources = { "aws-native:logs:LogGroup": logGroup };
