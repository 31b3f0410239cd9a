import { join } from "node:path";
import { CreateJobCommand, GlueClient } from "@aws-sdk/client-glue";
import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { artifactsOf, pointerTo, releaseUploads } from "../../components/artifacts.ts";
import { readSources } from "../../components/sources.ts";
import { contractOf } from "../../config/contract.ts";
import { loadConfig } from "../../config/load.ts";
import { ledgerKeys } from "../../handlers/keys.ts";
import { inParallel } from "../../handlers/parallel.ts";
import type { FunctionEnvironment } from "../../handlers/settings.ts";
import { credentials, region, startLocalAws } from "../../local/localAws.ts";
import { namesWith } from "./invoke.ts";

/** Buckets and a job on a local AWS, which a bundle uses over HTTP. */
export interface Pipeline {
  readonly endpoint: string;
  /** Uploads to Bronze. Returns the event with which a queue would invoke promote. */
  upload(key: string, body: string | Buffer): Promise<object>;
  /** Makes a ledger with this many batches, each like the sample's batch. */
  seedLedger(batches: number, sample: string): Promise<FunctionEnvironment>;
  document(names: FunctionEnvironment, batch: string): Promise<string>;
  /** Removes batches from a ledger, so that it has as many as before. */
  forget(names: FunctionEnvironment, batches: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

const requestsAtOnce = 16;

/** Days from 2030 on, as names of batches. */
const batchName = (index: number) => new Date(Date.UTC(2030, 0, 1 + index)).toISOString().slice(0, 10);
export const sampleBatch = "2029-12-31";

export async function startPipeline(folder: string): Promise<Pipeline> {
  const { endpoint, stop } = await startLocalAws(join(folder, "aws"), join(folder, "aws.log"));
  const options = { endpoint, region, credentials };
  const s3 = new S3Client({ ...options, forcePathStyle: true });
  const glue = new GlueClient(options);
  const { bronzeBucket, silverBucket, rejectedBucket, ledgerBucket, artifactsBucket, glueJob } = namesWith("none");
  const createBucket = async (Bucket: string) => {
    await s3.send(new CreateBucketCommand({ Bucket }));
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
  };
  for (const bucket of [bronzeBucket, silverBucket, rejectedBucket, ledgerBucket, artifactsBucket])
    await createBucket(bucket);
  const loaded = loadConfig("config/pipeline_config.yaml", "dev");
  const uploads = releaseUploads((await readSources(loaded)).release, contractOf(loaded.config));
  const pointer = pointerTo({ ...artifactsOf(uploads, artifactsBucket), embedded: null });
  for (const { key, content } of [uploads.contract, pointer])
    await s3.send(new PutObjectCommand({ Bucket: artifactsBucket, Key: key, Body: content }));
  await glue.send(
    new CreateJobCommand({
      Name: glueJob,
      Role: "arn:aws:iam::000000000000:role/bench",
      Command: { Name: "glueetl", ScriptLocation: `s3://${artifactsBucket}/job.py` },
    }),
  );
  let sequence = 0x1000;
  return {
    endpoint,
    async upload(key, body) {
      const { VersionId } = await s3.send(new PutObjectCommand({ Bucket: bronzeBucket, Key: key, Body: body }));
      const object = { key, versionId: VersionId, sequencer: (++sequence).toString(16) };
      const s3Record = { eventName: "ObjectCreated:Put", s3: { bucket: { name: bronzeBucket }, object } };
      return { Records: [{ messageId: String(sequence), body: JSON.stringify({ Records: [s3Record] }) }] };
    },
    async seedLedger(batches, sample) {
      const names = namesWith(String(batches));
      await createBucket(names.ledgerBucket);
      const indexes = Array.from({ length: batches }, (_, index) => index);
      await inParallel(indexes, requestsAtOnce, async (index) => {
        const batch = batchName(index);
        await s3.send(
          new PutObjectCommand({
            Bucket: names.ledgerBucket,
            Key: ledgerKeys.document(batch),
            Body: sample.replaceAll(sampleBatch, batch),
          }),
        );
      });
      return names;
    },
    async document(names, batch) {
      const key = { Bucket: names.ledgerBucket, Key: ledgerKeys.document(batch) };
      return await (await s3.send(new GetObjectCommand(key))).Body!.transformToString();
    },
    async forget(names, batches) {
      const Bucket = names.ledgerBucket;
      const marks = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: ledgerKeys.openPrefix }));
      const keys = [...batches.map(ledgerKeys.document), ...(marks.Contents ?? []).map(({ Key }) => Key!)];
      await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.map((Key) => ({ Key })) } }));
    },
    async stop() {
      s3.destroy();
      glue.destroy();
      await stop();
    },
  };
}
