import { readFileSync } from "node:fs";
import {
  CreateBucketCommand,
  type Event,
  type LifecycleRule,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  type ServerSideEncryption,
} from "@aws-sdk/client-s3";
import type * as aws from "@pulumi/aws";
import type * as native from "@pulumi/aws-native";
import * as pulumi from "@pulumi/pulumi";
import { plain, type Unwrapped } from "../inputs.ts";
import { type Create, named, type Resources, tagMap, tagPairs } from "./resource.ts";

type BucketInputs = Unwrapped<native.s3.BucketArgs>;
type RuleInputs = NonNullable<NonNullable<BucketInputs["lifecycleConfiguration"]>["rules"]>[number];

const lifecycleRule = (rule: RuleInputs): LifecycleRule => ({
  ID: rule.id,
  Status: rule.status,
  Filter: { Prefix: rule.prefix ?? "" },
  ...(rule.abortIncompleteMultipartUpload && {
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: rule.abortIncompleteMultipartUpload.daysAfterInitiation },
  }),
  ...((rule.expirationInDays !== undefined || rule.expiredObjectDeleteMarker !== undefined) && {
    Expiration: { Days: rule.expirationInDays, ExpiredObjectDeleteMarker: rule.expiredObjectDeleteMarker },
  }),
  ...(rule.noncurrentVersionExpiration && {
    NoncurrentVersionExpiration: {
      NoncurrentDays: rule.noncurrentVersionExpiration.noncurrentDays,
      NewerNoncurrentVersions: rule.noncurrentVersionExpiration.newerNoncurrentVersions,
    },
  }),
});

const bucket: Create<native.s3.BucketArgs> = async (inputs, { clients: { s3 }, region, accountId }) => {
  const Bucket = named(inputs.bucketName, "bucketName");
  await s3.send(
    new CreateBucketCommand({
      Bucket,
      ObjectOwnership: inputs.ownershipControls?.rules[0]?.objectOwnership,
      CreateBucketConfiguration: { LocationConstraint: region as "eu-central-1" },
    }),
  );
  const { blockPublicAcls, blockPublicPolicy, ignorePublicAcls, restrictPublicBuckets } =
    inputs.publicAccessBlockConfiguration ?? {};
  await s3.send(
    new PutPublicAccessBlockCommand({
      Bucket,
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: blockPublicAcls,
        BlockPublicPolicy: blockPublicPolicy,
        IgnorePublicAcls: ignorePublicAcls,
        RestrictPublicBuckets: restrictPublicBuckets,
      },
    }),
  );
  if (inputs.bucketEncryption)
    await s3.send(
      new PutBucketEncryptionCommand({
        Bucket,
        ServerSideEncryptionConfiguration: {
          Rules: inputs.bucketEncryption.serverSideEncryptionConfiguration.map((rule) => ({
            BucketKeyEnabled: rule.bucketKeyEnabled,
            ApplyServerSideEncryptionByDefault: {
              SSEAlgorithm: rule.serverSideEncryptionByDefault?.sseAlgorithm as ServerSideEncryption,
              KMSMasterKeyID: rule.serverSideEncryptionByDefault?.kmsMasterKeyId,
            },
          })),
        },
      }),
    );
  if (inputs.versioningConfiguration)
    await s3.send(
      new PutBucketVersioningCommand({
        Bucket,
        VersioningConfiguration: { Status: inputs.versioningConfiguration.status },
      }),
    );
  if (inputs.lifecycleConfiguration)
    await s3.send(
      new PutBucketLifecycleConfigurationCommand({
        Bucket,
        LifecycleConfiguration: { Rules: inputs.lifecycleConfiguration.rules.map(lifecycleRule) },
      }),
    );
  if (inputs.tags)
    await s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: tagPairs(tagMap(inputs.tags)) } }));
  if (inputs.notificationConfiguration)
    await s3.send(
      new PutBucketNotificationConfigurationCommand({
        Bucket,
        NotificationConfiguration: {
          ...(inputs.notificationConfiguration.eventBridgeConfiguration?.eventBridgeEnabled && {
            EventBridgeConfiguration: {},
          }),
          QueueConfigurations: inputs.notificationConfiguration.queueConfigurations?.map((entry) => ({
            QueueArn: entry.queue,
            Events: [entry.event as Event],
            ...(entry.filter && {
              Filter: {
                Key: {
                  FilterRules: entry.filter.s3Key.rules.map((rule) => ({
                    Name: rule.name as "prefix" | "suffix",
                    Value: rule.value,
                  })),
                },
              },
            }),
          })),
        },
      }),
    );
  return {
    id: Bucket,
    outputs: {
      arn: `arn:aws:s3:::${Bucket}`,
      domainName: `${Bucket}.s3.amazonaws.com`,
      regionalDomainName: `${Bucket}.s3.${region}.amazonaws.com`,
      accountId,
    },
  };
};

const bucketPolicy: Create<aws.s3.BucketPolicyArgs> = async (inputs, { clients: { s3 } }) => {
  await s3.send(new PutBucketPolicyCommand({ Bucket: inputs.bucket, Policy: plain(inputs.policy) as string }));
  return { id: inputs.bucket };
};

async function bytes(source: unknown): Promise<Buffer | undefined> {
  if (source instanceof pulumi.asset.StringAsset) return Buffer.from(await source.text);
  if (source instanceof pulumi.asset.FileAsset) return readFileSync(await source.path);
  if (source === undefined) return undefined;
  throw new Error("source: this kind of asset is not supported locally");
}

const object: Create<aws.s3.BucketObjectv2Args> = async (inputs, { clients: { s3 } }) => {
  const Body = (await bytes(inputs.source)) ?? Buffer.from(inputs.content ?? "");
  const Bucket = inputs.bucket as unknown as string;
  const Key = named(inputs.key, "key");
  const { ETag, VersionId } = await s3.send(
    new PutObjectCommand({
      Bucket,
      Key,
      Body,
      ContentType: inputs.contentType,
      ServerSideEncryption: inputs.serverSideEncryption as ServerSideEncryption | undefined,
      SSEKMSKeyId: inputs.kmsKeyId,
      BucketKeyEnabled: inputs.bucketKeyEnabled,
      ...(inputs.tags && { Tagging: new URLSearchParams(plain(inputs.tags)).toString() }),
    }),
  );
  return {
    id: `${Bucket}/${Key}`,
    outputs: { arn: `arn:aws:s3:::${Bucket}/${Key}`, etag: ETag?.replaceAll('"', ""), versionId: VersionId ?? "" },
  };
};

export const s3Resources: Resources = {
  "aws-native:s3:Bucket": bucket,
  "aws:s3/bucketPolicy:BucketPolicy": bucketPolicy,
  "aws:s3/bucketObjectv2:BucketObjectv2": object,
};
