import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import type { S3 } from "./clients.ts";

/** The HTTP status that S3 answered, whatever error the SDK made of it; 0 without an answer. */
export const statusOf = (error: unknown): number =>
  (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0;

export type Condition = { readonly ifMatch: string } | { readonly ifAbsent: true } | null;

/** Small documents in one bucket, encrypted with the stack's key. */
export interface DocumentStore {
  /** The newest version, or the named one; `lastModified` in milliseconds since the epoch. */
  get(key: string, version?: string): Promise<{ text: string; etag: string; lastModified: number } | null>;
  /** @returns false when the condition did not hold. */
  put(key: string, text: string, condition: Condition): Promise<boolean>;
  delete(key: string): Promise<void>;
  list(prefix: string): AsyncIterable<string>;
}

export function createDocumentStore(s3: S3, bucket: string, keyArn: string): DocumentStore {
  return {
    async get(key, version) {
      try {
        const { Body, ETag, LastModified } = await s3.send(
          new GetObjectCommand({ Bucket: bucket, Key: key, ...(version === undefined ? {} : { VersionId: version }) }),
        );
        return { text: await Body!.transformToString(), etag: ETag!, lastModified: LastModified!.getTime() };
      } catch (error) {
        if (statusOf(error) === 404) return null;
        throw error;
      }
    },

    async put(key, text, condition) {
      try {
        await s3.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: key,
            Body: text,
            ContentType: "application/json",
            ServerSideEncryption: "aws:kms",
            SSEKMSKeyId: keyArn,
            ...(condition && "ifMatch" in condition ? { IfMatch: condition.ifMatch } : {}),
            ...(condition && "ifAbsent" in condition ? { IfNoneMatch: "*" } : {}),
          }),
        );
        return true;
      } catch (error) {
        // 404 answers If-Match on a key that is gone, 409 a write of the same key at the same moment.
        if (condition && [404, 409, 412].includes(statusOf(error))) return false;
        throw error;
      }
    },

    async delete(key) {
      await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    },

    async *list(prefix) {
      let token: string | undefined;
      do {
        const page = await s3.send(
          new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ...(token ? { ContinuationToken: token } : {}) }),
        );
        for (const { Key } of page.Contents ?? []) if (Key) yield Key;
        token = page.NextContinuationToken;
      } while (token);
    },
  };
}

/** How often a write that S3 neither took nor showed is repeated. */
const onceTries = 5;

/**
 * Writes a document, unless one is there.
 * @returns what is there now
 * @throws Error where S3 says that one is there and shows none, again and again
 */
export async function putOnce(key: string, text: string, documents: DocumentStore): Promise<string> {
  for (let tries = 0; tries < onceTries; tries++) {
    if (await documents.put(key, text, { ifAbsent: true })) return text;
    // A write at the same moment says nothing about how that one ends.
    const first = await documents.get(key);
    if (first) return first.text;
  }
  throw new Error(`${key} is being written by others`);
}
