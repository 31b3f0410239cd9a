import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  type DeleteObjectCommandOutput,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from "@aws-sdk/client-s3";
import { Bucket, type StoredVersion } from "./bucket.ts";
import { ObjectBody, StoredContent } from "./content.ts";
import {
  headError,
  invalidArgument,
  invalidRange,
  invalidRequest,
  methodNotAllowed,
  NotModelled,
  noSuchKey,
  noSuchVersion,
  s3Error,
} from "./errors.ts";
import { encryptionOf, noContent, type Operation, ok, operation, partialContent } from "./operation.ts";
import type { Store } from "./store.ts";

/** The most that one CopyObject copies ("CopyObject", S3 API Reference), and that a part holds. */
export const maxCopyBytes = 5 * 1024 ** 3;

/** A version's id where its bucket tells one. */
const named = (bucket: Bucket, { versionId }: StoredVersion) => (bucket.keepsVersions ? { VersionId: versionId } : {});

/** Why a read finds nothing, by status ("Working with delete markers", S3 User Guide). */
const absences = { noKey: 404, noVersion: 404, deleteMarker: 405 } as const;
const absenceErrors = { noKey: noSuchKey, noVersion: noSuchVersion, deleteMarker: methodNotAllowed } as const;

function lookUp(bucket: Bucket, key: string, versionId: string | undefined): StoredVersion | keyof typeof absences {
  if (versionId === undefined) return bucket.current(key) ?? "noKey";
  const version = bucket.version(key, versionId);
  if (version === null) return "noVersion";
  return version.isDeleteMarker ? "deleteMarker" : version;
}

/** @throws NoSuchKey, NoSuchVersion, MethodNotAllowed */
function find(bucket: Bucket, key: string, versionId: string | undefined): StoredVersion {
  const found = lookUp(bucket, key, versionId);
  if (typeof found === "string") throw absenceErrors[found]();
  return found;
}

