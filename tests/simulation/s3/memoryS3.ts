import type {
  $Command,
  PutObjectCommandOutput,
  S3Client,
  S3ClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes,
} from "@aws-sdk/client-s3";
import type { Upload } from "./bucket.ts";
import { Bucket, type StoredVersion } from "./bucket.ts";
import { type Pattern, PatternContent } from "./content.ts";
import { NotModelled } from "./errors.ts";
import { opaqueDigests, opaqueIds } from "./ids.ts";
import { listingOperations } from "./listing.ts";
import { multipartOperations } from "./multipart.ts";
import { objectOperations } from "./objects.ts";
import { type Operation, ok } from "./operation.ts";
import { type Change, type S3Event, Store } from "./store.ts";

export type { StoredVersion, Upload } from "./bucket.ts";
export { conditionalRequestConflict, internalError, networkError, slowDown, timeoutError } from "./errors.ts";
export { encodeKey } from "./ids.ts";
export type { Change, S3Event } from "./store.ts";

export interface MemoryS3Options {
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Of all that S3 makes up: version ids, upload ids, ETags under aws:kms. */
  readonly seed?: number;
  /** The id of the next version or delete marker. */
  readonly versionId?: () => string;
  /** Answers a repeated CompleteMultipartUpload like the first, as S3 was seen to do, instead of with the documented 404. */
  readonly repeatsCompletion?: boolean;
}

const operations: ReadonlyMap<unknown, Operation> = new Map(
  [...objectOperations, ...listingOperations, ...multipartOperations].map((operation) => [
    operation.command,
    operation,
  ]),
);

/**
 * S3 in memory, as far as the functions use it and AWS documents it; `s3Contract.spec.ts` holds it to that. It has one
 * state and no time of its own: a command takes effect, whole, while `apply` runs. What it does not model it refuses.
 */
export class MemoryS3 {
  readonly #store: Store;

  constructor({
    now = Date.now,
    seed = 1,
    versionId = opaqueIds(seed),
    repeatsCompletion = false,
  }: MemoryS3Options = {}) {
    this.#store = new Store({
      now,
      versionId,
      repeatsCompletion,
      uploadId: opaqueIds(~seed),
      digest: opaqueDigests(seed),
    });
  }

  /**
   * Performs a command of the SDK.
   * @throws S3ServiceException as the SDK would; NotModelled for a command or input that is not known here.
   */
  apply<Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
    command: $Command<Input, Output, S3ClientResolvedConfig>,
  ): Output {
    const operation = operations.get(command.constructor);
    if (operation === undefined) throw new NotModelled(`memory S3 does not model ${command.constructor.name}`);
    return operation.perform(this.#store, command.input) as Output;
  }

  /** A client whose commands take effect when they are sent. */
  client(): Pick<S3Client, "send"> {
    const send = async (command: $Command<ServiceInputTypes, ServiceOutputTypes, S3ClientResolvedConfig>) =>
      this.apply(command);
    return { send: send as unknown as S3Client["send"] };
  }

  createBucket(name: string, { versioned = false } = {}): void {
    const bucket = new Bucket(name);
    bucket.keepsVersions = versioned;
    this.#store.buckets.set(name, bucket);
  }

  /** Puts an object whose bytes are made when they are read, however many they are. */
  putVirtual(bucketName: string, key: string, pattern: Pattern): PutObjectCommandOutput {
    const bucket = this.#store.bucket(bucketName);
    const content = new PatternContent(pattern);
    const { etag, versionId } = this.#store.write("put", bucket, key, {
      content,
      etag: this.#store.etagOf(content, {}),
      contentType: "application/octet-stream",
      encryption: {},
    });
    return { ETag: etag, ...(bucket.keepsVersions ? { VersionId: versionId } : {}), $metadata: ok };
  }

  /** Hears each event that S3 would tell of, of objects created and removed, when it happens. */
  onCreated(listener: (event: S3Event) => void): void {
    this.#store.eventListeners.push(listener);
  }

  /** Hears each change of a key, right after it. */
  onChange(listener: (change: Change) => void): void {
    this.#store.changeListeners.push(listener);
  }

  /** The key's current object; null when there is none, or a delete marker is the newest. */
  object(bucket: string, key: string): StoredVersion | null {
    return this.#store.bucket(bucket).current(key);
  }

  /** Versions and delete markers, oldest first: the live list, not to be kept. */
  versions(bucket: string, key: string): readonly StoredVersion[] {
    return this.#store.bucket(bucket).versions(key);
  }

  /** Keys that have a version or a delete marker, in order: the live list, not to be kept. */
  keys(bucket: string): readonly string[] {
    return this.#store.bucket(bucket).keys;
  }

  /** Uploads that were neither completed nor aborted, in order of initiation. */
  uploads(bucket: string): Iterable<Upload> {
    return this.#store.bucket(bucket).uploads.values();
  }
}
