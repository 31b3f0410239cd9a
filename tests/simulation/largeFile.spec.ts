import { UploadPartCopyCommand } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { transition } from "../../handlers/ledger/transition.ts";
import { Chance } from "./chance.ts";
import { Cloud } from "./cloud.ts";
import type { Pattern } from "./s3/content.ts";
import { isCopy } from "./truth.ts";
import { minute, second, World } from "./world.ts";

/**
 * A file of 12 GB on its way through promote: part by part, over several invocations, whatever happens to them. S3 is
 * the simulated one, with AWS's arithmetic of parts; not proven here: how long a part takes, and the functions' memory.
 */

const lineBytes = 64;
const bytes = 12_000_000_000 - (12_000_000_000 % lineBytes);
const key = "2026-01-01/users.json";

/** Records of one length, each with its number. */
const records: Pattern = {
  bytes,
  read(start, end) {
    const first = Math.floor(start / lineBytes);
    const last = Math.ceil(end / lineBytes);
    let text = "";
    for (let line = first; line < last; line++) text += `{"id":"${String(line).padStart(lineBytes - 10, "0")}"}\n`;
    return Buffer.from(text.slice(start - first * lineBytes, end - first * lineBytes));
  },
};

interface Promotion {
  readonly cloud: Cloud;
  /** Parts that S3 copied, also those that were copied twice. */
  readonly parts: number;
  readonly invocations: number;
}

/** @param meanwhile happens 70 seconds after the upload, when the first invocation is over */
async function promote(seed: number, calm: boolean, meanwhile: (cloud: Cloud) => void = () => {}): Promise<Promotion> {
  const world = new World(new Chance(seed, calm ? { only: new Set() } : {}), null);
  const cloud = new Cloud(world, seed, transition);
  // A contract without the other datasets would make the batch complete, and the job read 12 GB into memory.
  cloud.deploysMeanwhile = false;
  const invocations = new Set<unknown>();
  let parts = 0;
  // 256 MiB inside S3, eight at a time.
  world.duration = (command) => (command instanceof UploadPartCopyCommand ? 15 * second : 0);
  const apply = cloud.s3.apply.bind(cloud.s3);
  cloud.s3.apply = ((command: Parameters<typeof apply>[0]) => {
    if ((command as object) instanceof UploadPartCopyCommand) {
      parts++;
      invocations.add(world.actor);
    }
    return apply(command);
  }) as typeof cloud.s3.apply;

  cloud.uploadLarge(key, records);
  await world.run(world.now + 70 * second);
  meanwhile(cloud);
  await world.run(world.now + 40 * minute);
  world.calm = true;
  for (let number = 1; number <= 3; number++) {
    await world.run(world.now + 60 * minute, () => !cloud.isBusy);
    cloud.redrive(`redrive/${number}`);
    await world.run(world.now + 10 * minute);
  }
  cloud.invokeSettle({ kind: "reconcile" }, "reconcile");
  await world.run(world.now + 60 * minute);
  expect(world.violation).to.equal(null);
  expect(cloud.isBusy).to.equal(false);
  return { cloud, parts, invocations: invocations.size };
}

const silverOf = ({ s3 }: Cloud) => s3.keys("silver").map((name) => s3.object("silver", name)!);

function expectWhole(cloud: Cloud): void {
  const copies = silverOf(cloud);
  expect(copies.length).to.equal(1);
  expect(isCopy(copies[0]!.content, cloud.truth.uploads[0]!.content)).to.equal(true);
  expect([...cloud.s3.uploads("silver")]).to.deep.equal([]);
  expect(cloud.witness.batch("2026-01-01").document!.inputs[key]!.decision).to.include({ outcome: "promoted", bytes });
}

describe("promotion of a 12 GB file, simulated", function () {
  this.timeout(120_000);

  it("copies it part by part over several invocations, in little memory", async () => {
    const before = process.memoryUsage().rss;
    const { cloud, parts, invocations } = await promote(1, true);
    expectWhole(cloud);
    // 12 GB in parts of 256 MiB.
    expect(parts).to.equal(45);
    expect(invocations).to.be.at.least(2);
    expect(process.memoryUsage().rss - before).to.be.below(100 * 1024 ** 2);
  });

  it("makes one whole copy of two invocations at once", async () => {
    const { cloud } = await promote(1, true, ({ promoteQueue, truth }) => {
      const { version, sequencer } = truth.uploads[0]!;
      const s3 = { bucket: { name: "bronze" }, object: { key, versionId: version, sequencer } };
      for (const name of ["again", "and again"])
        promoteQueue.send(JSON.stringify({ Records: [{ eventName: "ObjectCreated:Put", s3 }] }), name);
    });
    expectWhole(cloud);
  });

  it("leaves nothing behind of a version that is deleted half way", async () => {
    const { cloud, parts } = await promote(1, true, (cloud) => cloud.erase(key));
    expect(parts).to.be.within(8, 40);
    expect(silverOf(cloud)).to.deep.equal([]);
    expect([...cloud.s3.uploads("silver")]).to.deep.equal([]);
    expect(cloud.truth.uploads[0]!.skipped).to.match(/deleted/);
  });

  it("makes one whole copy whatever goes wrong on the way", async () => {
    let repeated = 0;
    let replaced = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const { cloud, parts } = await promote(seed, false);
      const [large, ...newer] = cloud.truth.uploads;
      if (parts > 45) repeated++;
      if (large!.isGone || newer.length > 0) {
        replaced++;
        for (const copy of silverOf(cloud))
          expect(isCopy(copy.content, cloud.truth.bySilverKey.get(copy.key)!.content)).to.equal(true);
      } else expectWhole(cloud);
    }
    // Otherwise nothing has gone wrong.
    expect(repeated).to.be.above(5);
    expect(replaced).to.be.within(1, 20);
  });
});
