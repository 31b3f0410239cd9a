/**
 * What each environment is, as files that a person can read, and the exact difference between the two. The files are
 * written by `UPDATE_GENERATED=1 npm test -- tests/components/environments.spec.ts`. Mocks stand behind them: they say
 * what is declared, not what AWS makes of it.
 */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { loadConfig } from "../../config/load.ts";
import { layers } from "../../config/naming.ts";
import { expectGenerated } from "../docs/generatedFile.ts";
import { runPipeline } from "./pipelineRun.ts";
import type { ProgramRun } from "./pulumiMocks.ts";
import { type Retention, retentionOf } from "./retention.ts";
import { inventoryOf, policiesOf, propertiesOf } from "./stackDocuments.ts";

const stacks = ["dev", "prod"] as const;

describe("environments", () => {
  let runs: Record<(typeof stacks)[number], ProgramRun>;
  before(async () => {
    runs = { dev: await runPipeline({ stack: "dev" }), prod: await runPipeline({ stack: "prod" }) };
  });

  it("differ in these properties and no others, besides protection", async () => {
    const dev = await propertiesOf(runs.dev, "dev");
    const prod = await propertiesOf(runs.prod, "prod");
    // What the contract says differs below; that its hash then does too needs no word. Nor does the only alarm that dev
    // has not, which alarms.spec.ts judges, and its place on the dashboard.
    const silent =
      /release-contract\.key$|release\.contract\.(uri|sha256)$|-nothing-published\.|^Dashboard .+\.alarms\./;
    const different = [...new Set([...dev.keys(), ...prod.keys()])].filter(
      (path) => dev.get(path) !== prod.get(path) && !silent.test(path),
    );
    const days = "expirationInDays";
    const versionDays = "noncurrentVersionExpiration.noncurrentDays";
    /** What the config says of a bucket, where it says another number of each environment. */
    const retention = layers.flatMap((layer) => {
      const [inDev, inProd] = stacks.map((stack) =>
        retentionOf(loadConfig("config/pipeline_config.yaml", stack).config, layer),
      ) as [Retention, Retention];
      const rules = `Bucket commerce-${layer}.lifecycleConfiguration.rules`;
      return [
        [`${rules}.1.${days}`, [inDev.age, inProd.age]],
        [`${rules}.${inDev.age ? 2 : 1}.${versionDays}`, [inDev.versions, inProd.versions]],
      ] as const;
    });
    expect(Object.fromEntries(different.map((path) => [path, [dev.get(path), prod.get(path)]]))).to.deep.equal({
      ...Object.fromEntries(retention.filter(([, [inDev, inProd]]) => inDev !== inProd)),
      [`Bucket commerce-bronze.lifecycleConfiguration.rules.1.${days}`]: [14, 90],
      [`Bucket commerce-bronze.lifecycleConfiguration.rules.2.${versionDays}`]: [3, 7],
      "Key commerce-encryption-key.pendingWindowInDays": [7, 30],
      "LogGroup commerce-promote-logs.retentionInDays": [7, 365],
      "LogGroup commerce-settle-logs.retentionInDays": [7, 365],
      "LogGroup commerce-embedded-logs.retentionInDays": [7, 365],
      "LogGroup commerce-refine-output-logs.retentionInDays": [7, 365],
      "LogGroup commerce-refine-error-logs.retentionInDays": [7, 365],
      "Job commerce-refine.numberOfWorkers": [2, 10],
      "Job commerce-refine.nonOverridableArguments.--enable-auto-scaling": ["false", "true"],
      "Job commerce-refine.timeout": [30, 60],
      "Job commerce-refine.executionProperty.maxConcurrentRuns": [3, 10],
      "EventSourceMapping commerce-promote-uploads.scalingConfig.maximumConcurrency": [5, 50],
      "BucketObjectv2 commerce-artifacts-release-contract.content.schemaEvolution": ["additive", "ignore-unknown"],
      "BucketObjectv2 commerce-artifacts-release-contract.content.batching.deadline": [259_200, 93_600],
      "MetricAlarm commerce-alerts-batch-late.alarmDescription": [
        "A batch was not complete 3 days after its first file; ask the producer for what is missing. docs/runbook.md#batch-late",
        "A batch was not complete 26 hours after its first file; ask the producer for what is missing. docs/runbook.md#batch-late",
      ],
      "MetricAlarm commerce-alerts-promote-queue-age.threshold": [7200, 900],
      "MetricAlarm commerce-alerts-promote-queue-age.alarmDescription": [
        "A file has been waiting for 2 hours; see whether commerce-<stack>-promote is throttled or failing. docs/runbook.md#promote-queue-age",
        "A file has been waiting for 15 minutes; see whether commerce-<stack>-promote is throttled or failing. docs/runbook.md#promote-queue-age",
      ],
    });
  });

  it("have the inventory of docs/inventory.txt", () => {
    expectGenerated("docs/inventory.txt", inventoryOf(runs));
  });

  it("have the policies of docs/policies, and no others", () => {
    const directory = "docs/policies";
    const policies = policiesOf(runs.prod, "prod");
    expect(policiesOf(runs.dev, "dev")).to.deep.equal(policies);
    if (process.env.UPDATE_GENERATED === "1") {
      rmSync(directory, { recursive: true, force: true });
      mkdirSync(directory, { recursive: true });
    }
    for (const [file, policy] of Object.entries(policies)) expectGenerated(join(directory, file), policy);
    expect(readdirSync(directory).sort()).to.deep.equal(Object.keys(policies).sort());
  });
});
