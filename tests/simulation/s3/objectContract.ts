import { createHash } from "node:crypto";
import { once } from "node:events";
import type { Readable } from "node:stream";
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { expect } from "chai";
import { type Contract, copySource, outcome, put, sorted, text } from "./contract.ts";

const md5 = (body: string) => `"${createHash("md5").update(body).digest("hex")}"`;
const eight = [1, 2, 3, 4, 5, 6, 7, 8];

/** "How to prevent object overwrites with conditional writes", S3 User Guide; "PutObject", S3 API Reference. */
export const conditionalWrites: Contract = (rule, subject) => {
  const write = (Bucket: string, Key: string, condition: { IfMatch?: string; IfNoneMatch?: string }, Body = "new") =>
    subject().s3.send(new PutObjectCommand({ Bucket, Key, Body, ...condition }));

  rule("If-None-Match writes a missing key, and answers 412 for one that exists", async () => {
    const { s3 } = subject();
    const bucket = await subject().bucket("versioned");
    expect(await outcome(write(bucket, "a", { IfNoneMatch: "*" }, "first"))).to.equal("200");
    expect(await outcome(write(bucket, "a", { IfNoneMatch: "*" }))).to.equal("412 PreconditionFailed");
    expect(await text(s3, bucket, "a")).to.equal("first");
  });

  rule("a refused write leaves no version", async () => {
    const bucket = await subject().bucket("versioned");
    await put(subject().s3, bucket, "a");
    await outcome(write(bucket, "a", { IfNoneMatch: "*" }));
    await outcome(write(bucket, "a", { IfMatch: md5("another") }));
    const { Versions } = await subject().s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    expect(Versions).to.have.length(1);
  });

  for (const kind of ["versioned", "unversioned"] as const)
    rule(`of eight writers at once with If-None-Match one wins (${kind})`, async () => {
      const bucket = await subject().bucket(kind);
      const outcomes = await Promise.all(
        eight.map((writer) => outcome(write(bucket, "a", { IfNoneMatch: "*" }, `writer ${writer}`))),
      );
      expect(sorted(outcomes)).to.deep.equal(["200", ...Array(7).fill("412 PreconditionFailed")]);
      const winner = outcomes.indexOf("200") + 1;
      expect(await text(subject().s3, bucket, "a")).to.equal(`writer ${winner}`);
    });

  rule("of eight writers at once with the same If-Match one wins", async () => {
    const bucket = await subject().bucket("versioned");
    await put(subject().s3, bucket, "a", "old");
    const outcomes = await Promise.all(
      eight.map((writer) => outcome(write(bucket, "a", { IfMatch: md5("old") }, `writer ${writer}`))),
    );
    expect(sorted(outcomes)).to.deep.equal(["200", ...Array(7).fill("412 PreconditionFailed")]);
  });

  rule("If-Match writes over the object of that ETag, and answers 412 once it has another", async () => {
    const bucket = await subject().bucket("unversioned");
    const { ETag } = await write(bucket, "a", {}, "one");
    expect(await outcome(write(bucket, "a", { IfMatch: ETag! }, "two"))).to.equal("200");
    expect(await outcome(write(bucket, "a", { IfMatch: ETag! }, "three"))).to.equal("412 PreconditionFailed");
    expect(await text(subject().s3, bucket, "a")).to.equal("two");
  });

  rule("If-Match answers 404 for a missing key", async () => {
    const bucket = await subject().bucket("versioned");
    expect(await outcome(write(bucket, "a", { IfMatch: md5("old") }))).to.equal("404 NoSuchKey");
  });

  rule("If-Match answers 404 for a key under a delete marker", async () => {
    const bucket = await subject().bucket("versioned");
    await put(subject().s3, bucket, "a", "old");
    await subject().s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "a" }));
    expect(await outcome(write(bucket, "a", { IfMatch: md5("old") }))).to.equal("404 NoSuchKey");
  });

  rule("If-None-Match writes a key under a delete marker", async () => {
    const bucket = await subject().bucket("versioned");
    await put(subject().s3, bucket, "a", "old");
    await subject().s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "a" }));
    expect(await outcome(write(bucket, "a", { IfNoneMatch: "*" }))).to.equal("200");
  });
};

