import type { StackArns } from "../../config/naming.ts";
import { allow, type PolicyDocument, policyDocument } from "./document.ts";
import { keepLedger, useKey, writeLogs } from "./shared.ts";

/** What the promote function does, and nothing else. It can't write where it is triggered from. */
export function promotePolicy(arns: StackArns, keyArn: string): PolicyDocument {
  const { bronze, silver, rejected, ledger } = arns.buckets;
  return policyDocument(
    // Of a pinned version, also as the source of a copy.
    allow("ReadUploads", ["s3:GetObjectVersion"], [`${bronze}/*`]),
    // Without it a version that was deleted meanwhile answers 403, as if a right were missing.
    allow("ListUploads", ["s3:ListBucket"], [bronze]),
    allow("WritePromotions", ["s3:PutObject", "s3:AbortMultipartUpload"], [`${silver}/*`]),
    allow("WriteRejections", ["s3:PutObject", "s3:AbortMultipartUpload"], [`${rejected}/files/*`]),
    ...keepLedger(ledger),
    allow("StartRuns", ["glue:StartJobRun", "glue:GetJob", "glue:GetJobRuns"], [arns.glueJob]),
    allow("ReceiveUploads", ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], [arns.promoteQueue]),
    useKey(arns, keyArn, ["s3", "sqs"]),
    writeLogs(arns.promoteLogs),
  );
}
