import { readFileSync } from "node:fs";
import { expect } from "chai";
import { OrderRefused } from "../../../handlers/ledger/judgeOrder.ts";
import { newestGood, whatRunReads } from "../../../handlers/ledger/newestGood.ts";
import { jobRun, rejected, reportOn, rules, Story } from "./documents.ts";

/** Which files an operator's `run` reads: of the document alone. Times are minutes. */
describe("what an operator's run reads", () => {
  const users = ({ document, rules }: Story) => newestGood(document!, rules).users!;
  /** Version and source of the users that are chosen, or the kind of what is chosen instead. */
  const chosen = (story: Story) => {
    const choice = users(story);
    return choice.kind === "file" ? `${choice.file.version}, ${choice.from}` : choice.kind;
  };
  let orders = 0;
  const order = (story: Story, given: { operation: "rollback" | "replay"; run: number }) =>
    story.tell({ kind: "operate", id: `order-${++orders}`, order: given });
  const withdraw = (story: Story, key = "users.json") =>
    story.tell({ kind: "operate", id: `order-${++orders}`, order: { operation: "withdraw", key } });
  const replay = (story: Story, of: number, run: number) => {
    order(story, { operation: "replay", run: of });
    story.tell({ kind: "started", run, jobRun: `jr${run}` });
    return story.observe(run, jobRun(`jr${run}`, "succeeded", "good")).switched(run);
  };
  /** Run 1 has read the first files, run 2 a correction of the users. */
  const corrected = () => {
    const story = new Story().arriveAll("1").publish(1).arrive("users", "users-2", "0002", 10);
    story.tell({ kind: "operate", id: `order-${++orders}`, order: { operation: "run" } });
    story.tell({ kind: "started", run: 2, jobRun: "jr2" });
    return story.observe(2, jobRun("jr2", "succeeded", "good")).switched(2);
  };

  it("the one new file", () => {
    const story = new Story().arriveAll("1").publish(1).arrive("users", "users-2", "0002", 10);
    expect(users(story)).to.deep.equal({
      kind: "file",
      from: "new",
      file: {
        key: "users.json",
        version: "users-2",
        shape: "shape",
        report: reportOn("users-2"),
        bytes: 100,
        silverBytes: 40,
      },
      lastModified: story.document!.inputs["users.json"]!.decision.lastModified,
      readBy: null,
    });
  });

  it("the correction, also after a rollback behind it and a replay of what it corrects", () => {
    const story = corrected();
    order(story, { operation: "rollback", run: 1 });
    story.switched(1);
    expect(chosen(story)).to.equal("users-2, read");
    replay(story, 1, 3);
    expect(story.document!.published).to.deep.equal({ run: 3, highWater: 3 });
    expect(chosen(story)).to.equal("users-2, read");
    story.tell({ kind: "operate", id: "again", order: { operation: "run" } });
    expect(story.document!.runs.at(-1)!.inputs.users!.version).to.equal("users-2");
  });

  it("of two keys that were read the one that was uploaded later, whichever was decided or read later", () => {
    const story = new Story().arriveAll("1", 30).publish(1).arrive("users", "packed", "0001", 20, "users.json.gz");
    story.tell({ kind: "operate", id: `order-${++orders}`, order: { operation: "run" } });
    story.tell({ kind: "started", run: 2, jobRun: "jr2" });
    story.observe(2, jobRun("jr2", "succeeded", "good")).switched(2);
    expect(chosen(story)).to.equal("users-1, read");
    expect(users(story)).to.deep.include({ readBy: 1 });
  });

  it("nothing of a file that was withdrawn: what the newest published run read before it", () => {
    const story = new Story().arriveAll("1").publish(1).arrive("users", "users-2", "0002", 10);
    withdraw(story);
    expect(chosen(story)).to.equal("users-1, earlier");
    expect(users(story)).to.deep.include({ lastModified: null, readBy: 1 });
  });

  it("nothing of one that was read and withdrawn either", () => {
    const story = corrected();
    withdraw(story);
    expect(chosen(story)).to.equal("users-1, earlier");
    replay(story, 2, 3);
    expect(chosen(story)).to.equal("users-1, earlier");
  });

  it("another key's good file rather than what an earlier run read", () => {
    const story = new Story().arriveAll("1").publish(1).arrive("users", "packed", "0001", 10, "users.json.gz");
    withdraw(story, "users.json.gz");
    expect(chosen(story)).to.equal("users-1, read");
  });

  it("nothing where there never was a good file", () => {
    const story = new Story().arriveAll("1");
    expect(newestGood(story.document!, rules).coupons).to.deep.equal({ kind: "absent" });
    withdraw(story);
    expect(chosen(story)).to.equal("absent");
    expect(() => story.tell({ kind: "operate", id: "run", order: { operation: "run" } })).to.throw(
      OrderRefused,
      "users is required and batch 2026-01-01 has no file of it",
    );
  });

  it("nothing that has to be decided first: two new files, or a new one that was rejected", () => {
    const two = new Story().arriveAll("1").arrive("users", "packed", "0001", 0, "users.json.gz");
    expect(users(two)).to.deep.equal({ kind: "ambiguous", keys: ["users.json", "users.json.gz"] });
    const bad = new Story().arriveAll("1").publish(1);
    bad.tell({ kind: "decided", key: "users.json", dataset: "users", decision: rejected("users-2", "0002", 10) });
    expect(users(bad)).to.deep.equal({ kind: "rejected", key: "users.json", reason: "the last record is cut" });
  });

  for (const file of ["docs/operate.md", "docs/ledger.md"])
    it(`is said in ${file} in the same words`, () => {
      expect(readFileSync(file, "utf8").replace(/\s+/g, " ")).to.include(whatRunReads);
    });
});
