/**
 * What holds of all policies; each statement stands in docs/policies, and the permission matrix says which call needs it.
 * Nothing here evaluates a policy: whether a call is allowed is for the policy
 * simulation, and whether AWS accepts a document for a real deployment.
 */
import { expect } from "chai";
import type { PolicyDocument, Statement } from "../../components/iam/document.ts";
import { gluePolicy } from "../../components/iam/glue.ts";
import { keyPolicy } from "../../components/iam/key.ts";
import { promotePolicy } from "../../components/iam/promote.ts";
import { bucketPolicy } from "../../components/iam/resource.ts";
import { settlePolicy } from "../../components/iam/settle.ts";
import { physicalNames, stackArns } from "../../config/naming.ts";
import { runPipeline } from "./pipelineRun.ts";
import type { ProgramRun } from "./pulumiMocks.ts";

const arn = (service: string, resource: string) => `arn:aws:${service}:eu-central-1:123456789012:${resource}`;
const bucket = (layer: string) => `arn:aws:s3:::commerce-dev-${layer}-123456789012`;

describe("permissions", () => {
  let dev: ProgramRun;
  before(async () => {
    dev = await runPipeline();
  });
  const rolePolicy = (role: string): PolicyDocument =>
    JSON.parse(dev.only("aws:iam/rolePolicy:RolePolicy", `commerce-${role}-role-policy`).inputs.policy);
  const rolePolicies = () =>
    dev
      .all("aws:iam/rolePolicy:RolePolicy")
      .map(({ name, inputs }) => ({ name, ...(JSON.parse(inputs.policy) as PolicyDocument) }));
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

  it("of a role only allow: what no statement names is refused", () => {
    for (const { Statement } of rolePolicies())
      for (const { Effect, Sid } of Statement) expect(Effect, Sid).to.equal("Allow");
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
    for (const { name, Statement } of rolePolicies())
      for (const { Action, Resource } of Statement)
        if (Resource!.some((resource) => resource.startsWith(bucket("bronze"))))
          expect(["s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"], name).to.include.members([
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
      "commerce-embedded-role": only("lambda.amazonaws.com"),
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
            arn("logs", "log-group:/aws/lambda/commerce-dev-embedded"),
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
          from(...["job-ended", "reported", "sweep"].map((rule) => arn("events", `rule/commerce-dev-${rule}`))),
        ],
      ],
    });
    expect(senders("aws:sns/topicPolicy:TopicPolicy")).to.deep.equal({
      "commerce-alerts-policy": [
        [{ Service: "cloudwatch.amazonaws.com" }, ["sns:Publish"], from(arn("cloudwatch", "alarm:commerce-dev-*"))],
      ],
    });
  });

  for (const [partition, region, suffix] of [
    ["aws", "eu-central-1", "amazonaws.com"],
    ["aws-us-gov", "us-gov-west-1", "amazonaws.com"],
    ["aws-cn", "cn-north-1", "amazonaws.com.cn"],
  ] as const)
    it(`are of ${partition} throughout, with the names that its services have`, () => {
      const scope = { partition, region, account: "123456789012" };
      const arns = stackArns(physicalNames("commerce", "dev", scope.account), scope);
      const key = `arn:${partition}:kms:${region}:123456789012:key/1`;
      const reader = `arn:${partition}:iam::123456789012:role/reader`;
      const documents = [
        promotePolicy(arns, key),
        settlePolicy(arns, key),
        gluePolicy(arns, key),
        keyPolicy(arns, { goldReaders: [reader] }),
        keyPolicy(arns, { administrators: [reader], goldReaders: [] }),
        bucketPolicy(arns.buckets.gold, key, [{ principal: reader, folders: ["user_activity"] }]),
      ];
      const text = JSON.stringify(documents);
      const partitions = [...text.matchAll(/arn:([^:]*):/g)].map(([, found]) => found);
      expect([...new Set(partitions)]).to.deep.equal([partition]);
      const regional = [...text.matchAll(/"(s3|sns|sqs|logs)\.([^".]+)\.([^"]+)"/g)].filter(
        ([, , one]) => one !== "amazonaws",
      );
      expect([...new Set(regional.map(([, , one, rest]) => `${one} ${rest}`))]).to.deep.equal([`${region} ${suffix}`]);
      expect([...new Set(regional.map(([, service]) => service))].sort()).to.deep.equal(["logs", "s3", "sns", "sqs"]);
    });
});