/** A number of digits only; null for nothing at all, NaN for anything else. */
function offset(text: string): number | null {
  if (text === "") return null;
  let value = 0;
  for (let index = 0; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** The bytes that a Range header asks for, `end` exclusive. @throws InvalidRange when the object has none of them. */
function readRange(range: string, bytes: number): { start: number; end: number } {
  const dash = range.indexOf("-");
  const first = offset(range.slice("bytes=".length, dash));
  const last = offset(range.slice(dash + 1));
  const isReadable =
    range.startsWith("bytes=") &&
    dash !== -1 &&
    (first === null ? last !== null && last >= 0 : first >= 0 && (last === null || last >= first));
  // S3 answers a Range that it can't read with the whole object, which no caller wants.
  if (!isReadable) throw new NotModelled(`Range ${range}`);
  const start = first ?? Math.max(0, bytes - last!);
  const end = first === null || last === null ? bytes : Math.min(bytes, last + 1);
  if (start >= bytes) throw invalidRange();
  return { start, end };
}

const headers = (bucket: Bucket, version: StoredVersion) => ({
  AcceptRanges: "bytes",
  ETag: version.etag,
  LastModified: new Date(version.lastModified),
  ContentType: version.contentType,
  Metadata: {},
  ...version.encryption,
  ...named(bucket, version),
});

/** The version that a CopySource names: `bucket/key?versionId=…`, percent-encoded. */
export function copySource(store: Store, source: string | undefined): { bucket: Bucket; version: StoredVersion } {
  const question = source!.indexOf("?");
  const path = decodeURIComponent(question === -1 ? source! : source!.slice(0, question));
  const query = question === -1 ? "" : source!.slice(question + 1);
  if (query !== "" && (!query.startsWith("versionId=") || query.includes("&")))
    throw new NotModelled(`CopySource ${source}`);
  const start = path.startsWith("/") ? 1 : 0;
  const slash = path.indexOf("/", start);
  if (slash === -1) throw invalidArgument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
  const bucket = store.bucket(path.slice(start, slash));
  const key = path.slice(slash + 1);
  const versionId = query === "" ? undefined : decodeURIComponent(query.slice("versionId=".length));
  // "If you specify versionId […] and the versionId is a delete marker, Amazon S3 returns an HTTP 400 error" ("UploadPartCopy").
  if (versionId !== undefined && bucket.version(key, versionId)?.isDeleteMarker)
    throw invalidRequest("The source of a copy request may not specifically refer to a delete marker by version id.");
  return { bucket, version: find(bucket, key, versionId) };
}

export const sourceTooLarge = () =>
  invalidRequest(
    `The specified copy source is larger than the maximum allowable size for a copy source: ${maxCopyBytes}`,
  );

export const sourceVersion = (bucket: Bucket, { versionId }: StoredVersion) =>
  bucket.keepsVersions ? { CopySourceVersionId: versionId } : {};

function bodyOf(body: PutObjectCommandInput["Body"]): StoredContent {
  if (body === undefined) return new StoredContent("");
  if (typeof body === "string" || body instanceof Uint8Array) return new StoredContent(body);
  throw new NotModelled("a Body other than a string or bytes");
}

const defaultContentType = "application/octet-stream";

const createBucket = operation(CreateBucketCommand, ["Bucket"], (store, { Bucket: name }) => {
  if (store.buckets.has(name!))
    throw s3Error(
      "BucketAlreadyOwnedByYou",
      409,
      "Your previous request to create the named bucket succeeded and you already own it.",
    );
  store.buckets.set(name!, new Bucket(name!));
  return { Location: `/${name}`, $metadata: ok };
});

const putBucketVersioning = operation(
  PutBucketVersioningCommand,
  ["Bucket", "VersioningConfiguration"],
  (store, { Bucket: name, VersioningConfiguration: versioning }) => {
    if (versioning?.Status !== "Enabled" || versioning.MFADelete !== undefined)
      throw new NotModelled(`VersioningConfiguration ${JSON.stringify(versioning)}`);
    store.bucket(name).keepsVersions = true;
    return { $metadata: ok };
  },
);

const putObject = operation(
  PutObjectCommand,
  [
    "Bucket",
    "Key",
    "Body",
    "ContentType",
    "ServerSideEncryption",
    "SSEKMSKeyId",
    "BucketKeyEnabled",
    "IfMatch",
    "IfNoneMatch",
  ],
  (store, input) => {
    const bucket = store.bucket(input.Bucket);
    const content = bodyOf(input.Body);
    const encryption = encryptionOf(input);
    store.check(bucket, input.Key!, input);
    const contentType = input.ContentType ?? defaultContentType;
    const version = store.write("put", bucket, input.Key!, {
      content,
      etag: store.etagOf(content, encryption),
      contentType,
      encryption,
    });
    return { ETag: version.etag, ...encryption, ...named(bucket, version), $metadata: ok };
  },
);

const getObject = operation(
  GetObjectCommand,
  ["Bucket", "Key", "VersionId", "Range"],
  (store, { Bucket: name, Key, VersionId, Range }): GetObjectCommandOutput => {
    const bucket = store.bucket(name);
    const version = find(bucket, Key!, VersionId);
    const { content } = version;
    if (Range === undefined)
      return {
        ...headers(bucket, version),
        ContentLength: content.bytes,
        Body: new ObjectBody(content, 0, content.bytes),
        $metadata: ok,
      };
    const { start, end } = readRange(Range, content.bytes);
    return {
      ...headers(bucket, version),
      ContentLength: end - start,
      ContentRange: `bytes ${start}-${end - 1}/${content.bytes}`,
      Body: new ObjectBody(content, start, end),
      $metadata: partialContent,
    };
  },
);

const headObject = operation(
  HeadObjectCommand,
  ["Bucket", "Key", "VersionId"],
  (store, { Bucket: name, Key, VersionId }) => {
    const bucket = store.buckets.get(name!);
    if (bucket === undefined) throw headError(404);
    const found = lookUp(bucket, Key!, VersionId);
    if (typeof found === "string") throw headError(absences[found]);
    return { ...headers(bucket, found), ContentLength: found.content.bytes, $metadata: ok };
  },
);

const copyObject = operation(
  CopyObjectCommand,
  [
    "Bucket",
    "Key",
    "CopySource",
    "ServerSideEncryption",
    "SSEKMSKeyId",
    "BucketKeyEnabled",
    // Memory S3 has no tags, so each directive leaves the copy without.
    "TaggingDirective",
    "IfMatch",
    "IfNoneMatch",
  ],
  (store, input) => {
    const bucket = store.bucket(input.Bucket);
    const { bucket: sourceBucket, version: source } = copySource(store, input.CopySource);
    if (source.content.bytes > maxCopyBytes) throw sourceTooLarge();
    if (source.bucket === bucket.name && source.key === input.Key) throw new NotModelled("a copy onto its source");
    const encryption = encryptionOf(input);
    store.check(bucket, input.Key!, input);
    const { content, contentType } = source;
    const version = store.write("copied", bucket, input.Key!, {
      content,
      etag: store.etagOf(content, encryption),
      contentType,
      encryption,
    });
    return {
      CopyObjectResult: { ETag: version.etag, LastModified: new Date(version.lastModified) },
      ...sourceVersion(sourceBucket, source),
      ...encryption,
      ...named(bucket, version),
      $metadata: ok,
    };
  },
);

const deleteObject = operation(
  DeleteObjectCommand,
  ["Bucket", "Key", "VersionId"],
  (store, { Bucket: name, Key, VersionId }): DeleteObjectCommandOutput => {
    const bucket = store.bucket(name);
    if (VersionId !== undefined) {
      const removed = store.remove(bucket, Key!, VersionId);
      return {
        ...(bucket.keepsVersions ? { VersionId } : {}),
        ...(removed?.isDeleteMarker ? { DeleteMarker: true } : {}),
        $metadata: noContent,
      };
    }
    if (bucket.keepsVersions)
      return { DeleteMarker: true, VersionId: store.mark(bucket, Key!).versionId, $metadata: noContent };
    store.remove(bucket, Key!, "null");
    return { $metadata: noContent };
  },
);

export const objectOperations: readonly Operation[] = [
  createBucket,
  putBucketVersioning,
  putObject,
  getObject,
  headObject,
  copyObject,
  deleteObject,
];
