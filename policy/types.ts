import type { Value } from "./resource.ts";

/** What the rules need to know about a resource type. */
export interface Traits {
  /** Its data must be encrypted with the stack's key: the property that names the key, and how to read it. */
  readonly key?: { readonly property: string; readonly read: (props: Value) => Value; readonly optional?: boolean };
  /** Properties that are policy documents. */
  readonly policies?: readonly string[];
  /** The form of its tags. */
  readonly tags?: "map" | "list";
  /** It contains data, messages or keys, or decides who may use them. */
  readonly guarded?: boolean;
}

const named = (property: string) => ({ property, read: (props: Value) => props[property] });

/**
 * The types that the rules cover. Any other type is refused, so that every deployed resource is checked. A new type
 * needs a line here, and the rules for it.
 */
export const knownTypes: Readonly<Record<string, Traits>> = {
  "aws-native:kms:Key": { policies: ["keyPolicy"], tags: "list", guarded: true },
  "aws-native:kms:Alias": { guarded: true },
  "aws-native:s3:Bucket": {
    key: {
      property: "bucketEncryption",
      read: ({ bucketEncryption }) =>
        bucketEncryption?.serverSideEncryptionConfiguration?.[0]?.serverSideEncryptionByDefault?.kmsMasterKeyId,
    },
    tags: "list",
    guarded: true,
  },
  "aws-native:sqs:Queue": { key: named("kmsMasterKeyId"), tags: "list", guarded: true },
  "aws-native:logs:LogGroup": { key: named("kmsKeyId"), tags: "list" },
  "aws-native:glue:Job": { tags: "map" },
  "aws:s3/bucketPolicy:BucketPolicy": { policies: ["policy"], guarded: true },
  "aws:s3/bucketNotification:BucketNotification": {},
  // An upload gets its bucket's key, unless it names another.
  "aws:s3/bucketObjectv2:BucketObjectv2": { key: { ...named("kmsKeyId"), optional: true } },
  "aws:sqs/queuePolicy:QueuePolicy": { policies: ["policy"], guarded: true },
  "aws:iam/role:Role": { policies: ["assumeRolePolicy"], tags: "map" },
  "aws:iam/rolePolicy:RolePolicy": { policies: ["policy"] },
  // Its variables are names and not data, so Lambda's own key is enough; any other key must be the stack's.
  "aws:lambda/function:Function": { key: { ...named("kmsKeyArn"), optional: true }, tags: "map" },
  "aws:lambda/eventSourceMapping:EventSourceMapping": { tags: "map" },
  "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": {},
  "aws:lambda/permission:Permission": {},
  "aws:cloudwatch/eventRule:EventRule": { tags: "map" },
  "aws:cloudwatch/eventTarget:EventTarget": {},
  "aws:cloudwatch/metricAlarm:MetricAlarm": { tags: "map" },
  "aws:cloudwatch/dashboard:Dashboard": {},
  "aws:glue/catalogDatabase:CatalogDatabase": { tags: "map", guarded: true },
  "aws:glue/catalogTable:CatalogTable": { guarded: true },
  "aws:sns/topic:Topic": { key: named("kmsMasterKeyId"), tags: "map" },
  "aws:sns/topicPolicy:TopicPolicy": { policies: ["policy"] },
  "aws:sns/topicSubscription:TopicSubscription": {},
};

/** Pulumi's own resources and the program's components; they make nothing in AWS. */
export const isComponent = (type: string): boolean => type.startsWith("pulumi:") || type.startsWith("commerce:");

export const traitsOf = (type: string): Traits => knownTypes[type] ?? {};
