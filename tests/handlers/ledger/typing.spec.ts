import { expect } from "chai";
import type { Decision, TypeEffect } from "../../../handlers/ledger/document.ts";
import { evaluateGate } from "../../../handlers/ledger/gate.ts";
import { OrderRefused } from "../../../handlers/ledger/judgeOrder.ts";
import { jobRun, minute, promoted, rejected, rules, Story, start } from "./documents.ts";

/** Files that were decided under another contract than the one that a run would pin. */
describe("files to be typed again", () => {
  const other = { sequence: 2, shapes: { ...rules.shapes, users: "other" } };
  const deployed = (story: Story, overrides: Partial<typeof rules> = other) => {
    story.rules = { ...story.rules, ...overrides };
    return story;
  };
  const verdict = (story: Story) => evaluateGate(story.batch, story.document!, story.rules, start);
  const typed = (story: Story, decision: Decision, dataset = "users") =>
    story.tell({ kind: "decided", key: `${dataset}.json`, dataset, decision });
  const asOther = <T extends Decision>(decision: T): T => ({ ...decision, shape: "other" });
  const gone = (version: string, shape = "other"): Decision => {
    const { lastModified, decidedAt, bytes } = promoted(version, "0001");
    return { outcome: "gone", version, sequencer: "0001", lastModified, decidedAt, bytes, shape };
  };
  const wanted = ({ document }: Story) =>
    document!.effects.filter((effect): effect is TypeEffect => effect.kind === "type");
  const users = { key: "users.json", version: "users-1", sequencer: "0001", shape: "other" };
  const run = (story: Story, id = "op") => story.tell({ kind: "operate", id, order: { operation: "run" } });

  it("are asked for, once, and read when they are typed", () => {
    const story = deployed(new Story().arriveAll("1"));
    expect(verdict(story)).to.deep.equal({ state: "typing", files: [users] });
    story.claim().claim();
    expect(story.document!.runs).to.deep.equal([]);
    expect(wanted(story)).to.deep.equal([
      { kind: "type", id: "type:users.json", by: "a", until: start + 3 * minute, ...users },
    ]);
    typed(story, asOther(promoted("users-1", "0001", 50)));
    expect(story.document!.inputs["users.json"]!.decision).to.deep.include({ shape: "other", decidedAt: start });
    story.claim();
    expect(story.document!.runs.map(({ inputs }) => inputs.users!.shape)).to.deep.equal(["other"]);
    expect(wanted(story)).to.deep.equal([]);
  });

  it("are asked for again by the sweep when nothing is heard of them", () => {
    const story = deployed(new Story().arriveAll("1")).claim();
    story.tell({ kind: "deferred", effect: "type:users.json", until: start + 15 * minute });
    story.tell({ kind: "sweep" }, { at: 14, by: "sweep" });
    expect(wanted(story)[0]).to.include({ by: "a" });
    story.tell({ kind: "sweep" }, { at: 16, by: "sweep" });
    expect(wanted(story)[0]).to.include({ by: "sweep", until: start + 19 * minute });
  });

  it("are rejected ones too: a corrected contract may take them", () => {
    const story = new Story().arriveAll("1");
    typed(story, rejected("bad", "0002"));
    expect(verdict(story)).to.deep.include({ state: "waiting", rejected: ["users"] });
    deployed(story).claim();
    expect(wanted(story)).to.have.length(1);
    typed(story, asOther(promoted("bad", "0002")));
    expect(verdict(story).state).to.equal("ready");
  });

  it("may be rejected under the new contract, and then wait like any rejected file", () => {
    const story = deployed(new Story().arriveAll("1")).claim();
    typed(story, asOther(rejected("users-1", "0001")));
    story.claim();
    expect(verdict(story)).to.deep.include({ state: "waiting", rejected: ["users"] });
    expect(wanted(story)).to.deep.equal([]);
  });

  it("are none any more when a deployment goes back", () => {
    const story = deployed(new Story().arriveAll("1")).claim();
    deployed(story, { sequence: 3, shapes: rules.shapes }).claim();
    expect(wanted(story)).to.deep.equal([]);
    expect(story.document!.runs).to.have.length(1);
  });

  it("are asked for anew when yet another contract comes", () => {
    const story = deployed(new Story().arriveAll("1")).claim();
    deployed(story, { sequence: 3, shapes: { ...rules.shapes, users: "third" } }).claim();
    expect(wanted(story).map(({ shape }) => shape)).to.deep.equal(["third"]);
  });

  it("are left alone while a dataset is missing, or when nothing would be run", () => {
    const waiting = deployed(new Story().arrive("users", "u", "1"));
    expect(verdict(waiting)).to.deep.include({ state: "waiting", missing: ["events", "orders"], rejected: [] });
    const published = deployed(new Story().arriveAll("1").publish(1)).claim();
    expect(verdict(published).state).to.equal("published");
    const failed = new Story().arriveAll("1").claim();
    failed.observe(1, jobRun("jr1", "failed", { bad: "no" }));
    expect(verdict(deployed(failed)).state, "an input set is the same under every shape").to.equal("failed");
    for (const story of [waiting, published, failed]) expect(wanted(story.claim())).to.deep.equal([]);
  });

  it("expire when Bronze no longer has them: an upload is what is left", () => {
    const story = deployed(new Story().arriveAll("1")).claim();
    typed(story, gone("users-1"));
    story.claim();
    expect(verdict(story)).to.deep.equal({ state: "waiting", missing: [], rejected: [], expired: ["users"] });
    expect(wanted(story)).to.deep.equal([]);
    expect(() => run(story)).to.throw(OrderRefused, /users\.json would have to be typed again/);
    typed(story, asOther(promoted("users-2", "0002")));
    expect(verdict(story).state).to.equal("ready");
  });

  it("keep the batch open, also when they are late", () => {
    const story = new Story().arriveAll("1");
    story.tell({ kind: "sweep" }, { at: 1441 });
    deployed(story).claim(1442);
    expect(story.document!.open).to.be.a("number");
  });

  describe("before an operator's run", () => {
    it("make the order wait, which then claims by itself", () => {
      const story = deployed(new Story().arriveAll("1").publish(1));
      run(story);
      expect(story.document).to.deep.include({ ordered: "op" });
      expect(story.document!.runs).to.have.length(1);
      expect(story.document!.open).to.be.a("number");
      expect(wanted(story)).to.have.length(1);
      run(story);
      expect(wanted(story), "a repeat changes nothing").to.have.length(1);
      expect(() => run(story, "another")).to.throw(OrderRefused, /an order to run waits/);
      story.claim();
      expect(story.document!.runs).to.have.length(1);
      typed(story, asOther(promoted("users-1", "0001")));
      story.claim();
      expect(story.document).to.deep.include({ ordered: null });
      expect(story.document!.runs.at(-1)).to.deep.include({
        run: 2,
        cause: { kind: "operator", operation: "run", id: "op" },
      });
      expect(wanted(story)).to.deep.equal([]);
    });

    for (const [what, decision] of [
      ["rejected", asOther(rejected("users-1", "0001"))],
      ["gone", gone("users-1")],
    ] as const)
      it(`end the order when one of them is ${what}`, () => {
        const story = deployed(new Story().arriveAll("1"));
        run(story);
        typed(story, decision);
        story.claim();
        expect(story.document).to.deep.include({ ordered: null, runs: [] });
        expect(wanted(story)).to.deep.equal([]);
      });

    it("are asked for though they were rejected for a release between, after a run had read them", () => {
      const story = deployed(new Story().arriveAll("1").publish(1));
      run(story);
      typed(story, asOther(rejected("users-1", "0001")));
      story.claim();
      expect(story.document!.ordered).to.equal(null);
      deployed(story, { sequence: 3, shapes: { ...rules.shapes, users: "third" } });
      run(story, "once more");
      expect(story.document).to.deep.include({ ordered: "once more" });
      expect(wanted(story).map(({ shape }) => shape)).to.deep.equal(["third"]);
    });

    it("are not needed by a replay, which takes its own release", () => {
      const story = deployed(new Story().arriveAll("1").publish(1));
      story.tell({ kind: "operate", id: "again", order: { operation: "replay", run: 1 } });
      expect(story.document!.runs.at(-1)!.inputs.users!.shape).to.equal("shape");
      expect(wanted(story)).to.deep.equal([]);
    });
  });
});
