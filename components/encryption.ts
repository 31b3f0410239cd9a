import * as native from "@pulumi/aws-native";
import * as pulumi from "@pulumi/pulumi";
import type { StackArns } from "../config/naming.ts";
import { keyPolicy } from "./iam/key.ts";
import { type Tags, tagList } from "./tags.ts";

export interface EncryptionArgs {
  /** What the key is for, for whoever finds it in the console. */
  readonly description: string;
  /** `alias/...`, the name that people use. */
  readonly alias: string;
  /** The stack's ARNs, to which the use of the key by services is limited. */
  readonly arns: StackArns;
  /** ARNs of the key's only administrators. When absent, the account's own policies decide. */
  readonly administrators?: readonly string[] | undefined;
  /** ARNs of those who read Gold beside the stack's own roles. */
  readonly goldReaders: readonly string[];
  /** Whether AWS makes new key material every year. */
  readonly rotation: boolean;
  /** Days in which a deleted key can still be brought back. */
  readonly deletionWindow: number;
  /** Leave the key when the stack is destroyed: without it the data that stays is lost. */
  readonly retain: boolean;
  readonly tags: Tags;
}

/** The one key that encrypts everything the stack stores. */
export class Encryption extends pulumi.ComponentResource {
  readonly keyArn: pulumi.Output<string>;

  constructor(name: string, args: EncryptionArgs, opts?: pulumi.ComponentResourceOptions) {
    super("commerce:encryption:Encryption", name, {}, opts);
    const childOptions = { parent: this, retainOnDelete: args.retain };

    const key = new native.kms.Key(
      `${name}-key`,
      {
        description: args.description,
        enableKeyRotation: args.rotation,
        pendingWindowInDays: args.deletionWindow,
        keyPolicy: keyPolicy(args.arns, args),
        tags: tagList(args.tags),
      },
      childOptions,
    );
    new native.kms.Alias(`${name}-alias`, { aliasName: args.alias, targetKeyId: key.keyId }, childOptions);

    this.keyArn = key.arn;
    this.registerOutputs({ keyArn: this.keyArn });
  }
}
