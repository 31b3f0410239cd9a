import {
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type ObjectIdentifier,
  type S3Client,
} from "@aws-sdk/client-s3";
import { type NamedStack, RemovalRefused } from "./openStack.ts";
import type { Known } from "./state.ts";

/** What a bucket holds: objects with their old versions and delete markers, and bytes of these. */
export interface Holding {
  readonly bucket: string;
  readonly versions: number;
  readonly bytes: number;
}

/** @throws RemovalRefused unless environment and stack both say that the data goes */
export function refuseKeptData({ stack, config, destroyData }: NamedStack): void {
  const missing = [
    ...(config.removal.data === "destroy" ? [] : ["removal: { data: destroy } in its environment"]),
    ...(destroyData ? [] : [`commerce:destroyData: "true" in Pulumi.${stack}.yaml`]),
  ];
  if (missing.length > 0)
    throw new RemovalRefused(`stack ${stack} keeps its data; to let it go, say ${missing.join(" and ")}`);
}

const isAbsent = (error: unknown): boolean => (error as Error).name === "NoSuchBucket";

/** Versions and delete markers of a bucket, a page at a time; none of a bucket that does not exist. */
async function* pagesOf(s3: S3Client, Bucket: string) {
  let page: ListObjectVersionsCommandOutput | undefined;
  do {
    const { NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = page ?? {};
    try {
      page = await s3.send(new ListObjectVersionsCommand({ Bucket, KeyMarker, VersionIdMarker }));
    } catch (error) {
      if (isAbsent(error)) return;
      throw error;
    }
    const { Versions = [], DeleteMarkers = [] } = page;
    yield { versions: [...Versions, ...DeleteMarkers], bytes: Versions.reduce((sum, { Size = 0 }) => sum + Size, 0) };
  } while (page.IsTruncated);
}

/**
 * The switches count from the `pulumi up` on that has brought them into the state.
 * @throws RemovalRefused when the state keeps one of the buckets, or does not know it
 */
export function refuseKeptBuckets(stack: string, holdings: readonly Holding[], known: readonly Known[]): void {
  const kept = holdings.filter(({ bucket }) => {
    const stated = known.find(({ type, id }) => type === "aws-native:s3:Bucket" && id === bucket);
    return !stated || stated.protect || stated.retainOnDelete;
  });
  if (kept.length > 0)
    throw new RemovalRefused(
      `the stack as deployed keeps ${kept.map(({ bucket }) => bucket).join(", ")}; deploy the switches first: pulumi up --stack ${stack}`,
    );
}

/** What each of the stack's buckets holds; a bucket that does not exist holds nothing. */
export async function holdingsOf({ names, clients: { s3 } }: NamedStack): Promise<Holding[]> {
  return await Promise.all(
    Object.values(names.buckets).map(async (bucket) => {
      let [versions, bytes] = [0, 0];
      for await (const page of pagesOf(s3, bucket)) {
        versions += page.versions.length;
        bytes += page.bytes;
      }
      return { bucket, versions, bytes };
    }),
  );
}

/**
 * Deletes every version of every object in a bucket.
 * @throws Error naming the first object that S3 does not delete
 */
export async function emptyBucket(s3: S3Client, Bucket: string, onDeleted: (versions: number) => void): Promise<void> {
  for await (const { versions } of pagesOf(s3, Bucket)) {
    if (versions.length === 0) continue;
    const Objects = versions.map(({ Key, VersionId }): ObjectIdentifier => ({ Key: Key!, VersionId }));
    const { Errors = [] } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
    const [first] = Errors;
    if (first)
      throw new Error(`s3://${Bucket}/${first.Key} was not deleted: ${first.Code} ${first.Message}; call this again`);
    onDeleted(versions.length);
  }
}
