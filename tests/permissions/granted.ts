import { changedConfig } from "../config/changedConfig.ts";
import { keyUse } from "./actions.ts";
import { type Call, foreignAccount, powerful } from "./call.ts";
import type { DeclaredStack } from "./declared.ts";

const administrator = "arn:aws:iam::123456789012:role/deploy";
const reader = `arn:aws:iam::${foreignAccount}:role/analytics`;

/** The shipped config with an administrator of the key, and a reader of Gold in another account. */
export const grantingConfig = () =>
  changedConfig({
    "  rotation: true\n": `  rotation: true\n  administrators: [${administrator}]\n`,
    "  path: /\n": `  path: /\n  goldReaders: [{ principal: ${reader}, outputs: [user_activity] }]\n`,
  });

/** After "Allows key administrators to administer the KMS key" (KMS developer guide, key-policy-default). */
const administration = [
  "CancelKeyDeletion",
  "CreateAlias",
  "DeleteAlias",
  "DescribeKey",
  "DisableKey",
  "DisableKeyRotation",
  "EnableKey",
  "EnableKeyRotation",
  "GetKeyPolicy",
  "GetKeyRotationStatus",
  "ListGrants",
  "ListKeyPolicies",
  "ListResourceTags",
  "PutKeyPolicy",
  "RevokeGrant",
  "ScheduleKeyDeletion",
  "TagResource",
  "UntagResource",
  "UpdateAlias",
  "UpdateKeyDescription",
].map((name) => `kms:${name}`);

/** What those need whom the config lets in, and what they and others are refused where it does. */
export function grantedCalls(stack: DeclaredStack): { needed: Call[]; forbidden: Call[] } {
  const { keyArn, names, account } = stack;
  const [gold, silver] = [names.goldBucket, names.silverBucket].map((name) => `arn:aws:s3:::${name}`) as [
    string,
    string,
  ];
  const of =
    (from: string, principal: string) =>
    (action: string, resource: string, context: Call["context"] = {}) => ({
      principal,
      action,
      resource,
      context,
      from,
    });
  const administers = of("encryption.administrators", administrator);
  const reads = of("iam.goldReaders", reader);
  const decrypt = (bucket: string) => keyUse(stack, "s3", "kms:Decrypt", bucket);
  const use = decrypt(gold);
  const others = of("others don't administer the key", powerful(account));
  return {
    needed: [
      ...administration.map((action) => administers(action, keyArn)),
      reads("s3:GetObject", `${gold}/user_activity/batch=2026-01-01/part-0`),
      reads("s3:ListBucket", gold, { "s3:prefix": "user_activity/batch=2026-01-01/" }),
      reads(use.action, use.resource, use.context),
    ],
    forbidden: [
      ...administration.map((action) => others(action, keyArn)),
      others("kms:CreateGrant", keyArn),
      ...["kms:Decrypt", "kms:GenerateDataKey", "kms:CreateGrant"].map((action) => administers(action, keyArn)),
      reads("s3:GetObject", `${gold}/other/part-0`),
      reads("s3:GetObject", `${silver}/users/part-0`),
      reads("s3:PutObject", `${gold}/user_activity/part-0`),
      reads("s3:DeleteObject", `${gold}/user_activity/part-0`),
      reads("s3:ListBucket", gold),
      reads("s3:ListBucket", gold, { "s3:prefix": "other/" }),
      reads("kms:Decrypt", keyArn),
      reads("kms:Decrypt", keyArn, decrypt(silver).context),
      reads("kms:GenerateDataKey", keyArn, use.context),
    ],
  };
}
