import { createReadStream, createWriteStream, statSync } from "node:fs";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { S3 } from "../clients.ts";
import { parseS3Uri } from "../keys.ts";
import { statusOf } from "../storage.ts";
import type { RunObjects } from "./run.ts";

/** Objects of S3, encrypted with the stack's key. */
export function s3Objects(s3: S3, keyArn: string): RunObjects {
  const open = async (uri: string) => (await s3.send(new GetObjectCommand(placeOf(uri)))).Body!;
  return {
    read: async (uri) => Buffer.from(await (await open(uri)).transformToByteArray()),
    async fetch(uri, path) {
      try {
        await pipeline((await open(uri)) as Readable, createWriteStream(path));
        return true;
      } catch (error) {
        if (statusOf(error) === 404) return false;
        throw error;
      }
    },
    async store(path, uri) {
      await s3.send(
        new PutObjectCommand({
          ...placeOf(uri),
          Body: createReadStream(path),
          ContentLength: statSync(path).size,
          ContentType: "application/vnd.apache.parquet",
          ServerSideEncryption: "aws:kms",
          SSEKMSKeyId: keyArn,
          BucketKeyEnabled: true,
        }),
      );
    },
  };
}

function placeOf(uri: string) {
  const place = parseS3Uri(uri);
  if (!place) throw new Error(`${uri} is no object of S3`);
  return { Bucket: place.bucket, Key: place.key };
}
