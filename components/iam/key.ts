import type { StackArns } from "../../config/naming.ts";
import { allow, type PolicyDocument, policyDocument, type Statement } from "./document.ts";

const ofService = (service: string, statement: Statement): Statement => ({
  ...statement,
  Principal: { Service: service },
});

/** Resource "*" in a key policy is the key itself. */
const thisKey = ["*"];

/**
 * Who may use the stack's key. The stack's own roles get it from their policies, which the account's root lets count.
 * A service that hands something encrypted to another one has to be named here, else its message is lost in silence.
 */
export function keyPolicy(arns: StackArns): PolicyDocument {
  const { partition, region, account } = arns.scope;
  const sendEncrypted = ["kms:Decrypt", "kms:GenerateDataKey"];
  return policyDocument(
    {
      ...allow("AdministerByAccount", ["kms:*"], thisKey),
      Principal: { AWS: `arn:${partition}:iam::${account}:root` },
    },
    ofService(
      `logs.${region}.amazonaws.com`,
      allow(
        "EncryptLogs",
        ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
        thisKey,
        {
          ArnEquals: { "kms:EncryptionContext:aws:logs:arn": [arns.promoteLogs, arns.settleLogs, ...arns.glueLogs] },
        },
      ),
    ),
    ofService(
      "s3.amazonaws.com",
      allow("NotifyUploads", sendEncrypted, thisKey, {
        ArnEquals: { "aws:SourceArn": arns.buckets.bronze },
        StringEquals: { "aws:SourceAccount": account },
      }),
    ),
    ofService(
      "cloudwatch.amazonaws.com",
      allow("PublishAlarms", sendEncrypted, thisKey, {
        ArnLike: { "aws:SourceArn": arns.alarms },
        StringEquals: { "aws:SourceAccount": account },
      }),
    ),
    // EventBridge names no source when it uses a key, so the queue's policy, which it does tell, sets the limit.
    ofService("events.amazonaws.com", allow("KeepUndeliveredEvents", sendEncrypted, thisKey)),
  );
}
