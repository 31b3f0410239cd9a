import type { GlueClient } from "@aws-sdk/client-glue";
import type { LambdaClient } from "@aws-sdk/client-lambda";
import type { S3Client } from "@aws-sdk/client-s3";
import type { SNSClient } from "@aws-sdk/client-sns";
import type { SQSClient } from "@aws-sdk/client-sqs";

/** The calls of the SDK's clients that the functions make. */
export type S3 = Pick<S3Client, "send">;
export type Sqs = Pick<SQSClient, "send">;
export type Sns = Pick<SNSClient, "send">;
export type Glue = Pick<GlueClient, "send">;
export type Lambda = Pick<LambdaClient, "send">;