/** "GetObject" and "HeadObject", S3 API Reference. */
export const reads: Contract = (rule, subject) => {
  const get = (Bucket: string, Key: string, more: { VersionId?: string; Range?: string } = {}) =>
    subject().s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
  const head = (Bucket: string, Key: string, more: { VersionId?: string } = {}) =>
    subject().s3.send(new HeadObjectCommand({ Bucket, Key, ...more }));
  const slice = async (Bucket: string, Key: string, Range: string, more: { VersionId?: string } = {}) => {
    const answer = await get(Bucket, Key, { Range, ...more });
    return [
      answer.$metadata.httpStatusCode,
      answer.ContentRange,
      answer.ContentLength,
      await answer.Body!.transformToString(),
    ];
  };

  rule("a missing key is 404 NoSuchKey for GET, and 404 without a name for HEAD", async () => {
    const bucket = await subject().bucket("versioned");
    expect(await outcome(get(bucket, "a"))).to.equal("404 NoSuchKey");
    expect(await outcome(head(bucket, "a"))).to.equal("404 NotFound");
  });

  rule("a missing bucket is 404 NoSuchBucket, and 404 without a name for HEAD", async () => {
    const { s3 } = subject();
    expect(await outcome(get("missing-bucket", "a"))).to.equal("404 NoSuchBucket");
    expect(await outcome(head("missing-bucket", "a"))).to.equal("404 NotFound");
    expect(await outcome(s3.send(new PutObjectCommand({ Bucket: "missing-bucket", Key: "a", Body: "a" })))).to.equal(
      "404 NoSuchBucket",
    );
    expect(await outcome(s3.send(new ListObjectsV2Command({ Bucket: "missing-bucket" })))).to.equal("404 NoSuchBucket");
  });

  rule("a missing version is 404 NoSuchVersion for GET, and 404 without a name for HEAD", async () => {
    const bucket = await subject().bucket("versioned");
    const VersionId = await put(subject().s3, bucket, "a");
    await put(subject().s3, bucket, "a");
    await subject().s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "a", VersionId }));
    expect(await outcome(get(bucket, "a", { VersionId }))).to.equal("404 NoSuchVersion");
    expect(await outcome(head(bucket, "a", { VersionId }))).to.equal("404 NotFound");
  });

  rule("GET and HEAD tell size, type, ETag and version, of the newest and of a pinned one", async () => {
    const { s3 } = subject();
    const bucket = await subject().bucket("versioned");
    const old = await put(s3, bucket, "a", "four");
    const { VersionId: fresh } = await s3.send(
      new PutObjectCommand({ Bucket: bucket, Key: "a", Body: "twelve bytes", ContentType: "application/json" }),
    );
    for (const read of [get, head]) {
      const newest = await read(bucket, "a");
      expect([newest.ContentLength, newest.ContentType, newest.ETag, newest.VersionId]).to.deep.equal([
        12,
        "application/json",
        md5("twelve bytes"),
        fresh,
      ]);
      const pinned = await read(bucket, "a", { VersionId: old });
      expect([pinned.ContentLength, pinned.ContentType, pinned.ETag, pinned.VersionId]).to.deep.equal([
        4,
        "application/octet-stream",
        md5("four"),
        old,
      ]);
    }
  });

  rule("a bucket without versions tells no version id", async () => {
    const bucket = await subject().bucket("unversioned");
    expect(await put(subject().s3, bucket, "a")).to.equal("");
    expect((await head(bucket, "a")).VersionId).to.equal(undefined);
    expect((await get(bucket, "a")).VersionId).to.equal(undefined);
  });

  rule("Last-Modified counts whole seconds", async () => {
    const bucket = await subject().bucket("versioned");
    await put(subject().s3, bucket, "a");
    const { LastModified } = await head(bucket, "a");
    expect(LastModified!.getTime() % 1000).to.equal(0);
    expect(Math.abs(Date.now() - LastModified!.getTime())).to.be.below(60_000);
  });

  rule("the encryption that a write asks for is told by HEAD", async () => {
    const bucket = await subject().bucket("versioned");
    const SSEKMSKeyId = "arn:aws:kms:eu-central-1:000000000000:key/11111111-2222-3333-4444-555555555555";
    const encryption = { ServerSideEncryption: "aws:kms", SSEKMSKeyId } as const;
    await subject().s3.send(new PutObjectCommand({ Bucket: bucket, Key: "a", Body: "a", ...encryption }));
    const { ServerSideEncryption, SSEKMSKeyId: key } = await head(bucket, "a");
    expect({ ServerSideEncryption, SSEKMSKeyId: key }).to.deep.equal(encryption);
  });

  // "Object", S3 API Reference: objects encrypted by SSE-KMS "have ETags that are not an MD5 digest of their object data".
  rule("the ETag of an object under aws:kms is no MD5 of its bytes", async () => {
    const bucket = await subject().bucket("versioned");
    const SSEKMSKeyId = "arn:aws:kms:eu-central-1:000000000000:key/11111111-2222-3333-4444-555555555555";
    const { ETag } = await subject().s3.send(
      new PutObjectCommand({ Bucket: bucket, Key: "a", Body: "a", ServerSideEncryption: "aws:kms", SSEKMSKeyId }),
    );
    expect(ETag).to.match(/^"[0-9a-f]{32}"$/);
    expect(ETag === md5("a") ? "the MD5" : "another").to.equal("another");
  });

  rule("a Range answers 206 with these bytes alone, of the newest version and of a pinned one", async () => {
    const bucket = await subject().bucket("versioned");
    const VersionId = await put(subject().s3, bucket, "a", "0123456789");
    await put(subject().s3, bucket, "a", "abcdefghij");
    expect(await slice(bucket, "a", "bytes=2-4")).to.deep.equal([206, "bytes 2-4/10", 3, "cde"]);
    expect(await slice(bucket, "a", "bytes=0-0")).to.deep.equal([206, "bytes 0-0/10", 1, "a"]);
    expect(await slice(bucket, "a", "bytes=7-")).to.deep.equal([206, "bytes 7-9/10", 3, "hij"]);
    expect(await slice(bucket, "a", "bytes=-3")).to.deep.equal([206, "bytes 7-9/10", 3, "hij"]);
    expect(await slice(bucket, "a", "bytes=-99")).to.deep.equal([206, "bytes 0-9/10", 10, "abcdefghij"]);
    expect(await slice(bucket, "a", "bytes=8-99", { VersionId })).to.deep.equal([206, "bytes 8-9/10", 2, "89"]);
  });

  rule("a Range behind the end is 416 InvalidRange", async () => {
    const bucket = await subject().bucket("versioned");
    await put(subject().s3, bucket, "a", "0123456789");
    expect(await outcome(get(bucket, "a", { Range: "bytes=10-12" }))).to.equal("416 InvalidRange");
    await put(subject().s3, bucket, "empty", Buffer.alloc(0));
    expect(await outcome(get(bucket, "empty", { Range: "bytes=0-9" }))).to.equal("416 InvalidRange");
  });

  rule("a body can be read as text, as a stream, and in part", async () => {
    const bucket = await subject().bucket("versioned");
    const body = "é".repeat(300_000);
    await put(subject().s3, bucket, "a", body);
    expect(await text(subject().s3, bucket, "a")).to.equal(body);
    const chunks: Buffer[] = [];
    for await (const chunk of (await get(bucket, "a")).Body as AsyncIterable<Buffer>) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).to.equal(body);
    expect(chunks.length).to.be.above(1);
    // What is not read must not hold up anything.
    const stream = (await get(bucket, "a")).Body as Readable;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      expect(chunk.length).to.be.above(0);
      break;
    }
    expect(stream.destroyed).to.equal(true);
    const unread = (await get(bucket, "a")).Body as Readable;
    unread.destroy();
    await once(unread, "close");
  });

  rule("a body is read once", async () => {
    const bucket = await subject().bucket("versioned");
    await put(subject().s3, bucket, "a");
    const { Body } = await get(bucket, "a");
    await Body!.transformToString();
    let failure: unknown;
    await Body!.transformToString().catch((error: unknown) => {
      failure = error;
    });
    expect(failure).to.be.instanceOf(Error).with.property("message", "The stream has already been transformed.");
  });
};

