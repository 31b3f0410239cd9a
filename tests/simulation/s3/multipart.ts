import { createHash } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandOutput,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { type Bucket, compareKeys, type Part, type Upload } from "./bucket.ts";
import { SegmentedContent } from "./content.ts";
import { invalidArgument, invalidPart, invalidRequest, NotModelled, noSuchUpload, s3Error } from "./errors.ts";
import { copySource, maxCopyBytes, sourceTooLarge, sourceVersion } from "./objects.ts";
import { encryptionOf, noContent, type Operation, ok, operation, pageSize } from "./operation.ts";
import { quoted, type Store } from "./store.ts";

/** "Amazon S3 multipart upload limits", S3 User Guide. */
const maxParts = 10_000;
const minPartBytes = 5 * 1024 ** 2;

interface Named {
  readonly Bucket?: string | undefined;
  readonly Key?: string | undefined;
  readonly UploadId?: string | undefined;
}

/** @throws NoSuchUpload, after its completion or abort too. */
function uploadOf(store: Store, { Bucket, Key, UploadId }: Named): { bucket: Bucket; upload: Upload } {
  const bucket = store.bucket(Bucket);
  const upload = bucket.uploads.get(UploadId!);
  if (upload === undefined || upload.key !== Key) throw noSuchUpload();
  return { bucket, upload };
}

function end(bucket: Bucket, { id, order }: Upload): void {
  bucket.uploads.delete(id);
  bucket.gone.set(id, order);
}

const createMultipartUpload = operation(
  CreateMultipartUploadCommand,
  ["Bucket", "Key", "ContentType", "ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled"],
  (store, input) => {
    const bucket = store.bucket(input.Bucket);
    const upload: Upload = {
      id: store.options.uploadId(),
      key: input.Key!,
      contentType: input.ContentType ?? "application/octet-stream",
      encryption: encryptionOf(input),
      initiated: store.now(),
      order: store.nextOrder(),
      parts: new Map(),
    };
    bucket.uploads.set(upload.id, upload);
    return { Bucket: bucket.name, Key: upload.key, UploadId: upload.id, ...upload.encryption, $metadata: ok };
  },
);

/** The bytes that a CopySourceRange names, `end` exclusive. It must lie within the source ("UploadPartCopy", S3 API Reference). */
function copyRange(range: string, bytes: number): { start: number; end: number } {
  const digits = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(range);
  const first = Number(digits?.[1]);
  const last = Number(digits?.[2]);
  if (digits === null || last < first)
    throw invalidArgument(
      "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
    );
  if (last >= bytes) throw invalidArgument(`Range specified is not valid for source object of size: ${bytes}`);
  // "You can copy a range only if the source object is greater than 5 MB."
  if (bytes <= minPartBytes)
    throw invalidRequest("The specified copy source is not supported as a byte-range copy source");
  return { start: first, end: last + 1 };
}

const uploadPartCopy = operation(
  UploadPartCopyCommand,
  ["Bucket", "Key", "UploadId", "PartNumber", "CopySource", "CopySourceRange"],
  (store, input) => {
    const { upload } = uploadOf(store, input);
    const number = input.PartNumber!;
    if (!(number >= 1 && number <= maxParts))
      throw invalidArgument(`Part number must be an integer between 1 and ${maxParts}, inclusive`);
    const { bucket: sourceBucket, version: source } = copySource(store, input.CopySource);
    const { bytes } = source.content;
    const { start, end } =
      input.CopySourceRange === undefined ? { start: 0, end: bytes } : copyRange(input.CopySourceRange, bytes);
    if (end - start > maxCopyBytes) throw sourceTooLarge();
    const content =
      end - start === bytes ? source.content : new SegmentedContent([{ content: source.content, start, end }]);
    const part: Part = {
      number,
      content,
      etag: store.etagOf(content, upload.encryption),
      lastModified: store.now(),
    };
    (upload.parts as Map<number, Part>).set(number, part);
    return {
      CopyPartResult: { ETag: part.etag, LastModified: new Date(part.lastModified) },
      ...sourceVersion(sourceBucket, source),
      ...upload.encryption,
      $metadata: ok,
    };
  },
);

const partsOf = ({ parts }: Upload) => [...parts.values()].sort((a, b) => a.number - b.number);

const listParts = operation(
  ListPartsCommand,
  ["Bucket", "Key", "UploadId", "MaxParts", "PartNumberMarker"],
  (store, input) => {
    const { bucket, upload } = uploadOf(store, input);
    const size = pageSize(input.MaxParts, "MaxParts");
    const marker = Number(input.PartNumberMarker ?? "0");
    const left = partsOf(upload).filter(({ number }) => number > marker);
    const page = left.slice(0, size);
    return {
      Bucket: bucket.name,
      Key: upload.key,
      UploadId: upload.id,
      MaxParts: size,
      PartNumberMarker: String(marker),
      IsTruncated: left.length > size,
      ...(left.length > size ? { NextPartNumberMarker: String(page.at(-1)!.number) } : {}),
      StorageClass: "STANDARD" as const,
      ...(page.length === 0
        ? {}
        : {
            Parts: page.map(({ number, etag, content, lastModified }) => ({
              PartNumber: number,
              ETag: etag,
              Size: content.bytes,
              LastModified: new Date(lastModified),
            })),
          }),
      $metadata: ok,
    };
  },
);

