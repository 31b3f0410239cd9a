import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Readable } from "node:stream";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetBucketTaggingCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { expect } from "chai";
import { credentials, region } from "../../../local/localAws.ts";
import type { Pattern } from "./content.ts";
import { Copying, copySource, mebibyte, outcome, put, text } from "./contract.ts";
import {
  conditionalRequestConflict,
  internalError,
  NotModelled,
  networkError,
  noSuchKey,
  noSuchUpload,
  noSuchVersion,
  preconditionFailed,
  slowDown,
  timeoutError,
} from "./errors.ts";
import { type Change, MemoryS3, type MemoryS3Options, type S3Event } from "./memoryS3.ts";

const gibibyte = 1024 ** 3;

/** Lines of JSON of 32 bytes each, numbered. */
const lines = (bytes: number) => ({
  bytes,
  read(start: number, end: number): Buffer {
    const first = Math.floor(start / 32);
    const count = Math.ceil(end / 32) - first;
    const made = Array.from({ length: count }, (_, index) => `{"line":${String(first + index).padStart(22, "0")}}\n`);
    return Buffer.from(made.join("")).subarray(start - first * 32, end - first * 32);
  },
});

/** Such lines, and how many of their bytes were made. */
function counted(bytes: number) {
  const { read } = lines(bytes);
  let made = 0;
  const pattern: Pattern = {
    bytes,
    read(start, end) {
      made += end - start;
      return read(start, end);
    },
  };
  return { pattern, made: () => made };
}

function opened(options: MemoryS3Options = {}) {
  const memory = new MemoryS3(options);
  memory.createBucket("files", { versioned: true });
  return { memory, s3: memory.client() };
}

