import type { StackArns } from "../../config/naming.ts";
import { allow, type PolicyDocument, policyDocument } from "./document.ts";
import { useKey, writeLogs } from "./shared.ts";

/** What the embedded engine does: it reads what a manifest pins, writes outputs and a report, and starts nothing. */
export function embeddedPolicy(arns: StackArns, keyArn: string): PolicyDocument {
  const { silver, rejected, gold, ledger, artifacts } = arns.buckets;
  return policyDocument(
    allow("ReadPlan", ["s3:GetObject"], [`${artifacts}/plan/*`]),
    allow("ReadPinned", ["s3:GetObject"], [`${ledger}/manifests/*`, `${ledger}/files/*`]),
    allow("ReadRows", ["s3:GetObject"], [`${silver}/*`]),
    // What it writes can't be read.
    allow("WriteOutputs", ["s3:PutObject"], [`${gold}/*`, `${rejected}/rows/*`]),
    allow("KeepAttempts", ["s3:GetObject", "s3:PutObject"], [`${ledger}/attempts/*`, `${ledger}/reports/*`]),
    // Without it a missing key answers 403 instead of 404.
    allow("ListPinned", ["s3:ListBucket"], [ledger, silver]),
    useKey(arns, keyArn, ["s3"]),
    writeLogs(arns.embeddedLogs),
  );
}
