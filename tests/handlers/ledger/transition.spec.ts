import { expect } from "chai";
import { isUnsettled } from "../../../handlers/ledger/document.ts";
import { evaluateGate } from "../../../handlers/ledger/gate.ts";
import { OrderRefused } from "../../../handlers/ledger/judgeOrder.ts";
import { noTries } from "../../../handlers/ledger/retry.ts";
import { embeddedRelease, jobRun, minute, promoted, rejected, release, reportOn, Story, start } from "./documents.ts";

/** The protocol on its own: no clock, no storage. What S3 and Glue make of the effects is proven elsewhere. */
describe("ledger transition", () => {
  const tables = ["user_activity", "silver_users", "silver_events", "silver_orders"];
  const switches = tables.map((table) => `catalog:${table}`);

  describe("inputs", () => {
    it("enters the first decision exactly", () => {
      const document = new Story().tell({
        kind: "decided",
        key: "2026-01-01/users.json",
        dataset: "users",
        decision: promoted("v1", "0001"),
      });
      expect(document).to.deep.equal({
        format: 1,
        revision: 1,
        writer: "a:1",
        open: 1,
        judged: 1,
        inputs: {
          "2026-01-01/users.json": {
            dataset: "users",
            decision: promoted("v1", "0001"),
            read: [],
            withdrawn: [],
            late: false,
          },
        },
        runs: [],
        effects: [],
        published: null,
        operations: [],
        ordered: null,
      });
    });

    it("leaves the document as it is when the same event comes again", () => {
      const story = new Story().arrive("users", "v1", "0001");
      const before = story.document;
      expect(story.arrive("users", "v1", "0001", 5).document).to.equal(before);
    });

    const order: [string, string, string, string][] = [
      ["a greater sequencer wins", "0010", "0011", "new"],
      ["a smaller one is stale", "0011", "0010", "old"],
      ["the shorter one is padded on its right, so it is the newer", "0010FF", "0011", "new"],
      ["padded, the longer one is the newer", "0011", "001100FF", "new"],
      ["case does not matter", "00AA", "00ab", "new"],
    ];
    for (const [title, first, second, winner] of order)
      it(title, () => {
        const story = new Story().arrive("users", "old", first).arrive("users", "new", second);
        expect(story.document!.inputs["users.json"]!.decision.version).to.equal(winner);
      });

    it("takes a newer rejection over an older promotion, and not the other way round", () => {
      const story = new Story().arrive("users", "good", "02");
      story.tell({ kind: "decided", key: "users.json", dataset: "users", decision: rejected("older", "01") });
      expect(story.document!.inputs["users.json"]!.decision.outcome).to.equal("promoted");
      story.tell({ kind: "decided", key: "users.json", dataset: "users", decision: rejected("newer", "03") });
      expect(story.document!.inputs["users.json"]!.decision.outcome).to.equal("rejected");
    });

    it("takes a version without a sequencer only when Bronze lists it as newer than the ledger's", () => {
      const story = new Story().arrive("users", "told", "05");
      const found = {
        kind: "decided",
        key: "users.json",
        dataset: "users",
        decision: promoted("found", null),
      } as const;
      story.tell(found);
      expect(story.document!.inputs["users.json"]!.decision.version).to.equal("told");
      story.tell({ ...found, newerThan: "another" });
      expect(story.document!.inputs["users.json"]!.decision.version).to.equal("told");
      story.tell({ ...found, newerThan: "told" });
      expect(story.document!.inputs["users.json"]!.decision.version).to.equal("found");
    });

    it("takes a told version over a found one only when Bronze lists it as newer", () => {
      const story = new Story();
      story.tell({ kind: "decided", key: "users.json", dataset: "users", decision: promoted("found", null) });
      const told = { kind: "decided", key: "users.json", dataset: "users", decision: promoted("told", "05") } as const;
      expect(story.tell(told).inputs["users.json"]!.decision.version).to.equal("found");
      expect(story.tell({ ...told, newerThan: "found" }).inputs["users.json"]!.decision.version).to.equal("told");
    });

    it("does not let the list overrule S3's order of events", () => {
      const story = new Story().arrive("users", "new", "05");
      const late = { kind: "decided", key: "users.json", dataset: "users", decision: promoted("old", "04") } as const;
      expect(story.tell({ ...late, newerThan: "new" }).inputs["users.json"]!.decision.version).to.equal("new");
    });

    it("does not take a version that a published run has read for a new one", () => {
      const story = new Story().arriveAll("1").publish(1).arrive("users", "users-2", "0002");
      story.tell({
        kind: "decided",
        key: "users.json",
        dataset: "users",
        decision: promoted("users-1", null),
        newerThan: "users-2",
      });
      expect(story.document!.inputs["users.json"]!.read).to.deep.equal(["users-1"]);
      expect(story.document!.open).to.equal(null);
    });
  });

  describe("claims", () => {
    it("claims nothing before the last required file", () => {
      const story = new Story().arrive("users", "u", "1").arrive("events", "e", "1").claim();
      expect(story.runs).to.deep.equal([]);
    });

    it("claims one run with every input pinned, and owns its start", () => {
      const story = new Story();
      const { document } = story.arriveAll("1").claim(7);
      const pinned = (dataset: string) => ({
        key: `${dataset}.json`,
        version: `${dataset}-1`,
        shape: "shape",
        report: reportOn(`${dataset}-1`),
        bytes: 100,
        silverBytes: 40,
      });
      expect(document!.runs).to.deep.equal([
        {
          run: 1,
          cause: { kind: "gate" },
          state: "claimed",
          claimedAt: start + 7 * minute,
          startedAt: null,
          engine: "glue",
          inputs: { users: pinned("users"), events: pinned("events"), orders: pinned("orders"), coupons: null },
          release,
          outputs: story.rules.outputs,
          tries: noTries,
          jobRuns: [],
          twins: [],
          settledAt: null,
          publishedAt: null,
          settledBy: null,
          failure: null,
        },
      ]);
      expect(document!.effects).to.deep.equal([
        { kind: "start", id: "start:1", run: 1, uncertain: false, by: "a", until: start + 10 * minute },
      ]);
    });

    it("claims no second run while one is unsettled, whatever is uploaded", () => {
      const story = new Story().arriveAll("1").claim().arriveAll("2").claim();
      expect(story.runs).to.deep.equal(["1 claimed"]);
    });

    it("starts day two after the third file only, and once", () => {
      const story = new Story("current").arriveAll("1").publish(1);
      story.arrive("users", "users-2", "0002").claim().arrive("events", "events-2", "0002").claim();
      expect(story.runs).to.deep.equal(["1 published"]);
      story.arrive("orders", "orders-2", "0002").claim().claim();
      expect(story.runs).to.deep.equal(["1 published", "2 claimed"]);
    });

    it("claims again at once for files that came during a run", () => {
      const story = new Story().arriveAll("1").claim().arriveAll("2");
      story.observe(1, jobRun("jr1", "succeeded", "good")).claim();
      expect(story.runs).to.deep.equal(["1 published", "2 claimed"]);
      expect(story.document!.runs[1]!.inputs.users!.version).to.equal("users-2");
    });

    /** Claims that fail one after the other, each as soon as it may come; returns the minutes of the claims. */
    const failAgain = (story: Story, times: number, executed: boolean) => {
      const claimedAt: number[] = [];
      for (let at = 0; claimedAt.length < times && at < 10_000; at++) {
        const before = story.document!.runs.length;
        story.claim(at);
        const run = story.document!.runs.at(-1);
        if (!run || !isUnsettled(run)) continue;
        expect(story.document!.runs.length, "one claim").to.be.within(before, before + 1);
        claimedAt.push(at);
        story.tell(
          { kind: "observed", run: run.run, jobRuns: [jobRun(`jr${run.run}`, "failed", "missing", executed)] },
          { at },
        );
      }
      return claimedAt;
    };

    it("claims again what broke while it executed: later each time, and as often as is declared", () => {
      const story = new Story("2026-01-01", { attempts: 4 }).arriveAll("1");
      const [first, second, third, fourth, ...others] = failAgain(story, 5, true) as [number, number, number, number];
      expect(first).to.equal(0);
      expect(second - first).to.be.within(1, 2);
      expect(third - second).to.be.within(10, 13);
      expect(fourth - third).to.be.within(60, 75);
      expect(others).to.deep.equal([]);
      expect(story.runs.at(-1)).to.equal("4 failed");
      expect(evaluateGate(story.batch, story.document!, story.rules, start + 9000 * minute).state).to.equal("failed");
    });

    const embedded = { release: embeddedRelease };

    it("gives the embedded engine what its function holds, and Glue the rest", () => {
      const fits = new Story("2026-01-01", { release: { ...release, embedded: { functionArn: "arn", upTo: 120 } } });
      expect(fits.arriveAll("1").claim().document!.runs[0]!.engine).to.equal("embedded");
      const large = new Story("2026-01-01", { release: { ...release, embedded: { functionArn: "arn", upTo: 119 } } });
      expect(large.arriveAll("1").claim().document!.runs[0]!.engine).to.equal("glue");
    });

    it("claims at once for Glue what the embedded engine can't do, tells nobody, and never gives it back", () => {
      const story = new Story("2026-01-01", { ...embedded, attempts: 2 }).arriveAll("1").claim();
      story.observe(1, jobRun("em-1", "unfit", { bad: "memory: DuckDB has no more memory or disk" }));
      expect(story.document!.runs[0]!.failure).to.deep.equal({ kind: "unfit", message: "em-1 unfit" });
      expect(story.document!.open, "open until it is claimed").to.equal(1);
      expect(story.notices).to.deep.equal([]);
      story.claim();
      expect(story.runs).to.deep.equal(["1 failed", "2 claimed"]);
      expect(story.document!.runs[1]).to.deep.include({
        engine: "glue",
        tries: { executed: 1, undelivered: 0, unfit: true },
      });
      story.observe(2, jobRun("jr2", "failed"));
      expect(story.claim(9000).runs, "it was one of the two tries").to.deep.equal(["1 failed", "2 failed"]);
      story.tell({ kind: "operate", id: "op", order: { operation: "run" } }, { at: 9001 });
      expect(story.document!.runs[2]).to.deep.include({ engine: "glue", tries: { ...noTries, unfit: true } });
      story.observe(3, jobRun("jr3", "succeeded", "good"));
      story.tell({ kind: "operate", id: "op2", order: { operation: "replay", run: 3 } });
      expect(story.document!.runs[3]!.engine).to.equal("glue");
    });

    it("goes to Glue even if no try is left", () => {
      const story = new Story("2026-01-01", { ...embedded, attempts: 1 }).arriveAll("1").claim();
      expect(story.observe(1, jobRun("em-1", "unfit")).claim().runs).to.deep.equal(["1 failed", "2 claimed"]);
    });

    it("goes to Glue at once when the embedded engine refuses the start", () => {
      const story = new Story("2026-01-01", embedded).arriveAll("1").claim();
      story.tell({ kind: "refused", run: 1, message: "ResourceNotFoundException: no such version" });
      expect(story.claim().runs).to.deep.equal(["1 failed", "2 claimed"]);
      expect(story.document!.runs[0]!.failure!.kind).to.equal("unfit");
      expect(story.document!.runs[1]!.engine).to.equal("glue");
    });

    it("claims an order's run again by the write that ends it, with what it was given", () => {
      const story = new Story("2026-01-01", embedded).arriveAll("1").publish(1);
      story.tell({ kind: "operate", id: "op", order: { operation: "replay", run: 1 } });
      expect(story.document!.runs[1]!.engine).to.equal("embedded");
      story.observe(2, jobRun("em-2", "unfit"));
      const [first, second, third] = story.document!.runs;
      expect(story.runs).to.deep.equal(["1 published", "2 failed", "3 claimed"]);
      expect(third).to.deep.include({ engine: "glue", cause: second!.cause, inputs: first!.inputs });
      story.observe(3, jobRun("jr3", "failed", { bad: "no" }));
      expect(story.runs).to.deep.equal(["1 published", "2 failed", "3 failed"]);
    });

    it("replays without the embedded engine where none is deployed any more", () => {
      const story = new Story("2026-01-01", embedded).arriveAll("1").publish(1);
      story.rules = { ...story.rules, release };
      story.tell({ kind: "operate", id: "op", order: { operation: "replay", run: 1 } });
      expect(story.document!.runs[1]).to.deep.include({ engine: "glue", release });
    });

    it("remembers when the start was entered", () => {
      const story = new Story("2026-01-01", embedded).arriveAll("1").claim();
      story.tell({ kind: "started", run: 1, jobRun: "em-1" }, { at: 3 });
      story.tell({ kind: "started", run: 1, jobRun: "em-1" }, { at: 5 });
      expect(story.document!.runs[0]!.startedAt).to.equal(start + 3 * minute);
    });

    it("claims again without end, each hour at last, what never began to execute", () => {
      const story = new Story().arriveAll("1");
      const at = failAgain(story, 30, false);
      expect(at).to.have.length(30);
      for (const [index, minutes] of at.entries()) if (index > 3) expect(minutes - at[index - 1]!).to.be.within(60, 75);
      expect(story.document!.runs.at(-1)!.tries).to.deep.equal({ ...noTries, undelivered: 29 });
      const told = story.notices.filter((notice) => /failed/.test(notice)).map((notice) => Number.parseInt(notice, 10));
      expect(told, "and people are told of the third, and once a day").to.deep.equal([3, 27]);
      expect(story.document!.runs.length, "the document stays small").to.be.at.most(story.rules.keepRuns);
      expect(story.document!.open, "and open").to.equal(1);
      expect(failAgain(story, 9, true), "what executes then has all its tries").to.have.length(story.rules.attempts);
    });

    it("does not let those that failed together come back together", () => {
      const firsts = Array.from({ length: 20 }, (_, index) => {
        const story = new Story(`2026-01-${index + 10}`).arriveAll("1").claim();
        story.tell({ kind: "observed", run: 1, jobRuns: [jobRun("jr1", "failed")] });
        const verdict = evaluateGate(story.batch, story.document!, story.rules, start);
        return verdict.state === "retrying" ? verdict.at - start : 0;
      });
      expect(new Set(firsts).size).to.be.above(15);
      expect(Math.min(...firsts)).to.be.at.least(minute);
      expect(Math.max(...firsts)).to.be.at.most(1.25 * minute);
    });

    it("counts the attempts although the document keeps fewer runs", () => {
      const story = new Story("2026-01-01", { keepRuns: 1 }).arriveAll("1");
      expect(failAgain(story, 9, true)).to.have.length(3);
      expect(story.runs).to.deep.equal(["3 failed"]);
    });

    for (const [state, report, kind] of [
      ["failed", { bad: "schema_mismatch: revenue" }, "report"],
      ["timeout", "missing", "timeout"],
      ["stopped", "missing", "stopped"],
    ] as const)
      it(`waits for a new file after ${kind}`, () => {
        const story = new Story()
          .arriveAll("1")
          .claim()
          .observe(1, jobRun("jr1", state, report))
          .claim();
        expect(story.runs).to.deep.equal(["1 failed"]);
        expect(story.document!.runs[0]!.failure!.kind).to.equal(kind);
        story.arrive("orders", "orders-2", "0002").claim();
        expect(story.runs).to.deep.equal(["1 failed", "2 claimed"]);
      });

    it("fails the claim that the engine refused, and does not repeat it", () => {
      const story = new Story().arriveAll("1").claim();
      story.tell({ kind: "refused", run: 1, message: "AccessDeniedException: no" });
      expect(story.claim().runs).to.deep.equal(["1 failed"]);
      expect(story.effects).to.deep.equal([]);
      expect(story.document!.runs[0]!.failure).to.deep.equal({ kind: "refused", message: "AccessDeniedException: no" });
    });
  });

  it("does not fail a claim by a refusal that comes after its job run was heard of", () => {
    const story = new Story().arriveAll("1").claim();
    story.tell({ kind: "started", run: 1, jobRun: "jr1" });
    story.tell({ kind: "refused", run: 1, message: "InvalidInputException" });
    expect(story.runs).to.deep.equal(["1 started"]);
  });

  describe("settling", () => {
    const claimed = () => new Story().arriveAll("1").claim();

    it("publishes a success with a good report, marks what it read, and lets the catalog follow", () => {
      const story = claimed().observe(1, jobRun("jr1", "succeeded", "good"));
      const { document } = story;
      expect(document!.published).to.deep.equal({ run: 1, highWater: 1 });
      expect(document!.runs[0]).to.include({ state: "published", settledBy: "jr1", publishedAt: start });
      expect(document!.inputs["users.json"]!.read).to.deep.equal(["users-1"]);
      expect(story.effects).to.deep.equal(switches);
    });

    it("settles although the start was never recorded", () => {
      expect(claimed().observe(1, jobRun("jr1", "succeeded", "good")).runs).to.deep.equal(["1 published"]);
    });

    it("publishes nothing when the report says no", () => {
      const story = claimed().observe(1, jobRun("jr1", "succeeded", { bad: "check x failed" }));
      expect(story.document!.published).to.equal(null);
      expect(story.document!.runs[0]!.failure).to.deep.equal({ kind: "report", message: "check x failed" });
      expect(story.document!.inputs["users.json"]!.read).to.deep.equal([]);
    });

    it("changes nothing when settled twice", () => {
      const story = claimed()
        .observe(1, jobRun("jr1", "succeeded", "good"))
        .switched(1);
      const { document } = story;
      expect(story.observe(1, jobRun("jr1", "succeeded", "good")).document).to.equal(document);
    });

    it("does not fail a claim while one of its job runs is alive or unheard of", () => {
      const story = claimed();
      story.tell({ kind: "started", run: 1, jobRun: "jr1" });
      story.tell({ kind: "started", run: 1, jobRun: "jr2" });
      story.observe(1, jobRun("jr1", "failed"), jobRun("jr2", "alive"));
      expect(story.runs).to.deep.equal(["1 started"]);
      story.observe(1, jobRun("jr1", "failed"));
      expect(story.runs).to.deep.equal(["1 started"]);
      story.observe(1, jobRun("jr1", "failed"), jobRun("jr2", "failed"));
      expect(story.runs).to.deep.equal(["1 failed"]);
    });

    it("keeps the first of two alive job runs and stops the other", () => {
      const story = claimed();
      story.tell({ kind: "started", run: 1, jobRun: "jr1" });
      story.observe(1, jobRun("jr2", "alive"), jobRun("jr1", "alive"));
      expect(story.effects).to.deep.equal(["stop:jr2"]);
    });

    it("lets a stopped twin not settle the claim, and its sibling's success count", () => {
      const story = claimed();
      story.observe(1, jobRun("jr1", "alive"), jobRun("jr2", "stopped"));
      expect(story.runs).to.deep.equal(["1 started"]);
      story.observe(1, jobRun("jr1", "succeeded", "good"), jobRun("jr2", "stopped"));
      expect(story.document!.runs[0]).to.include({ state: "published", settledBy: "jr1" });
    });

    it("goes by the job run that it kept, not by a twin that it had stopped itself", () => {
      const story = claimed();
      story.observe(1, jobRun("jr1", "alive"), jobRun("jr2", "alive"));
      story.observe(1, jobRun("jr1", "failed"), jobRun("jr2", "stopped"));
      expect(story.document!.runs[0]!.failure).to.deep.equal({ kind: "infrastructure", message: "jr1 failed" });
      expect(story.claim(2).runs).to.deep.equal(["1 failed", "2 claimed"]);
    });

    it("waits for the operator when the job run that it kept was stopped", () => {
      const story = claimed();
      story.observe(1, jobRun("jr1", "alive"), jobRun("jr2", "alive"));
      story.observe(1, jobRun("jr1", "stopped"), jobRun("jr2", "stopped"));
      expect(story.document!.runs[0]!.failure!.kind).to.equal("stopped");
      expect(story.claim().runs).to.deep.equal(["1 failed"]);
    });

    it("stops a job run that answers after its claim was settled", () => {
      const story = claimed()
        .observe(1, jobRun("jr1", "succeeded", "good"))
        .switched(1);
      story.tell({ kind: "started", run: 1, jobRun: "jr9" });
      expect(story.effects).to.deep.equal(["stop:jr9"]);
    });

    it("treats a success without a report as the infrastructure's failure", () => {
      const story = claimed().observe(1, jobRun("jr1", "succeeded", "missing"));
      expect(story.document!.runs[0]!.failure).to.deep.equal({
        kind: "infrastructure",
        message: "the job ended well but left no report",
      });
    });
  });

  describe("publication and rollback", () => {
    const twoDays = () => new Story("current").arriveAll("1").publish(1).arriveAll("2").publish(2);
    const rollback = (story: Story, run: number, id = "op1") =>
      story.tell({ kind: "operate", id, order: { operation: "rollback", run } });

    it("moves the pointer back, leaves the high-water mark, and switches the catalog", () => {
      const story = twoDays();
      rollback(story, 1);
      expect(story.document!.published).to.deep.equal({ run: 1, highWater: 2 });
      expect(story.runs).to.deep.equal(["1 published", "2 superseded"]);
      expect(story.effects).to.deep.equal(switches);
    });

    it("does not undo a rollback when the newer run is settled again", () => {
      const story = twoDays();
      rollback(story, 1);
      story.switched(1).observe(2, jobRun("jr2", "succeeded", "good"));
      expect(story.document!.published).to.deep.equal({ run: 1, highWater: 2 });
    });

    it("switches Silver's table of an optional dataset where the old run or the new one has read it", () => {
      const story = new Story("current").arriveAll("1").publish(1);
      story.arriveAll("2").arrive("coupons", "c", "1").claim();
      story.observe(2, jobRun("jr2", "succeeded", "good"));
      expect(story.effects).to.deep.equal([...switches, "catalog:silver_coupons"]);
      story.switched(2);
      rollback(story, 1);
      expect(story.effects).to.deep.equal([...switches, "catalog:silver_coupons"]);
      story.switched(1);
      rollback(story, 1, "op2");
      expect(story.effects).to.deep.equal(switches);
    });

    it("clears the catalog's effect only for the run that is published now", () => {
      const story = twoDays();
      rollback(story, 1);
      story.switched(2);
      expect(story.effects).to.deep.equal(switches);
      expect(story.switched(1).effects).to.deep.equal([]);
    });

    it("leaves a catalog switch to whoever is at it, until the lease ends", () => {
      const story = new Story("current").arriveAll("1").claim();
      story.tell({ kind: "observed", run: 1, jobRuns: [jobRun("jr1", "succeeded", "good")] }, { by: "slow" });
      story.tell({ kind: "operate", id: "op1", order: { operation: "rollback", run: 1 } }, { at: 2, by: "quick" });
      expect(story.document!.effects[0]).to.include({ id: "catalog:user_activity", by: "slow" });
      story.tell({ kind: "operate", id: "op2", order: { operation: "rollback", run: 1 } }, { at: 3, by: "quick" });
      expect(story.document!.effects[0]).to.include({ by: "quick", until: start + 6 * minute });
    });

    it("takes the newest good files for an operator's run, whichever run is published", () => {
      const story = twoDays();
      rollback(story, 1);
      story.switched(1).arrive("users", "users-3", "0003");
      story.tell({ kind: "operate", id: "op2", order: { operation: "run" } });
      const { inputs } = story.document!.runs.at(-1)!;
      expect([inputs.users!.version, inputs.events!.version, inputs.orders!.version]).to.deep.equal([
        "users-3",
        "events-2",
        "orders-2",
      ]);
    });

    it("replays the pinned inputs and artifacts of a published run", () => {
      const story = twoDays();
      story.tell({ kind: "operate", id: "op1", order: { operation: "replay", run: 1 } });
      const [first, , third] = story.document!.runs;
      expect(third).to.deep.include({ run: 3, state: "claimed", inputs: first!.inputs, release: first!.release });
    });

    it("carries out an order once", () => {
      const story = twoDays();
      rollback(story, 1);
      story.switched(1);
      const { document } = story;
      rollback(story, 1);
      expect(story.document).to.equal(document);
    });

    it("refuses an order while a run is unsettled, and for a run that was never published", () => {
      const story = twoDays().arriveAll("3").claim();
      expect(() => rollback(story, 1)).to.throw(OrderRefused, "run 3 of batch current has not ended");
      story.observe(3, jobRun("jr3", "failed", { bad: "no" }));
      expect(() => rollback(story, 3)).to.throw(OrderRefused, "run 3 of batch current was never published");
      expect(() => rollback(story, 9)).to.throw(OrderRefused, "keeps no run 9");
    });

    it("refuses an operator's run without a required file, and of two files of one dataset", () => {
      const run = { kind: "operate", id: "op1", order: { operation: "run" } } as const;
      expect(() => new Story().arrive("users", "u", "1").tell(run)).to.throw(OrderRefused, "events is required");
      const story = new Story().arriveAll("1").arrive("users", "z", "1", 0, "users.json.gz");
      expect(() => story.tell(run)).to.throw(OrderRefused, "withdraw all but one");
      story.tell({ kind: "operate", id: "op2", order: { operation: "withdraw", key: "users.json.gz" } });
      expect(story.claim().runs).to.deep.equal(["1 claimed"]);
    });
  });

  describe("effects and open batches", () => {
    it("lets the sweep take over an effect after its time, under a new owner and as uncertain", () => {
      const story = new Story().arriveAll("1").claim();
      story.tell({ kind: "sweep" }, { at: 2, by: "b" });
      expect(story.document!.effects[0]).to.include({ by: "a", uncertain: false });
      story.tell({ kind: "sweep" }, { at: 3, by: "b" });
      expect(story.document!.effects[0]).to.include({ by: "b", uncertain: true, until: start + 6 * minute });
    });

    it("puts a start off when the engine is busy", () => {
      const story = new Story().arriveAll("1").claim();
      story.tell({ kind: "deferred", effect: "start:1", until: start + minute });
      expect(story.document!.effects[0]).to.include({ by: "a", until: start + minute });
      expect(story.runs).to.deep.equal(["1 claimed"]);
    });

    it("closes the batch when nothing is pending, and opens it under a new epoch", () => {
      const story = new Story("current").arriveAll("1").publish(1);
      expect(story.document!.open).to.equal(null);
      const closedAt = story.document!.revision;
      story.arrive("users", "users-2", "0002");
      expect(story.document!.open).to.equal(closedAt + 1);
      story.arrive("events", "events-2", "0002");
      expect(story.document!.open).to.equal(closedAt + 1);
    });

    it("stays open until the catalog has followed", () => {
      const story = new Story()
        .arriveAll("1")
        .claim()
        .observe(1, jobRun("jr1", "succeeded", "good"));
      expect(story.document!.open).to.equal(1);
      expect(story.switched(1).document!.open).to.equal(null);
    });

    it("marks what is late after the deadline, closes the batch, and still runs it when the rest comes", () => {
      const story = new Story().arrive("users", "users-1", "0001").arrive("events", "events-1", "0001", 100);
      story.tell({ kind: "sweep" }, { at: 1440 });
      expect(story.document!.inputs["users.json"]!.late).to.equal(false);
      story.tell({ kind: "sweep" }, { at: 1441 });
      expect(story.document!.inputs["users.json"]!.late).to.equal(true);
      expect(evaluateGate(story.batch, story.document!, story.rules, start + 1441 * minute)).to.deep.equal({
        state: "late",
        missing: ["orders"],
        rejected: [],
        expired: [],
      });
      expect(story.document!.open).to.equal(null);
      story.arrive("orders", "orders-1", "0001", 1500);
      expect(story.claim(1500).runs).to.deep.equal(["1 claimed"]);
    });

    it("forgets none of the files that were read when it marks others late", () => {
      const story = new Story("current").arriveAll("1").publish(1).arrive("users", "users-2", "0002", 10);
      const before = story.document!.inputs;
      story.tell({ kind: "sweep" }, { at: 1500 });
      expect(story.document!.inputs["users.json"]!.late).to.equal(true);
      for (const key of ["events.json", "orders.json"])
        expect(story.document!.inputs[key], key).to.deep.equal(before[key]);
    });

    it("keeps a late batch open that is ready, until it is claimed", () => {
      const story = new Story().arriveAll("1").claim();
      story.tell({ kind: "started", run: 1, jobRun: "jr1" });
      story.tell({ kind: "sweep" }, { at: 1441 });
      story.observe(1, jobRun("jr1", "failed"));
      expect(story.runs).to.deep.equal(["1 failed"]);
      expect(story.document!.open).to.equal(1);
      story.claim(1442);
      story.observe(2, jobRun("jr2", "failed", { bad: "no" }));
      expect(story.document!.open).to.equal(null);
    });

    it("keeps the newest runs, the newest ever published and the one that is, and lets the others expire", () => {
      const story = new Story("current", { keepRuns: 2 });
      for (const run of [1, 2, 3]) story.arriveAll(String(run)).publish(run);
      expect(story.runs).to.deep.equal(["2 superseded", "3 published"]);
      expect(story.effects).to.deep.equal(["expire:1"]);
      story.tell({ kind: "expired", run: 1 });
      expect(story.document!.open).to.equal(null);
      story.tell({ kind: "operate", id: "op1", order: { operation: "rollback", run: 2 } });
      story.switched(2);
      for (const run of [4, 5, 6]) {
        story.arriveAll(String(run)).claim();
        story.observe(run, jobRun(`jr${run}`, "failed", { bad: "no" }));
      }
      expect(story.runs).to.deep.equal(["2 published", "3 superseded", "5 failed", "6 failed"]);
      expect(story.effects).to.deep.equal(["expire:4"]);
    });

    it("tells people of each end of a run once, with the reason of a failure", () => {
      const story = new Story("current").arriveAll("1").publish(1).arriveAll("2").claim();
      story.observe(2, jobRun("jr2", "failed", { bad: "one row too many" }));
      story.arriveAll("3").claim().tell({ kind: "refused", run: 3, message: "no such job" });
      story.tell({ kind: "operate", id: "op", order: { operation: "replay", run: 1 } });
      story.observe(4, jobRun("jr4", "succeeded", "good")).observe(4, jobRun("jr4", "succeeded", "good"));
      expect(story.notices).to.deep.equal([
        "1 published",
        "2 failed: one row too many",
        "3 failed: no such job",
        "4 published",
      ]);
    });

    it("keeps the batch open until people were told", () => {
      const story = new Story("current").arriveAll("1").claim();
      story.enter({ kind: "observed", run: 1, jobRuns: [jobRun("jr1", "succeeded", "good")] });
      for (const table of tables) story.enter({ kind: "switched", table, run: 1 });
      expect(story.effects).to.deep.equal(["notify:1"]);
      expect(story.document!.open).to.equal(1);
      story.enter({ kind: "notified", run: 1 });
      expect(story.document!.open).to.equal(null);
    });

    it("lets no run expire that is published, however many come after it", () => {
      const story = new Story("current", { keepRuns: 1 }).arriveAll("1").publish(1).arriveAll("2").publish(2);
      story.tell({ kind: "expired", run: 1 });
      for (const run of [3, 4, 5]) {
        story.arriveAll(String(run)).claim();
        story.observe(run, jobRun(`jr${run}`, "failed", { bad: "no" }));
        expect(story.runs).to.include("2 published");
        expect(story.effects).to.not.include("expire:2");
      }
    });
  });
});
