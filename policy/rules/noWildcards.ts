import { allStatements, type Statement } from "../document.ts";
import type { Resource } from "../resource.ts";
import type { ResourceRule } from "../rule.ts";

/** Wildcards that are allowed nevertheless; each has a reason why no narrower document works. */
interface Exception {
  readonly type: string;
  readonly sid: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly reason: string;
}

const key = "aws-native:kms:Key";

export const exceptions: readonly Exception[] = [
  {
    type: key,
    sid: "AdministerByAccount",
    actions: ["kms:*"],
    resources: ["*"],
    reason: "AWS's own default: without it or a named administrator, nobody could ever change the key again.",
  },
  {
    type: key,
    sid: "EncryptLogs",
    actions: ["kms:ReEncrypt*", "kms:GenerateDataKey*"],
    resources: ["*"],
    reason: "CloudWatch Logs requires exactly these; the condition limits them to the stack's log groups.",
  },
  ...[
    "AdministerByRoles",
    "LetPoliciesAllowUse",
    "ReadGold",
    "NotifyUploads",
    "PublishAlarms",
    "KeepUndeliveredEvents",
  ].map((sid) => ({ type: key, sid, actions: [], resources: ["*"], reason: "In a key's policy * is the key itself." })),
  {
    type: "aws:iam/rolePolicy:RolePolicy",
    sid: "WriteMetrics",
    actions: [],
    resources: ["*"],
    reason: "cloudwatch:PutMetricData supports no resource; the condition limits it to Glue's namespace.",
  },
];

/** Whether an ARN pattern can match several resources of an account, or several accounts. */
export function isWild(resource: string): boolean {
  if (!resource.includes("*")) return false;
  const [arn, partition, service, region, account, ...rest] = resource.split(":");
  if (arn !== "arn" || rest.length === 0) return true;
  if ([partition, service, region, account].some((part) => part?.includes("*"))) return true;
  const path = rest.join(":");
  // An S3 ARN begins with the bucket, all others with the kind of resource.
  const wildName = service === "s3" ? /^[^/]*\*/ : /^(\*|[\w-]+[:/]\*)/;
  return wildName.test(path);
}

function faultsOf({ type }: Resource, { sid, actions, resources, principals, negations }: Statement): string[] {
  const exception = exceptions.find((candidate) => candidate.type === type && candidate.sid === sid);
  const wild = [
    ...actions.filter((action) => action.includes("*") && !exception?.actions.includes(action)),
    ...resources.filter((resource) => isWild(resource) && !exception?.resources.includes(resource)),
  ];
  return [
    ...wild.map((entry) => `${sid} allows ${entry}; name what is needed`),
    ...negations.map((entry) => `${sid} uses ${entry}, which allows everything else; name what is needed`),
    ...(principals.includes("*") ? [`${sid} allows everybody; name the principals`] : []),
  ];
}

export const noWildcards: ResourceRule = {
  name: "no-wildcards",
  description: "No policy allows actions, resources or principals by a wildcard.",
  check: (resource) =>
    allStatements(resource)
      .filter(({ allows }) => allows)
      .flatMap((statement) => faultsOf(resource, statement)),
};
