import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { S3Client } from "@aws-sdk/client-s3";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { LocalStack } from "../local/index.ts";

export interface StackClients {
  readonly s3: S3Client;
  readonly logs: CloudWatchLogsClient;
  readonly sqs: SQSClient;
}

export function createClients({ endpoint, region, credentials }: LocalStack): StackClients {
  const options = { endpoint, region, credentials };
  return {
    s3: new S3Client({ ...options, forcePathStyle: true }),
    logs: new CloudWatchLogsClient(options),
    sqs: new SQSClient(options),
  };
}

export interface StackNames {
  readonly bronzeBucket: string;
  readonly goldBucket: string;
  readonly ledgerBucket: string;
  readonly promoteFunction: string;
  readonly promoteDeadLetterQueueUrl: string;
}

/** @throws Error that names an output that the program lacks. */
export function stackNames({ outputs }: LocalStack): StackNames {
  const text = (name: keyof StackNames): string => {
    const value = outputs[name];
    if (typeof value !== "string") throw new Error(`the Pulumi program has no output ${name}`);
    return value;
  };
  return {
    bronzeBucket: text("bronzeBucket"),
    goldBucket: text("goldBucket"),
    ledgerBucket: text("ledgerBucket"),
    promoteFunction: text("promoteFunction"),
    promoteDeadLetterQueueUrl: text("promoteDeadLetterQueueUrl"),
  };
}
