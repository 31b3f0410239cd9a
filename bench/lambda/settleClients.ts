/** The clients of settle's bundle, and nothing else. */
export { GlueClient } from "@aws-sdk/client-glue";
export { S3Client } from "@aws-sdk/client-s3";
export { SNSClient } from "@aws-sdk/client-sns";
export { SQSClient } from "@aws-sdk/client-sqs";
