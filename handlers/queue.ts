import type { SQSClient } from "@aws-sdk/client-sqs";

/** The calls of an SQS client that the functions make. */
export type Sqs = Pick<SQSClient, "send">;
