/** What is read of a batch, from buckets that both handlers have written through the real SDK; Glue is a fake. */
import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { ledgerKeys, reasonKey } from "../../handlers/keys.ts";
import type { Target } from "../../operator/stack/target.ts";
import { type FileStory, readStory, type Story } from "../../operator/story/story.ts";
import { type PipelineUnderTest, startPipelineUnderTest } from "../handlers/pipelineUnderTest.ts";
import { operatorOf, targetOf } from "./operator.ts";
import { embeddedStories, stories } from "./stories.ts";

describe("the story of a batch", function () {
  this.timeout(60_000);
  let under: PipelineUnderTest;
  let target: Target;
  let call: Awaited<ReturnType<typeof operatorOf>>;
  const users = '{"user_id":"u_0"}\n';
  const events = '{"event_id":"e_0","user_id":"u_0"}\n';
  const orders = '{"order_id":"o_0","user_id":"u_0"}\n';

  before(async () => {
    under = await startPipelineUnderTest();
    target = targetOf(under, {
      jobRun: async (id) => ({
        Id: id,
        JobRunState: "SUCCEEDED",
        StartedOn: new Date(1000),
        CompletedOn: new Date(31_000),
        ExecutionTime: 30,
      }),
    });
    call = await operatorOf(target);
  });
  after(() => under?.stop());

  const upload = async (key: string, text: string) => await under.deliver(await under.upload(key, text));
  const end = async (batch: string, run: number, change?: (report: never) => void) => {
    const { jobRuns } = (await under.ledger(batch)).runs.find((one) => one.run === run)!;
    await under.report(batch, run, jobRuns[0]!, change as undefined);
    under.engine.end(jobRuns[0]!, "succeeded");
    await under.jobEnded(jobRuns[0]!);
    return jobRuns[0]!;
  };
  const fates = ({ files }: Story) => Object.fromEntries(files.map(({ key, fate }: FileStory) => [key, fate]));

  it("of one that is published: its files, the run with timing and report, and where Gold lies", async () => {
    const batch = "2026-01-01";
    await upload(`${batch}/users.json`, users);
    await upload(`${batch}/events.json`, events);
    await upload(`${batch}/orders.json`, orders);
    const jobRun = await end(batch, 1, (report: { datasets: Record<string, object> }) => {
      for (const name of ["users", "events"])
        Object.assign(report.datasets[name]!, { read: 1, kept: 1, rejected: { malformed: 0 }, deduplicated: 0 });
      Object.assign(report.datasets.orders!, { read: 3, kept: 1, rejected: { malformed: 2 }, deduplicated: 0 });
    });
    const story = await readStory(target, batch);
    expect(story).to.deep.include({ stack: "the test stack", environment: "dev", batch, dueAt: null, undecided: [] });
    expect(story.verdict).to.deep.equal({ state: "published", run: 1 });
    expect(story.files.map(({ key, fate, runs, rejection }) => [key, fate, runs, rejection])).to.have.deep.members([
      [`${batch}/users.json`, "published", [1], null],
      [`${batch}/events.json`, "published", [1], null],
      [`${batch}/orders.json`, "published", [1], null],
    ]);
    const [run] = story.runs;
    expect(run!.isKept).to.equal(true);
    expect(run!.jobRuns[0]).to.deep.include({
      id: jobRun,
      job: { state: "SUCCEEDED", startedAt: 1000, endedAt: 31_000, seconds: 30, dpuSeconds: null, message: null },
      rejectedRows: [
        {
          dataset: "orders",
          rows: 2,
          uri: `s3://${under.names.rejectedBucket}/rows/orders/batch=${batch}/run=1/${jobRun}/`,
        },
      ],
    });
    expect(run!.jobRuns[0]!.report!.datasets.orders!.read).to.equal(3);
    expect(story.gold).to.deep.equal([
      {
        output: "user_activity",
        uri: `s3://${under.names.goldBucket}/user_activity/batch=${batch}/run=1/${jobRun}/`,
        files: [],
      },
    ]);
    expect(JSON.parse(JSON.stringify(story))).to.deep.equal(story);
  });

  it("of one that waits: the reason of a rejected file, what is due, and which keys are expected", async () => {
    const batch = "2026-01-02";
    await upload(`${batch}/orders.json`, "order_id,user_id\n");
    const story = await readStory(target, batch);
    expect(story.verdict).to.deep.equal({
      state: "waiting",
      missing: ["users", "events"],
      rejected: ["orders"],
      expired: [],
    });
    const { document } = story;
    const { decision } = document.inputs[`${batch}/orders.json`]!;
    expect(story.dueAt).to.equal(decision.decidedAt + story.rules.deadline);
    const file = {
      batch,
      dataset: "orders",
      format: "json" as const,
      key: `${batch}/orders.json`,
      version: decision.version,
    };
    expect(story.files[0]!.rejection).to.deep.include({
      code: "not_json",
      fix: "write one JSON object a line",
      document: `s3://${under.names.rejectedBucket}/${reasonKey(file)}`,
    });
    expect(story.datasets.map(({ name, keys, live }) => [name, keys[0], live])).to.deep.equal([
      ["users", `${batch}/users.json`, []],
      ["events", `${batch}/events.json`, []],
      ["orders", `${batch}/orders.json`, [`${batch}/orders.json`]],
    ]);
    await under.s3.send(new DeleteObjectCommand({ Bucket: under.names.rejectedBucket, Key: reasonKey(file) }));
    const expired = (await readStory(target, batch)).files[0]!.rejection!;
    expect(expired).to.deep.include({ code: "not_json", document: null, copy: null });
  });

  it("of what promote has not looked at, and of what is none of its files", async () => {
    const batch = "2026-01-03";
    await under.upload(`${batch}/users.json`, users);
    await under.upload(`${batch}/order.json`, orders);
    await under.upload(`${batch}/deep/users.json`, users);
    const story = await readStory(target, batch);
    expect(story.document.revision).to.equal(0);
    expect(story.undecided.map(({ key, skipped }) => [key, skipped?.reason ?? null])).to.have.deep.members([
      [`${batch}/users.json`, null],
      [`${batch}/order.json`, "no dataset has this file name"],
    ]);
    await upload(`${batch}/events.json`, events);
    expect((await readStory(target, batch)).undecided.map(({ key }) => key)).to.not.include(`${batch}/events.json`);
  });

  it("of files after a correction, a withdrawal and a rollback", async () => {
    const batch = "2026-01-04";
    for (const [name, text] of Object.entries({ users, events, orders })) await upload(`${batch}/${name}.json`, text);
    await end(batch, 1);
    await upload(`${batch}/orders.json`, '{"order_id":"o_1","user_id":"u_0"}\n');
    expect(fates(await readStory(target, batch))).to.deep.equal({
      [`${batch}/users.json`]: "published",
      [`${batch}/events.json`]: "published",
      [`${batch}/orders.json`]: "promoted",
    });
    expect((await call(`run ${batch} --yes`)).code).to.equal(0);
    expect(fates(await readStory(target, batch))[`${batch}/orders.json`]).to.equal("running");
    await end(batch, 2);
    await call(`rollback ${batch} --run 1 --yes`);
    expect(fates(await readStory(target, batch))[`${batch}/orders.json`]).to.equal("read");
    await upload(`${batch}/orders.json`, "no JSON");
    expect(fates(await readStory(target, batch))[`${batch}/orders.json`]).to.equal("rejected");
    await call(`withdraw ${batch}/orders.json --yes`);
    expect(fates(await readStory(target, batch))[`${batch}/orders.json`]).to.equal("withdrawn");
  });

  it("of runs that the ledger document keeps no more", async () => {
    const batch = "2026-01-05";
    for (const [name, text] of Object.entries({ users, events, orders })) await upload(`${batch}/${name}.json`, text);
    await end(batch, 1);
    for (let run = 2; run <= 7; run++) {
      expect((await call(`replay ${batch} --yes`)).code).to.equal(0);
      await end(batch, run);
    }
    expect(await under.keys(under.names.ledgerBucket, `runs/${batch}/`)).to.include(ledgerKeys.oldRun(batch, 1));
    const { runs } = await readStory(target, batch);
    expect(runs.map(({ run }) => run.run)).to.deep.equal([1, 2, 3, 4, 5, 6, 7]);
    expect(runs.filter(({ isKept }) => isKept).map(({ run }) => run.run)).to.deep.equal([3, 4, 5, 6, 7]);
    expect(runs[0]!.jobRuns[0]!.report!.run).to.equal(1);
  });

  it("of a run in DuckDB: how it stands, by its lease and its report", async () => {
    const batch = "2026-01-07";
    for (const [name, text] of Object.entries({ users, events, orders })) await upload(`${batch}/${name}.json`, text);
    const document = await under.ledger(batch);
    const [run] = document.runs;
    const id = "em-0123456789abcdef";
    const { ledgerBucket } = under.names;
    const runs = [{ ...run!, engine: "embedded" as const, jobRuns: [id] }];
    await under.put(ledgerBucket, ledgerKeys.document(batch), JSON.stringify({ ...document, runs }));
    const job = async () => (await readStory(target, batch)).runs[0]!.jobRuns[0]!.job!;
    expect(await job()).to.deep.include({ state: "waiting", startedAt: null, endedAt: null });
    const lease = (content: object) => under.put(ledgerBucket, ledgerKeys.lease(batch, 1, id), JSON.stringify(content));
    await lease({ kind: "tombstone", why: "undelivered", message: "no invocation began" });
    expect(await job()).to.deep.include({ state: "undelivered", startedAt: null, message: "no invocation began" });
    await lease({ kind: "worker", nonce: "n", deadline: Date.now() + 60_000 });
    const alive = await job();
    expect(alive).to.deep.include({ state: "running", endedAt: null, seconds: 0 });
    expect(alive.startedAt).to.be.at.least(run!.claimedAt);
    await under.report(batch, 1, id);
    const ended = await job();
    expect(ended).to.deep.include({ state: "succeeded", seconds: 1, endedAt: ended.startedAt! + 1000 });
  });

  it("is refused of a batch that nobody knows, with the one that was meant", async () => {
    const { code, errors } = await call("explain 2026-01-0");
    expect(code).to.equal(2);
    expect(errors).to.equal('the ledger has no batch "2026-01-0"; did you mean 2026-01-01?');
  });

  it("has the shape that the hand-made ones have", async () => {
    const read = await readStory(target, "2026-01-01");
    for (const made of Object.values({ ...embeddedStories, ...stories })) {
      expect(Object.keys(made)).to.have.members(Object.keys(read));
      for (const [key, of] of Object.entries({ files: read.files[0]!, datasets: read.datasets[0]! }))
        expect(Object.keys(made[key as "files"][0]!)).to.have.members(Object.keys(of));
    }
    expect(Object.keys(stories.good.runs[0]!.jobRuns[0]!.job!)).to.have.members(
      Object.keys(read.runs[0]!.jobRuns[0]!.job!),
    );
  });
});
