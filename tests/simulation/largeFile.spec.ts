import { PutObjectCommand, UploadPartCopyCommand } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { transition } from "../../handlers/ledger/transition.ts";
import type { FileReport } from "../../handlers/promote/fileReport.ts";
import { shapesOf } from "../../handlers/shape.ts";
import { Chance } from "./chance.ts";
import { Cloud } from "./cloud.ts";
import type { Pattern } from "./s3/content.ts";
import { contractChanges, firstContract } from "./settings.ts";
import { isCopy } from "./truth.ts";
import { minute, second, World } from "./world.ts";

/**
 * Files of 12 GB on their way through promote, over several invocations, whatever happens to them: a good one is typed
 * part by part, a bad one is copied part by part. S3 is the simulated one, with AWS's arithmetic of parts; not proven
 * here: how long a part takes, the functions' memory, and the reading of rows, for which a stand-in is used.
 */

const lineBytes = 64;
const bytes = 12_000_000_000 - (12_000_000_000 % lineBytes);
const key = "2026-01-01/users.json";

/** Records of one length, each with its number; in a bad file they are no JSON. */
const records = (isGood: boolean): Pattern => ({
  bytes,
  read(start, end) {
    const first = Math.floor(start / lineBytes);
    const last = Math.ceil(end / lineBytes);
    let text = "";
    for (let line = first; line < last; line++)
      text += `${isGood ? '{"id":"' : '"{id":"'}${String(line).padStart(lineBytes - 10, "0")}"}\n`;
    return Buffer.from(text.slice(start - first * lineBytes, end - first * lineBytes));
  },
});

interface Promotion {
  readonly cloud: Cloud;
  /** Steps that S3 made for parts, also those that were made twice. */
  readonly parts: number;
  readonly invocations: number;
  /** Whether the messages alone led to a decision, before any reconciliation. */
  readonly isDecidedByMessages: boolean;
}

interface Options {
  readonly isGood: boolean;
  readonly isCalm?: boolean;
  /** Happens 70 seconds after the upload, when the first invocation is over. */
  readonly meanwhile?: (cloud: Cloud) => void;
}

async function promote(seed: number, { isGood, isCalm = true, meanwhile = () => {} }: Options): Promise<Promotion> {
  const world = new World(new Chance(seed, isCalm ? { only: new Set() } : {}), null);
  const cloud = new Cloud(world, seed, transition);
  // A contract without the other datasets would make the batch complete, and the job read 12 GB into memory.
  cloud.deploysMeanwhile = false;
  const invocations = new Set<unknown>();
  let parts = 0;
  const isPart = (command: unknown) =>
    isGood
      ? command instanceof PutObjectCommand && command.input.Bucket === "silver"
      : command instanceof UploadPartCopyCommand;
  // 64 MiB are typed, or 256 MiB copied inside S3, eight at a time.
  world.duration = (command) => (isPart(command) ? 15 * second : 0);
  const apply = cloud.s3.apply.bind(cloud.s3);
  cloud.s3.apply = ((command: Parameters<typeof apply>[0]) => {
    if (isPart(command)) {
      parts++;
      invocations.add(world.actor);
    }
    return apply(command);
  }) as typeof cloud.s3.apply;

  cloud.uploadLarge(key, records(isGood), isGood);
  await world.run(world.now + 70 * second);
  meanwhile(cloud);
  await world.run(world.now + 40 * minute);
  world.calm = true;
  for (let number = 1; number <= 3; number++) {
    await world.run(world.now + 60 * minute, () => !cloud.isBusy);
    cloud.redrive(`redrive/${number}`);
    await world.run(world.now + 10 * minute);
  }
  const isDecidedByMessages = cloud.witness.batch("2026-01-01").document !== null;
  cloud.invokeSettle({ kind: "reconcile" }, "reconcile");
  await world.run(world.now + 60 * minute);
  expect(world.violation).to.equal(null);
  expect(cloud.isBusy).to.equal(false);
  return { cloud, parts, invocations: invocations.size, isDecidedByMessages };
}

const objectsIn = ({ s3 }: Cloud, bucket: string) => s3.keys(bucket).map((name) => s3.object(bucket, name)!);
const decisionIn = ({ witness }: Cloud) => witness.batch("2026-01-01").document!.inputs[key]!.decision;
/** 12 GB in parts of 64 MiB, and in parts of 256 MiB. */
const [typedParts, copiedParts] = [179, 45];

