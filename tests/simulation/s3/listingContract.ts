import {
  DeleteObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  type ListObjectsV2CommandOutput,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandInput,
  type ListObjectVersionsCommandOutput,
} from "@aws-sdk/client-s3";
import { expect } from "chai";
import { type Contract, put } from "./contract.ts";

/** In the order of their UTF-8 bytes; by UTF-16 units the last two would change places. */
const orderedKeys = ["B", "a", "a/1", "a/10", "a/2", "b", "é", "｡", "🦆"];

/** "ListObjectsV2", S3 API Reference; "Organizing objects using prefixes", S3 User Guide. */
export const objectListing: Contract = (rule, subject) => {
  const list = (Bucket: string, more: Omit<ListObjectsV2CommandInput, "Bucket"> = {}) =>
    subject().s3.send(new ListObjectsV2Command({ Bucket, ...more }));
  const keys = ({ Contents = [] }: Pick<ListObjectsV2CommandOutput, "Contents">) => Contents.map(({ Key }) => Key);

  rule("objects are listed by the UTF-8 bytes of their keys", async () => {
    const bucket = await subject().bucket("versioned");
    for (const key of [...orderedKeys].reverse()) await put(subject().s3, bucket, key);
    expect(keys(await list(bucket))).to.deep.equal(orderedKeys);
    expect(keys(await list(bucket, { Prefix: "a/" }))).to.deep.equal(["a/1", "a/10", "a/2"]);
    expect(keys(await list(bucket, { Prefix: "c" }))).to.deep.equal([]);
  });

  rule("an entry tells size, ETag and time as HEAD does", async () => {
    const bucket = await subject().bucket("versioned");
    await put(subject().s3, bucket, "a", "four");
    const { Contents, KeyCount, IsTruncated, NextContinuationToken } = await list(bucket);
    expect(Contents).to.have.length(1);
    expect(Contents![0]).to.include({ Key: "a", Size: 4, ETag: '"8cbad96aced40b3838dd9f07f6ef5772"' });
    expect(Contents![0]!.LastModified).to.be.instanceOf(Date);
    expect([KeyCount, IsTruncated, NextContinuationToken]).to.deep.equal([1, false, undefined]);
  });

  rule("nothing to list is no Contents", async () => {
    const bucket = await subject().bucket("versioned");
    const { Contents, KeyCount, IsTruncated } = await list(bucket);
    expect([Contents, KeyCount, IsTruncated]).to.deep.equal([undefined, 0, false]);
  });

  rule("keys under a delete marker are not listed", async () => {
    const bucket = await subject().bucket("versioned");
    for (const key of ["a", "b", "c"]) await put(subject().s3, bucket, key);
    await subject().s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "b" }));
    expect(keys(await list(bucket))).to.deep.equal(["a", "c"]);
    expect(keys(await list(bucket, { MaxKeys: 1 }))).to.deep.equal(["a"]);
  });

  rule("a page that holds the last key is the last page", async () => {
    const bucket = await subject().bucket("versioned");
    for (const key of ["a", "b", "c", "d"]) await put(subject().s3, bucket, key);
    const whole = await list(bucket, { MaxKeys: 4 });
    expect([keys(whole).length, whole.IsTruncated, whole.NextContinuationToken]).to.deep.equal([4, false, undefined]);
    const first = await list(bucket, { MaxKeys: 2 });
    expect([keys(first), first.IsTruncated, first.KeyCount, first.MaxKeys]).to.deep.equal([["a", "b"], true, 2, 2]);
    const second = await list(bucket, { MaxKeys: 2, ContinuationToken: first.NextContinuationToken! });
    expect([keys(second), second.IsTruncated, second.NextContinuationToken]).to.deep.equal([
      ["c", "d"],
      false,
      undefined,
    ]);
  });

  rule("only keys under markers behind a page make it the last", async () => {
    const bucket = await subject().bucket("versioned");
    for (const key of ["a", "b", "c"]) await put(subject().s3, bucket, key);
    for (const Key of ["b", "c"]) await subject().s3.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
    const { IsTruncated, NextContinuationToken } = await list(bucket, { MaxKeys: 1 });
    expect([IsTruncated, NextContinuationToken]).to.deep.equal([false, undefined]);
  });

  rule("a page holds 1,000 keys at most", async () => {
    const bucket = await subject().bucket("unversioned");
    const all = Array.from({ length: 1001 }, (_, index) => `k${String(index).padStart(4, "0")}`);
    for (let start = 0; start < all.length; start += 50)
      await Promise.all(all.slice(start, start + 50).map((key) => put(subject().s3, bucket, key)));
    const first = await list(bucket);
    expect([keys(first).length, first.IsTruncated]).to.deep.equal([1000, true]);
    const second = await list(bucket, { ContinuationToken: first.NextContinuationToken! });
    expect([keys(second), second.IsTruncated]).to.deep.equal([["k1000"], false]);
    const asked = await list(bucket, { MaxKeys: 5000 });
    expect(keys(asked).length).to.equal(1000);
  });

  rule("the next page begins behind the last one, whatever was written and deleted meanwhile", async () => {
    const bucket = await subject().bucket("unversioned");
    for (const key of ["a", "b", "d", "e"]) await put(subject().s3, bucket, key);
    const { NextContinuationToken } = await list(bucket, { MaxKeys: 2 });
    await subject().s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "b" }));
    await put(subject().s3, bucket, "aa");
    await put(subject().s3, bucket, "c");
    expect(keys(await list(bucket, { ContinuationToken: NextContinuationToken! }))).to.deep.equal(["c", "d", "e"]);
  });
};

