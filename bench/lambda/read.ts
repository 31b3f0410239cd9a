/** Reads a whole object and does only what its layout needs: unpacks it, or parses it as one JSON value. */
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";

export interface ReadEvent {
  readonly bucket: string;
  readonly key: string;
  readonly layout: "lines" | "array" | "gzip";
}

const s3 = new S3Client({});

export async function handler({ bucket, key, layout }: ReadEvent): Promise<number> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  if (layout === "array") return JSON.parse(await Body!.transformToString()).length;
  const stream = layout === "gzip" ? (Body as Readable).pipe(createGunzip()) : (Body as Readable);
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) bytes += chunk.length;
  return bytes;
}
