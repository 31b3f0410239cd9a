import type { ResourceChange } from "./resources.ts";
import type { PlannedResource } from "./snapshot/snapshot.ts";

/** Data or protection that exists today and could be lost. */
export interface Risk {
  readonly resource: PlannedResource;
  /** What happens, in one sentence. */
  readonly what: string;
}

/** For each type, what is lost together with the resource. */
const contents: Readonly<Record<string, string>> = {
  "aws-native:s3:Bucket": "its objects",
  "aws-native:sqs:Queue": "the messages that wait in it",
  "aws-native:kms:Key": "everything that it encrypts",
  "aws-native:logs:LogGroup": "its log lines",
  "aws:glue/catalogDatabase:CatalogDatabase": "its tables, and with them every published partition",
  "aws:glue/catalogTable:CatalogTable": "the partitions that readers query, until their batches are published again",
};

interface LifecycleRule {
  readonly status?: string;
  readonly expirationInDays?: number;
  readonly noncurrentVersionExpiration?: { readonly noncurrentDays?: number };
}

/** What is kept for a limited time: how to read the days or seconds, and how to name them. Undefined means for ever. */
const lifetimes: readonly {
  readonly type: string;
  readonly what: string;
  readonly unit: string;
  readonly of: (inputs: PlannedResource["inputs"]) => number | undefined;
}[] = [
  {
    type: "aws-native:s3:Bucket",
    what: "objects are kept",
    unit: "days",
    of: (inputs) => shortest(inputs, ({ expirationInDays }) => expirationInDays),
  },
  {
    type: "aws-native:s3:Bucket",
    what: "replaced versions are kept",
    unit: "days",
    of: (inputs) => shortest(inputs, (rule) => rule.noncurrentVersionExpiration?.noncurrentDays),
  },
  {
    type: "aws-native:logs:LogGroup",
    what: "log lines are kept",
    unit: "days",
    of: ({ retentionInDays }) => retentionInDays as number | undefined,
  },
  {
    type: "aws-native:sqs:Queue",
    what: "messages are kept",
    unit: "seconds",
    of: ({ messageRetentionPeriod }) => messageRetentionPeriod as number | undefined,
  },
  {
    type: "aws-native:kms:Key",
    what: "a deleted key can be restored",
    unit: "days",
    of: ({ pendingWindowInDays }) => pendingWindowInDays as number | undefined,
  },
];

function shortest(
  { lifecycleConfiguration }: PlannedResource["inputs"],
  read: (rule: LifecycleRule) => number | undefined,
): number | undefined {
  const { rules = [] } = (lifecycleConfiguration ?? {}) as { readonly rules?: readonly LifecycleRule[] };
  const days = rules
    .filter(({ status }) => status === "Enabled")
    .map(read)
    .filter((value) => value !== undefined);
  return days.length === 0 ? undefined : Math.min(...days);
}

/** What a removal does to the data, and what still protects it. */
function fate(before: PlannedResource, kind: "removed" | "replaced", because: readonly string[]): string {
  const content = contents[before.type]!;
  const lost = kind === "removed" ? "is removed" : `is replaced, because ${because.join(" and ")} changes`;
  const begins = kind === "replaced" ? "; the new one begins empty" : "";
  if (before.protect) return `${lost}: Pulumi refuses while it is protected; unprotected, ${content} would be at risk`;
  if (before.retainOnDelete) return `${lost}: it stays in AWS with ${content}, but outside the stack${begins}`;
  return `${lost}, and ${content} with it${begins}`;
}

function risksOf({ kind, resource, before, because }: ResourceChange): Risk[] {
  if (!before || !(resource.type in contents)) return [];
  if (kind === "removed" || kind === "replaced") return [{ resource, what: fate(before, kind, because) }];
  const shorter = lifetimes
    .filter(({ type }) => type === resource.type)
    .flatMap(({ what, unit, of }): Risk[] => {
      const [old, now] = [of(before.inputs), of(resource.inputs)];
      if (now === undefined || (old !== undefined && old <= now)) return [];
      return [{ resource, what: `${what} for ${now} ${unit}, no longer ${old === undefined ? "for ever" : `${old}`}` }];
    });
  const unversioned =
    before.inputs.versioningConfiguration !== undefined && resource.inputs.versioningConfiguration === undefined;
  return [
    ...shorter,
    ...(unversioned ? [{ resource, what: "an overwrite no longer keeps the replaced version" }] : []),
    ...(before.protect && !resource.protect ? [{ resource, what: "Pulumi would no longer refuse to delete it" }] : []),
    ...(before.retainOnDelete && !resource.retainOnDelete
      ? [{ resource, what: `destroying the stack would delete it, together with ${contents[resource.type]}` }]
      : []),
  ];
}

/** Everything that these changes could lose. */
export const risks = (changes: readonly ResourceChange[]): Risk[] => changes.flatMap(risksOf);
