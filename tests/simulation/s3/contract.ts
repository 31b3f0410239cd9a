import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3ServiceException,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { AssertionError, expect } from "chai";
import type { S3 } from "../../../handlers/clients.ts";
import type { S3Event } from "./memoryS3.ts";

/** An S3 that is held to AWS's documentation. */
export interface Subject {
  readonly s3: S3;
  /** Makes a bucket of a new name. */
  bucket(kind: "versioned" | "unversioned"): Promise<string>;
  /** Has the bucket tell of what happens to its objects; the answer waits for so many events. Keys are encoded. */
  listen(bucket: string): Promise<(count: number) => Promise<S3Event[]>>;
}

/** One sentence of the contract; its title is unique. */
export type Rule = (title: string, body: () => Promise<void>) => void;

/** Rules from one part of AWS's documentation. */
export type Contract = (rule: Rule, subject: () => Subject) => void;

/**
 * A rule as a test. What a subject is known to get wrong, it must still get wrong in the same way: `wrong` gives the
 * message with which the rule fails.
 */
export function ruleFor(wrong: Readonly<Record<string, string>>): Rule {
  return (title, body) =>
    it(title, async () => {
      const known = wrong[title];
      if (known === undefined) return body();
      const failure = await body().then(
        () => null,
        (error: unknown) => error,
      );
      expect(failure, "this is right by now: take it off the list").to.be.instanceOf(AssertionError);
      expect((failure as Error).message).to.equal(known);
    });
}

/** The status of an answer, and the name of an error behind it. */
export async function outcome(answer: Promise<{ readonly $metadata: { httpStatusCode?: number } }>): Promise<string> {
  try {
    return String((await answer).$metadata.httpStatusCode);
  } catch (error) {
    if (!(error instanceof S3ServiceException)) throw error;
    expect(error.$fault, `the fault of ${error.name}`).to.equal("client");
    return `${error.$metadata.httpStatusCode} ${error.name}`;
  }
}

export const sorted = (outcomes: readonly string[]) => [...outcomes].sort();

/** @returns the version id; "" in a bucket without versions. */
export const put = async (s3: S3, Bucket: string, Key: string, Body: string | Buffer = Key): Promise<string> =>
  (await s3.send(new PutObjectCommand({ Bucket, Key, Body }))).VersionId ?? "";

export const text = async (s3: S3, Bucket: string, Key: string, VersionId?: string): Promise<string> =>
  (
    await s3.send(new GetObjectCommand({ Bucket, Key, ...(VersionId === undefined ? {} : { VersionId }) }))
  ).Body!.transformToString();

export const copySource = (bucket: string, key: string, version?: string): string =>
  `${bucket}/${key.split("/").map(encodeURIComponent).join("/")}${version === undefined ? "" : `?versionId=${encodeURIComponent(version)}`}`;

export const mebibyte = 1024 ** 2;

/** Bytes in which each stretch is different. */
export function patterned(bytes: number): Buffer {
  const made = Buffer.alloc(bytes);
  for (let index = 0; index < bytes; index += 4) made.writeUInt32LE(index, index);
  return made;
}

/** An upload whose parts are copied from other objects. */
export class Copying {
  readonly #s3: S3;
  readonly bucket: string;
  readonly key: string;
  readonly id: string;
  readonly parts: { PartNumber: number; ETag: string }[] = [];

  private constructor(s3: S3, bucket: string, key: string, id: string) {
    this.#s3 = s3;
    this.bucket = bucket;
    this.key = key;
    this.id = id;
  }

  static async begin(s3: S3, Bucket: string, Key: string): Promise<Copying> {
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    return new Copying(s3, Bucket, Key, UploadId!);
  }

  get named() {
    return { Bucket: this.bucket, Key: this.key, UploadId: this.id };
  }

  send(number: number, source: string, range?: string) {
    return this.#s3.send(
      new UploadPartCopyCommand({
        ...this.named,
        PartNumber: number,
        CopySource: source,
        ...(range === undefined ? {} : { CopySourceRange: range }),
      }),
    );
  }

  async part(number: number, source: string, range?: string): Promise<string> {
    const { CopyPartResult } = await this.send(number, source, range);
    this.parts.push({ PartNumber: number, ETag: CopyPartResult!.ETag! });
    return CopyPartResult!.ETag!;
  }

  complete(condition: { readonly IfMatch?: string; readonly IfNoneMatch?: string } = {}, parts = this.parts) {
    return this.#s3.send(
      new CompleteMultipartUploadCommand({ ...this.named, MultipartUpload: { Parts: parts }, ...condition }),
    );
  }
}
