import type { Upload } from "../../components/artifacts.ts";
import type { Contract } from "../../config/contract.ts";
import type { FunctionEnvironment, FunctionSettings } from "../../handlers/settings.ts";
import { readEnvironment } from "../../handlers/settings.ts";
import { runPipeline } from "../components/pipelineRun.ts";
import { account, type ProgramRun, type Registered, type RunOptions } from "../components/pulumiMocks.ts";

export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: unknown;
  readonly Action: readonly string[];
  readonly Resource?: readonly string[];
  readonly Condition?: unknown;
}

export interface Policy {
  readonly Version: "2012-10-17";
  readonly Statement: readonly PolicyStatement[];
}

export const roles = ["promote", "settle", "refine", "embedded"] as const;
export type Role = (typeof roles)[number];

/** All policies that a stack's program declares, by what they are attached to. */
export interface DeclaredStack {
  readonly stack: string;
  readonly account: string;
  readonly roleArns: Readonly<Record<Role, string>>;
  /** What a role may do, by its ARN. */
  readonly identity: Readonly<Record<string, Policy>>;
  /** What a bucket, the key, a queue, the topic, a function and a role says of who may use it, by its ARN. */
  readonly attached: Readonly<Record<string, Policy>>;
  readonly keyArn: string;
  readonly topicArn: string;
  readonly settleFunctionArn: string;
  /** With the version that the release pins. */
  readonly embeddedFunctionArn: string;
  readonly queues: Readonly<Record<"promote" | "promoteDeadLetters" | "settleDeadLetters", string>>;
  readonly rules: readonly string[];
  readonly jobArn: string;
  /** The job's arguments: those that a run may change, and those that it can't. */
  readonly jobArguments: Readonly<Record<"defaults" | "fixed", Readonly<Record<string, string>>>>;
  readonly contract: Contract;
  /** The release's texts, as they lie in the artifacts bucket. */
  readonly uploads: readonly Upload[];
  readonly names: FunctionEnvironment;
  readonly settings: FunctionSettings;
}

const parsed = (document: unknown): Policy =>
  typeof document === "string" ? (JSON.parse(document) as Policy) : (document as Policy);

const arnOf = ({ state }: Registered): string => String(state.arn);

/** A trust policy is about the role that it is attached to. */
const about = (policy: Policy, arn: string): Policy => ({
  ...policy,
  Statement: policy.Statement.map((statement) => ({ ...statement, Resource: [arn] })),
});

/** The grants by which services may invoke a function; Lambda keeps them as statements of the function's own policy. */
function invokers(run: ProgramRun, functionArn: string): Policy {
  const statements = run.all("aws:lambda/permission:Permission").map(({ name, inputs }) => ({
    Sid: name,
    Effect: "Allow" as const,
    Principal: { Service: inputs.principal },
    Action: [inputs.action],
    Resource: [functionArn],
    Condition: {
      ...(inputs.sourceArn && { ArnLike: { "AWS:SourceArn": inputs.sourceArn } }),
      ...(inputs.sourceAccount && { StringEquals: { "AWS:SourceAccount": inputs.sourceAccount } }),
    },
  }));
  return { Version: "2012-10-17", Statement: statements };
}

/** @throws Error for a role with a boundary, whose document is not the program's and so can't be evaluated. */
export async function declaredStack(stack: string, config: RunOptions["config"] = {}): Promise<DeclaredStack> {
  const run = await runPipeline({ stack, config });
  const roleOf = (role: Role) => run.only("aws:iam/role:Role", `commerce-${role}-role`);
  const bounded = run.all("aws:iam/role:Role").filter(({ inputs }) => inputs.permissionsBoundary);
  if (bounded.length > 0) throw new Error(`${bounded[0]!.name} has a boundary that is declared elsewhere`);

  const identity: Record<string, Policy> = {};
  const attached: Record<string, Policy> = {};
  for (const role of roles) {
    const arn = arnOf(roleOf(role));
    identity[arn] = parsed(run.only("aws:iam/rolePolicy:RolePolicy", `commerce-${role}-role-policy`).inputs.policy);
    attached[arn] = about(parsed(roleOf(role).inputs.assumeRolePolicy), arn);
  }
  const key = run.only("aws-native:kms:Key");
  attached[arnOf(key)] = parsed(key.inputs.keyPolicy);
  for (const { inputs } of run.all("aws:s3/bucketPolicy:BucketPolicy"))
    attached[`arn:aws:s3:::${inputs.bucket}`] = parsed(inputs.policy);
  for (const { inputs } of run.all("aws:sqs/queuePolicy:QueuePolicy"))
    attached[arnOf(run.all("aws-native:sqs:Queue").find(({ state }) => state.queueUrl === inputs.queueUrl)!)] = parsed(
      inputs.policy,
    );
  for (const { inputs } of run.all("aws:sns/topicPolicy:TopicPolicy")) attached[inputs.arn] = parsed(inputs.policy);
  const settle = run.only("aws:lambda/function:Function", "commerce-settle");
  attached[arnOf(settle)] = invokers(run, arnOf(settle));

  const job = run.only("aws-native:glue:Job").inputs;
  const queueArn = (url: string) => arnOf(run.all("aws-native:sqs:Queue").find(({ state }) => state.queueUrl === url)!);
  const names = readEnvironment(settle.inputs.environment.variables);
  const uploads = run.all("aws:s3/bucketObjectv2:BucketObjectv2");
  const assets = await settle.inputs.code.assets;
  return {
    stack,
    account,
    roleArns: Object.fromEntries(roles.map((role) => [role, arnOf(roleOf(role))])) as Record<Role, string>,
    identity,
    attached,
    keyArn: arnOf(key),
    topicArn: arnOf(run.only("aws:sns/topic:Topic")),
    settleFunctionArn: arnOf(settle),
    embeddedFunctionArn: String(run.only("aws:lambda/function:Function", "commerce-embedded").state.qualifiedArn),
    queues: {
      promote: queueArn(names.promoteQueueUrl),
      promoteDeadLetters: queueArn(names.promoteDeadLettersUrl),
      settleDeadLetters: queueArn(names.settleDeadLettersUrl),
    },
    rules: run.all("aws:cloudwatch/eventRule:EventRule").map(arnOf),
    jobArn: queueArn(names.promoteQueueUrl)
      .replace(":sqs:", ":glue:")
      .replace(/[^:]+$/, `job/${job.name}`),
    jobArguments: { defaults: job.defaultArguments ?? {}, fixed: job.nonOverridableArguments ?? {} },
    contract: JSON.parse(uploads.find(({ name }) => name === "commerce-artifacts-release-contract")!.inputs.content),
    uploads: uploads.flatMap(({ inputs: { key, content } }) => (content === undefined ? [] : { key, content })),
    names,
    settings: JSON.parse(await assets["settings.json"].text) as FunctionSettings,
  };
}