/** "Working with delete markers" and "Deleting object versions from a versioning-enabled bucket", S3 User Guide; "DeleteObject". */
export const deletes: Contract = (rule, subject) => {
  const remove = (Bucket: string, Key: string, VersionId?: string) =>
    subject().s3.send(new DeleteObjectCommand({ Bucket, Key, ...(VersionId === undefined ? {} : { VersionId }) }));
  const get = (Bucket: string, Key: string, VersionId?: string) =>
    subject().s3.send(new GetObjectCommand({ Bucket, Key, ...(VersionId === undefined ? {} : { VersionId }) }));
  const head = (Bucket: string, Key: string, VersionId?: string) =>
    subject().s3.send(new HeadObjectCommand({ Bucket, Key, ...(VersionId === undefined ? {} : { VersionId }) }));

  rule("a delete puts a marker on the key, under which its versions stay", async () => {
    const bucket = await subject().bucket("versioned");
    const version = await put(subject().s3, bucket, "a", "kept");
    const marker = await remove(bucket, "a");
    expect(marker.$metadata.httpStatusCode).to.equal(204);
    expect(marker.DeleteMarker).to.equal(true);
    expect(marker.VersionId).to.be.a("string").and.not.equal(version);
    expect(await text(subject().s3, bucket, "a", version)).to.equal("kept");
  });

  rule("a key under a delete marker is 404", async () => {
    const bucket = await subject().bucket("versioned");
    await put(subject().s3, bucket, "a");
    await remove(bucket, "a");
    expect(await outcome(get(bucket, "a"))).to.equal("404 NoSuchKey");
    expect(await outcome(head(bucket, "a"))).to.equal("404 NotFound");
  });

  rule("a delete marker by its version is 405", async () => {
    const bucket = await subject().bucket("versioned");
    await put(subject().s3, bucket, "a");
    const { VersionId } = await remove(bucket, "a");
    expect(await outcome(get(bucket, "a", VersionId))).to.equal("405 MethodNotAllowed");
    expect(await outcome(head(bucket, "a", VersionId))).to.equal("405 Unknown");
    await put(subject().s3, bucket, "a");
    expect(await outcome(get(bucket, "a", VersionId))).to.equal("405 MethodNotAllowed");
  });

  rule("each delete without a version adds a marker, on a missing key too", async () => {
    const bucket = await subject().bucket("versioned");
    const first = await remove(bucket, "a");
    const second = await remove(bucket, "a");
    expect(first.VersionId).to.not.equal(second.VersionId);
    const { DeleteMarkers = [] } = await subject().s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    expect(DeleteMarkers.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).to.deep.equal([
      [second.VersionId, true],
      [first.VersionId, false],
    ]);
  });

  rule("a marker deleted by its version brings the object back", async () => {
    const bucket = await subject().bucket("versioned");
    await put(subject().s3, bucket, "a", "back");
    const { VersionId } = await remove(bucket, "a");
    const removed = await remove(bucket, "a", VersionId);
    expect([removed.$metadata.httpStatusCode, removed.DeleteMarker, removed.VersionId]).to.deep.equal([
      204,
      true,
      VersionId,
    ]);
    expect(await text(subject().s3, bucket, "a")).to.equal("back");
  });

  rule("a version deleted by its id is gone for good, and the one before is the newest again", async () => {
    const bucket = await subject().bucket("versioned");
    const old = await put(subject().s3, bucket, "a", "old");
    const fresh = await put(subject().s3, bucket, "a", "fresh");
    const removed = await remove(bucket, "a", fresh);
    expect([removed.$metadata.httpStatusCode, removed.DeleteMarker, removed.VersionId]).to.deep.equal([
      204,
      undefined,
      fresh,
    ]);
    expect(await text(subject().s3, bucket, "a")).to.equal("old");
    expect(await outcome(get(bucket, "a", fresh))).to.equal("404 NoSuchVersion");
    expect(await outcome(remove(bucket, "a", fresh))).to.equal("204");
    await remove(bucket, "a", old);
    expect(await outcome(get(bucket, "a"))).to.equal("404 NoSuchKey");
    const { Versions, DeleteMarkers } = await subject().s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    expect([Versions, DeleteMarkers]).to.deep.equal([undefined, undefined]);
    await put(subject().s3, bucket, "a", "anew");
    const { Contents = [] } = await subject().s3.send(new ListObjectsV2Command({ Bucket: bucket }));
    expect(Contents.map(({ Key }) => Key)).to.deep.equal(["a"]);
  });

  rule("a bucket without versions loses the object, and a missing one is no error", async () => {
    const bucket = await subject().bucket("unversioned");
    await put(subject().s3, bucket, "a");
    const removed = await remove(bucket, "a");
    expect([removed.$metadata.httpStatusCode, removed.DeleteMarker, removed.VersionId]).to.deep.equal([
      204,
      undefined,
      undefined,
    ]);
    expect(await outcome(get(bucket, "a"))).to.equal("404 NoSuchKey");
    expect(await outcome(remove(bucket, "a"))).to.equal("204");
  });

  // "Working with objects in a versioning-enabled bucket": objects from before have the version id null.
  rule("an object from before the bucket kept versions is version null, and stays", async () => {
    const bucket = await subject().bucket("unversioned");
    await put(subject().s3, bucket, "a", "before");
    await subject().s3.send(
      new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: "Enabled" } }),
    );
    const version = await put(subject().s3, bucket, "a", "after");
    expect(await text(subject().s3, bucket, "a")).to.equal("after");
    expect(await text(subject().s3, bucket, "a", "null")).to.equal("before");
    const { Versions = [] } = await subject().s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    expect(Versions.map(({ VersionId }) => VersionId)).to.deep.equal([version, "null"]);
  });
};

