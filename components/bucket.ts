import * as aws from "@pulumi/aws";
import * as native from "@pulumi/aws-native";
import * as pulumi from "@pulumi/pulumi";
import { bucketPolicy, type Reader } from "./iam/resource.ts";
import type { Queue } from "./queue.ts";
import { type Tags, tagList } from "./tags.ts";

export interface DataBucketArgs {
  readonly bucketName: string;
  /** The bucket's ARN, known from its name, for the policy. */
  readonly bucketArn: string;
  /** Encrypts what is stored. */
  readonly keyArn: pulumi.Input<string>;
  /** Keep what an overwrite or a delete replaces. */
  readonly versioned?: boolean;
  /**
   * Days after which objects expire; never when absent. In a versioned bucket an expired object becomes a replaced
   * version.
   */
  readonly expireAfter?: number | undefined;
  /** Days for which a version is kept after it was replaced, was deleted or has expired; for ever when absent. */
  readonly expireVersionsAfter?: number | undefined;
  /**
   * Queue that is notified of every object created. S3 refuses a queue that does not accept its messages, so the
   * queue's policy comes first.
   */
  readonly notify?: Pick<Queue, "arn" | "policy">;
  /** Whether EventBridge is told of every object created. */
  readonly announce?: boolean;
  /** Who reads it beside the stack's own roles, which have policies of their own. */
  readonly readers?: readonly Reader[];
  /** Leave the bucket when the stack is destroyed. */
  readonly retain: boolean;
  readonly tags: Tags;
}

/** Longer than any upload of this pipeline takes. Parts of an abandoned upload are paid for until then. */
const abandonedUploadDays = 7;

function lifecycleRules({ expireAfter, expireVersionsAfter }: DataBucketArgs): native.types.input.s3.BucketRuleArgs[] {
  return [
    {
      id: "abandoned-uploads",
      status: "Enabled",
      abortIncompleteMultipartUpload: { daysAfterInitiation: abandonedUploadDays },
    },
    ...(expireAfter === undefined ? [] : [{ id: "age", status: "Enabled", expirationInDays: expireAfter } as const]),
    ...(expireVersionsAfter === undefined
      ? []
      : [
          {
            id: "replaced-versions",
            status: "Enabled",
            noncurrentVersionExpiration: { noncurrentDays: expireVersionsAfter },
            expiredObjectDeleteMarker: true,
          } as const,
        ]),
  ];
}

/** A private bucket, encrypted with the stack's key, and the policy that keeps it so. */
export class DataBucket extends pulumi.ComponentResource {
  readonly bucketName: pulumi.Output<string>;

  constructor(name: string, args: DataBucketArgs, opts?: pulumi.ComponentResourceOptions) {
    super("commerce:storage:DataBucket", name, {}, opts);
    const childOptions = { parent: this, retainOnDelete: args.retain };

    const bucket = new native.s3.Bucket(
      name,
      {
        bucketName: args.bucketName,
        bucketEncryption: {
          serverSideEncryptionConfiguration: [
            {
              bucketKeyEnabled: true,
              serverSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: args.keyArn },
            },
          ],
        },
        publicAccessBlockConfiguration: {
          blockPublicAcls: true,
          blockPublicPolicy: true,
          ignorePublicAcls: true,
          restrictPublicBuckets: true,
        },
        ownershipControls: { rules: [{ objectOwnership: "BucketOwnerEnforced" }] },
        ...(args.versioned && { versioningConfiguration: { status: "Enabled" } }),
        lifecycleConfiguration: { rules: lifecycleRules(args) },
        ...((args.notify || args.announce) && {
          notificationConfiguration: {
            ...(args.notify && {
              // Not only Put: a large upload ends with CompleteMultipartUpload.
              queueConfigurations: [{ event: "s3:ObjectCreated:*", queue: args.notify.arn }],
            }),
            ...(args.announce && { eventBridgeConfiguration: { eventBridgeEnabled: true } }),
          },
        }),
        tags: tagList(args.tags),
      },
      { ...childOptions, dependsOn: args.notify ? [args.notify.policy] : [] },
    );
    this.bucketName = bucket.bucketName.apply((bucketName) => bucketName ?? args.bucketName);

    new aws.s3.BucketPolicy(
      `${name}-policy`,
      {
        bucket: this.bucketName,
        policy: pulumi
          .output(args.keyArn)
          .apply((keyArn) => JSON.stringify(bucketPolicy(args.bucketArn, keyArn, args.readers))),
      },
      childOptions,
    );

    this.registerOutputs({ bucketName: this.bucketName });
  }
}
