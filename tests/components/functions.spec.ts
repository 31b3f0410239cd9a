/**
 * The functions and what wakes them. Mocks prove the declarations only: not that the bundle runs,
 * that a trigger fires, or that AWS accepts a destination.
 */
import type * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { deploy } from "../../components/program.ts";
import { redeliveryOf } from "../../components/redelivery.ts";
import { loadConfig } from "../../config/load.ts";
import { layers } from "../../config/naming.ts";
import { runPipeline, settings, tinySources } from "./pipelineRun.ts";
import { type ProgramRun, runProgram } from "./pulumiMocks.ts";

const functionType = "aws:lambda/function:Function";
const arn = (service: string, resource: string) => `arn:aws:${service}:eu-central-1:123456789012:${resource}`;
const queueUrl = (name: string) => `https://sqs.eu-central-1.amazonaws.com/123456789012/commerce-dev-${name}`;
const keyArn = arn("kms", "key/key-1");
/** A variable for each bucket, such as BRONZE_BUCKET. */
const bucketVariables = Object.fromEntries(
  layers.map((layer) => [`${layer.toUpperCase()}_BUCKET`, `commerce-dev-${layer}-123456789012`]),
);

async function filesOf(archive: pulumi.asset.AssetArchive): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const [path, asset] of Object.entries(await archive.assets))
    files[path] = await (asset as pulumi.asset.StringAsset).text;
  return files;
}

