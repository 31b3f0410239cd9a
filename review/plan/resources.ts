import { own } from "../../config/plain.ts";
import type { Json, PlannedResource, Snapshot } from "./snapshot/snapshot.ts";

/** One value that differs. */
export interface PropertyChange {
  /** `code.settings.json.attempts` */
  readonly path: string;
  /** Undefined where there is none. */
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

export interface ResourceChange {
  readonly kind: "removed" | "replaced" | "changed" | "added";
  /** The resource as it is now or, when it is removed, as it was. */
  readonly resource: PlannedResource;
  /** Absent when it is added. */
  readonly before?: PlannedResource;
  readonly properties: readonly PropertyChange[];
  /** The changed properties that force AWS to make a new resource. */
  readonly because: readonly string[];
}

/**
 * Properties that can't change without a new resource, for types whose SDK does not list them. Pulumi's AWS provider
 * marks them as "forces new resource". aws-native's SDK lists them itself.
 */
const replacing: Readonly<Record<string, readonly string[]>> = {
  "aws:s3/bucketPolicy:BucketPolicy": ["bucket"],
  "aws:s3/bucketObjectv2:BucketObjectv2": ["bucket", "key"],
  "aws:s3/bucketNotification:BucketNotification": ["bucket"],
  "aws:sqs/queuePolicy:QueuePolicy": ["queueUrl"],
  "aws:iam/role:Role": ["name", "namePrefix", "path"],
  "aws:iam/rolePolicy:RolePolicy": ["name", "namePrefix", "role"],
  "aws:lambda/function:Function": ["name", "packageType"],
  "aws:lambda/eventSourceMapping:EventSourceMapping": ["eventSourceArn", "startingPosition", "queues"],
  "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": ["functionName", "qualifier"],
  "aws:lambda/permission:Permission": [
    "action",
    "function",
    "principal",
    "qualifier",
    "sourceAccount",
    "sourceArn",
    "statementId",
  ],
  "aws:cloudwatch/eventRule:EventRule": ["name", "namePrefix", "eventBusName"],
  "aws:cloudwatch/eventTarget:EventTarget": ["rule", "targetId", "eventBusName"],
  "aws:cloudwatch/metricAlarm:MetricAlarm": ["name"],
  "aws:cloudwatch/dashboard:Dashboard": ["dashboardName"],
  "aws:glue/catalogDatabase:CatalogDatabase": ["name", "catalogId"],
  "aws:glue/catalogTable:CatalogTable": ["name", "databaseName", "catalogId"],
  "aws:sns/topic:Topic": ["name", "namePrefix", "fifoTopic"],
  "aws:sns/topicPolicy:TopicPolicy": ["arn"],
  "aws:sns/topicSubscription:TopicSubscription": ["topic", "protocol", "endpoint"],
};

export const knowsReplacement = (type: string): boolean => type.startsWith("aws-native:") || type in replacing;

const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);
const isObject = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Every leaf that differs; a list whose length differs is one value. */
export function propertyChanges(before: Json | undefined, after: Json | undefined, path = ""): PropertyChange[] {
  const inside = (key: string | number) => (path === "" ? String(key) : `${path}.${key}`);
  if (isObject(before) && isObject(after))
    return [...new Set([...Object.keys(before), ...Object.keys(after)])]
      .sort()
      .flatMap((key) => propertyChanges(own(before, key), own(after, key), inside(key)));
  if (isList(before) && isList(after) && before.length === after.length)
    return before.flatMap((item, index) => propertyChanges(item, after[index], inside(index)));
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, before, after }];
}

function changeOf(before: PlannedResource, after: PlannedResource): ResourceChange[] {
  const properties = propertyChanges(before.inputs, after.inputs);
  const options = (["protect", "retainOnDelete"] as const)
    .filter((option) => before[option] !== after[option])
    .map((option) => ({ path: `(${option})`, before: before[option], after: after[option] }));
  if (properties.length + options.length === 0) return [];
  const forcing = [...after.replaceOnChanges, ...(replacing[after.type] ?? [])];
  const because = [...new Set(properties.map(({ path }) => path.split(".")[0]!))].filter((property) =>
    forcing.includes(property),
  );
  return [
    {
      kind: because.length > 0 ? "replaced" : "changed",
      resource: after,
      before,
      properties: [...properties, ...options],
      because,
    },
  ];
}

const order = ["removed", "replaced", "changed", "added"];

/** The change of each resource that differs; lost resources come first, then by name. */
export function resourceChanges(before: Snapshot, after: Snapshot): ResourceChange[] {
  const old = new Map(before.resources.map((resource) => [resource.urn, resource]));
  const matched = new Set<string>();
  const changes = after.resources.flatMap((resource): ResourceChange[] => {
    const earlier = [resource.urn, ...resource.aliases].map((urn) => old.get(urn)).find((found) => found !== undefined);
    if (!earlier) return [{ kind: "added", resource, properties: [], because: [] }];
    matched.add(earlier.urn);
    return changeOf(earlier, resource);
  });
  const removed = before.resources
    .filter(({ urn }) => !matched.has(urn))
    .map((resource): ResourceChange => ({ kind: "removed", resource, before: resource, properties: [], because: [] }));
  return [...changes, ...removed].sort(
    (a, b) =>
      order.indexOf(a.kind) - order.indexOf(b.kind) ||
      (`${a.resource.name} ${a.resource.type}` < `${b.resource.name} ${b.resource.type}` ? -1 : 1),
  );
}
