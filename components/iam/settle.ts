import type { StackArns } from "../../config/naming.ts";
import { artifactKeys } from "../../handlers/keys.ts";
import { allow, type PolicyDocument, policyDocument } from "./document.ts";
import { keepLedger, useKey, writeLogs } from "./shared.ts";

/** Exactly what the settle function does. It reads no data, only the engine's counts. */
export function settlePolicy(arns: StackArns, keyArn: string): PolicyDocument {
  const { bronze, gold, ledger, artifacts } = arns.buckets;
  return policyDocument(
    ...keepLedger(arns.buckets),
    // A batch is closed only if its run has ended or it is late, which only settle enters.
    allow("CloseBatches", ["s3:DeleteObject"], [`${ledger}/open/*`]),
    // If a job run ends after its run left the document, the stored run says which outputs it had.
    allow("ReadOldRuns", ["s3:GetObject"], [`${ledger}/runs/*`]),
    // It writes the report of an embedded run that has died.
    allow("KeepReports", ["s3:GetObject", "s3:PutObject"], [`${ledger}/reports/*`]),
    allow(
      "ManageRuns",
      ["glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"],
      [arns.glueJob],
    ),
    allow("StartEmbeddedRuns", ["lambda:InvokeFunction"], [arns.embeddedVersions]),
    // The catalog's actions are checked on the catalog, the database and the table.
    allow(
      "SwitchPartitions",
      ["glue:GetTable", "glue:CreatePartition", "glue:UpdatePartition", "glue:DeletePartition"],
      [arns.catalog, arns.catalogDatabase, arns.catalogTables],
    ),
    // The output of old runs is deleted without being read.
    allow("ListExpired", ["s3:ListBucket"], [gold]),
    allow("DeleteExpired", ["s3:DeleteObject"], [`${gold}/*`]),
    // Earlier releases show since when a name is declared.
    allow("FindReleases", ["s3:ListBucketVersions"], [artifacts]),
    allow("ReadReleases", ["s3:GetObjectVersion"], [`${artifacts}/${artifactKeys.pointer}`]),
    // Only to see that there are uploads; settle may not read their content.
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
