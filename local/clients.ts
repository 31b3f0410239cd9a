import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { GlueClient } from "@aws-sdk/client-glue";
import { IAMClient } from "@aws-sdk/client-iam";
import { KMSClient } from "@aws-sdk/client-kms";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { S3Client } from "@aws-sdk/client-s3";
import { SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import { STSClient } from "@aws-sdk/client-sts";
import { region, credentials as root } from "./localAws.ts";

interface Identity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/**
 * One client per service. All of them call the local AWS, whatever the machine's own AWS settings are. Without other
 * credentials they act as the account's root, which no policy restricts.
 */
export function createClients(endpoint: string, glueEndpoint: string, credentials: Identity = root) {
  const options = { endpoint, region, credentials };
  return {
    s3: new S3Client({ ...options, forcePathStyle: true }),
    kms: new KMSClient(options),
    sqs: new SQSClient(options),
    sns: new SNSClient(options),
    iam: new IAMClient(options),
    sts: new STSClient(options),
    lambda: new LambdaClient(options),
    logs: new CloudWatchLogsClient(options),
    events: new EventBridgeClient(options),
    cloudwatch: new CloudWatchClient(options),
    glue: new GlueClient({ ...options, endpoint: glueEndpoint }),
  };
}

export type Clients = ReturnType<typeof createClients>;

export function destroyClients(clients: Clients): void {
  for (const client of Object.values(clients)) client.destroy();
}
