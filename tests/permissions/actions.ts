import type { DeclaredStack } from "./declared.ts";

/** What a command asks of IAM, before it is known who sends it. */
export interface Need {
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string>>;
}

// Commands are told apart by their class, so their inputs are read by name.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Input = any;

const region = (keyArn: string) => keyArn.split(":")[3]!;

/** What each service encrypts for, as it tells KMS. */
const encryptionContexts = { s3: "aws:s3:arn", sns: "aws:sns:topicArn", sqs: "aws:sqs:arn" } as const;

/** The key's use behind a call of `service`: the caller needs the right itself, which KMS sees coming by the service. */
export const keyUse = (
  { keyArn }: Pick<DeclaredStack, "keyArn">,
  service: keyof typeof encryptionContexts,
  action: "kms:Decrypt" | "kms:GenerateDataKey",
  arn: string,
): Need => ({
  action,
  resource: keyArn,
  context: {
    "kms:ViaService": `${service}.${region(keyArn)}.amazonaws.com`,
    [`kms:EncryptionContext:${encryptionContexts[service]}`]: arn,
  },
});

const bucketArn = (bucket: string) => `arn:aws:s3:::${bucket}`;

/**
 * What a command of S3 asks for; every bucket is encrypted with the stack's key, and bucket keys bind its use to the
 * bucket. After "Required permissions for Amazon S3 API operations" (S3 user guide, using-with-s3-policy-actions) and
 * "Multipart upload permissions" (mpuoverview).
 */
function s3Needs(stack: DeclaredStack, command: string, input: Input): Need[] {
  const bucket = bucketArn(input.Bucket);
  const object = `${bucket}/${input.Key}`;
  const encrypted = {
    ...(input.ServerSideEncryption && { "s3:x-amz-server-side-encryption": input.ServerSideEncryption }),
    ...(input.SSEKMSKeyId && { "s3:x-amz-server-side-encryption-aws-kms-key-id": input.SSEKMSKeyId }),
  };
  const decrypt = (arn: string) => keyUse(stack, "s3", "kms:Decrypt", arn);
  const encrypt = keyUse(stack, "s3", "kms:GenerateDataKey", bucket);
  const need = (action: string, resource: string, context = {}): Need => ({ action, resource, context });
  const put = need("s3:PutObject", object, encrypted);
  const read = (ofBucket: string, key: string, version: string | undefined) => [
    need(version ? "s3:GetObjectVersion" : "s3:GetObject", `${bucketArn(ofBucket)}/${key}`),
    decrypt(bucketArn(ofBucket)),
  ];
  const source = () => {
    const [, ofBucket, key, version] = /^([^/]+)\/([^?]+)(?:\?versionId=(.+))?$/.exec(input.CopySource)!;
    return read(ofBucket!, decodeURIComponent(key!), version);
  };
  switch (command) {
    case "HeadObject":
    case "GetObject":
      return read(input.Bucket, input.Key, input.VersionId);
    case "PutObject":
      // "If-Match" compares with what is there, which takes the right to read it.
      return [put, encrypt, ...(input.IfMatch ? [need("s3:GetObject", object)] : [])];
    case "CopyObject":
      return [...source(), put, encrypt];
    case "CreateMultipartUpload":
      return [put, encrypt];
    // Parts of an encrypted upload are read again when they are put together.
    case "UploadPartCopy":
      return [...source(), put, encrypt, decrypt(bucket)];
    case "CompleteMultipartUpload":
      return [put, decrypt(bucket)];
    case "AbortMultipartUpload":
      return [need("s3:AbortMultipartUpload", object)];
    case "ListParts":
      return [need("s3:ListMultipartUploadParts", object)];
    case "ListMultipartUploads":
      return [need("s3:ListBucketMultipartUploads", bucket)];
    case "ListObjectsV2":
      return [need("s3:ListBucket", bucket, input.Prefix === undefined ? {} : { "s3:prefix": input.Prefix })];
    case "ListObjectVersions":
      return [need("s3:ListBucketVersions", bucket)];
    case "DeleteObject":
      return [need(input.VersionId ? "s3:DeleteObjectVersion" : "s3:DeleteObject", object)];
    default:
      throw new Error(`what ${command} asks of S3 is not stated`);
  }
}

