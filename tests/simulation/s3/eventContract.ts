import { CopyObjectCommand, DeleteObjectCommand } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { decodeKey } from "../../../handlers/bronze/s3Event.ts";
import { type Contract, Copying, copySource, put } from "./contract.ts";

const padded = (sequencer: string) => sequencer.padEnd(40, "0");

/** "Event message structure" and "Supported event types for SQS, SNS, and Lambda", S3 User Guide. */
export const events: Contract = (rule, subject) => {
  rule("each write and delete is told once, by its own name and version", async () => {
    const { s3 } = subject();
    const bucket = await subject().bucket("versioned");
    const heard = await subject().listen(bucket);
    const first = await put(s3, bucket, "a");
    const { VersionId: copied } = await s3.send(
      new CopyObjectCommand({ Bucket: bucket, Key: "b", CopySource: copySource(bucket, "a") }),
    );
    const upload = await Copying.begin(s3, bucket, "c");
    await upload.part(1, copySource(bucket, "a"));
    const { VersionId: completed } = await upload.complete();
    const { VersionId: marker } = await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "a" }));
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "a", VersionId: first }));
    const told = (await heard(5)).map(({ eventName, key, versionId }) => `${eventName} ${key} ${versionId}`);
    expect(told.sort()).to.deep.equal(
      [
        `ObjectCreated:Put a ${first}`,
        `ObjectCreated:Copy b ${copied}`,
        `ObjectCreated:CompleteMultipartUpload c ${completed}`,
        `ObjectRemoved:DeleteMarkerCreated a ${marker}`,
        `ObjectRemoved:Delete a ${first}`,
      ].sort(),
    );
  });

  rule("keys are form-encoded", async () => {
    const bucket = await subject().bucket("versioned");
    const heard = await subject().listen(bucket);
    const keys = ["2026-01-01/users.json", "red flower.jpg", "a+b%20c&d=ü (1)!'~*.json", "🦆"];
    for (const key of keys) await put(subject().s3, bucket, key);
    const told = (await heard(keys.length)).map(({ key }) => key);
    expect(told).to.include("2026-01-01/users.json").and.to.include("red+flower.jpg");
    expect(told.map(decodeKey).sort()).to.deep.equal([...keys].sort());
  });

  rule("sequencers of a key grow with its events, when the shorter is padded with zeros on its right", async () => {
    const bucket = await subject().bucket("versioned");
    const heard = await subject().listen(bucket);
    const versions: string[] = [];
    for (let count = 0; count < 20; count++) versions.push(await put(subject().s3, bucket, "a", `${count}`));
    const told = (await heard(20)).sort((a, b) => (padded(a.sequencer) < padded(b.sequencer) ? -1 : 1));
    expect(told.every(({ sequencer }) => /^[0-9A-F]+$/.test(sequencer))).to.equal(true);
    expect(told.map(({ versionId }) => versionId)).to.deep.equal(versions);
  });
};
