/**
 * What the program refuses, what it reads from the stack, and that index.ts is the program. Not proven here: the
 * language host itself, which only the real CLI runs (tests/engine).
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { deploy } from "../../components/program.ts";
import { physicalNames } from "../../config/naming.ts";
import { runPipeline, settings, tinySources } from "./pipelineRun.ts";
import { type RunOptions, runProgram } from "./pulumiMocks.ts";

const configFile = "config/pipeline_config.yaml";

async function refusal(options: RunOptions, file = configFile): Promise<Error> {
  const program = () => deploy({ configFile: file, sources: async () => tinySources });
  try {
    await runProgram(program, { ...options, config: { ...settings, ...options.config } });
  } catch (error) {
    return error as Error;
  }
  throw new Error("the program was not refused");
}

describe("the program", () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "pipeline-program-"));
  });
  after(() => rmSync(directory, { recursive: true }));

  it("refuses an unknown stack with the list of known ones and without a stack trace", async () => {
    const error = await refusal({ stack: "staging" });
    expect(pulumi.RunError.isInstance(error)).to.equal(true);
    expect(error.message).to.equal(`"staging" is not an environment of ${configFile}; it declares: dev, prod`);
  });

  it("refuses a config that is wrong in the same way", async () => {
    const file = join(directory, "wrong.yaml");
    writeFileSync(file, readFileSync(configFile, "utf8").replace("workers: 2", "workers: two"));
    const error = await refusal({}, file);
    expect(pulumi.RunError.isInstance(error)).to.equal(true);
    expect(error.message).to.contain("glue.workers");
  });

  it("refuses providers in two regions", async () => {
    const error = await refusal({ config: { "aws-native:region": "eu-west-1" } });
    expect(error.message).to.equal(
      "Pulumi.dev.yaml: aws:region is eu-central-1 and aws-native:region eu-west-1; set both to the same",
    );
  });

  it("reads the config file that the stack names, and gives roles the path and boundary that it asks for", async () => {
    const file = join(directory, "other.yaml");
    const boundary = "arn:aws:iam::123456789012:policy/team-boundary";
    writeFileSync(
      file,
      readFileSync(configFile, "utf8")
        .replace("name: commerce", "name: trade")
        .replace("path: /\n", `path: /data/\n  permissionsBoundary: ${boundary}\n`)
        .replace("../glue/sql/user_activity.sql", resolve("glue/sql/user_activity.sql")),
    );
    const run = await runPipeline({ config: { "commerce:configFile": file } });
    expect(run.outputs.bronzeBucket).to.equal("trade-dev-bronze-123456789012");
    for (const { inputs } of run.all("aws:iam/role:Role"))
      expect(inputs).to.include({ path: "/data/", permissionsBoundary: boundary });
  });

  it("sets no boundary where the config has none", async () => {
    const run = await runPipeline();
    for (const { inputs } of run.all("aws:iam/role:Role")) {
      expect(inputs.path).to.equal("/");
      expect(inputs).not.to.have.property("permissionsBoundary");
    }
  });

  it("is what index.ts exports, with the repository's own sources, and returns every output", async () => {
    const { default: program, ...others } = await import("../../index.ts");
    expect(others, "Pulumi takes a default export only alone").to.deep.equal({});
    const run = await runProgram(() => program(), { config: settings });
    const expected = await runPipeline();
    expect(run.outputs).to.deep.equal(expected.outputs);
    const { inputs } = run.only("aws:lambda/function:Function", "commerce-promote");
    const assets = await inputs.code.assets;
    expect(Object.keys(assets), "only an engine needs packages").to.have.length(3);
    const code = assets["index.mjs"] as pulumi.asset.StringAsset;
    expect(await code.text).to.match(/export\s*\{\s*\w+ as handler\s*\}/);
  });
});

describe("physical names", () => {
  it("stay within AWS's limits for the longest pipeline and environment names", () => {
    const names = physicalNames("a".repeat(20), "b".repeat(19), "123456789012");
    for (const bucket of Object.values(names.buckets)) expect(bucket.length, bucket).to.be.at.most(63);
    for (const name of [
      names.promoteFunction,
      names.settleFunction,
      names.glueJob,
      names.jobEndedRule,
      names.sweepRule,
    ])
      expect(name.length, name).to.be.at.most(64);
    for (const queue of [names.promoteQueue, names.promoteDeadLetters, names.settleDeadLetters])
      expect(queue.length, queue).to.be.at.most(80);
  });
});