/** After "Amazon SQS API permissions" and "Configure KMS permissions" (SQS developer guide, sqs-key-management). */
function sqsNeeds(stack: DeclaredStack, command: string, input: Input): Need[] {
  const { names, queues } = stack;
  const arns: Readonly<Record<string, string>> = {
    [names.promoteQueueUrl]: queues.promote,
    [names.promoteDeadLettersUrl]: queues.promoteDeadLetters,
    [names.settleDeadLettersUrl]: queues.settleDeadLetters,
  };
  const queue = arns[input.QueueUrl]!;
  const use = (action: "kms:Decrypt" | "kms:GenerateDataKey") => keyUse(stack, "sqs", action, queue);
  const call = { action: `sqs:${command}`, resource: queue, context: {} };
  switch (command) {
    case "SendMessage":
      return [call, use("kms:GenerateDataKey"), use("kms:Decrypt")];
    case "ReceiveMessage":
      return [call, use("kms:Decrypt")];
    case "DeleteMessage":
      return [call];
    default:
      throw new Error(`what ${command} asks of SQS is not stated`);
  }
}

/** After "Amazon SNS API permissions" and "Managing Amazon SNS encryption keys" (SNS developer guide, sns-key-management). */
function snsNeeds(stack: DeclaredStack, command: string, input: Input): Need[] {
  if (command !== "Publish") throw new Error(`what ${command} asks of SNS is not stated`);
  const use = (action: "kms:Decrypt" | "kms:GenerateDataKey") => keyUse(stack, "sns", action, input.TopicArn);
  const call = { action: "sns:Publish", resource: input.TopicArn, context: {} };
  return [call, use("kms:GenerateDataKey"), use("kms:Decrypt")];
}

/** After "Actions, resources, and condition keys for AWS Glue": the catalog's actions are checked on all three levels. */
function glueNeeds({ jobArn }: DeclaredStack, command: string, input: Input): Need[] {
  const arn = (resource: string) => jobArn.replace(/job\/.+$/, resource);
  const on = (...resources: string[]) =>
    resources.map((resource) => ({ action: `glue:${command}`, resource, context: {} }));
  switch (command) {
    case "GetJobRun":
    case "GetJobRuns":
    case "StartJobRun":
    case "BatchStopJobRun":
      return on(arn(`job/${input.JobName}`));
    case "GetTable":
    case "CreatePartition":
    case "UpdatePartition":
    case "DeletePartition":
      return on(
        arn("catalog"),
        arn(`database/${input.DatabaseName}`),
        arn(`table/${input.DatabaseName}/${input.TableName ?? input.Name}`),
      );
    default:
      throw new Error(`what ${command} asks of Glue is not stated`);
  }
}

/** After "Actions, resources, and condition keys for AWS Lambda": a call of a version is checked on that version. */
function lambdaNeeds(_: DeclaredStack, command: string, input: Input): Need[] {
  if (command !== "Invoke") throw new Error(`what ${command} asks of Lambda is not stated`);
  return [{ action: "lambda:InvokeFunction", resource: input.FunctionName, context: {} }];
}

const needs = { s3: s3Needs, sns: snsNeeds, sqs: sqsNeeds, glue: glueNeeds, lambda: lambdaNeeds } as const;
export type Service = keyof typeof needs;

/** @throws Error for a command that is not stated here, so that a new one in the code can't stay unnoticed. */
export function needsOf(stack: DeclaredStack, service: Service, command: string, input: Input): Need[] {
  return needs[service](stack, command, input);
}
