import { createHash } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandInput,
  ListPartsCommand,
} from "@aws-sdk/client-s3";
import { expect } from "chai";
import { type Contract, Copying, copySource, mebibyte, outcome, patterned, put, sorted } from "./contract.ts";

const bytes = patterned(12 * mebibyte);
const range = (start: number, end: number) => `bytes=${start}-${end - 1}`;
const md5 = (data: Buffer) => createHash("md5").update(data);

/** "Uploading and copying objects using multipart upload" and "Amazon S3 multipart upload limits", S3 User Guide; the operations' pages in the S3 API Reference. */
export const multipart: Contract = (rule, subject) => {
  /** A bucket with a source of twelve mebibytes, and an upload from it. */
  async function begun(key = "target", kind: "versioned" | "unversioned" = "versioned") {
    const { s3 } = subject();
    const bucket = await subject().bucket(kind);
    const version = await put(s3, bucket, "source", bytes);
    const source = copySource(bucket, "source", kind === "versioned" ? version : undefined);
    return { s3, bucket, version, source, upload: await Copying.begin(s3, bucket, key) };
  }
  const read = async (Bucket: string, Key: string) =>
    Buffer.from(await (await subject().s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToByteArray());
  const uploads = (Bucket: string, more: Omit<ListMultipartUploadsCommandInput, "Bucket"> = {}) =>
    subject().s3.send(new ListMultipartUploadsCommand({ Bucket, ...more }));

  rule("parts copied from ranges of a pinned version make up the object, in order", async () => {
    const { s3, bucket, source, version, upload } = await begun();
    await put(s3, bucket, "source", "replaced meanwhile");
    await upload.part(2, source, range(5 * mebibyte, 11 * mebibyte));
    await upload.part(1, source, range(0, 5 * mebibyte));
    const last = await upload.send(7, source, range(11 * mebibyte, 12 * mebibyte));
    expect(last.CopySourceVersionId).to.equal(version);
    upload.parts.push({ PartNumber: 7, ETag: last.CopyPartResult!.ETag! });
    upload.parts.sort((a, b) => a.PartNumber - b.PartNumber);
    const answer = await upload.complete();
    expect((await read(bucket, "target")).equals(bytes)).to.equal(true);
    const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "target" }));
    expect([head.ContentLength, head.ETag, head.VersionId]).to.deep.equal([
      bytes.length,
      answer.ETag,
      answer.VersionId,
    ]);
    expect(answer.VersionId).to.be.a("string");
  });

  // "Checking object integrity in Amazon S3", S3 User Guide.
  rule("the ETag is the MD5 of the parts' MD5s and their number", async () => {
    const { source, upload } = await begun();
    const cut = 5 * mebibyte;
    expect(await upload.part(1, source, range(0, cut))).to.equal(`"${md5(bytes.subarray(0, cut)).digest("hex")}"`);
    await upload.part(2, source, range(cut, bytes.length));
    const digests = [md5(bytes.subarray(0, cut)).digest(), md5(bytes.subarray(cut)).digest()];
    const { ETag } = await upload.complete();
    expect(ETag).to.equal(`"${md5(Buffer.concat(digests)).digest("hex")}-2"`);
  });

  rule("a part may be a whole object, and the last one small", async () => {
    const { s3, bucket, source, upload } = await begun();
    await put(s3, bucket, "end", "the end");
    await upload.part(1, source);
    await upload.part(2, copySource(bucket, "end"));
    await upload.complete();
    const whole = await read(bucket, "target");
    expect(whole.length).to.equal(bytes.length + 7);
    expect(whole.subarray(-7).toString()).to.equal("the end");
  });

  rule("an object of parts can be copied and read by range like any other", async () => {
    const { s3, bucket, source, upload } = await begun();
    const cut = 6 * mebibyte;
    await upload.part(1, source, range(0, cut));
    await upload.part(2, source, range(cut, bytes.length));
    await upload.complete();
    const again = await Copying.begin(s3, bucket, "again");
    await again.part(1, copySource(bucket, "target"), range(mebibyte, 10 * mebibyte));
    await again.complete();
    expect((await read(bucket, "again")).equals(bytes.subarray(mebibyte, 10 * mebibyte))).to.equal(true);
    const { Body } = await s3.send(
      new GetObjectCommand({ Bucket: bucket, Key: "target", Range: range(cut - 3, cut + 5) }),
    );
    expect(Buffer.from(await Body!.transformToByteArray()).equals(bytes.subarray(cut - 3, cut + 5))).to.equal(true);
  });

  rule("a part sent again replaces the one of its number", async () => {
    const { bucket, source, upload } = await begun();
    const old = await upload.part(1, source, range(0, 5 * mebibyte));
    const fresh = await upload.part(1, source, range(mebibyte, 7 * mebibyte));
    expect(await outcome(upload.complete({}, [{ PartNumber: 1, ETag: old }]))).to.equal("400 InvalidPart");
    await upload.complete({}, [{ PartNumber: 1, ETag: fresh }]);
    expect((await read(bucket, "target")).equals(bytes.subarray(mebibyte, 7 * mebibyte))).to.equal(true);
  });

  rule("only the parts that the completion lists are in the object", async () => {
    const { bucket, source, upload } = await begun();
    await upload.part(1, source, range(0, 5 * mebibyte));
    await upload.part(2, source, range(5 * mebibyte, 10 * mebibyte));
    await upload.complete({}, upload.parts.slice(1));
    expect((await read(bucket, "target")).equals(bytes.subarray(5 * mebibyte, 10 * mebibyte))).to.equal(true);
  });

  rule("ListParts tells the parts by number, in pages", async () => {
    const { s3, source, upload } = await begun();
    expect((await s3.send(new ListPartsCommand(upload.named))).Parts).to.equal(undefined);
    for (const number of [10, 2, 1]) await upload.part(number, source, range(number, 5 * mebibyte));
    const { Parts = [], IsTruncated } = await s3.send(new ListPartsCommand(upload.named));
    expect(Parts.map(({ PartNumber, ETag, Size }) => ({ PartNumber, ETag, Size }))).to.deep.equal(
      upload.parts.toReversed().map((part) => ({ ...part, Size: 5 * mebibyte - part.PartNumber })),
    );
    expect(IsTruncated).to.equal(false);
    const first = await s3.send(new ListPartsCommand({ ...upload.named, MaxParts: 2 }));
    expect([first.Parts!.length, first.IsTruncated, first.NextPartNumberMarker]).to.deep.equal([2, true, "2"]);
    const second = await s3.send(
      new ListPartsCommand({ ...upload.named, MaxParts: 2, PartNumberMarker: first.NextPartNumberMarker! }),
    );
    expect([second.Parts!.map(({ PartNumber }) => PartNumber), second.IsTruncated]).to.deep.equal([[10], false]);
  });

  rule("an upload is listed until it is completed or aborted, and no object before", async () => {
    const { s3, bucket, source, upload } = await begun();
    await upload.part(1, source);
    expect(await outcome(s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "target" })))).to.equal("404 NotFound");
    const aborted = await Copying.begin(s3, bucket, "aborted");
    const { Uploads = [] } = await uploads(bucket);
    expect(Uploads.map(({ Key, UploadId }) => [Key, UploadId])).to.deep.equal([
      ["aborted", aborted.id],
      ["target", upload.id],
    ]);
    expect(Uploads[0]!.Initiated).to.be.instanceOf(Date);
    await upload.complete();
    expect(await outcome(s3.send(new AbortMultipartUploadCommand(aborted.named)))).to.equal("204");
    expect((await uploads(bucket)).Uploads).to.equal(undefined);
    expect(await outcome(s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "aborted" })))).to.equal("404 NotFound");
  });

  rule("uploads are listed by key, in pages, of one prefix only", async () => {
    const { s3 } = subject();
    const bucket = await subject().bucket("versioned");
    for (const key of ["b/2", "c", "b/1", "a", "b/3"]) await Copying.begin(s3, bucket, key);
    const first = await uploads(bucket, { Prefix: "b/", MaxUploads: 2 });
    expect([first.Uploads!.map(({ Key }) => Key), first.IsTruncated]).to.deep.equal([["b/1", "b/2"], true]);
    const second = await uploads(bucket, {
      Prefix: "b/",
      MaxUploads: 2,
      KeyMarker: first.NextKeyMarker!,
      UploadIdMarker: first.NextUploadIdMarker!,
    });
    expect([second.Uploads!.map(({ Key }) => Key), second.IsTruncated]).to.deep.equal([["b/3"], false]);
    const whole = await uploads(bucket, { MaxUploads: 5 });
    expect([whole.Uploads!.map(({ Key }) => Key), whole.IsTruncated]).to.deep.equal([
      ["a", "b/1", "b/2", "b/3", "c"],
      false,
    ]);
  });

  rule("uploads of one key are listed by initiation", async () => {
    const { s3 } = subject();
    const bucket = await subject().bucket("versioned");
    const begun: string[] = [];
    for (let count = 0; count < 10; count++) begun.push((await Copying.begin(s3, bucket, "a")).id);
    const listed = (await uploads(bucket)).Uploads!.map(({ UploadId }) => UploadId!);
    const order =
      listed.join() === begun.join() ? "initiation" : listed.join() === sorted(begun).join() ? "id" : "neither";
    expect(order).to.equal("initiation");
  });

  rule("parts listed out of order are 400 InvalidPartOrder", async () => {
    const { source, upload } = await begun();
    await upload.part(2, source);
    await upload.part(1, source);
    expect(await outcome(upload.complete())).to.equal("400 InvalidPartOrder");
  });

  rule("a part below 5 MiB that is not the last is 400 EntityTooSmall", async () => {
    const { source, upload } = await begun();
    await upload.part(1, source, range(0, 5 * mebibyte - 1));
    await upload.part(2, source, range(5 * mebibyte - 1, 12 * mebibyte));
    expect(await outcome(upload.complete())).to.equal("400 EntityTooSmall");
  });

  rule("a part that was never sent is 400 InvalidPart", async () => {
    const { source, upload } = await begun();
    const etag = await upload.part(1, source);
    expect(await outcome(upload.complete({}, [...upload.parts, { PartNumber: 2, ETag: etag }]))).to.equal(
      "400 InvalidPart",
    );
    expect(await outcome(upload.complete())).to.equal("200");
  });

  rule("part numbers go from 1 to 10,000", async () => {
    const { source, upload } = await begun();
    expect(await outcome(upload.send(10_000, source))).to.equal("200");
    expect(await outcome(upload.send(10_001, source))).to.equal("400 InvalidArgument");
  });

  rule("a range must lie within its source", async () => {
    const { source, upload } = await begun();
    const size = bytes.length;
    expect(await outcome(upload.send(1, source, `bytes=0-${size - 1}`))).to.equal("200");
    expect(await outcome(upload.send(1, source, `bytes=0-${size}`))).to.equal("400 InvalidArgument");
    expect(await outcome(upload.send(1, source, "bytes=9-8"))).to.equal("400 InvalidArgument");
    expect(await outcome(upload.send(1, source, "bytes=9-"))).to.equal("400 InvalidArgument");
  });

  // "UploadPartCopy", CopySourceRange: "You can copy a range only if the source object is greater than 5 MB."
  rule("a source of 5 MiB or less is copied whole or not at all", async () => {
    const { s3, bucket, upload } = await begun();
    await put(s3, bucket, "small", bytes.subarray(0, 5 * mebibyte));
    expect(await outcome(upload.send(1, copySource(bucket, "small")))).to.equal("200");
    expect(await outcome(upload.send(1, copySource(bucket, "small"), "bytes=0-9"))).to.equal("400 InvalidRequest");
  });

  rule("a part's source that is missing is 404 by its kind", async () => {
    const { s3, bucket, source, version, upload } = await begun();
    expect(await outcome(upload.send(1, copySource(bucket, "missing")))).to.equal("404 NoSuchKey");
    await put(s3, bucket, "source", "another");
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "source", VersionId: version }));
    expect(await outcome(upload.send(1, source))).to.equal("404 NoSuchVersion");
  });

  // "UploadPartCopy", Versioning.
  rule("a part's source that is a delete marker is 404, and 400 by its version", async () => {
    const { s3, bucket, upload } = await begun();
    const { VersionId } = await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "source" }));
    expect(await outcome(upload.send(1, copySource(bucket, "source")))).to.equal("404 NoSuchKey");
    expect(await outcome(upload.send(1, copySource(bucket, "source", VersionId)))).to.equal("400 InvalidRequest");
  });

  rule("parts stay when their source is deleted for good", async () => {
    const { s3, bucket, source, version, upload } = await begun();
    await upload.part(1, source);
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "source", VersionId: version }));
    await upload.complete();
    expect((await read(bucket, "target")).equals(bytes)).to.equal(true);
  });

  // "How to prevent object overwrites with conditional writes": the condition is held against the key at the completion.
  rule("a completion with If-None-Match answers 412 for a key that exists, and the upload stays", async () => {
    const { s3, bucket, source, upload } = await begun();
    await upload.part(1, source);
    const version = await put(s3, bucket, "target", "meanwhile");
    expect(await outcome(upload.complete({ IfNoneMatch: "*" }))).to.equal("412 PreconditionFailed");
    expect((await read(bucket, "target")).toString()).to.equal("meanwhile");
    expect((await uploads(bucket)).Uploads!.map(({ UploadId }) => UploadId)).to.deep.equal([upload.id]);
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "target", VersionId: version }));
    expect(await outcome(upload.complete({ IfNoneMatch: "*" }))).to.equal("200");
  });

  rule("a completion with If-Match answers 412 for another ETag, and 404 for a missing key", async () => {
    const { s3, bucket, source, upload } = await begun();
    await upload.part(1, source);
    const IfMatch = `"${md5(Buffer.from("expected")).digest("hex")}"`;
    expect(await outcome(upload.complete({ IfMatch }))).to.equal("404 NoSuchKey");
    await put(s3, bucket, "target", "another");
    expect(await outcome(upload.complete({ IfMatch }))).to.equal("412 PreconditionFailed");
    await put(s3, bucket, "target", "expected");
    expect(await outcome(upload.complete({ IfMatch }))).to.equal("200");
  });

  rule("of eight completions at once with If-None-Match one wins", async () => {
    const { s3, bucket, source } = await begun("other");
    const racing = await Promise.all(Array.from({ length: 8 }, () => Copying.begin(s3, bucket, "raced")));
    await Promise.all(racing.map((upload, index) => upload.part(1, source, range(index, 6 * mebibyte))));
    const outcomes = await Promise.all(racing.map((upload) => outcome(upload.complete({ IfNoneMatch: "*" }))));
    expect(sorted(outcomes)).to.deep.equal(["200", ...Array(7).fill("412 PreconditionFailed")]);
    expect((await read(bucket, "raced")).length).to.equal(6 * mebibyte - outcomes.indexOf("200"));
  });

  rule("an aborted upload is 404 NoSuchUpload", async () => {
    const { s3, source, upload } = await begun();
    await upload.part(1, source);
    await s3.send(new AbortMultipartUploadCommand(upload.named));
    expect(await outcome(upload.send(1, source))).to.equal("404 NoSuchUpload");
    expect(await outcome(upload.complete())).to.equal("404 NoSuchUpload");
    expect(await outcome(s3.send(new ListPartsCommand(upload.named)))).to.equal("404 NoSuchUpload");
    expect(await outcome(s3.send(new AbortMultipartUploadCommand(upload.named)))).to.equal("404 NoSuchUpload");
  });

  rule("a completed upload takes no parts and can't be listed or aborted: 404 NoSuchUpload", async () => {
    const { s3, source, upload } = await begun();
    await upload.part(1, source);
    await upload.complete();
    expect(await outcome(upload.send(1, source))).to.equal("404 NoSuchUpload");
    expect(await outcome(s3.send(new ListPartsCommand(upload.named)))).to.equal("404 NoSuchUpload");
    expect(await outcome(s3.send(new AbortMultipartUploadCommand(upload.named)))).to.equal("404 NoSuchUpload");
  });

  rule("a second completion is 404 NoSuchUpload", async () => {
    const { source, upload } = await begun();
    await upload.part(1, source);
    await upload.complete();
    expect(await outcome(upload.complete())).to.equal("404 NoSuchUpload");
  });

  rule("an upload belongs to its key", async () => {
    const { s3, upload } = await begun();
    const named = { ...upload.named, Key: "another" };
    expect(await outcome(s3.send(new ListPartsCommand(named)))).to.equal("404 NoSuchUpload");
    expect(await outcome(s3.send(new AbortMultipartUploadCommand(named)))).to.equal("404 NoSuchUpload");
  });

  rule("an object of parts in a bucket without versions has no version id", async () => {
    const { source, upload } = await begun("target", "unversioned");
    await upload.part(1, source);
    const { VersionId } = await upload.complete();
    expect(VersionId).to.equal(undefined);
  });
};
