import type { StackArns } from "../../config/naming.ts";
import { artifactKeys } from "../../handlers/keys.ts";
import { allow, type PolicyDocument, policyDocument } from "./document.ts";
import { keepLedger, useKey, writeLogs } from "./shared.ts";

/** Exactly what the settle function does. It reads no data, only the engine's counts. */
export function settlePolicy(arns: StackArns, keyArn: string): PolicyDocument {
  const { bronze, gold, ledger, artifacts } = arns.buckets;
  return policyDocument(
    ...keepLedger(arns.buckets),
    // Only a batch whose run has ended, or that is late, is closed, and that is settle's to enter.
    allow("CloseBatches", ["s3:DeleteObject"], [`${ledger}/open/*`]),
    // Of a run that has moved out its outputs are asked, when a job run of it ends after all.
    allow("ReadReports", ["s3:GetObject"], [`${ledger}/reports/*`, `${ledger}/runs/*`]),
    allow(
      "ManageRuns",
      ["glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"],
      [arns.glueJob],
    ),
    // The catalog's actions are checked on the catalog, the database and the table.
    allow(
      "SwitchPartitions",
      ["glue:GetTable", "glue:CreatePartition", "glue:UpdatePartition", "glue:DeletePartition"],
      [arns.catalog, arns.catalogDatabase, arns.catalogTables],
    ),
    // What old runs wrote goes without being read.
    allow("ListExpired", ["s3:ListBucket"], [gold]),
    allow("DeleteExpired", ["s3:DeleteObject"], [`${gold}/*`]),
    // Since when a name is declared, earlier releases tell.
    allow("FindReleases", ["s3:ListBucketVersions"], [artifacts]),
    allow("ReadReleases", ["s3:GetObjectVersion"], [`${artifacts}/${artifactKeys.pointer}`]),
    // Only that there are uploads; what they hold is not settle's to read.
    allow("FindUploads", ["s3:ListBucketVersions"], [bronze]),
    allow("KeepReconciliation", ["s3:GetObject", "s3:PutObject"], [`${ledger}/reconciliation.json`]),
    allow("InjectUploads", ["sqs:SendMessage"], [arns.promoteQueue]),
    allow(
      "RedriveDeadLetters",
      ["sqs:ReceiveMessage", "sqs:DeleteMessage"],
      [arns.promoteDeadLetters, arns.settleDeadLetters],
    ),
    allow("TellPeople", ["sns:Publish"], [arns.alertTopic]),
    allow("ReportFailures", ["sqs:SendMessage"], [arns.settleDeadLetters]),
    useKey(arns, keyArn, ["s3", "sns", "sqs"]),
    writeLogs(arns.settleLogs),
  );
}
