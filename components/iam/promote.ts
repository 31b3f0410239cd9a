import type { StackArns } from "../../config/naming.ts";
import { allow, type PolicyDocument, policyDocument } from "./document.ts";
import { copyInParts, keepLedger, useKey, writeLogs } from "./shared.ts";

/** What the promote function does, and nothing else. It can't write where it is triggered from. */
export function promotePolicy(arns: StackArns, keyArn: string): PolicyDocument {
  const { bronze, silver, rejected } = arns.buckets;
  return policyDocument(
    // Of a pinned version, also as the source of a copy.
    allow("ReadUploads", ["s3:GetObjectVersion"], [`${bronze}/*`]),
    // Without ListBucket a deleted version answers 403, as if a right were missing. ListBucketVersions says which of
    // two versions came later.
    allow("ListUploads", ["s3:ListBucket", "s3:ListBucketVersions"], [bronze]),
    allow("WritePromotions", copyInParts, [`${silver}/*`]),
    allow("WriteRejections", copyInParts, [`${rejected}/files/*`]),
    // To see whether a copy is there, or was begun. The copy can't be read.
    allow("ListCopies", ["s3:ListBucket", "s3:ListBucketMultipartUploads"], [silver, rejected]),
    ...keepLedger(arns.buckets),
    allow("StartRuns", ["glue:StartJobRun"], [arns.glueJob]),
    allow("ReceiveUploads", ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], [arns.promoteQueue]),
    allow("ContinueCopies", ["sqs:SendMessage"], [arns.promoteQueue]),
    useKey(arns, keyArn, ["s3", "sqs"]),
    writeLogs(arns.promoteLogs),
  );
}
