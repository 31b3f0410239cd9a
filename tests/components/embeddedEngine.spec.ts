import { expect } from "chai";
import { runPipeline, runWithEngine } from "./pipelineRun.ts";
import type { ProgramRun } from "./pulumiMocks.ts";

const functionType = "aws:lambda/function:Function";
const deliveryType = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig";

const releaseOf = (run: ProgramRun) =>
  JSON.parse(run.only("aws:s3/bucketObjectv2:BucketObjectv2", "commerce-artifacts-current").inputs.content).release;

describe("the embedded engine", () => {
  let dev: ProgramRun;
  before(async () => {
    dev = await runPipeline();
  });
  const engine = () => dev.only(functionType, "commerce-embedded");

  it("has the declared size, room for files, and a version of each change", () => {
    expect(engine().inputs).to.deep.include({
      name: "commerce-dev-embedded",
      runtime: "nodejs22.x",
      architectures: ["arm64"],
      memorySize: 3008,
      timeout: 600,
      ephemeralStorage: { size: 8192 },
      publish: true,
    });
    expect(engine().inputs).not.to.have.property("reservedConcurrentExecutions");
  });

  it("is called once for an order, which waits an hour at most, and keeps this for its old versions", () => {
    const { inputs, options } = dev.only(deliveryType, "commerce-embedded-delivery");
    expect(inputs).to.deep.equal({
      functionName: "commerce-dev-embedded",
      qualifier: engine().state.version,
      maximumRetryAttempts: 0,
      maximumEventAgeInSeconds: 3600,
    });
    expect(options.retainOnDelete).to.equal(true);
  });

  it("is pinned by the release with its version and limit, in every environment that ships", async () => {
    for (const run of [dev, await runPipeline({ stack: "prod" })])
      expect(releaseOf(run).embedded).to.deep.equal({
        functionArn: run.only(functionType, "commerce-embedded").state.qualifiedArn,
        upTo: 400_000_000,
      });
  });

  it("reserves what the config says", async () => {
    const run = await runWithEngine("{ embeddedUpTo: 1000, memory: 1024, timeout: 1m, concurrency: 7 }");
    expect(run.only(functionType, "commerce-embedded").inputs).to.deep.include({
      memorySize: 1024,
      timeout: 60,
      reservedConcurrentExecutions: 7,
    });
  });

  it("wakes settle by its reports, and by nothing else in the ledger", () => {
    const rule = dev.only("aws:cloudwatch/eventRule:EventRule", "commerce-settle-reported");
    expect(JSON.parse(rule.inputs.eventPattern)).to.deep.equal({
      source: ["aws.s3"],
      "detail-type": ["Object Created"],
      detail: {
        bucket: { name: ["commerce-dev-ledger-123456789012"] },
        object: { key: [{ wildcard: "reports/*/em-*" }] },
      },
    });
  });

  const without = (run: ProgramRun) => {
    expect(run.all(functionType).map(({ name }) => name)).to.deep.equal(["commerce-promote", "commerce-settle"]);
    expect(run.all(deliveryType).map(({ name }) => name)).to.deep.equal(["commerce-settle-failures"]);
    expect(releaseOf(run).embedded).to.equal(null);
  };

  it("is not there where Glue runs all", async () => {
    without(await runWithEngine("glue"));
  });

  it("is not there where an output's SQL is not sure to give the same", async () => {
    without(await runPipeline({ sql: { user_activity: "select sum(cast(1 as double)) as user_id from users" } }));
  });
});
