import {
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type ObjectVersion,
} from "@aws-sdk/client-s3";
import type { S3 } from "./clients.ts";

/** Where a listing goes on. */
export interface VersionMarker {
  readonly keyMarker: string | null;
  readonly versionIdMarker: string | null;
}

export const listStart: VersionMarker = { keyMarker: null, versionIdMarker: null };

/**
 * One page of a bucket's versions, without delete markers: keys in order, the versions of each newest first.
 * `next` is null at the end.
 */
export async function versionPage(
  s3: S3,
  bucket: string,
  { keyMarker, versionIdMarker }: VersionMarker,
  prefix?: string,
): Promise<{ versions: readonly ObjectVersion[]; next: VersionMarker | null }> {
  const page: ListObjectVersionsCommandOutput = await s3.send(
    new ListObjectVersionsCommand({
      Bucket: bucket,
      ...(prefix === undefined ? {} : { Prefix: prefix }),
      ...(keyMarker === null ? {} : { KeyMarker: keyMarker }),
      ...(versionIdMarker === null ? {} : { VersionIdMarker: versionIdMarker }),
    }),
  );
  const next = page.IsTruncated
    ? { keyMarker: page.NextKeyMarker ?? null, versionIdMarker: page.NextVersionIdMarker ?? null }
    : null;
  return { versions: page.Versions ?? [], next };
}

interface Version {
  readonly version: string;
  readonly lastModified: number;
}

/**
 * Which of two versions of a key is newer, by the order of the bucket's list. LastModified has whole seconds only, so
 * it decides only if one of the two was deleted for good and is no longer listed.
 */
export async function isListedNewer(
  s3: S3,
  { bucket, key }: { readonly bucket: string; readonly key: string },
  candidate: Version,
  than: Version,
): Promise<boolean> {
  const order: string[] = [];
  let marker: VersionMarker | null = listStart;
  while (marker) {
    const { versions, next } = await versionPage(s3, bucket, marker, key);
    for (const { Key, VersionId } of versions)
      if (Key === key && (VersionId === candidate.version || VersionId === than.version)) order.push(VersionId);
    // Keys that only begin alike come after the key itself.
    const isPast = versions.at(-1)?.Key !== undefined && versions.at(-1)!.Key !== key;
    marker = order.length === 2 || isPast ? null : next;
  }
  if (order.length === 2) return order[0] === candidate.version;
  return candidate.lastModified > than.lastModified;
}
