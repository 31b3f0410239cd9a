/** Only the SDK clients of settle's bundle. */
export { GlueClient } from "@aws-sdk/client-glue";
export { S3Client } from "@aws-sdk/client-s3";
export { SNSClient } from "@aws-sdk/client-sns";
export { SQSClient } from "@aws-sdk/client-sqs";
