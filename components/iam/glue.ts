import type { StackArns } from "../../config/naming.ts";
import { allow, type PolicyDocument, policyDocument } from "./document.ts";
import { useKey, writeLogs } from "./shared.ts";

/**
 * Exactly what the Glue job does. Before it reads or writes, S3A asks for keys that may not exist. Without the rights
 * to list and to get the folder's own key S3 answers 403 instead of 404, and the run fails.
 */
export function gluePolicy(arns: StackArns, keyArn: string): PolicyDocument {
  const { silver, rejected, gold, ledger, artifacts } = arns.buckets;
  return policyDocument(
    allow("ReadRelease", ["s3:GetObject"], [`${artifacts}/*`]),
    allow("ReadManifest", ["s3:GetObject"], [`${ledger}/manifests/*`, `${ledger}/files/*`]),
    allow("WriteReport", ["s3:PutObject"], [`${ledger}/reports/*`]),
    allow("ReadPromotions", ["s3:GetObject"], [`${silver}/*`]),
    // The committer deletes what a failed task left behind.
    allow(
      "WriteOutputs",
      ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
      [`${gold}/*`, `${rejected}/rows/*`],
    ),
    allow("ProbeRejectedRows", ["s3:GetObject"], [`${rejected}/rows`]),
    allow("ListData", ["s3:ListBucket"], [silver, gold, rejected]),
    allow("ListUnfinishedUploads", ["s3:ListBucketMultipartUploads"], [gold, rejected]),
    useKey(arns, keyArn, ["s3"]),
    writeLogs(...arns.glueLogs),
    // PutMetricData knows no resource; the namespace is what it can be held to.
    allow("WriteMetrics", ["cloudwatch:PutMetricData"], ["*"], { StringEquals: { "cloudwatch:namespace": "Glue" } }),
  );
}