/** "ListObjectVersions", S3 API Reference; "Listing objects in a versioning-enabled bucket", S3 User Guide. */
export const versionListing: Contract = (rule, subject) => {
  const list = (Bucket: string, more: Omit<ListObjectVersionsCommandInput, "Bucket"> = {}) =>
    subject().s3.send(new ListObjectVersionsCommand({ Bucket, ...more }));
  const ids = ({ Versions = [] }: Pick<ListObjectVersionsCommandOutput, "Versions">) =>
    Versions.map(({ Key, VersionId }) => `${Key} ${VersionId}`);

  rule("versions are listed by key, each key's newest first", async () => {
    const bucket = await subject().bucket("versioned");
    const written: string[] = [];
    for (const key of ["b", "a", "b", "a", "b"])
      written.push(`${key} ${await put(subject().s3, bucket, key, `${written.length}`)}`);
    const [b1, a1, b2, a2, b3] = written;
    const { Versions, IsTruncated, NextKeyMarker, NextVersionIdMarker } = await list(bucket);
    expect(ids({ Versions })).to.deep.equal([a2, a1, b3, b2, b1]);
    expect(Versions!.map(({ IsLatest }) => IsLatest)).to.deep.equal([true, false, true, false, false]);
    expect(Versions![0]).to.include({ Size: 1, ETag: '"eccbc87e4b5ce2fe28308fd9f2a7baf3"' });
    expect([IsTruncated, NextKeyMarker, NextVersionIdMarker]).to.deep.equal([false, undefined, undefined]);
    expect(ids(await list(bucket, { Prefix: "a" }))).to.deep.equal([a2, a1]);
  });

  rule("keys of versions are listed by their UTF-8 bytes", async () => {
    const bucket = await subject().bucket("versioned");
    for (const key of [...orderedKeys].reverse()) await put(subject().s3, bucket, key);
    const { Versions = [] } = await list(bucket);
    expect(Versions.map(({ Key }) => Key)).to.deep.equal(orderedKeys);
  });

  rule("delete markers are listed apart from versions, and may be the newest", async () => {
    const bucket = await subject().bucket("versioned");
    await put(subject().s3, bucket, "a");
    const { VersionId } = await subject().s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "a" }));
    const { Versions = [], DeleteMarkers = [] } = await list(bucket);
    expect(Versions.map(({ IsLatest }) => IsLatest)).to.deep.equal([false]);
    expect(DeleteMarkers).to.have.length(1);
    expect(DeleteMarkers[0]).to.include({ Key: "a", VersionId, IsLatest: true });
    await put(subject().s3, bucket, "a");
    const after = await list(bucket);
    expect(after.Versions!.map(({ IsLatest }) => IsLatest)).to.deep.equal([true, false]);
    expect(after.DeleteMarkers!.map(({ IsLatest }) => IsLatest)).to.deep.equal([false]);
  });

  rule("pages of every size hold each version and marker once", async () => {
    const bucket = await subject().bucket("versioned");
    for (const key of ["a", "b", "b", "b", "c"]) await put(subject().s3, bucket, key);
    await subject().s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "b" }));
    const every = (page: Awaited<ReturnType<typeof list>>) =>
      [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].map(({ Key, VersionId }) => `${Key} ${VersionId}`);
    const all = every(await list(bucket));
    expect(all).to.have.length(6);
    for (const MaxKeys of [1, 2, 3, 4, 5, 6, 7]) {
      const seen: string[] = [];
      let pages = 0;
      let marker: { KeyMarker?: string; VersionIdMarker?: string } = {};
      for (let isTruncated = true; isTruncated; pages++) {
        const page = await list(bucket, { MaxKeys, ...marker });
        seen.push(...every(page));
        isTruncated = page.IsTruncated!;
        marker = { KeyMarker: page.NextKeyMarker!, VersionIdMarker: page.NextVersionIdMarker! };
      }
      expect([...seen].sort()).to.deep.equal([...all].sort());
      expect(pages, `pages of ${MaxKeys}`).to.equal(Math.ceil(6 / MaxKeys));
    }
  });

  rule("a key marker alone leaves out all versions of its key", async () => {
    const bucket = await subject().bucket("versioned");
    for (const key of ["a", "b", "b", "c"]) await put(subject().s3, bucket, key);
    const { Versions = [] } = await list(bucket, { KeyMarker: "b" });
    expect(Versions.map(({ Key }) => Key)).to.deep.equal(["c"]);
  });
};
