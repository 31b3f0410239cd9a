import { ListObjectsV2Command, ListObjectVersionsCommand } from "@aws-sdk/client-s3";
import { type Bucket, compareKeys, lowerBound, type StoredVersion } from "./bucket.ts";
import { NotModelled } from "./errors.ts";
import { type Operation, ok, operation, pageSize } from "./operation.ts";

/** The keys with a prefix, in order, from `from` on. */
export function* keysFrom({ keys }: Bucket, prefix: string, from: string): Generator<string> {
  for (let index = lowerBound(keys, compareKeys(prefix, from) > 0 ? prefix : from); index < keys.length; index++) {
    const key = keys[index]!;
    if (!key.startsWith(prefix)) return;
    yield key;
  }
}

/** Not the key itself: a caller that put a key in its place would go unnoticed. */
const tokenOf = (key: string) => Buffer.from(key).toString("base64url");

function keyOfToken(token: string): string {
  const key = Buffer.from(token, "base64url").toString();
  if (tokenOf(key) !== token) throw new NotModelled(`ContinuationToken ${token}`);
  return key;
}

const listObjects = operation(
  ListObjectsV2Command,
  ["Bucket", "Prefix", "MaxKeys", "ContinuationToken"],
  (store, { Bucket: name, Prefix = "", MaxKeys, ContinuationToken }) => {
    const bucket = store.bucket(name);
    const size = pageSize(MaxKeys, "MaxKeys");
    const after = ContinuationToken === undefined ? null : keyOfToken(ContinuationToken);
    const page: StoredVersion[] = [];
    let isTruncated = false;
    for (const key of keysFrom(bucket, Prefix, after ?? "")) {
      const current = bucket.current(key);
      if (current === null || key === after) continue;
      isTruncated = page.length === size;
      if (isTruncated) break;
      page.push(current);
    }
    return {
      Name: name,
      Prefix,
      MaxKeys: size,
      KeyCount: page.length,
      IsTruncated: isTruncated,
      ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
      ...(isTruncated ? { NextContinuationToken: tokenOf(page.at(-1)!.key) } : {}),
      ...(page.length === 0
        ? {}
        : {
            Contents: page.map((version) => ({
              Key: version.key,
              LastModified: new Date(version.lastModified),
              ETag: version.etag,
              Size: version.content.bytes,
              StorageClass: "STANDARD" as const,
            })),
          }),
      $metadata: ok,
    };
  },
);

/**
 * The position after which a listing continues in the marker's own key. AWS does not document what happens when the
 * marker's version was deleted since; here the listing continues after its former position.
 */
function markedOrder(bucket: Bucket, key: string, versionId: string): number {
  const order = bucket.version(key, versionId)?.order ?? bucket.gone.get(versionId);
  if (order === undefined) throw new NotModelled(`VersionIdMarker ${versionId}`);
  return order;
}

const listObjectVersions = operation(
  ListObjectVersionsCommand,
  ["Bucket", "Prefix", "MaxKeys", "KeyMarker", "VersionIdMarker"],
  (store, { Bucket: name, Prefix = "", MaxKeys, KeyMarker, VersionIdMarker }) => {
    const bucket = store.bucket(name);
    const size = pageSize(MaxKeys, "MaxKeys");
    if (VersionIdMarker !== undefined && KeyMarker === undefined)
      throw new NotModelled("VersionIdMarker without KeyMarker");
    const marked = VersionIdMarker === undefined ? -1 : markedOrder(bucket, KeyMarker!, VersionIdMarker);
    const page: StoredVersion[] = [];
    let isTruncated = false;
    listing: for (const key of keysFrom(bucket, Prefix, KeyMarker ?? "")) {
      const versions = bucket.versions(key);
      for (let index = versions.length - 1; index >= 0; index--) {
        const version = versions[index]!;
        if (key === KeyMarker && version.order >= marked) continue;
        isTruncated = page.length === size;
        if (isTruncated) break listing;
        page.push(version);
      }
    }
    const last = page.at(-1);
    const entry = (version: StoredVersion) => ({
      Key: version.key,
      VersionId: version.versionId,
      IsLatest: bucket.latest(version.key) === version,
      LastModified: new Date(version.lastModified),
    });
    const versions = page.filter(({ isDeleteMarker }) => !isDeleteMarker);
    const markers = page.filter(({ isDeleteMarker }) => isDeleteMarker);
    return {
      Name: name,
      Prefix,
      MaxKeys: size,
      IsTruncated: isTruncated,
      KeyMarker: KeyMarker ?? "",
      VersionIdMarker: VersionIdMarker ?? "",
      ...(isTruncated ? { NextKeyMarker: last!.key, NextVersionIdMarker: last!.versionId } : {}),
      ...(versions.length === 0
        ? {}
        : {
            Versions: versions.map((version) => ({
              ...entry(version),
              ETag: version.etag,
              Size: version.content.bytes,
              StorageClass: "STANDARD" as const,
            })),
          }),
      ...(markers.length === 0 ? {} : { DeleteMarkers: markers.map(entry) }),
      $metadata: ok,
    };
  },
);

export const listingOperations: readonly Operation[] = [listObjects, listObjectVersions];
