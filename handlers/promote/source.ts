import { Readable } from "node:stream";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import type { S3 } from "../clients.ts";

/** A file as the inspection reads it. Offsets and sizes are bytes of the stored object. */
export interface Source {
  readonly bytes: number;
  range(start: number, end: number): Promise<Buffer>;
  /** From this byte on, or all. */
  stream(from?: number): Promise<Readable>;
}

export interface PinnedObject {
  readonly bucket: string;
  readonly key: string;
  readonly version: string;
  readonly bytes: number;
}

/** One version of an object, read in bounded parts. */
export function s3Source(s3: S3, { bucket, key, version, bytes }: PinnedObject): Source {
  const get = (range: { Range?: string }) =>
    s3.send(new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: version, ...range }));
  return {
    bytes,
    async range(start, end) {
      const { Body, ContentRange } = await get({ Range: `bytes=${start}-${end}` });
      // Stores that speak S3 may ignore a range on a pinned version and send the whole; that must not fill the memory.
      return take(Body as Readable, ContentRange ? 0 : start, end - start + 1);
    },
    async stream(from = 0) {
      if (from === 0) return (await get({})).Body as Readable;
      const { Body, ContentRange } = await get({ Range: `bytes=${from}-${bytes - 1}` });
      return ContentRange ? (Body as Readable) : Readable.from(skipping(Body as Readable, from));
    },
  };
}

async function* skipping(stream: Readable, bytes: number): AsyncGenerator<Buffer> {
  let rest = bytes;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (chunk.length > rest) yield chunk.subarray(rest);
    rest = Math.max(0, rest - chunk.length);
  }
}

/** `length` bytes of a stream after `skip`; the rest is not read. */
async function take(stream: Readable, skip: number, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let position = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const part = chunk.subarray(Math.max(0, skip - position), Math.max(0, skip + length - position));
    // A copy, so that the rest of the chunk can go.
    if (part.length > 0) chunks.push(Buffer.from(part));
    position += chunk.length;
    if (position >= skip + length) break;
  }
  return Buffer.concat(chunks);
}
