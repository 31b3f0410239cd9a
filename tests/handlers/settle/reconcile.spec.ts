import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { type PipelineUnderTest, startPipelineUnderTest } from "../pipelineUnderTest.ts";

/** Uploads that no event told of, found in Bronze and sent through a real queue; over HTTP. */
describe("reconciliation", function () {
  this.timeout(60_000);
  let pipeline: PipelineUnderTest;
  const quarter = 15 * 60_000;

  before(async () => {
    pipeline = await startPipelineUnderTest();
    pipeline.clock.ahead = quarter + 5_000;
  });
  after(() => pipeline?.stop());

  const user = (id: string) => `{"user_id":"${id}"}\n`;
  const versionOf = ({ s3 }: { s3: { object: { versionId: string } } }) => s3.object.versionId;
  const decisionOf = async (batch: string) => (await pipeline.ledger(batch)).inputs[`${batch}/users.json`]!.decision;
  const queued = () => pipeline.receive(pipeline.names.promoteQueueUrl);

  /** Delivers what waits in the queue, and returns the versions that it told of. */
  async function deliverQueued(): Promise<string[]> {
    const bodies = await queued();
    const records = bodies.flatMap((body) => (JSON.parse(body) as { Records: [] }).Records);
    expect(await pipeline.deliver(...records)).to.deep.equal([]);
    return records.map(versionOf);
  }

  it("injects a key's newest version that no event told of, and only that", async () => {
    await pipeline.upload("2026-06-01/users.json", user("lost twice"));
    const newest = versionOf(await pipeline.upload("2026-06-01/users.json", user("lost")));
    await pipeline.upload("2026-06-01/readme.txt", "none of ours");
    await pipeline.settle({ kind: "reconcile" });
    expect(await deliverQueued()).to.deep.equal([newest]);
    expect(await decisionOf("2026-06-01")).to.deep.include({ version: newest, sequencer: null, outcome: "promoted" });
    await pipeline.settle({ kind: "reconcile" });
    expect(await queued()).to.deep.equal([]);
  });

  it("finds a version that an older one's event hides", async () => {
    await pipeline.deliver(await pipeline.upload("2026-06-02/users.json", user("told")));
    const lost = versionOf(await pipeline.upload("2026-06-02/users.json", user("lost")));
    await pipeline.settle({ kind: "reconcile" });
    expect(await deliverQueued()).to.deep.equal([lost]);
    expect((await decisionOf("2026-06-02")).version).to.equal(lost);
  });

  it("is not undone by an older version's event that comes late, though both were uploaded in one second", async () => {
    const late = await pipeline.upload("2026-06-03/users.json", user("late"));
    const lost = versionOf(await pipeline.upload("2026-06-03/users.json", user("lost")));
    await pipeline.settle({ kind: "reconcile" });
    await deliverQueued();
    await pipeline.deliver(late);
    expect((await decisionOf("2026-06-03")).version).to.equal(lost);
    expect(pipeline.logs.filter(({ message }) => message === "file.superseded").at(-1)).to.deep.include({
      version: versionOf(late),
      by: lost,
    });
  });

  it("gives way to a newer version's event", async () => {
    await pipeline.upload("2026-06-04/users.json", user("lost"));
    await pipeline.settle({ kind: "reconcile" });
    await deliverQueued();
    const newer = await pipeline.upload("2026-06-04/users.json", user("newer"));
    await pipeline.deliver(newer);
    expect((await decisionOf("2026-06-04")).version).to.equal(versionOf(newer));
  });

  it("learns the sequencer from the event that comes after all", async () => {
    const late = await pipeline.upload("2026-06-05/users.json", user("late"));
    await pipeline.settle({ kind: "reconcile" });
    await deliverQueued();
    await pipeline.deliver(late);
    expect(await decisionOf("2026-06-05")).to.deep.include({
      version: versionOf(late),
      sequencer: late.s3.object.sequencer,
    });
  });

  it("finds what a delete marker covers, since a delete changes nothing", async () => {
    const lost = versionOf(await pipeline.upload("2026-06-06/users.json", user("lost")));
    await pipeline.s3.send(new DeleteObjectCommand({ Bucket: pipeline.bronze, Key: "2026-06-06/users.json" }));
    await pipeline.settle({ kind: "reconcile" });
    expect(await deliverQueued()).to.deep.equal([lost]);
  });

  it("does not go back to an older version when the newest, which was told, is deleted for good", async () => {
    await pipeline.deliver(await pipeline.upload("2026-06-07/users.json", user("old")));
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const newer = await pipeline.upload("2026-06-07/users.json", user("new"));
    await pipeline.deliver(newer);
    await pipeline.s3.send(
      new DeleteObjectCommand({ Bucket: pipeline.bronze, Key: "2026-06-07/users.json", VersionId: versionOf(newer) }),
    );
    await pipeline.settle({ kind: "reconcile" });
    expect(await queued()).to.deep.equal([]);
  });

  it("leaves an upload alone whose event may still be on its way", async () => {
    pipeline.clock.ahead = 0;
    await pipeline.upload("2026-06-08/users.json", user("fresh"));
    await pipeline.settle({ kind: "reconcile" });
    expect(await queued()).to.deep.equal([]);
    pipeline.clock.ahead = quarter + 5_000;
    await pipeline.settle({ kind: "reconcile" });
    await deliverQueued();
  });

  it("goes on with the next sweep where its time ended", async () => {
    const lost = versionOf(await pipeline.upload("2026-06-09/users.json", user("lost")));
    pipeline.time.left = () => 0;
    await pipeline.settle({ kind: "reconcile" });
    expect(await queued()).to.deep.equal([]);
    pipeline.time.left = () => 120_000;
    await pipeline.settle({ kind: "sweep" });
    expect(await deliverQueued()).to.deep.equal([lost]);
    await pipeline.settle({ kind: "sweep" });
    expect(await queued()).to.deep.equal([]);
  });
});
