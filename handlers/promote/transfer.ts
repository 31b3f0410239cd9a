import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import type { S3 } from "../clients.ts";
import { inParallel } from "../parallel.ts";
import { statusOf } from "../storage.ts";
import type { PinnedObject } from "./source.ts";

const mebibyte = 1024 ** 2;

/**
 * Sizes in bytes. CopyObject takes up to 5 GiB, but that takes longer than a function may run; parts are copied in
 * parallel. S3 allows 10,000 parts of at most 5 GiB.
 */
const singleCopyLimit = 512 * mebibyte;
const usualPart = 256 * mebibyte;
const maxParts = 10_000;
const partsAtOnce = 8;
/** Milliseconds kept in reserve to finish a started part and complete the upload. */
const timePerPart = 20_000;

export interface Target {
  readonly bucket: string;
  /** Names the source's key and version, so an object that exists is this very copy. */
  readonly key: string;
  readonly encryptionKeyArn: string;
}

/**
 * `gone`: the version was deleted. `unfinished`: there was no time for all parts; the same call goes on where this one
 * stopped, since S3 keeps the parts.
 */
export type Transfer = "done" | "gone" | "unfinished";

interface Part {
  readonly number: number;
  readonly start: number;
  readonly end: number;
}

/** The parts of a copy of `bytes` bytes, which depend on nothing else, so that any invocation goes on with them. */
export function partsOf(bytes: number): Part[] {
  const size = Math.max(usualPart, Math.ceil(bytes / maxParts / mebibyte) * mebibyte);
  return Array.from({ length: Math.ceil(bytes / size) }, (_, index) => ({
    number: index + 1,
    start: index * size,
    end: Math.min(bytes, (index + 1) * size) - 1,
  }));
}

/** Copies a pinned version inside S3, and overwrites nothing. */
export async function transfer(
  s3: S3,
  source: PinnedObject,
  target: Target,
  remainingTime: () => number,
): Promise<Transfer> {
  try {
    if (source.bytes <= singleCopyLimit) await copyAtOnce(s3, source, target);
    else if (!(await copyInParts(s3, source, target, remainingTime))) return "unfinished";
    return "done";
  } catch (error) {
    if (!isGone(error)) throw error;
    await abortUploads(s3, target);
    return "gone";
  }
}

/** Always about the source: a missing upload is named NoSuchUpload, and a copy's target can't be missing. */
const isGone = (error: unknown) => ["NoSuchVersion", "NoSuchKey"].includes((error as Error).name);

const sourceOf = ({ bucket, key, version }: PinnedObject) =>
  `${bucket}/${key.split("/").map(encodeURIComponent).join("/")}?versionId=${encodeURIComponent(version)}`;

const encryption = ({ encryptionKeyArn }: Target) =>
  ({ ServerSideEncryption: "aws:kms", SSEKMSKeyId: encryptionKeyArn, BucketKeyEnabled: true }) as const;

async function copyAtOnce(s3: S3, source: PinnedObject, target: Target): Promise<void> {
  try {
    await s3.send(
      new CopyObjectCommand({
        Bucket: target.bucket,
        Key: target.key,
        CopySource: sourceOf(source),
        ...encryption(target),
        TaggingDirective: "REPLACE",
        IfNoneMatch: "*",
      }),
    );
  } catch (error) {
    if (statusOf(error) !== 412) throw error;
  }
}

/**
 * Errors that a second invocation with the same target can cause: it completed this upload or another, or copied a part
 * again, which changes the ETag. If the copy exists, all is well.
 */
const contested = new Set(["NoSuchUpload", "InvalidPart", "PreconditionFailed", "ConditionalRequestConflict"]);

/** @returns whether the copy is there */
async function copyInParts(
  s3: S3,
  source: PinnedObject,
  target: Target,
  remainingTime: () => number,
): Promise<boolean> {
  if (await exists(s3, target)) return true;
  const [begun] = await uploadsOf(s3, target);
  const upload = { Bucket: target.bucket, Key: target.key, UploadId: begun ?? (await beginUpload(s3, target)) };
  try {
    const copied = begun ? await copiedParts(s3, upload) : new Map<number, string>();
    const missing = partsOf(source.bytes).filter(({ number }) => !copied.has(number));
    // The first parts are always copied; an invocation without progress would call the next one for ever.
    let begunParts = 0;
    const mayGoOn = () => begunParts++ < partsAtOnce || remainingTime() > timePerPart;
    await inParallel(
      missing,
      partsAtOnce,
      async ({ number, start, end }) => {
        const { CopyPartResult } = await s3.send(
          new UploadPartCopyCommand({
            ...upload,
            PartNumber: number,
            CopySource: sourceOf(source),
            CopySourceRange: `bytes=${start}-${end}`,
          }),
        );
        copied.set(number, CopyPartResult!.ETag!);
      },
      mayGoOn,
    );
    const parts = partsOf(source.bytes).map(({ number }) => ({ PartNumber: number, ETag: copied.get(number) }));
    if (parts.some(({ ETag }) => !ETag)) return false;
    await s3.send(
      new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts }, IfNoneMatch: "*" }),
    );
  } catch (error) {
    const { name } = error as Error;
    if (!contested.has(name)) throw error;
    if (!(await exists(s3, target))) {
      // S3 asks for a new upload after this one.
      if (name === "ConditionalRequestConflict") await abortUploads(s3, target);
      return false;
    }
  }
  await abortUploads(s3, target);
  return true;
}

/** Uses a listing, because HEAD would need the right to read promoted data. */
async function exists(s3: S3, { bucket, key }: Target): Promise<boolean> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: key, MaxKeys: 1 }));
  return Contents.some(({ Key }) => Key === key);
}

/** Unfinished uploads of the target, oldest first, so that all invocations go on with the same one. */
async function uploadsOf(s3: S3, { bucket, key }: Target): Promise<string[]> {
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: key }));
  return Uploads.filter(({ Key }) => Key === key)
    .sort((a, b) => a.Initiated!.getTime() - b.Initiated!.getTime() || (a.UploadId! < b.UploadId! ? -1 : 1))
    .map(({ UploadId }) => UploadId!);
}

async function beginUpload(s3: S3, target: Target): Promise<string> {
  const { UploadId } = await s3.send(
    new CreateMultipartUploadCommand({ Bucket: target.bucket, Key: target.key, ...encryption(target) }),
  );
  return UploadId!;
}

async function copiedParts(
  s3: S3,
  upload: { readonly Bucket: string; readonly Key: string; readonly UploadId: string },
): Promise<Map<number, string>> {
  const copied = new Map<number, string>();
  let marker: string | undefined;
  do {
    const page = await s3.send(new ListPartsCommand({ ...upload, ...(marker ? { PartNumberMarker: marker } : {}) }));
    for (const { PartNumber, ETag } of page.Parts ?? []) copied.set(PartNumber!, ETag!);
    marker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
  } while (marker);
  return copied;
}

/** Aborts uploads that other invocations started and nobody needs. */
async function abortUploads(s3: S3, target: Target): Promise<void> {
  for (const uploadId of await uploadsOf(s3, target)) {
    try {
      await s3.send(new AbortMultipartUploadCommand({ Bucket: target.bucket, Key: target.key, UploadId: uploadId }));
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
  }
}
