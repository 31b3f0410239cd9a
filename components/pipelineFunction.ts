import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { FunctionBundle } from "./bundle.ts";
import { ExecutionRole, type RoleRules } from "./executionRole.ts";
import type { PolicyDocument } from "./iam/document.ts";
import { logGroup } from "./logGroup.ts";
import type { Tags } from "./tags.ts";

export interface PipelineFunctionArgs {
  /** Also the name of its role. */
  readonly functionName: string;
  readonly description: string;
  readonly bundle: FunctionBundle;
  /** Files of packages that the bundle asks for, by their path in the archive. */
  readonly packages?: Readonly<Record<string, string>> | undefined;
  /** Written as settings.json beside the code. */
  readonly settings: object;
  readonly environment: Readonly<Record<string, pulumi.Input<string>>>;
  /** In MiB. */
  readonly memory: number;
  /** In seconds. */
  readonly timeout: number;
  /** Files in /tmp may take so many MiB; Lambda's default when absent. */
  readonly temporaryStorage?: number;
  /** How many calls at the same time are reserved and allowed; what the account allows when absent. */
  readonly reservedConcurrency?: number | undefined;
  /** Whether each change makes a version, which stays as it is. */
  readonly versioned?: boolean;
  /** All that the function may do. */
  readonly policy: pulumi.Input<PolicyDocument>;
  readonly roleRules: RoleRules;
  readonly logGroupName: string;
  readonly logRetention: number;
  readonly keyArn: pulumi.Input<string>;
  readonly tags: Tags;
}

/** A Lambda function with a role and a log group of its own. */
export class PipelineFunction extends pulumi.ComponentResource {
  readonly functionName: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;
  /** The newest version's number. */
  readonly version: pulumi.Output<string>;
  /** Of the newest version. */
  readonly qualifiedArn: pulumi.Output<string>;
  /** The role's rights, without which a trigger is refused. */
  readonly policy: pulumi.Resource;

  constructor(name: string, args: PipelineFunctionArgs, opts?: pulumi.ComponentResourceOptions) {
    super("commerce:compute:PipelineFunction", name, {}, opts);
    const { keyArn, tags } = args;

    const logs = logGroup(
      `${name}-logs`,
      { logGroupName: args.logGroupName, retention: args.logRetention, keyArn, tags },
      { parent: this },
    );
    const role = new ExecutionRole(
      `${name}-role`,
      {
        roleName: args.functionName,
        description: `Runs ${args.functionName}`,
        service: "lambda.amazonaws.com",
        policy: args.policy,
        rules: args.roleRules,
        tags,
      },
      { parent: this },
    );
    const packages = Object.fromEntries(
      Object.entries(args.packages ?? {}).map(([path, file]) => [path, new pulumi.asset.FileAsset(file)]),
    );
    const code = new aws.lambda.Function(
      name,
      {
        name: args.functionName,
        description: args.description,
        runtime: "nodejs22.x",
        architectures: ["arm64"],
        handler: "index.handler",
        code: new pulumi.asset.AssetArchive({
          "index.mjs": new pulumi.asset.StringAsset(args.bundle.code),
          "index.mjs.map": new pulumi.asset.StringAsset(args.bundle.map),
          "settings.json": new pulumi.asset.StringAsset(JSON.stringify(args.settings)),
          ...packages,
        }),
        role: role.arn,
        memorySize: args.memory,
        timeout: args.timeout,
        ...(args.temporaryStorage && { ephemeralStorage: { size: args.temporaryStorage } }),
        ...(args.reservedConcurrency && { reservedConcurrentExecutions: args.reservedConcurrency }),
        ...(args.versioned && { publish: true }),
        environment: { variables: { ...args.environment, NODE_OPTIONS: "--enable-source-maps" } },
        tags,
      },
      { parent: this, dependsOn: [logs, role.policy] },
    );

    this.functionName = code.name;
    this.arn = code.arn;
    this.version = code.version;
    this.qualifiedArn = code.qualifiedArn;
    this.policy = role.policy;
    this.registerOutputs({ functionName: this.functionName, arn: this.arn });
  }
}
