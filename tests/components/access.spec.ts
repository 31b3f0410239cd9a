/**
 * Whom the config lets in beside the stack's own roles: administrators of the key and readers of Gold. What a document
 * allows in the end is for the policy simulation.
 */
import { expect } from "chai";
import { changedConfig } from "../config/changedConfig.ts";
import { runPipeline } from "./pipelineRun.ts";
import type { ProgramRun } from "./pulumiMocks.ts";

const deployer = "arn:aws:iam::123456789012:role/deploy";
const security = "arn:aws:iam::999999999999:role/security";
const analyst = "arn:aws:iam::210987654321:role/analytics";
const auditor = "arn:aws:iam::123456789012:user/auditor";

// biome-ignore lint/suspicious/noExplicitAny: statements are compared whole
type Statements = any[];

describe("access by config", () => {
  /** The dev stack of the shipped config with these lines added to `encryption` and `iam`. */
  const runWith = (encryption: string, iam: string): Promise<ProgramRun> =>
    runPipeline({
      config: {
        "commerce:configFile": changedConfig({
          "  rotation: true\n": `  rotation: true\n${encryption}`,
          "  path: /\n": `  path: /\n${iam}`,
        }),
      },
    });
  const keyStatements = (run: ProgramRun): Statements => run.only("aws-native:kms:Key").inputs.keyPolicy.Statement;
  const bucketStatements = (run: ProgramRun, layer: string): Statements =>
    JSON.parse(run.only("aws:s3/bucketPolicy:BucketPolicy", `commerce-${layer}-policy`).inputs.policy).Statement;

  it("is the account's own business where the config names nobody", async () => {
    const run = await runWith("", "");
    expect(keyStatements(run)[0]).to.deep.equal({
      Sid: "AdministerByAccount",
      Effect: "Allow",
      Principal: { AWS: "arn:aws:iam::123456789012:root" },
      Action: ["kms:*"],
      Resource: ["*"],
    });
    expect(keyStatements(run).map(({ Sid }) => Sid)).not.to.include("ReadGold");
    expect(bucketStatements(run, "gold").filter(({ Effect }) => Effect === "Allow")).to.deep.equal([]);
  });

  it("to the key's administration is left to the named ones, who can read nothing by it", async () => {
    const run = await runWith(`  administrators: [${deployer}, ${security}]\n`, "");
    const [byRoles, use] = keyStatements(run);
    expect(byRoles.Sid).to.equal("AdministerByRoles");
    expect(byRoles.Principal).to.deep.equal({ AWS: [deployer, security] });
    expect(byRoles.Action).to.include.members(["kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion"]);
    expect(byRoles.Action.filter((action: string) => /crypt|GenerateData|CreateGrant|\*/i.test(action))).to.deep.equal(
      [],
    );
    expect(use).to.deep.equal({
      Sid: "LetPoliciesAllowUse",
      Effect: "Allow",
      Principal: { AWS: "arn:aws:iam::123456789012:root" },
      Action: ["kms:Decrypt", "kms:GenerateDataKey"],
      Resource: ["*"],
      Condition: {
        StringEquals: {
          "kms:ViaService": ["s3", "sns", "sqs"].map((service) => `${service}.eu-central-1.amazonaws.com`),
        },
      },
    });
    expect(JSON.stringify(keyStatements(run))).not.to.contain("kms:*");
  });

  it("to the key is refused where only another account would have it", async () => {
    const error = await runWith(`  administrators: [${security}]\n`, "").catch((caught: Error) => caught);
    expect((error as Error).message).to.equal(
      "encryption.administrators names nobody of account 123456789012, in which this stack lives; name the role that deploys it",
    );
  });

  it("to Gold is reading the declared outputs, and nothing in any other bucket", async () => {
    const readers = [analyst, auditor].map((principal) => `{ principal: ${principal}, outputs: [user_activity] }`);
    const run = await runWith("", `  goldReaders: [${readers.join(", ")}]\n`);
    const gold = "arn:aws:s3:::commerce-dev-gold-123456789012";
    const reading = (number: number, principal: string) => [
      {
        Sid: `Read${number}`,
        Effect: "Allow",
        Principal: { AWS: principal },
        Action: ["s3:GetObject"],
        Resource: [`${gold}/user_activity/*`],
      },
      {
        Sid: `List${number}`,
        Effect: "Allow",
        Principal: { AWS: principal },
        Action: ["s3:ListBucket"],
        Resource: [gold],
        Condition: { StringLike: { "s3:prefix": ["user_activity/*"] } },
      },
    ];
    expect(bucketStatements(run, "gold").filter(({ Effect }) => Effect === "Allow")).to.deep.equal([
      ...reading(1, analyst),
      ...reading(2, auditor),
    ]);
    const others = run.all("aws:s3/bucketPolicy:BucketPolicy").filter(({ name }) => name !== "commerce-gold-policy");
    expect(others).to.have.length(run.all("aws-native:s3:Bucket").length - 1);
    for (const { name, inputs } of others)
      expect(
        (JSON.parse(inputs.policy).Statement as Statements).filter(({ Effect }) => Effect === "Allow"),
        name,
      ).to.deep.equal([]);
    expect(keyStatements(run).find(({ Sid }) => Sid === "ReadGold")).to.deep.equal({
      Sid: "ReadGold",
      Effect: "Allow",
      Principal: { AWS: [analyst, auditor] },
      Action: ["kms:Decrypt"],
      Resource: ["*"],
      Condition: {
        StringEquals: {
          "kms:ViaService": "s3.eu-central-1.amazonaws.com",
          "kms:EncryptionContext:aws:s3:arn": gold,
        },
      },
    });
  });
});
