/**
 * What protects a stack, and what it hands out; what it consists of stands in docs/inventory.txt. Mocks prove the
 * declarations only: not that AWS accepts them, nor what the engine does with protect and retainOnDelete.
 */
import { expect } from "chai";
import { perBucket } from "../../config/naming.ts";
import { runPipeline } from "./pipelineRun.ts";
import type { ProgramRun } from "./pulumiMocks.ts";

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
  "aws:glue/catalogDatabase:CatalogDatabase",
  "aws:glue/catalogTable:CatalogTable",
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

  it("with an alert address has a subscription more", async () => {
    const run = await runPipeline({ config: { "commerce:alertEmail": "on-call@example.com" } });
    const own = new Set(dev.resources.map(({ urn }) => urn));
    const more = run.resources.filter(({ urn }) => !own.has(urn));
    expect(run.resources).to.have.length(dev.resources.length + 1);
    expect(more.map(({ type, name, inputs }) => ({ type, name, inputs }))).to.deep.equal([
      {
        type: "aws:sns/topicSubscription:TopicSubscription",
        name: "commerce-alerts-email",
        inputs: {
          topic: "arn:aws:sns:eu-central-1:123456789012:commerce-dev-alerts",
          protocol: "email",
          endpoint: "on-call@example.com",
        },
      },
    ]);
  });

  it("has these outputs", () => {
    expect(dev.outputs).to.deep.equal({
      ...perBucket((layer) => `commerce-dev-${layer}-123456789012`),
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

  /** But for the setting of a function's old versions, which goes with the function. */
  const retained = (run: ProgramRun) =>
    namesOf(run, ({ retainOnDelete }) => retainOnDelete).filter((name) => !name.endsWith("commerce-embedded-delivery"));
  const destroy = { "commerce:destroyData": "true" };

  it("leaves data, key, tables and uploads behind when only the environment says destroy", () => {
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
