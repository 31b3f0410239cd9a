/**
 * The buckets and the key. Mocks prove the declarations only: not that S3 accepts the notification, nor that the
 * policies have the effect they are written for; the local run and the policy simulation do the latter.
 */
import { expect } from "chai";
import { bucketPolicy } from "../../components/iam/resource.ts";
import { loadConfig } from "../../config/load.ts";
import { type Layer, layers } from "../../config/naming.ts";
import { changedConfig } from "../config/changedConfig.ts";
import { runPipeline } from "./pipelineRun.ts";
import type { ProgramRun } from "./pulumiMocks.ts";
import { retentionOf } from "./retention.ts";

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

  it("versions what is overwritten: bronze, ledger and artifacts, and no bucket whose versions would stay for ever", () => {
    const isVersioned = (layer: Layer) => bucket(dev, layer).inputs.versioningConfiguration?.status === "Enabled";
    const { config } = loadConfig("config/pipeline_config.yaml", "dev");
    const limited = layers.filter((layer) => retentionOf(config, layer).versions !== undefined);
    expect(layers.filter(isVersioned)).to.deep.equal(limited);
    expect(limited).to.include.members(["bronze", "ledger", "artifacts"]);
  });

  it("expires as the environment's config says, and gold never by age", () => {
    const rules = (run: ProgramRun, layer: Layer) => bucket(run, layer).inputs.lifecycleConfiguration.rules;
    for (const [stack, run] of Object.entries({ dev, prod })) {
      const { config } = loadConfig("config/pipeline_config.yaml", stack);
      for (const layer of layers) {
        const days = retentionOf(config, layer);
        expect(rules(run, layer), `${layer} of ${stack}`).to.deep.equal([
          abandoned,
          ...(days.age ? [age(days.age)] : []),
          ...(days.versions ? [versions(days.versions)] : []),
        ]);
      }
      expect(rules(run, "gold")).to.deep.equal([abandoned]);
    }
    expect(rules(dev, "bronze")).to.deep.equal([abandoned, age(14), versions(3)]);
    expect(rules(prod, "silver")).to.deep.equal([abandoned, age(365)]);
    expect(rules(prod, "artifacts")).to.deep.equal([abandoned, versions(365)]);
  });

  it("keeps for ever what the config gives no time", async () => {
    const file = changedConfig({ "  silver: 90d\n": "", "silver: 14d, ": "" });
    const run = await runPipeline({ config: { "commerce:configFile": file } });
    expect(bucket(run, "silver").inputs.lifecycleConfiguration.rules).to.deep.equal([abandoned]);
  });

  it("tells one queue of every upload, EventBridge of what comes into the ledger, and nobody of the rest", () => {
    expect(bucket(dev, "bronze").inputs.notificationConfiguration).to.deep.equal({
      queueConfigurations: [
        { event: "s3:ObjectCreated:*", queue: "arn:aws:sqs:eu-central-1:123456789012:commerce-dev-promote" },
      ],
    });
    expect(bucket(dev, "ledger").inputs.notificationConfiguration).to.deep.equal({
      eventBridgeConfiguration: { eventBridgeEnabled: true },
    });
    const told = ["commerce-bronze", "commerce-ledger"];
    const others = dev.all(bucketType).filter(({ name }) => !told.includes(name));
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
      "/aws/lambda/commerce-dev-embedded",
      "/aws/lambda/commerce-dev-promote",
      "/aws/lambda/commerce-dev-settle",
    ]);
    for (const group of groups) expect(group).to.include({ retentionInDays: 7, kmsKeyId: keyArn });
    for (const { inputs } of prod.all("aws-native:logs:LogGroup")) expect(inputs.retentionInDays).to.equal(365);
  });
});