function expectTyped(cloud: Cloud): void {
  const decision = decisionIn(cloud);
  if (decision.outcome !== "promoted") throw new Error(decision.outcome);
  const report = JSON.parse(cloud.s3.object("ledger", decision.report.key)!.content.text()) as FileReport;
  expect(report.parts).to.have.length(typedParts);
  const named = report.parts.map((_, part) => `${report.silver.replace("s3://silver/", "")}part-${part}.parquet`);
  expect([...cloud.s3.keys("silver")].sort()).to.deep.equal(named.sort());
}

const copiesIn = (cloud: Cloud) => objectsIn(cloud, "rejected").filter(({ key }) => !key.endsWith(".reason.json"));

function expectCopied(cloud: Cloud): void {
  const copies = copiesIn(cloud);
  expect(copies.length).to.equal(1);
  expect(isCopy(copies[0]!.content, cloud.truth.uploads[0]!.content)).to.equal(true);
  expect([...cloud.s3.uploads("rejected")]).to.deep.equal([]);
  expect(decisionIn(cloud)).to.include({ outcome: "rejected", bytes });
}

describe("promotion of a 12 GB file, simulated", function () {
  this.timeout(120_000);

  for (const [isGood, what, expectWhole, count] of [
    [true, "types", expectTyped, typedParts],
    [false, "copies", expectCopied, copiedParts],
  ] as const) {
    it(`${what} it part by part over several invocations, in little memory`, async () => {
      const before = process.memoryUsage().rss;
      const { cloud, parts, invocations } = await promote(1, { isGood });
      expectWhole(cloud);
      expect(parts).to.equal(count);
      expect(invocations).to.be.at.least(2);
      expect(process.memoryUsage().rss - before).to.be.below(100 * 1024 ** 2);
    });

    it(`${what} it once, as a whole, when two invocations are at it`, async () => {
      const meanwhile = ({ promoteQueue, truth }: Cloud) => {
        const { version, sequencer } = truth.uploads[0]!;
        const s3 = { bucket: { name: "bronze" }, object: { key, versionId: version, sequencer } };
        for (const name of ["again", "and again"])
          promoteQueue.send(JSON.stringify({ Records: [{ eventName: "ObjectCreated:Put", s3 }] }), name);
      };
      expectWhole((await promote(1, { isGood, meanwhile })).cloud);
    });

    it(`${what} it whatever goes wrong on the way`, async () => {
      let repeated = 0;
      let replaced = 0;
      for (let seed = 1; seed <= (isGood ? 6 : 60); seed++) {
        const { cloud, parts } = await promote(seed, { isGood, isCalm: false });
        const [large, ...newer] = cloud.truth.uploads;
        if (parts > count) repeated++;
        if (large!.isGone || newer.length > 0) replaced++;
        else expectWhole(cloud);
      }
      // Otherwise nothing has gone wrong.
      expect(repeated).to.be.above(0);
      expect(replaced).to.be.below(isGood ? 6 : 20);
    });
  }

  it("types all of it under the contract that is deployed on the way", async () => {
    const meanwhile = ({ deployments }: Cloud) =>
      deployments.deploy(contractChanges["users of another shape"](firstContract));
    const { cloud, parts, isDecidedByMessages } = await promote(1, { isGood: true, meanwhile });
    expect(isDecidedByMessages).to.equal(true);
    const { shape } = decisionIn(cloud);
    expect(shape).to.equal(shapesOf(cloud.deployments.current.contract).users);
    expect([...cloud.s3.keys("ledger")].filter((name) => name.startsWith("files/"))).to.have.length(1);
    expect(cloud.s3.keys("silver").length).to.be.within(typedParts + 1, 2 * typedParts);
    // Not every message that asked for parts begins the file again, though here all of them come at the same time.
    expect(parts).to.be.below(5 * typedParts);
  });

  it("leaves nothing behind of a bad version that is deleted half way", async () => {
    const { cloud, parts } = await promote(1, { isGood: false, meanwhile: (cloud) => cloud.erase(key) });
    expect(parts).to.be.within(8, 40);
    expect(objectsIn(cloud, "rejected")).to.deep.equal([]);
    expect([...cloud.s3.uploads("rejected")]).to.deep.equal([]);
    expect(cloud.truth.uploads[0]!.skipped).to.match(/deleted/);
  });

  it("decides nothing about a good version that is deleted half way", async () => {
    const { cloud, parts } = await promote(1, { isGood: true, meanwhile: (cloud) => cloud.erase(key) });
    expect(parts).to.be.within(1, typedParts - 1);
    expect(cloud.s3.keys("ledger").filter((name) => /^(files|batches)\//.test(name))).to.deep.equal([]);
    expect(cloud.truth.uploads[0]!.skipped).to.match(/deleted/);
  });
});
