import { createHash } from "node:crypto";
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import type { S3 } from "../../handlers/clients.ts";
import { inParallel } from "../../handlers/parallel.ts";
import { statusOf } from "../../handlers/storage.ts";
import { isUnchanged, type LocalFile, readRange } from "./localFile.ts";

const mebibyte = 1024 ** 2;
/** Bytes; S3 takes up to 10,000 parts of at least 5 MiB. */
const usualPart = 8 * mebibyte;
const maxParts = 10_000;
const partsAtOnce = 4;

/** The name of the object's metadata that holds the SHA-256 of the whole file. */
const checksumName = "sha256";

export interface Sent {
  /** The version that the upload became. */
  readonly version: string;
  /** `present`: the same bytes are the key's newest version already, so nothing was sent. */
  readonly how: "sent" | "resumed" | "present";
  /** The withdrawn version whose bytes were sent again; null when there is none. */
  readonly withdrawn: string | null;
}

interface Part {
  readonly number: number;
  readonly start: number;
  /** The first byte after it. */
  readonly end: number;
}

/** The parts of a file depend on its size alone, so that any call can continue with those of another. */
export function partsOf(bytes: number): Part[] {
  const size = Math.max(usualPart, Math.ceil(bytes / maxParts / mebibyte) * mebibyte);
  return Array.from({ length: Math.max(1, Math.ceil(bytes / size)) }, (_, index) => ({
    number: index + 1,
    start: index * size,
    end: Math.min(bytes, (index + 1) * size),
  }));
}

export interface SendOptions {
  readonly bucket: string;
  /** SHA-256 of the whole file, in hex. */
  readonly sha256: string;
  /** Versions of the key that the ledger has as withdrawn: their bytes are sent again, to be decided anew. */
  readonly withdrawn: readonly string[];
  readonly signal: AbortSignal;
  /** Called for bytes that were stored by this call or by an earlier one. */
  readonly onBytes: (bytes: number, by: "this" | "earlier") => void;
}

/** The newest version of the key when it holds the same bytes; else null, also when the key was deleted. */
export async function findSame(s3: S3, bucket: string, key: string, sha256: string): Promise<string | null> {
  try {
    const { Metadata, VersionId } = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    return Metadata?.[checksumName] === sha256 ? (VersionId ?? null) : null;
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

/**
 * Puts the file into Bronze; S3 checks each part against its SHA-256. A call that is killed leaves its parts there, and
 * the next one continues with them.
 */
export async function send(s3: S3, file: LocalFile, options: SendOptions): Promise<Sent> {
  const { bucket, sha256, onBytes } = options;
  const same = await findSame(s3, bucket, file.key, sha256);
  if (same !== null && !options.withdrawn.includes(same)) {
    onBytes(file.bytes, "earlier");
    return { version: same, how: "present", withdrawn: null };
  }
  const parts = partsOf(file.bytes);
  const sent = parts.length === 1 ? await sendWhole(s3, file, options) : await sendParts(s3, file, parts, options);
  return { ...sent, withdrawn: same };
}

type Became = Omit<Sent, "withdrawn">;

const checksumOf = (bytes: Buffer) => createHash("sha256").update(bytes).digest("base64");

async function sendWhole(s3: S3, file: LocalFile, { bucket, sha256, onBytes }: SendOptions): Promise<Became> {
  const Body = await readRange(file.path, 0, file.bytes);
  if (createHash("sha256").update(Body).digest("hex") !== sha256) throw changed(file);
  const { VersionId } = await s3.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: file.key,
      Body,
      ChecksumSHA256: checksumOf(Body),
      Metadata: { [checksumName]: sha256 },
    }),
  );
  onBytes(file.bytes, "this");
  return { version: versionOf(VersionId, bucket), how: "sent" };
}

