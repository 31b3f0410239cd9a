/**
 * The resources of `@pulumi/aws-native` are CloudFormation's own, sent as they are; so cfn-lint can judge each property
 * and value by the resource's schema, for which the provider's types say only "any" or "string". Not judged here: what
 * `@pulumi/aws` declares, and whether AWS lets the account do it.
 */
import { expect } from "chai";
import { type Judgement, judgeAsCloudFormation } from "./cloudFormation.ts";
import { runPipeline } from "./pipelineRun.ts";
import type { ProgramRun, Registered } from "./pulumiMocks.ts";

describe("the stack's CloudFormation resources", () => {
  let dev: ProgramRun;
  let judged: Judgement;
  before(async () => {
    dev = await runPipeline({ stack: "dev" });
    judged = judgeAsCloudFormation(dev.resources);
  });

  it("satisfy cfn-lint in dev", () => {
    expect(judged.findings).to.deep.equal([]);
  });

  it("satisfy cfn-lint in prod", async () => {
    const prod = await runPipeline({ stack: "prod" });
    expect(judgeAsCloudFormation(prod.resources).findings).to.deep.equal([]);
  });

  it("are all judged, under CloudFormation's own names", () => {
    const { Resources } = judged.template;
    const types = Object.values(Resources).map(({ Type }) => Type);
    expect(types).to.have.length(dev.resources.filter(({ type }) => type.startsWith("aws-native:")).length);
    expect([...new Set(types)].sort()).to.deep.equal([
      "AWS::Glue::Job",
      "AWS::KMS::Alias",
      "AWS::KMS::Key",
      "AWS::Logs::LogGroup",
      "AWS::S3::Bucket",
      "AWS::SQS::Queue",
    ]);
    expect(JSON.stringify(Resources.CommerceBronzeBucket)).to.contain('"KMSMasterKeyID":"arn:aws:kms:');
    expect(JSON.stringify(Resources.CommercePromoteQueueQueue)).to.contain('"KmsMasterKeyId":"arn:aws:kms:');
  });

  describe("are caught by cfn-lint with", () => {
    type Inputs = Registered["inputs"];
    const faults: [title: string, name: string, type: string, bend: (inputs: Inputs) => void, finding: RegExp][] = [
      [
        "a property that does not exist",
        "commerce-gold",
        "aws-native:s3:Bucket",
        (inputs) => {
          inputs.publicAccessBlockConfiguration.blockEverything = true;
        },
        /^E\d+ Resources\/CommerceGoldBucket.*BlockEverything/m,
      ],
      [
        "a value that is not allowed",
        "commerce-promote-logs",
        "aws-native:logs:LogGroup",
        (inputs) => {
          inputs.retentionInDays = 8;
        },
        /^E\d+ Resources\/CommercePromoteLogsLogGroup\/Properties\/RetentionInDays: 8 is not one of/m,
      ],
      [
        "a number out of range",
        "commerce-encryption-key",
        "aws-native:kms:Key",
        (inputs) => {
          inputs.pendingWindowInDays = 3;
        },
        /^E\d+ Resources\/CommerceEncryptionKeyKey\/Properties\/PendingWindowInDays/m,
      ],
      [
        "a property of the wrong type",
        "commerce-promote-queue",
        "aws-native:sqs:Queue",
        (inputs) => {
          inputs.redrivePolicy.maxReceiveCount = "often";
        },
        /^E\d+ Resources\/CommercePromoteQueueQueue\/Properties\/RedrivePolicy\/maxReceiveCount/m,
      ],
      [
        "a required property left out",
        "commerce-refine",
        "aws-native:glue:Job",
        (inputs) => {
          delete inputs.role;
        },
        /^E\d+ Resources\/CommerceRefineJob\/Properties: 'Role' is a required property/m,
      ],
    ];

    let findings: string;
    before(() => {
      const bent = faults.map(([, name, type, bend]) => {
        const resource = structuredClone(dev.only(type, name));
        bend(resource.inputs);
        return resource;
      });
      // All at once: each call of cfn-lint takes seconds to load its schemas.
      findings = judgeAsCloudFormation(bent).findings.join("\n");
    });
    for (const [title, , , , finding] of faults)
      it(title, () => {
        expect(findings).to.match(finding);
      });
  });
});