/** What only the S3 of the simulation has: sizes beyond any disk, a seed, and hooks. */
export function memoryAlone(): void {
  it("refuses what it does not model by name, and changes nothing", () => {
    const { memory } = opened();
    const where = { Bucket: "files", Key: "a" };
    const refused = (apply: () => unknown, name: string) => expect(apply).to.throw(NotModelled, name);
    refused(() => memory.apply(new GetBucketTaggingCommand({ Bucket: "files" })), "GetBucketTaggingCommand");
    refused(() => memory.apply(new UploadPartCommand({ ...where, UploadId: "u", PartNumber: 1 })), "UploadPartCommand");
    refused(
      () => memory.apply(new PutObjectCommand({ ...where, Body: "a", Tagging: "a=b" })),
      "PutObjectCommand's Tagging",
    );
    refused(() => memory.apply(new GetObjectCommand({ ...where, PartNumber: 1 })), "GetObjectCommand's PartNumber");
    refused(
      () => memory.apply(new PutObjectCommand({ ...where, Body: "a", IfNoneMatch: '"etag"' })),
      'IfNoneMatch "etag"',
    );
    refused(() => memory.apply(new PutObjectCommand({ ...where, Body: new Blob([]) })), "Body");
    refused(
      () =>
        memory.apply(
          new PutBucketVersioningCommand({ Bucket: "files", VersioningConfiguration: { Status: "Suspended" } }),
        ),
      "Suspended",
    );
    expect(memory.keys("files")).to.deep.equal([]);
    memory.apply(new PutObjectCommand({ ...where, Body: "a" }));
    refused(() => memory.apply(new GetObjectCommand({ ...where, Range: "bytes=0-1,3-4" })), "Range");
    refused(() => memory.apply(new CopyObjectCommand({ ...where, CopySource: "files/a" })), "onto its source");
  });

  it("keeps the bytes as they were when they were put", async () => {
    const { s3 } = opened();
    const body = Buffer.from("as put");
    await put(s3, "files", "a", body);
    body.fill("x");
    expect(await text(s3, "files", "a")).to.equal("as put");
  });

  it("answers the same to the same commands from the same seed", async () => {
    const story = async (seed: number) => {
      const { memory, s3 } = opened({ seed, now: () => 1_700_000_000_000 });
      const told: unknown[] = [];
      memory.onCreated((event) => told.push(event));
      const kms = { ServerSideEncryption: "aws:kms", SSEKMSKeyId: "key" } as const;
      for (const Key of ["a", "b", "a"])
        told.push(await s3.send(new PutObjectCommand({ Bucket: "files", Key, Body: Key, ...kms })));
      told.push((await Copying.begin(s3, "files", "c")).id);
      told.push(await s3.send(new DeleteObjectCommand({ Bucket: "files", Key: "a" })));
      told.push(await s3.send(new ListObjectVersionsCommand({ Bucket: "files" })));
      return JSON.stringify(told);
    };
    expect(await story(7)).to.equal(await story(7));
    expect(await story(7)).to.not.equal(await story(8));
  });

  // "How S3 Versioning works", S3 User Guide: version ids are opaque and URL-ready; nothing is said of how they begin.
  it("makes version ids of which some begin with _ and with a dot, all different", async () => {
    const { s3 } = opened();
    const ids: string[] = [];
    for (let count = 0; count < 500; count++) ids.push(await put(s3, "files", "a", "a"));
    expect(new Set(ids).size).to.equal(500);
    for (const id of ids) expect(id).to.match(/^[A-Za-z0-9._]{32}$/);
    for (const start of ["_", "."])
      expect(ids.filter((id) => id.startsWith(start)).length, start).to.be.within(20, 150);
  });

  for (const id of ["_starts.with_a_line", ".starts.with.a.dot"])
    it(`reads, copies, lists and deletes by the version id ${id}`, async () => {
      const versionIds = ["first", id, "last"];
      const { s3 } = opened({ versionId: () => versionIds.shift() ?? "more" });
      for (const body of ["1", "2", "3"]) await put(s3, "files", "a b", body);
      expect(await text(s3, "files", "a b", id)).to.equal("2");
      await s3.send(new CopyObjectCommand({ Bucket: "files", Key: "c", CopySource: copySource("files", "a b", id) }));
      expect(await text(s3, "files", "c")).to.equal("2");
      const { Versions } = await s3.send(
        new ListObjectVersionsCommand({ Bucket: "files", KeyMarker: "a b", VersionIdMarker: id, MaxKeys: 1 }),
      );
      expect(Versions!.map(({ VersionId }) => VersionId)).to.deep.equal(["first"]);
      const named = { Bucket: "files", Key: "a b", VersionId: id };
      await s3.send(new DeleteObjectCommand(named));
      expect(await outcome(s3.send(new HeadObjectCommand(named)))).to.equal("404 NotFound");
    });

  it("lists versions behind a marker whose version was deleted meanwhile", async () => {
    const { s3 } = opened();
    const [first, second, third] = [
      await put(s3, "files", "a", "1"),
      await put(s3, "files", "a", "2"),
      await put(s3, "files", "a", "3"),
    ];
    const page = await s3.send(new ListObjectVersionsCommand({ Bucket: "files", MaxKeys: 2 }));
    expect(page.Versions!.map(({ VersionId }) => VersionId)).to.deep.equal([third, second]);
    await s3.send(new DeleteObjectCommand({ Bucket: "files", Key: "a", VersionId: second }));
    const next = await s3.send(
      new ListObjectVersionsCommand({
        Bucket: "files",
        KeyMarker: page.NextKeyMarker!,
        VersionIdMarker: page.NextVersionIdMarker!,
      }),
    );
    expect(next.Versions!.map(({ VersionId }) => VersionId)).to.deep.equal([first]);
  });

  it("dates objects by its clock, in whole seconds", async () => {
    const clock = { now: 1_700_000_000_999 };
    const { s3 } = opened({ now: () => clock.now });
    await put(s3, "files", "a");
    const modified = async () =>
      (await s3.send(new HeadObjectCommand({ Bucket: "files", Key: "a" }))).LastModified!.getTime();
    expect(await modified()).to.equal(1_700_000_000_000);
    clock.now += 1;
    await put(s3, "files", "a");
    expect(await modified()).to.equal(1_700_000_001_000);
  });

  it("tells of a change and of its event before apply returns", () => {
    const { memory } = opened();
    const changes: Change[] = [];
    const events: S3Event[] = [];
    memory.onChange((change) => changes.push(change));
    memory.onCreated((event) => events.push(event));
    const named = { Bucket: "files", Key: "a" };
    const first = memory.apply(new PutObjectCommand({ ...named, Body: "1" })).VersionId!;
    expect(changes).to.have.length(1);
    expect(changes[0]).to.include({ kind: "put", bucket: "files", key: "a", before: null });
    expect(changes[0]!.after).to.equal(memory.object("files", "a"));
    expect(changes[0]!.version.content.text()).to.equal("1");

    memory.apply(new CopyObjectCommand({ Bucket: "files", Key: "b", CopySource: "files/a" }));
    expect(changes[1]!.kind).to.equal("copied");
    expect(changes[1]!.version.content, "a copy shares the bytes").to.equal(changes[0]!.version.content);

    memory.apply(new DeleteObjectCommand(named));
    expect(changes[2]!.kind).to.equal("marked");
    expect(changes[2]!.before).to.equal(changes[0]!.version);
    expect(memory.object("files", "a")).to.equal(null);
    expect(memory.versions("files", "a").map(({ isDeleteMarker }) => isDeleteMarker)).to.deep.equal([false, true]);

    memory.apply(new DeleteObjectCommand({ ...named, VersionId: first }));
    expect(changes[3]).to.include({ kind: "removed", version: changes[0]!.version });
    expect(changes[3]!.after!.isDeleteMarker).to.equal(true);
    expect(events.map(({ eventName }) => eventName)).to.deep.equal([
      "ObjectCreated:Put",
      "ObjectCreated:Copy",
      "ObjectRemoved:DeleteMarkerCreated",
      "ObjectRemoved:Delete",
    ]);
    memory.apply(new DeleteObjectCommand({ ...named, VersionId: "never was" }));
    expect(() => memory.apply(new PutObjectCommand({ ...named, Body: "2", IfMatch: "x" }))).to.throw(
      S3ServiceException,
    );
    expect([changes.length, events.length]).to.deep.equal([4, 4]);
    expect(memory.keys("files")).to.deep.equal(["a", "b"]);
  });

  it("repeats the answer to a completion if it is to", async () => {
    const { memory, s3 } = opened({ repeatsCompletion: true });
    await put(s3, "files", "source");
    const upload = await Copying.begin(s3, "files", "a");
    await upload.part(1, "files/source");
    expect([...memory.uploads("files")].map(({ id }) => id)).to.deep.equal([upload.id]);
    const answer = await upload.complete({ IfNoneMatch: "*" });
    expect(await upload.complete({ IfNoneMatch: "*" })).to.deep.equal(answer);
    expect(memory.versions("files", "a")).to.have.length(1);
    expect([...memory.uploads("files")]).to.deep.equal([]);
  });

  describe("with objects larger than memory", () => {
    // "CopyObject", S3 API Reference: "You create a copy of your object up to 5 GB in size in a single atomic action".
    it("refuses a single copy above 5 GiB", async () => {
      const { memory, s3 } = opened();
      memory.putVirtual("files", "most", lines(5 * gibibyte));
      memory.putVirtual("files", "more", lines(5 * gibibyte + 1));
      const copy = (key: string) =>
        outcome(s3.send(new CopyObjectCommand({ Bucket: "files", Key: "copy", CopySource: `files/${key}` })));
      expect(await copy("most")).to.equal("200");
      expect(await copy("more")).to.equal("400 InvalidRequest");
    });

    it("refuses a part above 5 GiB", async () => {
      const { memory, s3 } = opened();
      memory.putVirtual("files", "source", lines(6 * gibibyte));
      const upload = await Copying.begin(s3, "files", "a");
      expect(await outcome(upload.send(1, "files/source", `bytes=0-${5 * gibibyte - 1}`))).to.equal("200");
      expect(await outcome(upload.send(1, "files/source", `bytes=0-${5 * gibibyte}`))).to.equal("400 InvalidRequest");
      expect(await outcome(upload.send(1, "files/source"))).to.equal("400 InvalidRequest");
    });

    it("copies 12 GB in parts without holding them, every byte in its place", async () => {
      const { memory, s3 } = opened();
      const bytes = 12_000_000_000;
      const { pattern, made } = counted(bytes);
      const { VersionId } = memory.putVirtual("files", "source", pattern);
      expect((await s3.send(new HeadObjectCommand({ Bucket: "files", Key: "source" }))).ContentLength).to.equal(bytes);
      const upload = await Copying.begin(s3, "files", "target");
      const size = 128 * mebibyte;
      for (let start = 0, number = 1; start < bytes; start += size, number++)
        await upload.part(
          number,
          copySource("files", "source", VersionId),
          `bytes=${start}-${Math.min(start + size, bytes) - 1}`,
        );
      expect(upload.parts).to.have.length(90);
      await upload.complete({ IfNoneMatch: "*" });
      const again = await Copying.begin(s3, "files", "again");
      await again.part(1, "files/target", `bytes=${7}-${5 * gibibyte}`);
      await again.complete();

      expect(made(), "bytes made for the copies").to.equal(0);

      const read = async (key: string, start: number, end: number) =>
        Buffer.from(
          await (
            await s3.send(new GetObjectCommand({ Bucket: "files", Key: key, Range: `bytes=${start}-${end - 1}` }))
          ).Body!.transformToByteArray(),
        );
      for (const at of [0, size - 20, size, 3 * size - 1, 50 * size - 999, bytes - 2000])
        expect((await read("target", at, at + 2000)).equals(pattern.read(at, at + 2000)), `at ${at}`).to.equal(true);
      expect((await read("again", size - 20, size + 20)).equals(pattern.read(size - 13, size + 27))).to.equal(true);
      expect(memory.object("files", "target")!.content.bytes).to.equal(bytes);
    });

    it("reads over several parts at once", async () => {
      const { memory, s3 } = opened();
      const { pattern } = counted(20 * mebibyte);
      memory.putVirtual("files", "source", pattern);
      const upload = await Copying.begin(s3, "files", "target");
      for (let part = 0; part < 4; part++)
        await upload.part(part + 1, "files/source", `bytes=${part * 5 * mebibyte}-${(part + 1) * 5 * mebibyte - 1}`);
      await upload.complete();
      const { Body } = await s3.send(
        new GetObjectCommand({ Bucket: "files", Key: "target", Range: `bytes=${5 * mebibyte - 77}-${10 * mebibyte}` }),
      );
      const whole = Buffer.from(await Body!.transformToByteArray());
      expect(whole.equals(pattern.read(5 * mebibyte - 77, 10 * mebibyte + 1))).to.equal(true);
      const { content } = memory.object("files", "target")!;
      for (let start = 5 * mebibyte - 3; start <= 5 * mebibyte + 3; start++)
        for (const length of [1, 3, 5])
          expect(content.read(start, start + length).toString(), `from ${start}`).to.equal(
            pattern.read(start, start + length).toString(),
          );
    });

    it("streams a whole GET piece by piece, and makes no more than is read", async () => {
      const { memory, s3 } = opened();
      const { pattern, made } = counted(12_000_000_000);
      memory.putVirtual("files", "a", pattern);
      const { Body, ContentLength } = await s3.send(new GetObjectCommand({ Bucket: "files", Key: "a" }));
      expect(ContentLength).to.equal(12_000_000_000);
      const hash = createHash("md5");
      let read = 0;
      for await (const chunk of Body as Readable as AsyncIterable<Buffer>) {
        hash.update(chunk);
        read += chunk.length;
        if (read >= 8 * mebibyte) break;
      }
      expect(made()).to.be.below(10 * mebibyte);
      expect(hash.digest("hex")).to.equal(createHash("md5").update(pattern.read(0, read)).digest("hex"));
    });

    it("completes 10,000 parts", async () => {
      const { memory, s3 } = opened();
      const bytes = 10_000 * 5 * mebibyte;
      memory.putVirtual("files", "source", lines(bytes));
      const upload = await Copying.begin(s3, "files", "a");
      for (let part = 0; part < 10_000; part++)
        await upload.part(part + 1, "files/source", `bytes=${part * 5 * mebibyte}-${(part + 1) * 5 * mebibyte - 1}`);
      const { ETag } = await upload.complete();
      expect(ETag).to.match(/^"[0-9a-f]{32}-10000"$/);
      expect(memory.object("files", "a")!.content.bytes).to.equal(bytes);
    });
  });

  describe("errors", () => {
    let server: Server;
    let s3: S3Client;
    /** What the next request is answered: an error of S3, nothing, or a closed connection. */
    let next: { status: number; code: string } | "nothing" | "closed";
    before(async () => {
      server = createServer((request, response) => {
        if (next === "closed") request.socket.resetAndDestroy();
        else if (next !== "nothing")
          response
            .writeHead(next.status, { "content-type": "application/xml" })
            .end(`<Error><Code>${next.code}</Code><Message>in words</Message></Error>`);
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      s3 = new S3Client({
        endpoint: `http://127.0.0.1:${port}`,
        region,
        credentials,
        forcePathStyle: true,
        maxAttempts: 1,
        requestHandler: { requestTimeout: 100, throwOnRequestTimeout: true },
      });
    });
    after(() => {
      s3.destroy();
      server.closeAllConnections();
      server.close();
    });

    const thrown = async () => {
      try {
        await s3.send(new GetObjectCommand({ Bucket: "files", Key: "a" }));
      } catch (error) {
        return error;
      }
      throw new Error("no error");
    };
    const shape = (error: unknown) => {
      const { name, $fault, $metadata } = error as S3ServiceException;
      return {
        class: (error as Error).constructor,
        name,
        $fault,
        status: $metadata.httpStatusCode,
        code: (error as { code?: string }).code,
      };
    };

    for (const made of [
      conditionalRequestConflict(),
      slowDown(),
      internalError(),
      preconditionFailed(),
      noSuchKey(),
      noSuchVersion(),
      noSuchUpload(),
    ])
      it(`${made.name} is what the SDK makes of such an answer`, async () => {
        next = { status: made.$metadata.httpStatusCode!, code: made.name };
        expect(shape(made)).to.deep.equal(shape(await thrown()));
      });

    it("a timeout is the SDK's", async () => {
      next = "nothing";
      expect(shape(timeoutError())).to.deep.equal(shape(await thrown()));
    });

    it("a broken connection is a timeout to the SDK as well", async () => {
      next = "closed";
      expect(shape(networkError())).to.deep.equal(shape(await thrown()));
    });
  });

  it("makes a bucket like CreateBucket does", async () => {
    const { s3 } = opened();
    expect(await outcome(s3.send(new CreateBucketCommand({ Bucket: "other" })))).to.equal("200");
    expect(await outcome(s3.send(new CreateBucketCommand({ Bucket: "other" })))).to.equal(
      "409 BucketAlreadyOwnedByYou",
    );
  });
}
