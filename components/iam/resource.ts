import { allow, denyPlainText, type PolicyDocument, policyDocument, type Statement } from "./document.ts";

/** Who may read some of a bucket's folders, and nothing else. */
export interface Reader {
  /** ARN of a role or a user of any account. In another account its own policy must allow the access as well. */
  readonly principal: string;
  readonly folders: readonly string[];
}

const readFolders = (bucketArn: string, { principal, folders }: Reader, number: number): readonly Statement[] =>
  [
    allow(
      `Read${number}`,
      ["s3:GetObject"],
      folders.map((folder) => `${bucketArn}/${folder}/*`),
    ),
    allow(`List${number}`, ["s3:ListBucket"], [bucketArn], {
      StringLike: { "s3:prefix": folders.map((folder) => `${folder}/*`) },
    }),
  ].map((statement) => ({ ...statement, Principal: { AWS: principal } }));

/**
 * Limits of a bucket that hold for every principal. A request without encryption headers gets the bucket's default, the
 * stack's key; a request with such headers must name that key.
 */
export function bucketPolicy(bucketArn: string, keyArn: string, readers: readonly Reader[] = []): PolicyDocument {
  const objects = `${bucketArn}/*`;
  const denyPut = (sid: string, condition: Statement["Condition"]): Statement => ({
    ...allow(sid, ["s3:PutObject"], [objects], condition),
    Effect: "Deny",
    Principal: "*",
  });
  return policyDocument(
    denyPlainText("s3:*", [bucketArn, objects]),
    denyPut("DenyOtherEncryption", {
      Null: { "s3:x-amz-server-side-encryption": "false" },
      StringNotEquals: { "s3:x-amz-server-side-encryption": "aws:kms" },
    }),
    // Also true when no key is named, which would mean the account's default key for S3.
    denyPut("DenyOtherKeys", {
      Null: { "s3:x-amz-server-side-encryption": "false" },
      StringNotEquals: { "s3:x-amz-server-side-encryption-aws-kms-key-id": keyArn },
    }),
    denyPut("DenyCallersKeys", { Null: { "s3:x-amz-server-side-encryption-customer-algorithm": "false" } }),
    ...readers.flatMap((reader, index) => readFolders(bucketArn, reader, index + 1)),
  );
}

/** Who may send to a queue or a topic, and for which resources. */
export interface Sender {
  readonly sid: string;
  readonly service: string;
  readonly account: string;
  /** ARNs, or patterns of them, of what the service may act for. */
  readonly sources: readonly string[];
}

const accept = (action: string, resource: string, { sid, service, account, sources }: Sender): Statement => ({
  ...allow(sid, [action], [resource], {
    ArnLike: { "aws:SourceArn": sources },
    StringEquals: { "aws:SourceAccount": account },
  }),
  Principal: { Service: service },
});

export const queuePolicy = (queueArn: string, ...senders: readonly Sender[]): PolicyDocument =>
  policyDocument(
    denyPlainText("sqs:*", [queueArn]),
    ...senders.map((sender) => accept("sqs:SendMessage", queueArn, sender)),
  );

// "sns:*" is refused in a topic's policy: it may name only actions on the topic.
export const topicPolicy = (topicArn: string, ...senders: readonly Sender[]): PolicyDocument =>
  policyDocument(
    denyPlainText("sns:Publish", [topicArn]),
    ...senders.map((sender) => accept("sns:Publish", topicArn, sender)),
  );
