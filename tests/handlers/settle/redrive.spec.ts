import { expect } from "chai";
import { type PipelineUnderTest, startPipelineUnderTest } from "../pipelineUnderTest.ts";

/** Dead letters on real queues, over HTTP. How they get there is SQS's and Lambda's business. */
describe("redrive", function () {
  this.timeout(60_000);
  let pipeline: PipelineUnderTest;

  before(async () => {
    pipeline = await startPipelineUnderTest();
  });
  after(() => pipeline?.stop());

  const remaining = async () => ({
    promote: await pipeline.receive(pipeline.names.promoteDeadLettersUrl),
    settle: await pipeline.receive(pipeline.names.settleDeadLettersUrl),
  });
  const redrive = () => pipeline.settle({ kind: "redrive" });

  it("sends every file's message to the promote queue again, as it was", async () => {
    const bodies = Array.from({ length: 23 }, (_, index) => JSON.stringify({ Records: [], index }));
    for (const body of bodies) await pipeline.send(pipeline.names.promoteDeadLettersUrl, body);
    expect(await redrive()).to.deep.equal({ promote: { sent: 23 }, settle: { handled: 0, left: 0 } });
    const sent: string[] = [];
    for (let page = await pipeline.receive(pipeline.names.promoteQueueUrl); page.length > 0; ) {
      sent.push(...page);
      page = await pipeline.receive(pipeline.names.promoteQueueUrl);
    }
    expect(sent.sort()).to.deep.equal(bodies.sort());
    expect(await remaining()).to.deep.equal({ promote: [], settle: [] });
  });

  /** A batch of its own whose job run has ended well, unheard of. */
  async function endedUnheard(batch: string): Promise<string> {
    for (const [name, text] of [
      ["users", '{"user_id":"u_0"}\n'],
      ["events", '{"event_id":"e_0","user_id":"u_0"}\n'],
      ["orders", '{"order_id":"o_0","user_id":"u_0"}\n'],
    ] as const)
      await pipeline.deliver(await pipeline.upload(`${batch}/${name}.json`, text));
    const jobRun = (await pipeline.ledger(batch)).runs[0]!.jobRuns[0]!;
    await pipeline.report(batch, 1, jobRun);
    pipeline.engine.end(jobRun, "succeeded");
    return jobRun;
  }
  const ended = (jobRunId: string) => ({ "detail-type": "Glue Job State Change", detail: { jobRunId } });

  it("takes up what settle failed on, in both shapes that a letter has", async () => {
    const byEventBridge = ended(await endedUnheard("2026-07-01"));
    const byLambda = { version: "1.0", requestPayload: ended(await endedUnheard("2026-07-02")), responsePayload: {} };
    for (const letter of [byEventBridge, byLambda])
      await pipeline.send(pipeline.names.settleDeadLettersUrl, JSON.stringify(letter));
    expect(await redrive()).to.deep.equal({ promote: { sent: 0 }, settle: { handled: 2, left: 0 } });
    for (const batch of ["2026-07-01", "2026-07-02"])
      expect((await pipeline.ledger(batch)).published).to.deep.equal({ run: 1, highWater: 1 });
    expect(await remaining()).to.deep.equal({ promote: [], settle: [] });
  });

  it("keeps a letter that fails again, and still handles the others", async () => {
    const jobRun = await endedUnheard("2026-07-03");
    for (const letter of ["no JSON at all", '{"hello":1}', JSON.stringify(ended(jobRun)), '{"kind":"redrive"}'])
      await pipeline.send(pipeline.names.settleDeadLettersUrl, letter);
    expect(await redrive()).to.deep.equal({ promote: { sent: 0 }, settle: { handled: 1, left: 3 } });
    expect((await pipeline.ledger("2026-07-03")).published).to.deep.equal({ run: 1, highWater: 1 });
    expect(pipeline.logs.filter(({ message }) => message === "redrive.failed")).to.have.length(3);
  });
});
