import {
  CompleteMultipartUploadCommand,
  DeleteObjectCommand,
  type ServiceInputTypes,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { expect } from "chai";
import type { S3 } from "../../../handlers/clients.ts";
import { partsOf, transfer } from "../../../handlers/promote/transfer.ts";
import { conditionalRequestConflict, MemoryS3 } from "../../simulation/s3/memoryS3.ts";

/**
 * Copies of all sizes on the S3 in memory, which `s3Contract.spec.ts` holds to AWS's documentation. How long a part
 * takes in AWS is not shown here.
 */
describe("a copy inside S3", () => {
  const mebibyte = 1024 ** 2;
  const gibibyte = 1024 ** 3;
  const target = { bucket: "silver", key: "users/v-1.json", encryptionKeyArn: "arn:aws:kms:eu-central-1:0:key/k" };
  const time = () => 120_000;

  /** Each byte tells where it stands, so that a part in the wrong place shows. */
  const read = (start: number, end: number) => {
    const bytes = Buffer.alloc(end - start);
    for (let index = 0; index < bytes.length; index++) bytes[index] = Math.floor((start + index) / 1021) % 251;
    return bytes;
  };

  function bronzeWith(bytes: number) {
    const memory = new MemoryS3();
    memory.createBucket("bronze", { versioned: true });
    memory.createBucket("silver");
    const { VersionId } = memory.putVirtual("bronze", "2026-01-01/users.json", { bytes, read });
    const source = { bucket: "bronze", key: "2026-01-01/users.json", version: VersionId!, bytes };
    const calls: string[] = [];
    /** Comes before each call; may throw in its place. */
    let before = (_command: { readonly input: ServiceInputTypes }) => {};
    const client = memory.client();
    const s3 = {
      send: async (command: never) => {
        calls.push((command as object).constructor.name.replace("Command", ""));
        before(command);
        return await (client.send as (command: never) => Promise<unknown>)(command);
      },
    } as unknown as S3;
    const uploads = () => [...memory.uploads("silver")].length;
    return {
      memory,
      source,
      calls,
      s3,
      uploads,
      onCall: (listener: typeof before) => {
        before = listener;
      },
    };
  }

  /** Holds some places of the copy, among them the seams of its parts, against the source. */
  function expectCopied({ memory, source }: ReturnType<typeof bronzeWith>) {
    const copy = memory.object("silver", target.key)!;
    expect(copy.content.bytes).to.equal(source.bytes);
    const places = [
      0,
      source.bytes - 40,
      ...partsOf(source.bytes)
        .slice(1)
        .map(({ start }) => start - 20),
    ];
    for (const place of places) {
      const end = Math.min(source.bytes, place + 40);
      expect(copy.content.read(place, end).equals(read(place, end)), `at ${place}`).to.equal(true);
    }
  }

  it("covers a file by parts that S3 takes, at every size", () => {
    const sizes = [512 * mebibyte + 1, 12_000_000_000, 5 * 1024 * gibibyte, 48 * 1024 * gibibyte, 768 * mebibyte];
    for (const bytes of sizes) {
      const parts = partsOf(bytes);
      expect(parts.length).to.be.at.most(10_000);
      expect(parts[0]!.start).to.equal(0);
      expect(parts.at(-1)!.end).to.equal(bytes - 1);
      parts.forEach(({ number, start, end }, index) => {
        expect(number).to.equal(index + 1);
        if (index > 0) expect(start).to.equal(parts[index - 1]!.end + 1);
        expect(end - start + 1).to.be.at.most(5 * gibibyte);
        if (index < parts.length - 1) expect(end - start + 1).to.be.at.least(5 * mebibyte);
      });
    }
    expect(partsOf(12_000_000_000)).to.have.length(45);
  });

  it("copies a small file by one call, and takes a copy that is there for its own", async () => {
    const world = bronzeWith(1000);
    expect(await transfer(world.s3, world.source, target, time)).to.equal("done");
    expect(await transfer(world.s3, world.source, target, time)).to.equal("done");
    expect(world.calls).to.deep.equal(["CopyObject", "CopyObject"]);
    expectCopied(world);
  });

  it("copies a large file by parts, leaves no upload, and does not copy it twice", async () => {
    const world = bronzeWith(2 * gibibyte + 7);
    expect(await transfer(world.s3, world.source, target, time)).to.equal("done");
    expectCopied(world);
    expect(world.uploads()).to.equal(0);
    world.calls.length = 0;
    expect(await transfer(world.s3, world.source, target, time)).to.equal("done");
    expect(world.calls).to.deep.equal(["ListObjectsV2"]);
  });

  it("stops when its time is up, and goes on with the parts that are missing", async () => {
    const world = bronzeWith(12_000_000_000);
    let calls = 0;
    const impatient = () => (calls++ < 5 ? 120_000 : 0);
    expect(await transfer(world.s3, world.source, target, impatient)).to.equal("unfinished");
    const copied = world.calls.filter((name) => name === "UploadPartCopy").length;
    expect(copied).to.equal(13);
    world.calls.length = 0;
    expect(await transfer(world.s3, world.source, target, time)).to.equal("done");
    expect(world.calls.filter((name) => name === "UploadPartCopy")).to.have.length(45 - copied);
    expect(world.calls).to.not.include("CreateMultipartUpload");
    expectCopied(world);
  });

  it("brings every call forward, though it has no time at all", async () => {
    const world = bronzeWith(12_000_000_000);
    const outcomes: string[] = [];
    while (outcomes.at(-1) !== "done" && outcomes.length < 20)
      outcomes.push(await transfer(world.s3, world.source, target, () => 0));
    expect(outcomes).to.deep.equal(["unfinished", "unfinished", "unfinished", "unfinished", "unfinished", "done"]);
    expectCopied(world);
  });

  it("makes one copy when two are at it, and leaves no upload of either", async () => {
    const world = bronzeWith(3 * gibibyte);
    const outcomes = await Promise.all([1, 2].map(() => transfer(world.s3, world.source, target, time)));
    if (outcomes.includes("unfinished")) outcomes.push(await transfer(world.s3, world.source, target, time));
    expect(outcomes).to.include("done");
    expectCopied(world);
    expect(world.uploads()).to.equal(0);
  });

  it("begins a new upload after a conflict, as S3 asks, and completes that", async () => {
    const world = bronzeWith(1 * gibibyte);
    let conflicts = 0;
    world.onCall((command) => {
      if (command instanceof CompleteMultipartUploadCommand && conflicts++ === 0) throw conditionalRequestConflict();
    });
    expect(await transfer(world.s3, world.source, target, time)).to.equal("unfinished");
    expect(world.uploads()).to.equal(0);
    expect(await transfer(world.s3, world.source, target, time)).to.equal("done");
    expectCopied(world);
  });

  it("goes on when another invocation copied a part again, whose ETag is then another", async () => {
    const world = bronzeWith(1 * gibibyte);
    world.onCall((command) => {
      if (!(command instanceof CompleteMultipartUploadCommand)) return;
      world.onCall(() => {});
      const { Bucket, Key, UploadId } = command.input;
      world.memory.apply(
        new UploadPartCopyCommand({
          Bucket,
          Key,
          UploadId,
          PartNumber: 1,
          CopySource: `bronze/${world.source.key}?versionId=${world.source.version}`,
          CopySourceRange: `bytes=0-${256 * mebibyte - 1}`,
        }),
      );
    });
    expect(await transfer(world.s3, world.source, target, time)).to.equal("unfinished");
    expect(await transfer(world.s3, world.source, target, time)).to.equal("done");
    expectCopied(world);
  });

  it("tells when the version is deleted on the way, and cleans up", async () => {
    const world = bronzeWith(3 * gibibyte);
    let parts = 0;
    world.onCall((command) => {
      if (command instanceof UploadPartCopyCommand && ++parts === 5)
        world.memory.apply(
          new DeleteObjectCommand({ Bucket: "bronze", Key: world.source.key, VersionId: world.source.version }),
        );
    });
    expect(await transfer(world.s3, world.source, target, time)).to.equal("gone");
    expect(world.uploads()).to.equal(0);
    expect(world.memory.object("silver", target.key)).to.equal(null);
  });

  it("keeps the parts when a call fails, for the next delivery", async () => {
    const world = bronzeWith(3 * gibibyte);
    let parts = 0;
    world.onCall((command) => {
      if (command instanceof UploadPartCopyCommand && ++parts === 11) throw new Error("SlowDown");
    });
    let failure: unknown;
    await transfer(world.s3, world.source, target, time).catch((error: unknown) => {
      failure = error;
    });
    expect((failure as Error).message).to.equal("SlowDown");
    expect(world.uploads()).to.equal(1);
    world.calls.length = 0;
    expect(await transfer(world.s3, world.source, target, time)).to.equal("done");
    expect(world.calls.filter((name) => name === "UploadPartCopy").length).to.be.below(12);
    expectCopied(world);
  });
});