describe("functions", () => {
  let dev: ProgramRun;
  before(async () => {
    dev = await runPipeline();
  });
  const lambda = (name: string) => dev.only(functionType, `commerce-${name}`);

  for (const [name, memorySize] of [
    ["promote", 1769],
    ["settle", 512],
  ] as const) {
    it(`${name} runs on Node 22 with the configured size, its own role and the deployed names`, () => {
      const { code, ...inputs } = lambda(name).inputs;
      expect(inputs).to.deep.include({
        name: `commerce-dev-${name}`,
        runtime: "nodejs22.x",
        architectures: ["arm64"],
        handler: "index.handler",
        memorySize,
        timeout: 120,
        role: `arn:aws:iam::123456789012:role/commerce-dev-${name}`,
        environment: {
          variables: {
            ALERT_TOPIC_ARN: "arn:aws:sns:eu-central-1:123456789012:commerce-dev-alerts",
            ...bucketVariables,
            PROMOTE_QUEUE_URL: queueUrl("promote"),
            PROMOTE_DEAD_LETTERS_URL: queueUrl("promote-dlq"),
            SETTLE_DEAD_LETTERS_URL: queueUrl("settle-dlq"),
            KEY_ARN: keyArn,
            GLUE_JOB: "commerce-dev-refine",
            CATALOG_DATABASE: "commerce_dev",
            NODE_OPTIONS: "--enable-source-maps",
          },
        },
      });
    });

    it(`${name} ships its bundle, map and settings`, async () => {
      const files = await filesOf(lambda(name).inputs.code);
      const { config } = loadConfig("config/pipeline_config.yaml", "dev");
      expect(files["index.mjs"]).to.equal(tinySources[name].code);
      expect(files["index.mjs.map"]).to.equal(tinySources[name].map);
      expect(JSON.parse(files["settings.json"]!)).to.deep.equal({
        pipeline: "commerce",
        environment: "dev",
        files: config.files,
        attempts: 3,
        keepRuns: 5,
        effectLease: 180,
        reconciliationEvery: 86_400,
        runAge: 7200,
      });
      expect(Object.keys(files)).to.have.length(3);
    });

    it(`${name} is made after its log group and its rights`, () => {
      const { dependencies } = lambda(name).options;
      expect(dependencies).to.include(dev.only("aws-native:logs:LogGroup", `commerce-${name}-logs`).urn);
      expect(dependencies).to.include(dev.only("aws:iam/rolePolicy:RolePolicy", `commerce-${name}-role-policy`).urn);
    });
  }

  it("ship the files of packages to the function that has them, and to no other", async () => {
    const packages = { "node_modules/native/library.so": "somewhere/library.so" };
    const sources = { ...tinySources, promote: { ...tinySources.promote, packages } };
    const run = await runProgram(() => deploy({ sources: async () => sources }), { config: settings });
    const assets = async (name: string) => run.only(functionType, `commerce-${name}`).inputs.code.assets;
    const { "node_modules/native/library.so": file, ...others } = await assets("promote");
    expect(await file.path).to.equal("somewhere/library.so");
    expect(Object.keys(others)).to.deep.equal(Object.keys(await assets("settle")));
  });

  it("hides a received upload for six times as long as promote may take, and gives it up after ten tries", () => {
    const queue = dev.only("aws-native:sqs:Queue", "commerce-promote-queue").inputs;
    expect(queue.visibilityTimeout).to.equal(6 * lambda("promote").inputs.timeout);
    expect(queue.redrivePolicy).to.deep.equal({
      deadLetterTargetArn: arn("sqs", "commerce-dev-promote-dlq"),
      maxReceiveCount: 10,
    });
  });

  it("tries an upload for more than an hour, also when one receive comes to nothing, and ten times at least", () => {
    for (const timeout of [30, 60, 120, 300, 900]) {
      const { visibilityTimeout, maxReceiveCount } = redeliveryOf(timeout);
      expect((maxReceiveCount - 2) * visibilityTimeout, `${timeout} s`).to.be.at.least(3600);
      expect(maxReceiveCount, `${timeout} s`).to.be.at.least(10);
      expect(maxReceiveCount * visibilityTimeout, "SQS keeps it so long").to.be.below(14 * 86_400);
    }
    expect(redeliveryOf(30)).to.deep.equal({ visibilityTimeout: 180, maxReceiveCount: 22 });
  });

  it("encrypts every queue and keeps its messages as long as SQS can", () => {
    for (const { name, inputs } of dev.all("aws-native:sqs:Queue"))
      expect(inputs, name).to.include({ kmsMasterKeyId: keyArn, messageRetentionPeriod: 14 * 86_400 });
  });

  it("takes dead letters by redrive only from the promote queue", () => {
    const queue = (name: string) => dev.only("aws-native:sqs:Queue", name).inputs;
    expect(queue("commerce-promote-dlq").redriveAllowPolicy).to.deep.equal({
      redrivePermission: "byQueue",
      sourceQueueArns: [arn("sqs", "commerce-dev-promote")],
    });
    expect(queue("commerce-promote-dlq")).not.to.have.property("redrivePolicy");
    expect(queue("commerce-settle-dlq")).not.to.have.property("redrivePolicy");
  });

  it("feeds promote one file at a time, several at once, and lets it fail alone", () => {
    expect(dev.only("aws:lambda/eventSourceMapping:EventSourceMapping").inputs).to.deep.include({
      eventSourceArn: arn("sqs", "commerce-dev-promote"),
      functionName: arn("lambda", "function:commerce-dev-promote"),
      batchSize: 1,
      functionResponseTypes: ["ReportBatchItemFailures"],
      scalingConfig: { maximumConcurrency: 5 },
    });
  });

  it("keeps what settle fails on", () => {
    expect(
      dev.only("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "commerce-settle-failures").inputs,
    ).to.deep.equal({
      functionName: "commerce-dev-settle",
      maximumEventAgeInSeconds: 3600,
      maximumRetryAttempts: 2,
      destinationConfig: { onFailure: { destination: arn("sqs", "commerce-dev-settle-dlq") } },
    });
  });

  it("wakes settle when a run of the job has ended, and for nothing else", () => {
    const rule = dev.only("aws:cloudwatch/eventRule:EventRule", "commerce-settle-job-ended").inputs;
    expect(JSON.parse(rule.eventPattern)).to.deep.equal({
      source: ["aws.glue"],
      "detail-type": ["Glue Job State Change"],
      detail: { jobName: ["commerce-dev-refine"], state: ["SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED"] },
    });
    expect(rule).not.to.have.property("scheduleExpression");
    expect(dev.only("aws-native:glue:Job").inputs.name).to.equal("commerce-dev-refine");
    expect(dev.only("aws:cloudwatch/eventTarget:EventTarget", "commerce-settle-job-ended-target").inputs).to.deep.equal(
      {
        rule: "commerce-dev-job-ended",
        targetId: "job-ended",
        arn: arn("lambda", "function:commerce-dev-settle"),
        deadLetterConfig: { arn: arn("sqs", "commerce-dev-settle-dlq") },
      },
    );
  });

  for (const [kind, rate] of [["sweep", "rate(5 minutes)"]])
    it(`wakes settle to ${kind} as often as the config says`, () => {
      const rule = dev.only("aws:cloudwatch/eventRule:EventRule", `commerce-settle-${kind}`).inputs;
      expect(rule.name).to.equal(`commerce-dev-${kind}`);
      expect(rule.scheduleExpression).to.equal(rate);
      expect(rule).not.to.have.property("eventPattern");
      const target = dev.only("aws:cloudwatch/eventTarget:EventTarget", `commerce-settle-${kind}-target`).inputs;
      expect(target).to.deep.equal({
        rule: `commerce-dev-${kind}`,
        targetId: kind,
        arn: arn("lambda", "function:commerce-dev-settle"),
        input: JSON.stringify({ kind }),
        deadLetterConfig: { arn: arn("sqs", "commerce-dev-settle-dlq") },
      });
    });

  it("lets each rule, and only it, call settle, before the rule has its target", () => {
    for (const [role, rule] of [
      ["job-ended", "commerce-dev-job-ended"],
      ["sweep", "commerce-dev-sweep"],
    ]) {
      const permission = dev.only("aws:lambda/permission:Permission", `commerce-settle-${role}-permission`);
      expect(permission.inputs).to.deep.equal({
        action: "lambda:InvokeFunction",
        function: "commerce-dev-settle",
        principal: "events.amazonaws.com",
        sourceArn: arn("events", `rule/${rule}`),
      });
      const target = dev.only("aws:cloudwatch/eventTarget:EventTarget", `commerce-settle-${role}-target`);
      expect(target.options.dependencies).to.include(permission.urn);
    }
  });
});
