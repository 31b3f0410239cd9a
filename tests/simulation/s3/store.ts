import type { CompleteMultipartUploadCommandOutput } from "@aws-sdk/client-s3";
import type { Bucket, Encryption, StoredVersion } from "./bucket.ts";
import { type Content, StoredContent } from "./content.ts";
import { NotModelled, noSuchBucket, noSuchKey, preconditionFailed } from "./errors.ts";
import { sequencerOf } from "./ids.ts";

/** What S3 tells of a key, as far as its notification names it. The key is the producer's: `encodeKey` makes it S3's. */
export interface S3Event {
  readonly eventName:
    | "ObjectCreated:Put"
    | "ObjectCreated:Copy"
    | "ObjectCreated:CompleteMultipartUpload"
    | "ObjectRemoved:DeleteMarkerCreated"
    | "ObjectRemoved:Delete";
  readonly bucket: string;
  readonly key: string;
  /** Null in a bucket that keeps no versions. */
  readonly versionId: string | null;
  readonly sequencer: string;
}

export interface Change {
  readonly kind: "put" | "copied" | "completed" | "marked" | "removed";
  readonly bucket: string;
  readonly key: string;
  /** The version that was written, or removed for good. */
  readonly version: StoredVersion;
  /** The key's newest version, be it a delete marker, before and after. */
  readonly before: StoredVersion | null;
  readonly after: StoredVersion | null;
}

export interface StoreOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly versionId: () => string;
  /** 32 hex digits, for an ETag that is no hash of the bytes. */
  readonly digest: () => string;
  readonly uploadId: () => string;
  readonly repeatsCompletion: boolean;
}

const events = {
  put: "ObjectCreated:Put",
  copied: "ObjectCreated:Copy",
  completed: "ObjectCreated:CompleteMultipartUpload",
  marked: "ObjectRemoved:DeleteMarkerCreated",
  removed: "ObjectRemoved:Delete",
} as const;

const nothing = new StoredContent("");

export interface Condition {
  readonly IfMatch?: string | undefined;
  readonly IfNoneMatch?: string | undefined;
}

export const quoted = (etag: string) => (etag.startsWith('"') ? etag : `"${etag}"`);

/** The buckets, and every change of what lies in them. */
export class Store {
  readonly buckets = new Map<string, Bucket>();
  readonly options: StoreOptions;
  readonly changeListeners: ((change: Change) => void)[] = [];
  readonly eventListeners: ((event: S3Event) => void)[] = [];
  /** What each completed upload was answered, if it is to be repeated. */
  readonly completed: Map<string, CompleteMultipartUploadCommandOutput> | null;
  #order = 0;

  constructor(options: StoreOptions) {
    this.options = options;
    this.completed = options.repeatsCompletion ? new Map() : null;
  }

  /** @throws NoSuchBucket */
  bucket(name: string | undefined): Bucket {
    const bucket = this.buckets.get(name!);
    if (bucket === undefined) throw noSuchBucket();
    return bucket;
  }

  nextOrder(): number {
    this.#order += 1;
    return this.#order;
  }

  /** The present moment in whole seconds, as S3 dates objects; milliseconds since 1970. */
  now(): number {
    return Math.floor(this.options.now() / 1000) * 1000;
  }

  /**
   * The ETag of bytes that arrive in one piece: their MD5. Under aws:kms it is no MD5 of them ("Object", S3 API
   * Reference), and here each write has its own.
   */
  etagOf(content: Content, { ServerSideEncryption }: Encryption): string {
    return `"${ServerSideEncryption === "aws:kms" ? this.options.digest() : content.md5()}"`;
  }

  /** "How to prevent object overwrites with conditional writes", S3 User Guide. A delete marker is no object. */
  check(bucket: Bucket, key: string, { IfMatch, IfNoneMatch }: Condition): void {
    if (IfMatch === undefined && IfNoneMatch === undefined) return;
    if (IfMatch !== undefined && IfNoneMatch !== undefined) throw new NotModelled("IfMatch together with IfNoneMatch");
    const current = bucket.current(key);
    if (IfNoneMatch !== undefined) {
      if (IfNoneMatch !== "*") throw new NotModelled(`IfNoneMatch ${IfNoneMatch}`);
      if (current !== null) throw preconditionFailed();
    } else if (IfMatch === "*") throw new NotModelled('IfMatch "*"');
    else if (current === null) throw noSuchKey();
    else if (current.etag !== quoted(IfMatch!)) throw preconditionFailed();
  }

  write(
    kind: "put" | "copied" | "completed",
    bucket: Bucket,
    key: string,
    object: Pick<StoredVersion, "content" | "etag" | "contentType" | "encryption">,
  ): StoredVersion {
    return this.#add(kind, bucket, key, false, object);
  }

  /** Puts a delete marker on the key, whether or not it has versions. */
  mark(bucket: Bucket, key: string): StoredVersion {
    return this.#add("marked", bucket, key, true, { content: nothing, etag: "", contentType: "", encryption: {} });
  }

  /** Removes one version for good; null when there is none of this id. */
  remove(bucket: Bucket, key: string, versionId: string): StoredVersion | null {
    const before = bucket.latest(key);
    const removed = bucket.remove(key, versionId);
    if (removed !== null) this.#tell("removed", bucket, removed, before, sequencerOf(this.nextOrder()));
    return removed;
  }

  #add(
    kind: Exclude<Change["kind"], "removed">,
    bucket: Bucket,
    key: string,
    isDeleteMarker: boolean,
    { content, etag, contentType, encryption }: Pick<StoredVersion, "content" | "etag" | "contentType" | "encryption">,
  ): StoredVersion {
    const before = bucket.latest(key);
    const order = this.nextOrder();
    const version: StoredVersion = {
      bucket: bucket.name,
      key,
      versionId: bucket.keepsVersions ? this.options.versionId() : "null",
      isDeleteMarker,
      content,
      etag,
      contentType,
      encryption,
      lastModified: this.now(),
      order,
      sequencer: sequencerOf(order),
    };
    bucket.add(version);
    this.#tell(kind, bucket, version, before, version.sequencer);
    return version;
  }

  #tell(
    kind: Change["kind"],
    bucket: Bucket,
    version: StoredVersion,
    before: StoredVersion | null,
    sequencer: string,
  ): void {
    const { key, versionId } = version;
    if (this.changeListeners.length > 0) {
      const change: Change = { kind, bucket: bucket.name, key, version, before, after: bucket.latest(key) };
      for (const listener of this.changeListeners) listener(change);
    }
    if (this.eventListeners.length > 0) {
      const event: S3Event = {
        eventName: events[kind],
        bucket: bucket.name,
        key,
        versionId: bucket.keepsVersions ? versionId : null,
        sequencer,
      };
      for (const listener of this.eventListeners) listener(event);
    }
  }
}