/** "CopyObject", S3 API Reference. */
export const copies: Contract = (rule, subject) => {
  const copy = (
    Bucket: string,
    Key: string,
    CopySource: string,
    more: { IfMatch?: string; IfNoneMatch?: string } = {},
  ) => subject().s3.send(new CopyObjectCommand({ Bucket, Key, CopySource, ...more }));

  rule("a copy has the pinned version's bytes and type, whatever was uploaded since", async () => {
    const { s3 } = subject();
    const [from, to] = [await subject().bucket("versioned"), await subject().bucket("versioned")];
    const { VersionId } = await s3.send(
      new PutObjectCommand({ Bucket: from, Key: "a", Body: "pinned", ContentType: "application/json" }),
    );
    await put(s3, from, "a", "newer");
    const answer = await copy(to, "copy", copySource(from, "a", VersionId));
    expect(answer.CopySourceVersionId).to.equal(VersionId);
    expect(answer.CopyObjectResult!.ETag).to.equal(md5("pinned"));
    const copied = await s3.send(new GetObjectCommand({ Bucket: to, Key: "copy" }));
    expect([await copied.Body!.transformToString(), copied.ContentType, copied.VersionId]).to.deep.equal([
      "pinned",
      "application/json",
      answer.VersionId,
    ]);
  });

  rule("without a version the newest is copied", async () => {
    const bucket = await subject().bucket("versioned");
    await put(subject().s3, bucket, "a", "old");
    await put(subject().s3, bucket, "a", "newest");
    await copy(bucket, "b", copySource(bucket, "a"));
    expect(await text(subject().s3, bucket, "b")).to.equal("newest");
  });

  rule("a source's key is percent-encoded", async () => {
    const bucket = await subject().bucket("versioned");
    for (const key of ["2026-01-01/a b+c%20?versionId=x&ü.json", "🦆/_.json", "a//b"]) {
      const version = await put(subject().s3, bucket, key, `of ${key}`);
      await put(subject().s3, bucket, key, "newer");
      await copy(bucket, "copy", copySource(bucket, key, version));
      expect(await text(subject().s3, bucket, "copy")).to.equal(`of ${key}`);
    }
  });

  rule("a missing source is 404 NoSuchKey, a missing version 404 NoSuchVersion", async () => {
    const bucket = await subject().bucket("versioned");
    expect(await outcome(copy(bucket, "b", copySource(bucket, "a")))).to.equal("404 NoSuchKey");
    const version = await put(subject().s3, bucket, "a");
    await subject().s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "a", VersionId: version }));
    await put(subject().s3, bucket, "a");
    expect(await outcome(copy(bucket, "b", copySource(bucket, "a", version)))).to.equal("404 NoSuchVersion");
  });

  rule("a source under a delete marker is 404, but its versions can be copied", async () => {
    const bucket = await subject().bucket("versioned");
    const version = await put(subject().s3, bucket, "a", "kept");
    await subject().s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "a" }));
    expect(await outcome(copy(bucket, "b", copySource(bucket, "a")))).to.equal("404 NoSuchKey");
    await copy(bucket, "b", copySource(bucket, "a", version));
    expect(await text(subject().s3, bucket, "b")).to.equal("kept");
  });

  rule("a delete marker can't be copied by its version: 400", async () => {
    const bucket = await subject().bucket("versioned");
    await put(subject().s3, bucket, "a");
    const { VersionId } = await subject().s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "a" }));
    expect(await outcome(copy(bucket, "b", copySource(bucket, "a", VersionId)))).to.equal("400 InvalidRequest");
  });

  rule("CopyObject with If-None-Match answers 412 for a target that exists", async () => {
    const bucket = await subject().bucket("versioned");
    await put(subject().s3, bucket, "a");
    expect(await outcome(copy(bucket, "b", copySource(bucket, "a"), { IfNoneMatch: "*" }))).to.equal("200");
    expect(await outcome(copy(bucket, "b", copySource(bucket, "a"), { IfNoneMatch: "*" }))).to.equal(
      "412 PreconditionFailed",
    );
  });

  rule("CopyObject with If-Match answers 412 for another ETag", async () => {
    const bucket = await subject().bucket("versioned");
    await put(subject().s3, bucket, "a");
    await put(subject().s3, bucket, "b", "target");
    expect(await outcome(copy(bucket, "b", copySource(bucket, "a"), { IfMatch: md5("other") }))).to.equal(
      "412 PreconditionFailed",
    );
  });

  rule("CopyObject with If-Match answers 404 for a missing target", async () => {
    const bucket = await subject().bucket("versioned");
    await put(subject().s3, bucket, "a");
    expect(await outcome(copy(bucket, "b", copySource(bucket, "a"), { IfMatch: md5("other") }))).to.equal(
      "404 NoSuchKey",
    );
  });

  rule("of eight copies at once with If-None-Match one wins", async () => {
    const bucket = await subject().bucket("versioned");
    for (const source of eight) await put(subject().s3, bucket, `source ${source}`);
    const outcomes = await Promise.all(
      eight.map((source) => outcome(copy(bucket, "b", copySource(bucket, `source ${source}`), { IfNoneMatch: "*" }))),
    );
    expect(`${outcomes.filter((one) => one === "200").length} won`).to.equal("1 won");
    expect(sorted(outcomes)).to.deep.equal(["200", ...Array(7).fill("412 PreconditionFailed")]);
    expect(await text(subject().s3, bucket, "b")).to.equal(`source ${outcomes.indexOf("200") + 1}`);
  });
};
