/**
 * What a stack consists of, and what protects it. Mocks prove the declarations only: not that AWS accepts them, nor
 * what the engine does with protect and retainOnDelete.
 */
import { expect } from "chai";
import { runPipeline } from "../support/pipelineRun.ts";
import type { ProgramRun } from "../support/pulumiMocks.ts";

const components = [
  ["commerce:alerting:Alerts", "commerce-alerts"],
  ["commerce:artifacts:Artifacts", "commerce-artifacts-release"],
  ["commerce:catalog:Catalog", "commerce-catalog"],
  ["commerce:compute:PipelineFunction", "commerce-promote"],
  ["commerce:compute:PipelineFunction", "commerce-settle"],
  ["commerce:encryption:Encryption", "commerce-encryption"],
  ["commerce:engine:GlueEngine", "commerce-refine"],
  ["commerce:identity:ExecutionRole", "commerce-promote-role"],
  ["commerce:identity:ExecutionRole", "commerce-refine-role"],
  ["commerce:identity:ExecutionRole", "commerce-settle-role"],
  ["commerce:messaging:Queue", "commerce-promote-dlq"],
  ["commerce:messaging:Queue", "commerce-promote-queue"],
  ["commerce:messaging:Queue", "commerce-settle-dlq"],
  ["commerce:pipeline:Pipeline", "commerce"],
  ["commerce:promotion:Promotion", "commerce-promote"],
  ["commerce:settlement:Settlement", "commerce-settle"],
  ["commerce:storage:DataBucket", "commerce-artifacts"],
  ["commerce:storage:DataBucket", "commerce-bronze"],
  ["commerce:storage:DataBucket", "commerce-gold"],
  ["commerce:storage:DataBucket", "commerce-ledger"],
  ["commerce:storage:DataBucket", "commerce-rejected"],
  ["commerce:storage:DataBucket", "commerce-silver"],
];

