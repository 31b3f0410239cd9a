import { regionalService, type StackArns } from "../../config/naming.ts";
import { artifactKeys } from "../../handlers/keys.ts";
import { allow, type Statement } from "./document.ts";

/** Allows writing to the stack's log groups. No principal may create one, so each has a retention and a key. */
export const writeLogs = (...groups: readonly string[]): Statement =>
  allow(
    "WriteLogs",
    ["logs:CreateLogStream", "logs:PutLogEvents"],
    groups.map((group) => `${group}:log-stream:*`),
  );

/** The stack's key, and only on behalf of the named services. */
export const useKey = (arns: StackArns, keyArn: string, services: readonly string[]): Statement =>
  allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], [keyArn], {
    StringEquals: { "kms:ViaService": services.map((service) => regionalService(service, arns.scope)) },
  });

/** What it takes to copy an object into a bucket, whole or by parts over several calls. */
export const copyInParts = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"];

/**
 * What promote and settle do with the ledger: read and replace documents, pin manifests, mark open batches, and read the
 * current release.
 */
export const keepLedger = ({ ledger, artifacts }: StackArns["buckets"]): readonly Statement[] => [
  allow("ReadRelease", ["s3:GetObject"], [`${artifacts}/${artifactKeys.pointer}`, `${artifacts}/contract/*`]),
  allow("ReadLedger", ["s3:GetObject"], [`${ledger}/batches/*`, `${ledger}/manifests/*`]),
  allow(
    "WriteLedger",
    ["s3:PutObject"],
    [`${ledger}/batches/*`, `${ledger}/open/*`, `${ledger}/manifests/*`, `${ledger}/runs/*`],
  ),
  // A start that the embedded engine refuses is noted there, unless it has begun.
  allow("KeepAttempts", ["s3:GetObject", "s3:PutObject"], [`${ledger}/attempts/*`]),
  // Without it a missing key answers 403 instead of 404. A condition on the prefix would bring the 403 back.
  allow("ListLedger", ["s3:ListBucket"], [ledger]),
];
