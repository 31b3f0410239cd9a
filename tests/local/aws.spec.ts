import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { expect } from "chai";
import { credentials, type LocalAws, region, startLocalAws } from "../../local/localAws.ts";

describe("the local AWS", () => {
  let directory: string;
  let aws: LocalAws;
  let s3: S3Client;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "aws-"));
    aws = await startLocalAws(directory, join(directory, "aws.log"));
    s3 = new S3Client({ endpoint: aws.endpoint, region, credentials, forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: "files" }));
    await s3.send(new PutBucketVersioningCommand({ Bucket: "files", VersioningConfiguration: { Status: "Enabled" } }));
  });
  after(async () => {
    s3?.destroy();
    await aws?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it("answers a range with the range alone, of the newest version and of a pinned one", async () => {
    const put = async (Body: string) =>
      (await s3.send(new PutObjectCommand({ Bucket: "files", Key: "a", Body }))).VersionId!;
    const old = await put("0123456789");
    const fresh = await put("abcdefghij");
    const read = async (Range: string, VersionId?: string) => {
      const answer = await s3.send(
        new GetObjectCommand({ Bucket: "files", Key: "a", Range, ...(VersionId && { VersionId }) }),
      );
      return [answer.$metadata.httpStatusCode, answer.ContentRange, await answer.Body!.transformToString()];
    };
    expect(await read("bytes=2-4")).to.deep.equal([206, "bytes 2-4/10", "cde"]);
    expect(await read("bytes=2-4", fresh)).to.deep.equal([206, "bytes 2-4/10", "cde"]);
    expect(await read("bytes=2-4", old)).to.deep.equal([206, "bytes 2-4/10", "234"]);
    expect(await read("bytes=-3", old)).to.deep.equal([206, "bytes 7-9/10", "789"]);
    expect(await read("bytes=8-99", old)).to.deep.equal([206, "bytes 8-9/10", "89"]);
  });

  it("keeps a displaced version readable", async () => {
    const put = async (Body: string) =>
      (await s3.send(new PutObjectCommand({ Bucket: "files", Key: "b", Body }))).VersionId!;
    const versions = [await put("first"), await put("second"), await put("third")];
    const texts = await Promise.all(
      versions.map(async (VersionId) =>
        (await s3.send(new GetObjectCommand({ Bucket: "files", Key: "b", VersionId }))).Body!.transformToString(),
      ),
    );
    expect(texts).to.deep.equal(["first", "second", "third"]);
  });

  it("answers a whole read with the whole, an empty object too", async () => {
    const { VersionId } = await s3.send(new PutObjectCommand({ Bucket: "files", Key: "empty", Body: "" }));
    for (const version of [{}, { VersionId }]) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: "files", Key: "empty", ...version }));
      expect(await Body!.transformToString()).to.equal("");
    }
  });
});
