import * as native from "@pulumi/aws-native";
import * as pulumi from "@pulumi/pulumi";
import type { PipelineConfig } from "../config/schema.ts";
import { ExecutionRole, type RoleRules } from "./executionRole.ts";
import { fixedArguments } from "./glueArguments.ts";
import type { PolicyDocument } from "./iam/document.ts";
import { logGroup } from "./logGroup.ts";
import type { Tags } from "./tags.ts";

export interface GlueEngineArgs {
  readonly jobName: string;
  /** The role's name, which says more in a list of roles than the job's name would. */
  readonly roleName: string;
  readonly description: string;
  readonly glue: PipelineConfig["glue"];
  /** The job's script: the same for every run, it loads the engine that the run's manifest pins. */
  readonly script: pulumi.Input<string>;
  readonly ledgerBucket: pulumi.Input<string>;
  readonly artifactsBucket: pulumi.Input<string>;
  /** All that the job may do. */
  readonly policy: pulumi.Input<PolicyDocument>;
  readonly roleRules: RoleRules;
  /** The log groups are `<prefix>/output` and `<prefix>/error`. */
  readonly logPrefix: string;
  readonly logRetention: number;
  readonly keyArn: pulumi.Input<string>;
  readonly tags: Tags;
}

/** The Spark job, its role and its log groups. */
export class GlueEngine extends pulumi.ComponentResource {
  readonly jobName: pulumi.Output<string>;

  constructor(name: string, args: GlueEngineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("commerce:engine:GlueEngine", name, {}, opts);
    const { glue, script, ledgerBucket, artifactsBucket, keyArn, tags } = args;

    const logs = ["output", "error"].map((stream) =>
      logGroup(
        `${name}-${stream}-logs`,
        { logGroupName: `${args.logPrefix}/${stream}`, retention: args.logRetention, keyArn, tags },
        { parent: this },
      ),
    );
    const role = new ExecutionRole(
      `${name}-role`,
      {
        roleName: args.roleName,
        description: `Runs ${args.jobName}`,
        service: "glue.amazonaws.com",
        policy: args.policy,
        rules: args.roleRules,
        tags,
      },
      { parent: this },
    );
    const job = new native.glue.Job(
      name,
      {
        name: args.jobName,
        description: args.description,
        role: role.arn,
        command: { name: "glueetl", pythonVersion: "3", scriptLocation: script },
        glueVersion: glue.version,
        // AWS refuses maxCapacity together with workers.
        workerType: glue.workerType,
        numberOfWorkers: glue.workers,
        // Glue counts in minutes. Without a limit it takes two days.
        timeout: Math.ceil(glue.timeout / 60),
        // Glue must not retry by itself: that would run a claim again without the ledger. Job queuing also requires no
        // retries.
        maxRetries: 0,
        executionProperty: { maxConcurrentRuns: glue.maxConcurrentRuns },
        jobRunQueuingEnabled: true,
        executionClass: "STANDARD",
        nonOverridableArguments: fixedArguments({
          script,
          ledgerBucket,
          artifactsBucket,
          logPrefix: args.logPrefix,
          autoscaling: glue.autoscaling,
          nowhere: pulumi.interpolate`s3://${artifactsBucket}/nothing/`,
        }),
        tags,
      },
      { parent: this, dependsOn: [...logs, role.policy] },
    );

    this.jobName = job.name.apply((jobName) => jobName ?? args.jobName);
    this.registerOutputs({ jobName: this.jobName });
  }
}
