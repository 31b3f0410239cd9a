import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { eventAge } from "../handlers/run/embedded.ts";
import { PipelineFunction, type PipelineFunctionArgs } from "./pipelineFunction.ts";

export type EmbeddedEngineArgs = Omit<PipelineFunctionArgs, "temporaryStorage" | "versioned">;

/** MiB for a run's inputs, its outputs, and what does not fit into memory. */
export const temporaryStorage = 8192;

/** The function that computes small runs. A claim pins its version, so a version stays for those who replay. */
export class EmbeddedEngine extends pulumi.ComponentResource {
  /** With the version. */
  readonly functionArn: pulumi.Output<string>;

  constructor(name: string, args: EmbeddedEngineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("commerce:engine:EmbeddedEngine", name, {}, opts);

    const engine = new PipelineFunction(name, { ...args, temporaryStorage, versioned: true }, { parent: this });
    const delivery = new aws.lambda.FunctionEventInvokeConfig(
      `${name}-delivery`,
      {
        functionName: engine.functionName,
        qualifier: engine.version,
        // A failed call may have left its lease, so another call could do nothing.
        maximumRetryAttempts: 0,
        maximumEventAgeInSeconds: eventAge,
      },
      // It belongs to one version, which may still be called when the next one is there.
      { parent: this, retainOnDelete: true, dependsOn: [engine.policy] },
    );

    this.functionArn = pulumi.all([engine.qualifiedArn, delivery.id]).apply(([arn]) => arn);
    this.registerOutputs({ functionArn: this.functionArn });
  }
}
