import type { StackArns } from "../../config/naming.ts";
import { allow, type PolicyDocument, policyDocument } from "./document.ts";
import { copyInParts, keepLedger, useKey, writeLogs } from "./shared.ts";

/** What the promote function does, and nothing else. It can't write where it is triggered from. */
export function promotePolicy(arns: StackArns, keyArn: string): PolicyDocument {
  const { bronze, silver, rejected, ledger } = arns.buckets;
  return policyDocument(
    // Of a pinned version, also as the source of a copy.
    allow("ReadUploads", ["s3:GetObjectVersion"], [`${bronze}/*`]),
    // Without ListBucket a deleted version answers 403, as if a right were missing. ListBucketVersions says which of
    // two versions came later.
    allow("ListUploads", ["s3:ListBucket", "s3:ListBucketVersions"], [bronze]),
    // What it writes can't be read.
    allow("WriteRows", ["s3:PutObject"], [`${silver}/*`, `${rejected}/rows/*`]),
    allow("WriteRejections", copyInParts, [`${rejected}/files/*`]),
    // To see whether a copy is there, or was begun.
    allow("ListCopies", ["s3:ListBucket", "s3:ListBucketMultipartUploads"], [rejected]),
    allow("KeepFileReports", ["s3:GetObject", "s3:PutObject"], [`${ledger}/files/*`, `${ledger}/parts/*`]),
    ...keepLedger(arns.buckets),
    allow("StartRuns", ["glue:StartJobRun"], [arns.glueJob]),
    allow("StartEmbeddedRuns", ["lambda:InvokeFunction"], [arns.embeddedVersions]),
    allow("ReceiveUploads", ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], [arns.promoteQueue]),
    allow("ContinueFiles", ["sqs:SendMessage"], [arns.promoteQueue]),
    useKey(arns, keyArn, ["s3", "sqs"]),
    writeLogs(arns.promoteLogs),
  );
}
