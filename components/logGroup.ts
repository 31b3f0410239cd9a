import * as native from "@pulumi/aws-native";
import type * as pulumi from "@pulumi/pulumi";
import { type Tags, tagList } from "./tags.ts";

export interface LogGroupArgs {
  readonly logGroupName: string;
  /** Days for which log lines are kept. */
  readonly retention: number;
  /** Encrypts the lines; its policy has to name this group. */
  readonly keyArn: pulumi.Input<string>;
  readonly tags: Tags;
}

/** A log group, made before its writer, which would otherwise create it without retention and key. */
export const logGroup = (name: string, args: LogGroupArgs, opts: pulumi.CustomResourceOptions) =>
  new native.logs.LogGroup(
    name,
    {
      logGroupName: args.logGroupName,
      retentionInDays: args.retention,
      kmsKeyId: args.keyArn,
      tags: tagList(args.tags),
    },
    opts,
  );
