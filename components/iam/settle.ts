import type { StackArns } from "../../config/naming.ts";
import { allow, type PolicyDocument, policyDocument } from "./document.ts";
import { keepLedger, useKey, writeLogs } from "./shared.ts";

/** What the settle function does, and nothing else. It reads no data, only what the engine counted. */
export function settlePolicy(arns: StackArns, keyArn: string): PolicyDocument {
  const { ledger } = arns.buckets;
  return policyDocument(
    ...keepLedger(ledger),
    allow("ReadReports", ["s3:GetObject"], [`${ledger}/reports/*`]),
    allow(
      "ManageRuns",
      ["glue:StartJobRun", "glue:GetJob", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"],
      [arns.glueJob],
    ),
    // The catalog's actions are checked on the catalog, the database and the table.
    allow(
      "SwitchPartitions",
      ["glue:GetTable", "glue:CreatePartition", "glue:UpdatePartition"],
      [arns.catalog, arns.catalogDatabase, ...arns.catalogTables],
    ),
    allow("ReportFailures", ["sqs:SendMessage"], [arns.settleDeadLetters]),
    useKey(arns, keyArn, ["s3", "sqs"]),
    writeLogs(arns.settleLogs),
  );
}
