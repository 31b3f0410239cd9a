import { createWriteStream, mkdirSync, readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { GetObjectCommand, paginateListObjectsV2, type S3Client } from "@aws-sdk/client-s3";
import { inParallel } from "../../handlers/parallel.ts";

/** Removes what an earlier run published into the folder, and nothing that a person put there. */
export function clearPublished(folder: string): void {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return;
  }
  for (const name of names)
    if (name.endsWith(".parquet") || name.startsWith("batch=")) rmSync(join(folder, name), { recursive: true });
}

/** Copies the Parquet files below an S3 prefix into the folder. Returns their paths. */
export async function download(
  s3: S3Client,
  uri: { bucket: string; prefix: string },
  folder: string,
): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: uri.bucket, Prefix: uri.prefix }))
    for (const { Key } of page.Contents ?? []) if (Key?.endsWith(".parquet")) keys.push(Key);
  mkdirSync(folder, { recursive: true });
  const paths = keys.sort().map((key) => join(folder, basename(key)));
  await inParallel([...keys.entries()], 4, async ([index, Key]) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: uri.bucket, Key }));
    await pipeline(Body as Readable, createWriteStream(paths[index]!));
  });
  return paths;
}
