import { cloudwatchResources } from "./cloudwatch.ts";
import { eventsResources } from "./events.ts";
import { glueResources } from "./glue.ts";
import { iamResources } from "./iam.ts";
import { kmsResources } from "./kms.ts";
import { lambdaResources } from "./lambda.ts";
import { logsResources } from "./logs.ts";
import type { Resources } from "./resource.ts";
import { s3Resources } from "./s3.ts";
import { snsResources } from "./sns.ts";
import { sqsResources } from "./sqs.ts";

/** Every resource type that can be made on the local AWS. */
export const resources: Resources = {
  ...cloudwatchResources,
  ...eventsResources,
  ...glueResources,
  ...iamResources,
  ...kmsResources,
  ...lambdaResources,
  ...logsResources,
  ...s3Resources,
  ...snsResources,
  ...sqsResources,
};