const resources = [
  ["aws-native:glue:Job", "commerce-refine"],
  ["aws-native:kms:Alias", "commerce-encryption-alias"],
  ["aws-native:kms:Key", "commerce-encryption-key"],
  ["aws-native:logs:LogGroup", "commerce-promote-logs"],
  ["aws-native:logs:LogGroup", "commerce-refine-error-logs"],
  ["aws-native:logs:LogGroup", "commerce-refine-output-logs"],
  ["aws-native:logs:LogGroup", "commerce-settle-logs"],
  ["aws-native:s3:Bucket", "commerce-artifacts"],
  ["aws-native:s3:Bucket", "commerce-bronze"],
  ["aws-native:s3:Bucket", "commerce-gold"],
  ["aws-native:s3:Bucket", "commerce-ledger"],
  ["aws-native:s3:Bucket", "commerce-rejected"],
  ["aws-native:s3:Bucket", "commerce-silver"],
  ["aws-native:sqs:Queue", "commerce-promote-dlq"],
  ["aws-native:sqs:Queue", "commerce-promote-queue"],
  ["aws-native:sqs:Queue", "commerce-settle-dlq"],
  ["aws:cloudwatch/eventRule:EventRule", "commerce-settle-job-ended"],
  ["aws:cloudwatch/eventRule:EventRule", "commerce-settle-sweep"],
  ["aws:cloudwatch/eventTarget:EventTarget", "commerce-settle-job-ended-target"],
  ["aws:cloudwatch/eventTarget:EventTarget", "commerce-settle-sweep-target"],
  ["aws:cloudwatch/dashboard:Dashboard", "commerce-dashboard"],
  ["aws:cloudwatch/metricAlarm:MetricAlarm", "commerce-alerts-batch-failing"],
  ["aws:cloudwatch/metricAlarm:MetricAlarm", "commerce-alerts-batch-late"],
  ["aws:cloudwatch/metricAlarm:MetricAlarm", "commerce-alerts-effect-failed"],
  ["aws:cloudwatch/metricAlarm:MetricAlarm", "commerce-alerts-file-rejected"],
  ["aws:cloudwatch/metricAlarm:MetricAlarm", "commerce-alerts-notice-failed"],
  ["aws:cloudwatch/metricAlarm:MetricAlarm", "commerce-alerts-promote-dlq-not-empty"],
  ["aws:cloudwatch/metricAlarm:MetricAlarm", "commerce-alerts-promote-errors"],
  ["aws:cloudwatch/metricAlarm:MetricAlarm", "commerce-alerts-promote-failed"],
  ["aws:cloudwatch/metricAlarm:MetricAlarm", "commerce-alerts-promote-queue-age"],
  ["aws:cloudwatch/metricAlarm:MetricAlarm", "commerce-alerts-promote-throttles"],
  ["aws:cloudwatch/metricAlarm:MetricAlarm", "commerce-alerts-publication-failed"],
  ["aws:cloudwatch/metricAlarm:MetricAlarm", "commerce-alerts-reconciliation-overdue"],
  ["aws:cloudwatch/metricAlarm:MetricAlarm", "commerce-alerts-run-failed"],
  ["aws:cloudwatch/metricAlarm:MetricAlarm", "commerce-alerts-run-overlong"],
  ["aws:cloudwatch/metricAlarm:MetricAlarm", "commerce-alerts-settle-dlq-not-empty"],
  ["aws:cloudwatch/metricAlarm:MetricAlarm", "commerce-alerts-settle-errors"],
  ["aws:cloudwatch/metricAlarm:MetricAlarm", "commerce-alerts-settle-throttles"],
  ["aws:cloudwatch/metricAlarm:MetricAlarm", "commerce-alerts-sweep-missing"],
  ["aws:cloudwatch/metricAlarm:MetricAlarm", "commerce-alerts-sweep-too-short"],
  ["aws:glue/catalogDatabase:CatalogDatabase", "commerce-catalog"],
  ["aws:glue/catalogTable:CatalogTable", "commerce-catalog-user_activity"],
  ["aws:iam/role:Role", "commerce-promote-role"],
  ["aws:iam/role:Role", "commerce-refine-role"],
  ["aws:iam/role:Role", "commerce-settle-role"],
  ["aws:iam/rolePolicy:RolePolicy", "commerce-promote-role-policy"],
  ["aws:iam/rolePolicy:RolePolicy", "commerce-refine-role-policy"],
  ["aws:iam/rolePolicy:RolePolicy", "commerce-settle-role-policy"],
  ["aws:lambda/eventSourceMapping:EventSourceMapping", "commerce-promote-uploads"],
  ["aws:lambda/function:Function", "commerce-promote"],
  ["aws:lambda/function:Function", "commerce-settle"],
  ["aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "commerce-settle-failures"],
  ["aws:lambda/permission:Permission", "commerce-settle-job-ended-permission"],
  ["aws:lambda/permission:Permission", "commerce-settle-sweep-permission"],
  ["aws:s3/bucketObjectv2:BucketObjectv2", "commerce-artifacts-current"],
  ["aws:s3/bucketObjectv2:BucketObjectv2", "commerce-artifacts-release-contract"],
  ["aws:s3/bucketObjectv2:BucketObjectv2", "commerce-artifacts-release-engine"],
  ["aws:s3/bucketObjectv2:BucketObjectv2", "commerce-artifacts-release-script"],
  ["aws:s3/bucketObjectv2:BucketObjectv2", "commerce-artifacts-release-sql-user_activity"],
  ["aws:s3/bucketPolicy:BucketPolicy", "commerce-artifacts-policy"],
  ["aws:s3/bucketPolicy:BucketPolicy", "commerce-bronze-policy"],
  ["aws:s3/bucketPolicy:BucketPolicy", "commerce-gold-policy"],
  ["aws:s3/bucketPolicy:BucketPolicy", "commerce-ledger-policy"],
  ["aws:s3/bucketPolicy:BucketPolicy", "commerce-rejected-policy"],
  ["aws:s3/bucketPolicy:BucketPolicy", "commerce-silver-policy"],
  ["aws:sns/topic:Topic", "commerce-alerts"],
  ["aws:sns/topicPolicy:TopicPolicy", "commerce-alerts-policy"],
  ["aws:sqs/queuePolicy:QueuePolicy", "commerce-promote-dlq-policy"],
  ["aws:sqs/queuePolicy:QueuePolicy", "commerce-promote-queue-policy"],
  ["aws:sqs/queuePolicy:QueuePolicy", "commerce-settle-dlq-policy"],
];

const inventory = (run: ProgramRun) =>
  run.resources
    .filter(({ type }) => type !== "pulumi:pulumi:Stack")
    .map(({ type, name }) => [type, name])
    .sort(([type, name], [otherType, otherName]) => `${type} ${name}`.localeCompare(`${otherType} ${otherName}`, "en"));
const sorted = (entries: string[][]) =>
  entries.toSorted(([type, name], [otherType, otherName]) =>
    `${type} ${name}`.localeCompare(`${otherType} ${otherName}`, "en"),
  );

/** What is lost for good, or hard to bring back, when it is deleted. */
const guardedTypes = new Set([
  "aws-native:kms:Key",
  "aws-native:kms:Alias",
  "aws-native:s3:Bucket",
  "aws:s3/bucketPolicy:BucketPolicy",
  "aws-native:sqs:Queue",
  "aws:sqs/queuePolicy:QueuePolicy",
  "aws:glue/catalogDatabase:CatalogDatabase",
  "aws:glue/catalogTable:CatalogTable",
]);
const dataTypes = new Set([
  "aws-native:kms:Key",
  "aws-native:kms:Alias",
  "aws-native:s3:Bucket",
  "aws:s3/bucketPolicy:BucketPolicy",
]);
const upload = "aws:s3/bucketObjectv2:BucketObjectv2";

const namesOf = (run: ProgramRun, keep: (options: ProgramRun["resources"][number]["options"]) => boolean) =>
  run.resources.filter(({ custom, options }) => custom && keep(options)).map(({ type, name }) => `${type} ${name}`);
const namesOfTypes = (run: ProgramRun, types: ReadonlySet<string>) =>
  run.resources.filter(({ type }) => types.has(type)).map(({ type, name }) => `${type} ${name}`);

describe("a stack", () => {
  let dev: ProgramRun;
  let prod: ProgramRun;
  before(async () => {
    dev = await runPipeline({ stack: "dev" });
    prod = await runPipeline({ stack: "prod" });
  });

  it("of dev consists of exactly these components and resources", () => {
    expect(inventory(dev)).to.deep.equal(sorted([...components, ...resources]));
  });

  it("of prod consists of the same, and of an alarm on its freshness", () => {
    const freshness = ["aws:cloudwatch/metricAlarm:MetricAlarm", "commerce-alerts-nothing-published"];
    expect(inventory(prod)).to.deep.equal(sorted([...components, ...resources, freshness]));
  });

  it("with an alert address has a subscription more", async () => {
    const run = await runPipeline({ config: { "commerce:alertEmail": "on-call@example.com" } });
    expect(inventory(run)).to.deep.equal(
      sorted([...components, ...resources, ["aws:sns/topicSubscription:TopicSubscription", "commerce-alerts-email"]]),
    );
    const { inputs } = run.only("aws:sns/topicSubscription:TopicSubscription");
    expect(inputs).to.deep.equal({
      topic: "arn:aws:sns:eu-central-1:123456789012:commerce-dev-alerts",
      protocol: "email",
      endpoint: "on-call@example.com",
    });
  });

  it("has these outputs", () => {
    expect(dev.outputs).to.deep.equal({
      bronzeBucket: "commerce-dev-bronze-123456789012",
      silverBucket: "commerce-dev-silver-123456789012",
      rejectedBucket: "commerce-dev-rejected-123456789012",
      goldBucket: "commerce-dev-gold-123456789012",
      ledgerBucket: "commerce-dev-ledger-123456789012",
      artifactsBucket: "commerce-dev-artifacts-123456789012",
      promoteQueueUrl: "https://sqs.eu-central-1.amazonaws.com/123456789012/commerce-dev-promote",
      promoteDeadLetterQueueUrl: "https://sqs.eu-central-1.amazonaws.com/123456789012/commerce-dev-promote-dlq",
      settleDeadLetterQueueUrl: "https://sqs.eu-central-1.amazonaws.com/123456789012/commerce-dev-settle-dlq",
      promoteFunction: "commerce-dev-promote",
      settleFunction: "commerce-dev-settle",
      glueJob: "commerce-dev-refine",
      catalogDatabase: "commerce_dev",
      keyArn: "arn:aws:kms:eu-central-1:123456789012:key/key-1",
      alertTopicArn: "arn:aws:sns:eu-central-1:123456789012:commerce-dev-alerts",
    });
  });

  it("hangs every resource below a component, and every component below another or the stack", () => {
    for (const { type, name, custom, options } of dev.resources) {
      if (type === "pulumi:pulumi:Stack") continue;
      const parentType = options.parent.split("::")[2]!.split("$").at(-1)!;
      const allowed = custom ? /^commerce:/ : type === "commerce:pipeline:Pipeline" ? /^pulumi:/ : /^commerce:/;
      expect(parentType, `parent of ${type} ${name}`).to.match(allowed);
    }
  });

  it("tags all that carries tags of its own", () => {
    const expected = { team: "data-platform", pipeline: "commerce", environment: "dev" };
    const untagged = dev.resources
      .filter(({ custom }) => custom)
      .filter(({ inputs }) => {
        const tags = Array.isArray(inputs.tags)
          ? Object.fromEntries(inputs.tags.map(({ key, value }: { key: string; value: string }) => [key, value]))
          : inputs.tags;
        return JSON.stringify(tags) !== JSON.stringify(expected) && JSON.stringify(tags) !== sortedJson(expected);
      })
      .map(({ type }) => type);
    expect([...new Set(untagged)].sort()).to.deep.equal([
      "aws-native:kms:Alias",
      "aws:cloudwatch/dashboard:Dashboard",
      "aws:cloudwatch/eventTarget:EventTarget",
      "aws:glue/catalogTable:CatalogTable",
      "aws:iam/rolePolicy:RolePolicy",
      "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
      "aws:lambda/permission:Permission",
      // An object takes ten tags at most, and the bucket has them already.
      upload,
      "aws:s3/bucketPolicy:BucketPolicy",
      "aws:sns/topicPolicy:TopicPolicy",
      "aws:sqs/queuePolicy:QueuePolicy",
    ]);
  });

  it("protects in prod what holds data, messages, keys or what readers query", () => {
    expect(namesOf(prod, ({ protect }) => protect)).to.have.members(namesOfTypes(prod, guardedTypes));
  });

  it("protects nothing in dev", () => {
    expect(namesOf(dev, ({ protect }) => protect)).to.deep.equal([]);
  });

  it("never protects an upload, whose replacement protection would refuse", () => {
    for (const { options } of prod.all(upload)) expect(options.protect).to.equal(false);
  });

  const retained = (run: ProgramRun) => namesOf(run, ({ retainOnDelete }) => retainOnDelete);
  const destroy = { "commerce:destroyData": "true" };

  it("leaves data, key and uploads behind when only the environment says destroy", () => {
    expect(retained(dev)).to.have.members(namesOfTypes(dev, new Set([...dataTypes, upload])));
  });

  it("leaves them behind when only the stack says destroy", async () => {
    const run = await runPipeline({ stack: "prod", config: destroy });
    expect(retained(run)).to.have.members(namesOfTypes(run, new Set([...dataTypes, upload])));
  });

  it("leaves nothing behind when both say destroy, but for uploads of releases, which runs under way still read", async () => {
    const run = await runPipeline({ stack: "dev", config: destroy });
    expect(retained(run)).to.have.members(
      namesOfTypes(run, new Set([upload])).filter((name) => !name.endsWith("-artifacts-current")),
    );
  });

  it("has no unresolved value in any input", () => {
    for (const run of [dev, prod])
      for (const { type, name, inputs } of run.resources)
        expect(JSON.stringify(inputs), `${type} ${name}`).not.to.match(/undefined|toString|Calling \[|\[object /);
  });
});

function sortedJson(value: Record<string, string>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(value).sort(([a], [b]) => a.localeCompare(b))));
}
