/** Only the SDK clients of promote's bundle. */
export { GlueClient } from "@aws-sdk/client-glue";
export { S3Client } from "@aws-sdk/client-s3";
export { SQSClient } from "@aws-sdk/client-sqs";
