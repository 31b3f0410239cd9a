/**
 * Who may do what, as documents. Nothing here evaluates a policy: whether a call is allowed is for the policy
 * simulation, and whether AWS accepts a document for a real deployment.
 */
import { expect } from "chai";
import type { PolicyDocument, Statement } from "../../components/iam/document.ts";
import { runPipeline } from "../support/pipelineRun.ts";
import type { ProgramRun } from "../support/pulumiMocks.ts";

const arn = (service: string, resource: string) => `arn:aws:${service}:eu-central-1:123456789012:${resource}`;
const bucket = (layer: string) => `arn:aws:s3:::commerce-dev-${layer}-123456789012`;
const ledger = (...prefixes: string[]) => prefixes.map((prefix) => `${bucket("ledger")}/${prefix}/*`);

const keepsLedger = {
  ReadRelease: [["s3:GetObject"], [`${bucket("artifacts")}/release.json`, `${bucket("artifacts")}/contract/*`]],
  ReadLedger: [["s3:GetObject"], ledger("batches", "manifests")],
  WriteLedger: [["s3:PutObject"], ledger("batches", "open", "manifests", "runs")],
  ListLedger: [["s3:ListBucket"], [bucket("ledger")]],
};
const copiesInParts = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"];
const usesKey = [["kms:Decrypt", "kms:GenerateDataKey"], [arn("kms", "key/key-1")]];
const logs = (...groups: string[]) => [
  ["logs:CreateLogStream", "logs:PutLogEvents"],
  groups.map((group) => arn("logs", `log-group:${group}:log-stream:*`)),
];

/** Statement to what it allows on what: all that a role may do. */
const expected: Record<string, Record<string, unknown>> = {
  promote: {
    ReadUploads: [["s3:GetObjectVersion"], [`${bucket("bronze")}/*`]],
    ListUploads: [["s3:ListBucket", "s3:ListBucketVersions"], [bucket("bronze")]],
    WritePromotions: [copiesInParts, [`${bucket("silver")}/*`]],
    WriteRejections: [copiesInParts, [`${bucket("rejected")}/files/*`]],
    ListCopies: [
      ["s3:ListBucket", "s3:ListBucketMultipartUploads"],
      [bucket("silver"), bucket("rejected")],
    ],
    ...keepsLedger,
    StartRuns: [["glue:StartJobRun"], [arn("glue", "job/commerce-dev-refine")]],
    ReceiveUploads: [
      ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
      [arn("sqs", "commerce-dev-promote")],
    ],
    ContinueCopies: [["sqs:SendMessage"], [arn("sqs", "commerce-dev-promote")]],
    UseKey: usesKey,
    WriteLogs: logs("/aws/lambda/commerce-dev-promote"),
  },
  settle: {
    ...keepsLedger,
    CloseBatches: [["s3:DeleteObject"], ledger("open")],
    ReadReports: [["s3:GetObject"], ledger("reports", "runs")],
    ManageRuns: [
      ["glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"],
      [arn("glue", "job/commerce-dev-refine")],
    ],
    SwitchPartitions: [
      ["glue:GetTable", "glue:CreatePartition", "glue:UpdatePartition", "glue:DeletePartition"],
      [arn("glue", "catalog"), arn("glue", "database/commerce_dev"), arn("glue", "table/commerce_dev/*")],
    ],
    ListExpired: [["s3:ListBucket"], [bucket("gold")]],
    DeleteExpired: [["s3:DeleteObject"], [`${bucket("gold")}/*`]],
    FindReleases: [["s3:ListBucketVersions"], [bucket("artifacts")]],
    ReadReleases: [["s3:GetObjectVersion"], [`${bucket("artifacts")}/release.json`]],
    FindUploads: [["s3:ListBucketVersions"], [bucket("bronze")]],
    KeepReconciliation: [["s3:GetObject", "s3:PutObject"], [`${bucket("ledger")}/reconciliation.json`]],
    InjectUploads: [["sqs:SendMessage"], [arn("sqs", "commerce-dev-promote")]],
    RedriveDeadLetters: [
      ["sqs:ReceiveMessage", "sqs:DeleteMessage"],
      [arn("sqs", "commerce-dev-promote-dlq"), arn("sqs", "commerce-dev-settle-dlq")],
    ],
    TellPeople: [["sns:Publish"], [arn("sns", "commerce-dev-alerts")]],
    ReportFailures: [["sqs:SendMessage"], [arn("sqs", "commerce-dev-settle-dlq")]],
    UseKey: usesKey,
    WriteLogs: logs("/aws/lambda/commerce-dev-settle"),
  },
  refine: {
    ReadRelease: [["s3:GetObject"], [`${bucket("artifacts")}/*`]],
    ReadManifest: [["s3:GetObject"], ledger("manifests")],
    WriteReport: [["s3:PutObject"], ledger("reports")],
    ReadPromotions: [["s3:GetObject"], [`${bucket("silver")}/*`]],
    WriteOutputs: [
      ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
      [`${bucket("gold")}/*`, `${bucket("rejected")}/rows/*`],
    ],
    ProbeRejectedRows: [["s3:GetObject"], [`${bucket("rejected")}/rows`]],
    ListData: [["s3:ListBucket"], [bucket("silver"), bucket("gold"), bucket("rejected")]],
    ListUnfinishedUploads: [["s3:ListBucketMultipartUploads"], [bucket("gold"), bucket("rejected")]],
    UseKey: usesKey,
    WriteLogs: logs("/aws-glue/commerce-dev/output", "/aws-glue/commerce-dev/error"),
    WriteMetrics: [["cloudwatch:PutMetricData"], ["*"]],
  },
};

