import type { $Command, S3ClientResolvedConfig, ServiceInputTypes, ServiceOutputTypes } from "@aws-sdk/client-s3";
import type { Encryption } from "./bucket.ts";
import { NotModelled } from "./errors.ts";
import type { Store } from "./store.ts";

export interface Operation {
  readonly command: unknown;
  /** Throws what S3 would answer, or NotModelled. */
  perform(store: Store, input: object): ServiceOutputTypes;
}

/** How one command is performed, and the input properties that this takes into account. */
export function operation<Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
  command: new (input: Input) => $Command<Input, Output, S3ClientResolvedConfig>,
  known: readonly (keyof Input & string)[],
  perform: (store: Store, input: Input) => NoInfer<Output>,
): Operation {
  const names: ReadonlySet<string> = new Set(known);
  return {
    command,
    perform(store, input) {
      for (const name in input)
        if (!names.has(name) && input[name as keyof typeof input] !== undefined)
          throw new NotModelled(`memory S3 does not model ${command.name}'s ${name}`);
      return perform(store, input as Input);
    },
  };
}

const status = (httpStatusCode: number) => Object.freeze({ httpStatusCode, attempts: 1, totalRetryDelay: 0 });
export const ok = status(200);
export const noContent = status(204);
export const partialContent = status(206);

/** The encryption of a request, and that of an answer. */
export function encryptionOf({
  ServerSideEncryption,
  SSEKMSKeyId,
  BucketKeyEnabled,
}: { readonly [Name in keyof Encryption]?: string | boolean | undefined }): Encryption {
  if (ServerSideEncryption === undefined) {
    if (SSEKMSKeyId !== undefined) throw new NotModelled("SSEKMSKeyId without ServerSideEncryption");
    return unencrypted;
  }
  if (ServerSideEncryption !== "aws:kms" && ServerSideEncryption !== "AES256")
    throw new NotModelled(`ServerSideEncryption ${ServerSideEncryption}`);
  return {
    ServerSideEncryption,
    ...(SSEKMSKeyId === undefined ? {} : { SSEKMSKeyId: SSEKMSKeyId as string }),
    ...(BucketKeyEnabled === undefined ? {} : { BucketKeyEnabled: BucketKeyEnabled as boolean }),
  };
}

const unencrypted: Encryption = Object.freeze({});

/** How many entries a page holds: what is asked for, at most 1,000. */
export function pageSize(asked: number | undefined, name: string): number {
  if (asked === undefined) return 1000;
  if (!Number.isInteger(asked) || asked < 1) throw new NotModelled(`${name} ${asked}`);
  return Math.min(asked, 1000);
}