const listMultipartUploads = operation(
  ListMultipartUploadsCommand,
  ["Bucket", "Prefix", "MaxUploads", "KeyMarker", "UploadIdMarker"],
  (store, { Bucket: name, Prefix = "", MaxUploads, KeyMarker, UploadIdMarker }) => {
    const bucket = store.bucket(name);
    const size = pageSize(MaxUploads, "MaxUploads");
    const marked =
      UploadIdMarker === undefined
        ? Number.POSITIVE_INFINITY
        : (bucket.uploads.get(UploadIdMarker)?.order ?? bucket.gone.get(UploadIdMarker));
    if (marked === undefined) throw new NotModelled(`UploadIdMarker ${UploadIdMarker}`);
    const left = [...bucket.uploads.values()]
      .filter(({ key, order }) => {
        if (!key.startsWith(Prefix)) return false;
        const place = KeyMarker === undefined ? 1 : compareKeys(key, KeyMarker);
        return place > 0 || (place === 0 && order > marked);
      })
      .sort((a, b) => compareKeys(a.key, b.key) || a.order - b.order);
    const page = left.slice(0, size);
    const last = page.at(-1);
    return {
      Bucket: bucket.name,
      Prefix,
      MaxUploads: size,
      KeyMarker: KeyMarker ?? "",
      UploadIdMarker: UploadIdMarker ?? "",
      IsTruncated: left.length > size,
      ...(left.length > size ? { NextKeyMarker: last!.key, NextUploadIdMarker: last!.id } : {}),
      ...(page.length === 0
        ? {}
        : {
            Uploads: page.map(({ id, key, initiated }) => ({
              UploadId: id,
              Key: key,
              Initiated: new Date(initiated),
              StorageClass: "STANDARD" as const,
            })),
          }),
      $metadata: ok,
    };
  },
);

/**
 * A repeated completion finds no upload, by the documentation. S3 itself was seen to repeat its first answer for a while;
 * `repeatsCompletion` does so too.
 */
const completeMultipartUpload = operation(
  CompleteMultipartUploadCommand,
  ["Bucket", "Key", "UploadId", "MultipartUpload", "IfMatch", "IfNoneMatch"],
  (store, input) => {
    const answered = store.completed?.get(input.UploadId!);
    if (answered !== undefined) return answered;
    const { bucket, upload } = uploadOf(store, input);
    const asked = input.MultipartUpload?.Parts ?? [];
    if (asked.length === 0) throw new NotModelled("a completion without parts");
    const parts: Part[] = [];
    for (const { PartNumber, ETag } of asked) {
      const part = upload.parts.get(PartNumber!);
      if (part === undefined || ETag === undefined || quoted(ETag) !== part.etag) throw invalidPart();
      if (parts.length > 0 && parts.at(-1)!.number >= part.number)
        throw s3Error(
          "InvalidPartOrder",
          400,
          "The list of parts was not in ascending order. Parts must be ordered by part number.",
        );
      parts.push(part);
    }
    if (parts.slice(0, -1).some(({ content }) => content.bytes < minPartBytes))
      throw s3Error("EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size");
    // A condition that does not hold leaves the upload as it is: it can be completed later, or aborted.
    store.check(bucket, upload.key, input);

    const content = new SegmentedContent(parts.map(({ content }) => ({ content, start: 0, end: content.bytes })));
    const digests = createHash("md5");
    for (const { etag } of parts) digests.update(Buffer.from(etag.slice(1, -1), "hex"));
    end(bucket, upload);
    const { versionId, etag } = store.write("completed", bucket, upload.key, {
      content,
      etag: `"${digests.digest("hex")}-${parts.length}"`,
      contentType: upload.contentType,
      encryption: upload.encryption,
    });
    const answer: CompleteMultipartUploadCommandOutput = {
      Bucket: bucket.name,
      Key: upload.key,
      Location: `/${bucket.name}/${upload.key}`,
      ETag: etag,
      ...upload.encryption,
      ...(bucket.keepsVersions ? { VersionId: versionId } : {}),
      $metadata: ok,
    };
    store.completed?.set(upload.id, answer);
    return answer;
  },
);

const abortMultipartUpload = operation(AbortMultipartUploadCommand, ["Bucket", "Key", "UploadId"], (store, input) => {
  const { bucket, upload } = uploadOf(store, input);
  end(bucket, upload);
  return { $metadata: noContent };
});

export const multipartOperations: readonly Operation[] = [
  createMultipartUpload,
  uploadPartCopy,
  listParts,
  listMultipartUploads,
  completeMultipartUpload,
  abortMultipartUpload,
];
