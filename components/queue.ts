import * as aws from "@pulumi/aws";
import * as native from "@pulumi/aws-native";
import * as pulumi from "@pulumi/pulumi";
import { queuePolicy, type Sender } from "./iam/resource.ts";
import { type Tags, tagList } from "./tags.ts";

export interface QueueArgs {
  readonly queueName: string;
  /** The queue's ARN, known from its name, for the policy. */
  readonly queueArn: string;
  /** Encrypts the messages. */
  readonly keyArn: pulumi.Input<string>;
  /** Seconds in which a received message is hidden; SQS's default when absent. */
  readonly visibilityTimeout?: number;
  /** Where a message goes that was received this often in vain. */
  readonly redrive?: { readonly deadLetterArn: pulumi.Input<string>; readonly maxReceiveCount: number };
  /** The queues whose dead letters this one may take; absent when it takes none by redrive. */
  readonly deadLettersOf?: readonly string[];
  /** The services that may send; principals of the account need their own right. */
  readonly senders: readonly Sender[];
  readonly tags: Tags;
}

/** The longest that SQS keeps a message: a dead letter waits for a person. */
const retention = 14 * 86_400;

/** An encrypted queue and its policy, which exists before anything that depends on this component. */
export class Queue extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly url: pulumi.Output<string>;
  /** For resources that can be created only once the queue accepts their messages. */
  readonly policy: pulumi.Resource;

  constructor(name: string, args: QueueArgs, opts?: pulumi.ComponentResourceOptions) {
    super("commerce:messaging:Queue", name, {}, opts);

    const queue = new native.sqs.Queue(
      name,
      {
        queueName: args.queueName,
        kmsMasterKeyId: args.keyArn,
        messageRetentionPeriod: retention,
        ...(args.visibilityTimeout !== undefined && { visibilityTimeout: args.visibilityTimeout }),
        ...(args.redrive && {
          redrivePolicy: {
            deadLetterTargetArn: args.redrive.deadLetterArn,
            maxReceiveCount: args.redrive.maxReceiveCount,
          },
        }),
        ...(args.deadLettersOf && {
          redriveAllowPolicy: { redrivePermission: "byQueue", sourceQueueArns: args.deadLettersOf },
        }),
        tags: tagList(args.tags),
      },
      { parent: this },
    );
    this.policy = new aws.sqs.QueuePolicy(
      `${name}-policy`,
      { queueUrl: queue.queueUrl, policy: JSON.stringify(queuePolicy(args.queueArn, ...args.senders)) },
      { parent: this },
    );

    this.arn = queue.arn;
    this.url = queue.queueUrl;
    this.registerOutputs({ arn: this.arn, url: this.url });
  }
}
