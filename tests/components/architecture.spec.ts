/**
 * The picture at the top of the README, drawn from what the program registers; a new resource or right that it lacks
 * fails here. Written by `UPDATE_GENERATED=1 npm test -- tests/components/architecture.spec.ts`.
 */
import { expect } from "chai";
import type { PolicyDocument } from "../../components/iam/document.ts";
import { architectureOf } from "../support/architecture.ts";
import { expectGenerated } from "../support/generatedFile.ts";
import { runPipeline } from "../support/pipelineRun.ts";
import type { ProgramRun } from "../support/pulumiMocks.ts";

describe("the architecture's picture", () => {
  let run: ProgramRun;
  before(async () => {
    run = await runPipeline();
  });

  it("is docs/architecture.svg", () => {
    expectGenerated("docs/architecture.svg", architectureOf(run, "commerce-dev"));
  });

  it("is the same for every environment", async () => {
    const prod = await runPipeline({ stack: "prod" });
    expect(architectureOf(prod, "commerce-prod")).to.equal(architectureOf(run, "commerce-dev"));
  });

  it("refuses a box that it has no place for, and a place without its box", () => {
    const resources = run.resources.map((resource) =>
      resource.name === "commerce-silver" && resource.type === "aws-native:s3:Bucket"
        ? { ...resource, inputs: { ...resource.inputs, bucketName: "commerce-dev-platinum-123456789012" } }
        : resource,
    );
    const all = (type: string) => resources.filter((resource) => resource.type === type);
    expect(() => architectureOf({ ...run, resources, all }, "commerce-dev")).to.throw(
      "boxes without a place: S3 bucket platinum; places without one: S3 bucket silver",
    );
  });

  it("refuses an arrow that it does not show", () => {
    const uploads = "aws:lambda/eventSourceMapping:EventSourceMapping";
    const resources = run.resources.filter(({ type }) => type !== uploads);
    const all = (type: string) => resources.filter((resource) => resource.type === type);
    expect(() => architectureOf({ ...run, resources, all }, "commerce-dev")).to.throw(
      "places without one: SQS queue promote > Lambda promote",
    );
  });

  for (const [sid, arrows] of Object.entries({
    ContinueCopies: "Lambda promote > SQS queue promote",
    FindUploads: "S3 bucket bronze > Lambda settle",
    InjectUploads: "Lambda settle > SQS queue promote",
    RedriveDeadLetters: "SQS queue promote-dlq > Lambda settle; SQS queue settle-dlq > Lambda settle",
  }))
    it(`shows ${arrows} for the right ${sid} only`, () => {
      const policies = "aws:iam/rolePolicy:RolePolicy";
      const all = (type: string) =>
        run.all(type).map((resource) => {
          if (type !== policies) return resource;
          const { Statement } = JSON.parse(resource.inputs.policy) as PolicyDocument;
          const policy = JSON.stringify({ Statement: Statement.filter(({ Sid }) => Sid !== sid) });
          return { ...resource, inputs: { ...resource.inputs, policy } };
        });
      const draw = () => architectureOf({ ...run, all }, "commerce-dev");
      expect(draw).to.throw(`arrows without a place: none; places without one: ${arrows}`);
    });
});
