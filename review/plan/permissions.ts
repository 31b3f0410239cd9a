import type { Json, PlannedResource, Snapshot } from "./snapshot/snapshot.ts";

/** A permission that one principal gained or lost. */
export interface PermissionChange {
  /** A role's name, or a principal that a policy names: an ARN, a service, `everybody`. */
  readonly principal: string;
  readonly direction: "gained" | "lost";
  /** `s3:DeleteObject` */
  readonly action: string;
  /** `on arn:…`, with its condition. */
  readonly on: string;
}

interface Statement {
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: string | Readonly<Record<string, string | readonly string[]>>;
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: Json;
}

/** One permission or, with `denies`, one denial. */
interface Grant {
  readonly principal: string;
  readonly action: string;
  readonly on: string;
  readonly denies: boolean;
}

const list = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === "string" ? [value] : value;

const principalsOf = (principal: Statement["Principal"]): readonly string[] => {
  const named = typeof principal === "object" ? Object.values(principal).flatMap(list) : list(principal);
  return named.map((name) => (name === "*" ? "everybody" : name));
};

function grantsOf(document: Json | undefined, holder: string | undefined, attachedTo: string): Grant[] {
  const { Statement: statements } = document as unknown as { Statement: readonly Statement[] };
  return statements.flatMap((statement) => {
    const actions = [
      ...list(statement.Action),
      ...(statement.NotAction ? [`everything but ${list(statement.NotAction).join(", ")}`] : []),
    ];
    const resources = [
      // In the policy of a key or a role, the resource is the key or the role itself.
      ...(statement.Resource
        ? list(statement.Resource).map((name) => (name === "*" && !holder ? attachedTo : name))
        : []),
      ...(statement.NotResource ? [`everything but ${list(statement.NotResource).join(", ")}`] : []),
    ];
    const condition = statement.Condition ? ` if ${JSON.stringify(statement.Condition)}` : "";
    return (holder ? [holder] : principalsOf(statement.Principal)).flatMap((principal) =>
      actions.flatMap((action) =>
        (resources.length > 0 ? resources : [attachedTo]).map((resource) => ({
          principal,
          action,
          on: `${resource}${condition}`,
          denies: statement.Effect === "Deny",
        })),
      ),
    );
  });
}

const text = (value: Json | undefined): string => String(value);

/** The permissions that one resource grants. */
function grants({ type, name, inputs }: PlannedResource): Grant[] {
  switch (type) {
    case "aws:iam/rolePolicy:RolePolicy":
      return grantsOf(inputs.policy, text(inputs.role), "");
    case "aws:iam/role:Role":
      return grantsOf(inputs.assumeRolePolicy, undefined, `role ${text(inputs.name)}`);
    case "aws-native:kms:Key":
      return grantsOf(inputs.keyPolicy, undefined, `key ${name}`);
    case "aws:s3/bucketPolicy:BucketPolicy":
    case "aws:sqs/queuePolicy:QueuePolicy":
    case "aws:sns/topicPolicy:TopicPolicy":
      return grantsOf(inputs.policy, undefined, name);
    case "aws:lambda/permission:Permission":
      return [
        {
          principal: text(inputs.principal),
          action: text(inputs.action),
          on: `function ${text(inputs.function)}${inputs.sourceArn ? ` for ${text(inputs.sourceArn)}` : " for any source"}`,
          denies: false,
        },
      ];
    default:
      return [];
  }
}

const keyOf = ({ principal, action, on, denies }: Grant) => JSON.stringify([principal, action, on, denies]);

/** A boundary limits every permission of its role, so losing the boundary is a gain. */
function boundaryChanges(before: Snapshot, after: Snapshot): PermissionChange[] {
  const boundaries = ({ resources }: Snapshot) =>
    new Map(
      resources
        .filter(({ type }) => type === "aws:iam/role:Role")
        .map(({ inputs }) => [
          text(inputs.name),
          inputs.permissionsBoundary ? text(inputs.permissionsBoundary) : "none",
        ]),
    );
  const old = boundaries(before);
  return [...boundaries(after)].flatMap(([principal, boundary]): PermissionChange[] => {
    const earlier = old.get(principal);
    if (earlier === undefined || earlier === boundary) return [];
    // It is not known here which of two boundaries allows more, so a different one counts as a gain.
    const direction = earlier === "none" ? "lost" : "gained";
    return [{ principal, direction, action: "permissions boundary", on: `${earlier} → ${boundary}` }];
  });
}

/** Each permission gained or lost, gains first. Dropping a denial is a gain. */
export function permissionChanges(before: Snapshot, after: Snapshot): PermissionChange[] {
  const [old, now] = [before, after].map(
    ({ resources }) => new Map(resources.flatMap(grants).map((grant) => [keyOf(grant), grant])),
  ) as [Map<string, Grant>, Map<string, Grant>];
  const onlyIn = (these: Map<string, Grant>, those: Map<string, Grant>) =>
    [...these].filter(([key]) => !those.has(key)).map(([, grant]) => grant);
  const change =
    (appeared: boolean) =>
    ({ principal, action, on, denies }: Grant): PermissionChange => ({
      principal,
      direction: appeared !== denies ? "gained" : "lost",
      action: denies ? `${action} (its refusal is ${appeared ? "new" : "dropped"})` : action,
      on,
    });
  const all = [
    ...boundaryChanges(before, after),
    ...onlyIn(now, old).map(change(true)),
    ...onlyIn(old, now).map(change(false)),
  ];
  const sortKey = ({ direction, principal, action, on }: PermissionChange) =>
    `${direction} ${principal} ${action} ${on}`;
  return all.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}
