import { createReadStream } from "node:fs";
import type { S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { inParallel } from "../handlers/parallel.ts";
import type { UploadFile } from "./data.ts";

/** Larger files are uploaded in parts of this size. */
const partSize = 16 * 1024 * 1024;
const filesAtOnce = 4;
/** The local AWS assembles an upload in memory, so files above this size are uploaded one by one. */
const largeFile = 512 * 1024 * 1024;

/** From each key to the version that its upload got. */
export type Uploaded = ReadonlyMap<string, string>;

/** Uploads as a producer would: only the objects, nothing else. */
export async function upload(
  s3: S3Client,
  bucket: string,
  files: readonly UploadFile[],
  signal: AbortSignal,
  onProgress: (bytes: number) => void,
): Promise<Uploaded> {
  const versions = new Map<string, string>();
  const loaded = new Map<string, number>();
  const atOnce = files.some(({ bytes }) => bytes > largeFile) ? 1 : filesAtOnce;
  await inParallel(files, atOnce, async ({ key, path, bytes }) => {
    signal.throwIfAborted();
    // The SDK can't send a length for an empty stream.
    const Body = bytes === 0 ? Buffer.alloc(0) : createReadStream(path, { highWaterMark: 1 << 20 });
    const transfer = new Upload({ client: s3, params: { Bucket: bucket, Key: key, Body }, partSize });
    const abort = () => void transfer.abort();
    signal.addEventListener("abort", abort, { once: true });
    transfer.on("httpUploadProgress", (progress) => {
      loaded.set(key, progress.loaded ?? 0);
      onProgress([...loaded.values()].reduce((sum, part) => sum + part, 0));
    });
    try {
      const { VersionId } = await transfer.done();
      if (!VersionId) throw new Error(`${bucket} keeps no versions, so the outcome of ${key} can't be found`);
      versions.set(key, VersionId);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  });
  return new Map(files.map(({ key }) => [key, versions.get(key)!]));
}
