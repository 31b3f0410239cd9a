import { regionalService, type StackArns } from "../../config/naming.ts";
import { allow, type PolicyDocument, policyDocument, type Statement } from "./document.ts";

const ofService = (service: string, statement: Statement): Statement => ({
  ...statement,
  Principal: { Service: service },
});

/** Resource "*" in a key policy is the key itself. */
const thisKey = ["*"];

/** Beside the stack's own roles and the services that they use. */
export interface KeyUsers {
  /** ARNs of those who alone administer the key; when absent the account's own policies say who may. */
  readonly administrators?: readonly string[] | undefined;
  /** ARNs of those who read Gold. */
  readonly goldReaders: readonly string[];
}

/** All that administration takes, and nothing that reads what the key encrypts. */
const administration = [
  "kms:CancelKeyDeletion",
  "kms:CreateAlias",
  "kms:DeleteAlias",
  "kms:DescribeKey",
  "kms:DisableKey",
  "kms:DisableKeyRotation",
  "kms:EnableKey",
  "kms:EnableKeyRotation",
  "kms:GetKeyPolicy",
  "kms:GetKeyRotationStatus",
  "kms:ListGrants",
  "kms:ListKeyPolicies",
  "kms:ListResourceTags",
  "kms:PutKeyPolicy",
  "kms:RevokeGrant",
  "kms:ScheduleKeyDeletion",
  "kms:TagResource",
  "kms:UntagResource",
  "kms:UpdateAlias",
  "kms:UpdateKeyDescription",
];

/**
 * Who administers the key. With named administrators, the account's own policies can only allow use of the key through
 * a service; otherwise anyone who may write policies could become its administrator.
 */
function administer(arns: StackArns, administrators: readonly string[] | undefined): readonly Statement[] {
  const { partition, account } = arns.scope;
  const byAccount = { AWS: `arn:${partition}:iam::${account}:root` };
  if (!administrators) return [{ ...allow("AdministerByAccount", ["kms:*"], thisKey), Principal: byAccount }];
  return [
    { ...allow("AdministerByRoles", administration, thisKey), Principal: { AWS: administrators } },
    {
      ...allow("LetPoliciesAllowUse", ["kms:Decrypt", "kms:GenerateDataKey"], thisKey, {
        StringEquals: { "kms:ViaService": ["s3", "sns", "sqs"].map((service) => regionalService(service, arns.scope)) },
      }),
      Principal: byAccount,
    },
  ];
}

/**
 * Lets readers decrypt Gold through S3, whose bucket key is bound to the bucket. The bucket's policy decides which
 * objects.
 */
function readGold({ scope, buckets }: StackArns, readers: readonly string[]): readonly Statement[] {
  if (readers.length === 0) return [];
  const condition = {
    StringEquals: {
      "kms:ViaService": regionalService("s3", scope),
      "kms:EncryptionContext:aws:s3:arn": buckets.gold,
    },
  };
  return [{ ...allow("ReadGold", ["kms:Decrypt"], thisKey, condition), Principal: { AWS: readers } }];
}

/**
 * Who may use the stack's key. The stack's own roles are allowed by their policies, which the statement for the
 * account's root makes effective. A service that sends encrypted messages to another one must be named here; otherwise
 * its messages are lost without an error.
 */
export function keyPolicy(arns: StackArns, { administrators, goldReaders }: KeyUsers): PolicyDocument {
  const { account } = arns.scope;
  const sendEncrypted = ["kms:Decrypt", "kms:GenerateDataKey"];
  return policyDocument(
    ...administer(arns, administrators),
    ...readGold(arns, goldReaders),
    ofService(
      regionalService("logs", arns.scope),
      allow(
        "EncryptLogs",
        // AWS's example also allows DescribeKey. It has no encryption context, so the condition would never match.
        ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"],
        thisKey,
        {
          ArnEquals: {
            "kms:EncryptionContext:aws:logs:arn": [
              arns.promoteLogs,
              arns.settleLogs,
              arns.embeddedLogs,
              ...arns.glueLogs,
            ],
          },
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
    // EventBridge names no source when it uses a key, so the limit stands in the queue's policy.
    ofService("events.amazonaws.com", allow("KeepUndeliveredEvents", sendEncrypted, thisKey)),
  );
}