describe("permissions", () => {
  let dev: ProgramRun;
  before(async () => {
    dev = await runPipeline();
  });
  const rolePolicy = (role: string): PolicyDocument =>
    JSON.parse(dev.only("aws:iam/rolePolicy:RolePolicy", `commerce-${role}-role-policy`).inputs.policy);
  const statement = (document: PolicyDocument, sid: string): Statement =>
    document.Statement.find(({ Sid }) => Sid === sid)!;
  /** Every document of the stack, by the resource that carries it. */
  const documents = (): [string, PolicyDocument][] =>
    dev.resources.flatMap(({ name, inputs }) =>
      [inputs.policy, inputs.assumeRolePolicy, inputs.keyPolicy]
        .filter((document) => document !== undefined)
        .map((document): [string, PolicyDocument] => [
          name,
          typeof document === "string" ? JSON.parse(document) : document,
        ]),
    );

  for (const role of Object.keys(expected))
    it(`of ${role} are these and no others`, () => {
      const { Statement } = rolePolicy(role);
      expect(Object.fromEntries(Statement.map(({ Sid, Action, Resource }) => [Sid, [Action, Resource]]))).to.deep.equal(
        expected[role],
      );
      expect(Statement.every(({ Effect }) => Effect === "Allow")).to.equal(true);
    });

  it("name every statement once", () => {
    for (const [name, { Statement }] of documents()) {
      const sids = Statement.map(({ Sid }) => Sid);
      expect(new Set(sids).size, name).to.equal(sids.length);
    }
  });

  it("have no wildcard action but to deny, and for the account's own administration of the key", () => {
    const wild = documents().flatMap(([name, { Statement }]) =>
      Statement.filter(({ Effect, Action }) => Effect === "Allow" && Action.some((action) => action.includes("*"))).map(
        ({ Sid }) => `${name} ${Sid}`,
      ),
    );
    // kms:ReEncrypt* and kms:GenerateDataKey* are what CloudWatch Logs asks for.
    expect(wild).to.deep.equal(["commerce-encryption-key AdministerByAccount", "commerce-encryption-key EncryptLogs"]);
  });

  it("are for every resource only where there is no other way: metrics, and the key's own policy", () => {
    const wild = documents().flatMap(([name, { Statement }]) =>
      Statement.filter(({ Resource }) => Resource?.includes("*")).map(({ Sid }) => `${name} ${Sid}`),
    );
    expect(wild.sort()).to.deep.equal([
      "commerce-encryption-key AdministerByAccount",
      "commerce-encryption-key EncryptLogs",
      "commerce-encryption-key KeepUndeliveredEvents",
      "commerce-encryption-key NotifyUploads",
      "commerce-encryption-key PublishAlarms",
      "commerce-refine-role-policy WriteMetrics",
    ]);
    expect(statement(rolePolicy("refine"), "WriteMetrics").Condition).to.deep.equal({
      StringEquals: { "cloudwatch:namespace": "Glue" },
    });
  });

  it("let no role write to the bucket whose objects wake a function", () => {
    for (const role of Object.keys(expected))
      for (const { Action, Resource } of rolePolicy(role).Statement)
        if (Resource!.some((resource) => resource.startsWith(bucket("bronze"))))
          expect(["s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"], role).to.include.members([
            ...Action,
          ]);
  });

  it("let the key be used only through the services that hold what it encrypts", () => {
    const through = (role: string) => statement(rolePolicy(role), "UseKey").Condition;
    const services = (...names: string[]) => ({
      StringEquals: { "kms:ViaService": names.map((name) => `${name}.eu-central-1.amazonaws.com`) },
    });
    expect(through("promote")).to.deep.equal(services("s3", "sqs"));
    expect(through("settle")).to.deep.equal(services("s3", "sns", "sqs"));
    expect(through("refine")).to.deep.equal(services("s3"));
  });

  it("let a role be taken on by its service only", () => {
    const trust = Object.fromEntries(
      dev.all("aws:iam/role:Role").map(({ name, inputs }) => {
        const { Statement } = JSON.parse(inputs.assumeRolePolicy) as PolicyDocument;
        return [name, Statement.map(({ Principal, Action }) => [Principal, Action])];
      }),
    );
    const only = (service: string) => [[{ Service: service }, ["sts:AssumeRole"]]];
    expect(trust).to.deep.equal({
      "commerce-promote-role": only("lambda.amazonaws.com"),
      "commerce-settle-role": only("lambda.amazonaws.com"),
      "commerce-refine-role": only("glue.amazonaws.com"),
    });
  });

  it("hold each service that uses the key to the stack's own resources, as far as it names them", () => {
    const { keyPolicy } = dev.only("aws-native:kms:Key").inputs as { keyPolicy: PolicyDocument };
    const rules = Object.fromEntries(
      keyPolicy.Statement.map(({ Principal, Condition }) => [JSON.stringify(Principal), Condition]),
    );
    const fromHere = { StringEquals: { "aws:SourceAccount": "123456789012" } };
    expect(rules).to.deep.equal({
      '{"AWS":"arn:aws:iam::123456789012:root"}': undefined,
      '{"Service":"logs.eu-central-1.amazonaws.com"}': {
        ArnEquals: {
          "kms:EncryptionContext:aws:logs:arn": [
            arn("logs", "log-group:/aws/lambda/commerce-dev-promote"),
            arn("logs", "log-group:/aws/lambda/commerce-dev-settle"),
            arn("logs", "log-group:/aws-glue/commerce-dev/output"),
            arn("logs", "log-group:/aws-glue/commerce-dev/error"),
          ],
        },
      },
      '{"Service":"s3.amazonaws.com"}': { ArnEquals: { "aws:SourceArn": bucket("bronze") }, ...fromHere },
      '{"Service":"cloudwatch.amazonaws.com"}': {
        ArnLike: { "aws:SourceArn": arn("cloudwatch", "alarm:commerce-dev-*") },
        ...fromHere,
      },
      '{"Service":"events.amazonaws.com"}': undefined,
    });
  });

  it("let each queue and topic take messages only from where they belong, and only over TLS", () => {
    const senders = (type: string) =>
      Object.fromEntries(
        dev.all(type).map(({ name, inputs }) => {
          const { Statement } = JSON.parse(inputs.policy) as PolicyDocument;
          expect(Statement[0]).to.deep.include({
            Sid: "DenyPlainText",
            Effect: "Deny",
            Condition: { Bool: { "aws:SecureTransport": "false" } },
          });
          return [name, Statement.slice(1).map(({ Principal, Action, Condition }) => [Principal, Action, Condition])];
        }),
      );
    const from = (...sources: string[]) => ({
      ArnLike: { "aws:SourceArn": sources },
      StringEquals: { "aws:SourceAccount": "123456789012" },
    });
    expect(senders("aws:sqs/queuePolicy:QueuePolicy")).to.deep.equal({
      "commerce-promote-queue-policy": [[{ Service: "s3.amazonaws.com" }, ["sqs:SendMessage"], from(bucket("bronze"))]],
      "commerce-promote-dlq-policy": [],
      "commerce-settle-dlq-policy": [
        [
          { Service: "events.amazonaws.com" },
          ["sqs:SendMessage"],
          from(...["job-ended", "sweep"].map((rule) => arn("events", `rule/commerce-dev-${rule}`))),
        ],
      ],
    });
    expect(senders("aws:sns/topicPolicy:TopicPolicy")).to.deep.equal({
      "commerce-alerts-policy": [
        [{ Service: "cloudwatch.amazonaws.com" }, ["sns:Publish"], from(arn("cloudwatch", "alarm:commerce-dev-*"))],
      ],
    });
  });
});
