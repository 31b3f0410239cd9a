import { expect } from "chai";
import { emptyDocument } from "../../../handlers/ledger/document.ts";
import { evaluateGate } from "../../../handlers/ledger/gate.ts";
import { jobRun, minute, rejected, rules, Story, start } from "./documents.ts";

/** Every named state of a batch, from its document alone. */
describe("ledger gate", () => {
  /** `at` in minutes after the start. */
  const verdict = (story: Story, at = 0) =>
    evaluateGate(story.batch, story.document ?? emptyDocument, story.rules, start + at * minute);
  const reject = (story: Story, dataset: string, sequencer = "0009", key = `${dataset}.json`) => {
    story.tell({ kind: "decided", key, dataset, decision: rejected(`bad-${dataset}`, sequencer) });
    return story;
  };

  it("waits, and names what is missing", () => {
    expect(verdict(new Story().arrive("events", "e", "1"))).to.deep.equal({
      state: "waiting",
      missing: ["users", "orders"],
      rejected: [],
      expired: [],
    });
  });

  it("waits for a dataset whose newest file was rejected", () => {
    expect(verdict(reject(new Story().arriveAll("1"), "users"))).to.deep.equal({
      state: "waiting",
      missing: [],
      rejected: ["users"],
      expired: [],
    });
  });

  it("is late while one of its files is, though another came after the deadline", () => {
    const story = new Story().arrive("users", "u", "1");
    story.tell({ kind: "sweep" }, { at: 1441 });
    story.arrive("events", "e", "1", 1442);
    expect(verdict(story, 1442)).to.deep.equal({ state: "late", missing: ["orders"], rejected: [], expired: [] });
  });

  it("is in conflict over two live files of one dataset", () => {
    const story = new Story().arriveAll("1").arrive("users", "z", "0001", 0, "users.json.gz");
    expect(verdict(story)).to.deep.equal({ state: "conflict", keys: { users: ["users.json", "users.json.gz"] } });
  });

  it("is ready without an optional dataset, and with it when it is there", () => {
    const story = new Story().arriveAll("1");
    expect(verdict(story)).to.deep.include({ state: "ready", leftOut: [] });
    story.arrive("coupons", "c1", "0001");
    const ready = verdict(story);
    expect(ready.state === "ready" && ready.inputs.coupons!.version).to.equal("c1");
  });

  it("waits again when all its files were withdrawn before a run, and cares for none of a dataset that is gone", () => {
    const story = new Story().arrive("users", "u", "1");
    story.tell({ kind: "operate", id: "op", order: { operation: "withdraw", key: "users.json" } });
    expect(verdict(story)).to.deep.include({ state: "waiting", missing: ["users", "events", "orders"] });
    const published = new Story().arriveAll("1").publish(1).arrive("clicks", "c", "1");
    expect(verdict(published)).to.deep.equal({ state: "published", run: 1 });
  });

  it("is blocked by a rejected optional dataset", () => {
    expect(verdict(reject(new Story().arriveAll("1"), "coupons")).state).to.equal("waiting");
  });

  it("is not readied by an optional dataset alone", () => {
    const story = new Story().arriveAll("1").publish(1).arrive("coupons", "c1", "0001");
    expect(verdict(story)).to.deep.equal({
      state: "waiting",
      missing: ["users", "events", "orders"],
      rejected: [],
      expired: [],
    });
  });

  it("is mixed when the rolling batch's files lie too far apart, and a keyed batch never is", () => {
    const spread = (batch: string) =>
      verdict(
        new Story(batch).arrive("users", "u", "1", 0).arrive("events", "e", "1", 361).arrive("orders", "o", "1", 10),
      );
    expect(spread("current")).to.deep.equal({ state: "mixed", spread: 361 * minute });
    expect(spread("2026-01-01").state).to.equal("ready");
    expect(verdict(new Story("current").arriveAll("1", 0).arrive("events", "e", "2", 360)).state).to.equal("ready");
  });

  it("leaves an optional file out of the rolling batch when it lies too far away", () => {
    const apart = (batch: string, minutes: number) =>
      verdict(new Story(batch).arrive("coupons", "c", "1", 0).arriveAll("1", minutes));
    const ready = apart("current", 361);
    expect(apart("current", 360)).to.deep.include({ leftOut: [] });
    expect(apart("2026-01-01", 361), "a keyed batch").to.deep.include({ leftOut: [] });
    expect(ready).to.deep.include({ state: "ready", leftOut: ["coupons"] });
    expect(ready.state === "ready" && ready.inputs.coupons).to.equal(null);
  });

  it("takes of several optional files those that lie together, the newest first", () => {
    const datasets = { ...rules.datasets, coupons: { required: false }, returns: { required: false } };
    const shapes = { ...rules.shapes, returns: "shape" };
    const story = new Story("current", { datasets, shapes })
      .arrive("coupons", "c", "1", 0)
      .arrive("users", "u", "1", 200)
      .arrive("events", "e", "1", 200)
      .arrive("orders", "o", "1", 200)
      .arrive("returns", "r", "1", 400);
    const ready = verdict(story, 400);
    expect(ready).to.deep.include({ state: "ready", leftOut: ["coupons"] });
    expect(ready.state === "ready" && ready.inputs.returns?.version).to.equal("r");
  });

  it("is running, published, failed", () => {
    const story = new Story().arriveAll("1").claim();
    expect(verdict(story)).to.deep.equal({ state: "running", run: 1 });
    story.observe(1, jobRun("jr1", "succeeded", "good"));
    expect(verdict(story)).to.deep.equal({ state: "published", run: 1 });
    story
      .arriveAll("2")
      .claim()
      .observe(2, jobRun("jr2", "failed", { bad: "no" }));
    expect(verdict(story)).to.deep.equal({ state: "failed", run: 2 });
  });
});