async function sendParts(s3: S3, file: LocalFile, parts: readonly Part[], options: SendOptions): Promise<Became> {
  const { bucket, sha256, signal, onBytes } = options;
  const begun = await findBegun(s3, file, parts, options);
  const upload = { Bucket: bucket, Key: file.key, UploadId: begun?.id ?? (await begin(s3, bucket, file.key, sha256)) };
  const there = begun?.there ?? new Map<number, There>();
  for (const { bytes } of there.values()) onBytes(bytes, "earlier");
  await inParallel(
    parts.filter(({ number }) => !there.has(number)),
    partsAtOnce,
    async ({ number, start, end }) => {
      const Body = await readRange(file.path, start, end);
      const checksum = checksumOf(Body);
      const { ETag } = await s3.send(
        new UploadPartCommand({ ...upload, PartNumber: number, Body, ChecksumSHA256: checksum }),
        { abortSignal: signal },
      );
      there.set(number, { etag: ETag!, checksum, bytes: end - start });
      onBytes(end - start, "this");
    },
    () => !signal.aborted,
  );
  signal.throwIfAborted();
  if (!isUnchanged(file)) throw changed(file);
  const Parts = parts.map(({ number }) => {
    const { etag, checksum } = there.get(number)!;
    return { PartNumber: number, ETag: etag, ChecksumSHA256: checksum };
  });
  const { VersionId } = await s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
  return { version: versionOf(VersionId, bucket), how: begun && begun.there.size > 0 ? "resumed" : "sent" };
}

const changed = ({ path }: LocalFile) =>
  new Error(`${path} changed while it was sent, so the upload was not completed; upload it again`);

function versionOf(version: string | undefined, bucket: string): string {
  if (!version) throw new Error(`${bucket} keeps no versions, so the pipeline will not read the file`);
  return version;
}

interface There {
  readonly etag: string;
  readonly checksum: string;
  readonly bytes: number;
}

/**
 * The earlier call's upload that holds most of this file. An upload that holds anything else belongs to another file
 * and is left alone; Bronze removes it after some days.
 */
async function findBegun(
  s3: S3,
  file: LocalFile,
  parts: readonly Part[],
  { bucket }: SendOptions,
): Promise<{ id: string; there: Map<number, There> } | null> {
  let best: { id: string; there: Map<number, There> } | null = null;
  for (const id of await uploadsOf(s3, bucket, file.key)) {
    const there = await partsThere(s3, { Bucket: bucket, Key: file.key, UploadId: id });
    if (there.size > (best?.there.size ?? 0) && (await isOf(file, parts, there))) best = { id, there };
  }
  return best;
}

/** Whether every part that is there belongs to the file. */
async function isOf(file: LocalFile, parts: readonly Part[], there: ReadonlyMap<number, There>): Promise<boolean> {
  for (const [number, { bytes, checksum }] of there) {
    const part = parts[number - 1];
    if (!part || part.end - part.start !== bytes) return false;
    if (checksumOf(await readRange(file.path, part.start, part.end)) !== checksum) return false;
  }
  return true;
}

async function uploadsOf(s3: S3, bucket: string, key: string): Promise<string[]> {
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: key }));
  return Uploads.flatMap(({ Key, UploadId }) => (Key === key && UploadId ? [UploadId] : []));
}

async function partsThere(
  s3: S3,
  upload: { readonly Bucket: string; readonly Key: string; readonly UploadId: string },
): Promise<Map<number, There>> {
  const there = new Map<number, There>();
  let marker: string | undefined;
  do {
    const page = await s3.send(new ListPartsCommand({ ...upload, ...(marker ? { PartNumberMarker: marker } : {}) }));
    for (const { PartNumber, ETag, ChecksumSHA256, Size } of page.Parts ?? [])
      there.set(PartNumber!, { etag: ETag!, checksum: ChecksumSHA256 ?? "", bytes: Size! });
    marker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
  } while (marker);
  return there;
}

async function begin(s3: S3, bucket: string, key: string, sha256: string): Promise<string> {
  const { UploadId } = await s3.send(
    new CreateMultipartUploadCommand({
      Bucket: bucket,
      Key: key,
      ChecksumAlgorithm: "SHA256",
      Metadata: { [checksumName]: sha256 },
    }),
  );
  return UploadId!;
}
