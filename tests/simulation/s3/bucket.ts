import type { Content } from "./content.ts";

export interface Encryption {
  readonly ServerSideEncryption?: "aws:kms" | "AES256";
  readonly SSEKMSKeyId?: string;
  readonly BucketKeyEnabled?: boolean;
}

export interface Part {
  readonly number: number;
  readonly content: Content;
  /** In quotes. */
  readonly etag: string;
  /** Milliseconds since 1970, of whole seconds. */
  readonly lastModified: number;
}

/** An upload that was neither completed nor aborted. */
export interface Upload {
  readonly id: string;
  readonly key: string;
  readonly contentType: string;
  readonly encryption: Encryption;
  /** Milliseconds since 1970, of whole seconds. */
  readonly initiated: number;
  readonly order: number;
  readonly parts: ReadonlyMap<number, Part>;
}

/** One version of a key, or a delete marker. Never changed once stored. */
export interface StoredVersion {
  readonly bucket: string;
  readonly key: string;
  /** "null" for what was written while the bucket kept no versions. */
  readonly versionId: string;
  readonly isDeleteMarker: boolean;
  /** Empty for a delete marker. */
  readonly content: Content;
  /** In quotes, as S3 writes it. */
  readonly etag: string;
  readonly contentType: string;
  readonly encryption: Encryption;
  /** Milliseconds since 1970, of whole seconds. */
  readonly lastModified: number;
  /** Counts all writes and deletes of this S3. */
  readonly order: number;
  readonly sequencer: string;
}

/** Compares keys by their UTF-8 bytes. That is the order of UTF-16 units, but for surrogates: they stand for what comes behind U+FFFF. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

const rank = (unit: number) => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800);

/** The first index whose key is not before `key`. */
export function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(keys[middle]!, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

const none: readonly StoredVersion[] = [];

/** The versions and unfinished uploads of one bucket. */
export class Bucket {
  readonly name: string;
  keepsVersions = false;
  /** Keys that have a version or a delete marker, in order. */
  readonly keys: string[] = [];
  /** By id, in order of initiation. */
  readonly uploads = new Map<string, Upload>();
  /** The order of versions and uploads that are gone, so that a listing can go on behind them. */
  readonly gone = new Map<string, number>();
  readonly #versions = new Map<string, StoredVersion[]>();

  constructor(name: string) {
    this.name = name;
  }

  /** Oldest first. */
  versions(key: string): readonly StoredVersion[] {
    return this.#versions.get(key) ?? none;
  }

  /** The newest version, be it a delete marker; null when the key has none. */
  latest(key: string): StoredVersion | null {
    const versions = this.#versions.get(key);
    return versions === undefined ? null : versions[versions.length - 1]!;
  }

  /** What a GET without a version reads. */
  current(key: string): StoredVersion | null {
    const latest = this.latest(key);
    return latest === null || latest.isDeleteMarker ? null : latest;
  }

  version(key: string, versionId: string): StoredVersion | null {
    const versions = this.versions(key);
    for (let index = versions.length - 1; index >= 0; index--)
      if (versions[index]!.versionId === versionId) return versions[index]!;
    return null;
  }

  add(version: StoredVersion): void {
    const { key } = version;
    const versions = this.#versions.get(key);
    if (versions === undefined) {
      this.#versions.set(key, [version]);
      this.keys.splice(lowerBound(this.keys, key), 0, key);
    } else {
      // There is one null version at most; a bucket without versions writes over it.
      if (version.versionId === "null") this.remove(key, "null");
      if (versions.length === 0) this.add(version);
      else versions.push(version);
    }
  }

  remove(key: string, versionId: string): StoredVersion | null {
    const versions = this.#versions.get(key);
    const index = versions?.findIndex((version) => version.versionId === versionId) ?? -1;
    if (versions === undefined || index === -1) return null;
    const [removed] = versions.splice(index, 1);
    if (versions.length === 0) {
      this.#versions.delete(key);
      this.keys.splice(lowerBound(this.keys, key), 1);
    }
    if (versionId !== "null") this.gone.set(versionId, removed!.order);
    return removed!;
  }
}
