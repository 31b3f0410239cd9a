/**
 * The harness that every other spec here trusts: each way in which Pulumi's mocks lie has to fail a run.
 * It proves nothing of the engine: no diff, no replacement, no provider's check of an input.
 */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { runProgram } from "./pulumiMocks.ts";

const topic = (name: string, args: aws.sns.TopicArgs = {}, opts?: pulumi.CustomResourceOptions) =>
  new aws.sns.Topic(name, args, opts);

async function failure(program: () => Promise<object> | object): Promise<string> {
  try {
    await runProgram(program);
  } catch (error) {
    return (error as Error).message;
  }
  return "no failure";
}

describe("the Pulumi mocks", () => {
  it("fail a run whose apply throws", async () => {
    const message = await failure(() => {
      const first = topic("first", { name: "first" });
      topic("second", {
        name: first.arn.apply(() => {
          throw new Error("broken apply");
        }),
      });
      return {};
    });
    expect(message).to.contain("broken apply");
  });

  it("fail a run that registers a type nobody answers for", async () => {
    const message = await failure(() => ({ vpc: new aws.ec2.Vpc("network").id }));
    expect(message).to.equal("no answer for type aws:ec2/vpc:Vpc (network)");
  });

  it("fail a run that invokes what is not mocked", async () => {
    const message = await failure(async () => aws.getAvailabilityZones());
    expect(message).to.contain("getAvailabilityZones:getAvailabilityZones is not mocked");
  });

  it("fail a run in which two resources share a URN", async () => {
    const message = await failure(() => ({ first: topic("same").arn, second: topic("same").arn }));
    expect(message).to.match(/two resources share the URN .*::same$/);
  });

  it("hand back the options that Pulumi's own mocks don't see", async () => {
    const run = await runProgram(() => {
      const first = topic("first");
      topic("second", {}, { protect: true, retainOnDelete: true, dependsOn: [first] });
      return {};
    });
    const { options } = run.only("aws:sns/topic:Topic", "second");
    expect(options.protect).to.equal(true);
    expect(options.retainOnDelete).to.equal(true);
    expect(options.dependencies).to.deep.equal([run.only("aws:sns/topic:Topic", "first").urn]);
  });

  it("unwrap secrets, also inside other values", async () => {
    const run = await runProgram(() => {
      topic("quiet", { tags: { token: pulumi.secret("hidden"), plain: "seen" } });
      return {};
    });
    expect(run.only("aws:sns/topic:Topic").inputs.tags).to.deep.equal({ token: "hidden", plain: "seen" });
  });

  it("give each resource its own inputs, however late they resolve", async () => {
    const run = await runProgram(() => {
      const late = pulumi.output(new Promise<string>((resolve) => setTimeout(() => resolve("slow"), 20)));
      topic("slow", { name: late });
      topic("fast", { name: "fast" });
      return {};
    });
    for (const { name, inputs } of run.all("aws:sns/topic:Topic")) expect(inputs.name).to.equal(name);
  });
});
