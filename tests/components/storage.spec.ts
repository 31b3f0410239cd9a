/**
 * The buckets and the key. Mocks prove the declarations only: not that S3 accepts the notification, nor that the
 * policies have the effect they are written for; the local run and the policy simulation do the latter.
 */
import { expect } from "chai";
import { bucketPolicy } from "../../components/iam/resource.ts";
import { runPipeline } from "./pipelineRun.ts";
import type { ProgramRun } from "./pulumiMocks.ts";

const keyArn = "arn:aws:kms:eu-central-1:123456789012:key/key-1";
const bucketType = "aws-native:s3:Bucket";
const abandoned = {
  id: "abandoned-uploads",
  status: "Enabled",
  abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
};
const age = (expirationInDays: number) => ({ id: "age", status: "Enabled", expirationInDays });
const versions = (noncurrentDays: number) => ({
  id: "replaced-versions",
  status: "Enabled",
  noncurrentVersionExpiration: { noncurrentDays },
  expiredObjectDeleteMarker: true,
});

describe("storage", () => {
  let dev: ProgramRun;
  let prod: ProgramRun;
  before(async () => {
    dev = await runPipeline({ stack: "dev" });
    prod = await runPipeline({ stack: "prod" });
  });
  const bucket = (run: ProgramRun, layer: string) => run.only(bucketType, `commerce-${layer}`);

  it("encrypts every bucket with the stack's key and a bucket key", () => {
    for (const { name, inputs } of dev.all(bucketType))
      expect(inputs.bucketEncryption, name).to.deep.equal({
        serverSideEncryptionConfiguration: [
          {
            bucketKeyEnabled: true,
            serverSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: keyArn },
          },
        ],
      });
  });

  it("keeps every bucket from the public and its objects from other owners", () => {
    for (const { name, inputs } of dev.all(bucketType)) {
      expect(inputs.publicAccessBlockConfiguration, name).to.deep.equal({
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      });
      expect(inputs.ownershipControls, name).to.deep.equal({ rules: [{ objectOwnership: "BucketOwnerEnforced" }] });
    }
  });

  it("gives every bucket its policy", () => {
    for (const { name, inputs } of dev.all(bucketType)) {
      const policy = dev.only("aws:s3/bucketPolicy:BucketPolicy", `${name}-policy`).inputs;
      expect(policy.bucket).to.equal(inputs.bucketName);
      expect(JSON.parse(policy.policy)).to.deep.equal(bucketPolicy(`arn:aws:s3:::${inputs.bucketName}`, keyArn));
    }
  });

  it("refuses plain text, foreign keys and customers' keys by policy", () => {
    const objects = "arn:aws:s3:::b/*";
    const put = { Effect: "Deny", Principal: "*", Action: ["s3:PutObject"], Resource: [objects] };
    expect(bucketPolicy("arn:aws:s3:::b", keyArn).Statement).to.deep.equal([
      {
        Sid: "DenyPlainText",
        Effect: "Deny",
        Principal: "*",
        Action: ["s3:*"],
        Resource: ["arn:aws:s3:::b", objects],
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
      {
        ...put,
        Sid: "DenyOtherEncryption",
        Condition: {
          Null: { "s3:x-amz-server-side-encryption": "false" },
          StringNotEquals: { "s3:x-amz-server-side-encryption": "aws:kms" },
        },
      },
      {
        ...put,
        Sid: "DenyOtherKeys",
        Condition: {
          Null: { "s3:x-amz-server-side-encryption": "false" },
          StringNotEquals: { "s3:x-amz-server-side-encryption-aws-kms-key-id": keyArn },
        },
      },
      {
        ...put,
        Sid: "DenyCallersKeys",
        Condition: { Null: { "s3:x-amz-server-side-encryption-customer-algorithm": "false" } },
      },
    ]);
  });

  it("versions what is overwritten: bronze, ledger and artifacts", () => {
    const versioned = dev.all(bucketType).filter(({ inputs }) => inputs.versioningConfiguration?.status === "Enabled");
    expect(versioned.map(({ name }) => name).sort()).to.deep.equal([
      "commerce-artifacts",
      "commerce-bronze",
      "commerce-ledger",
    ]);
  });

  it("expires as the environment's config says, and gold never by age", () => {
    const rules = (run: ProgramRun) =>
      Object.fromEntries(run.all(bucketType).map(({ name, inputs }) => [name, inputs.lifecycleConfiguration.rules]));
    expect(rules(dev)).to.deep.equal({
      "commerce-bronze": [abandoned, age(14), versions(3)],
      "commerce-silver": [abandoned, age(14)],
      "commerce-rejected": [abandoned, age(14)],
      "commerce-gold": [abandoned],
      "commerce-ledger": [abandoned, versions(14)],
      "commerce-artifacts": [abandoned, versions(14)],
    });
    expect(rules(prod)).to.deep.equal({
      "commerce-bronze": [abandoned, age(90), versions(7)],
      "commerce-silver": [abandoned, age(365)],
      "commerce-rejected": [abandoned, age(90)],
      "commerce-gold": [abandoned],
      "commerce-ledger": [abandoned, versions(30)],
      "commerce-artifacts": [abandoned, versions(365)],
    });
  });

  it("tells one queue of every object created, and of nothing else", () => {
    expect(bucket(dev, "bronze").inputs.notificationConfiguration).to.deep.equal({
      queueConfigurations: [
        { event: "s3:ObjectCreated:*", queue: "arn:aws:sqs:eu-central-1:123456789012:commerce-dev-promote" },
      ],
    });
    const others = dev.all(bucketType).filter(({ name }) => name !== "commerce-bronze");
    for (const { name, inputs } of others) expect(inputs, name).not.to.have.property("notificationConfiguration");
  });

  it("has no second owner of a bucket's notification", () => {
    const notifications = dev.resources.filter(({ type }) => /bucketNotification/i.test(type));
    expect(notifications).to.deep.equal([]);
  });

  it("makes the queue's policy before the bucket that notifies it", () => {
    const policy = dev.only("aws:sqs/queuePolicy:QueuePolicy", "commerce-promote-queue-policy");
    expect(bucket(dev, "bronze").options.dependencies).to.include(policy.urn);
  });

  it("rotates the key and keeps a deleted one as long as the environment says", () => {
    const inputs = (run: ProgramRun) => run.only("aws-native:kms:Key").inputs;
    expect(inputs(dev)).to.include({ enableKeyRotation: true, pendingWindowInDays: 7 });
    expect(inputs(prod)).to.include({ enableKeyRotation: true, pendingWindowInDays: 30 });
    expect(dev.only("aws-native:kms:Alias").inputs).to.deep.equal({
      aliasName: "alias/commerce-dev",
      targetKeyId: "key-1",
    });
  });

  it("keeps every log group for the configured time, encrypted", () => {
    const groups = dev.all("aws-native:logs:LogGroup").map(({ inputs }) => inputs);
    expect(groups.map(({ logGroupName }) => logGroupName).sort()).to.deep.equal([
      "/aws-glue/commerce-dev/error",
      "/aws-glue/commerce-dev/output",
      "/aws/lambda/commerce-dev-promote",
      "/aws/lambda/commerce-dev-settle",
    ]);
    for (const group of groups) expect(group).to.include({ retentionInDays: 7, kmsKeyId: keyArn });
    for (const { inputs } of prod.all("aws-native:logs:LogGroup")) expect(inputs.retentionInDays).to.equal(365);
  });
});
