import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { PipelineFunction, type PipelineFunctionArgs } from "./pipelineFunction.ts";
import type { Queue } from "./queue.ts";

export interface PromotionArgs extends PipelineFunctionArgs {
  /** The queue that is notified of uploads. */
  readonly queue: Queue;
  /** How many files are promoted at the same time. */
  readonly concurrency: number;
}

/** The function that validates uploads, fed by their queue. */
export class Promotion extends pulumi.ComponentResource {
  readonly functionName: pulumi.Output<string>;

  constructor(name: string, args: PromotionArgs, opts?: pulumi.ComponentResourceOptions) {
    super("commerce:promotion:Promotion", name, {}, opts);
    const { queue, concurrency, ...functionArgs } = args;

    const promote = new PipelineFunction(name, functionArgs, { parent: this });
    new aws.lambda.EventSourceMapping(
      `${name}-uploads`,
      {
        eventSourceArn: queue.arn,
        functionName: promote.arn,
        // Records received together share their receive count, so one bad file could take others to the dead letters.
        batchSize: 1,
        functionResponseTypes: ["ReportBatchItemFailures"],
        // Limited here and not by reserved concurrency, which would throttle and so use up receives.
        scalingConfig: { maximumConcurrency: concurrency },
        tags: args.tags,
      },
      { parent: this, dependsOn: [promote.policy] },
    );

    this.functionName = promote.functionName;
    this.registerOutputs({ functionName: this.functionName });
  }
}
