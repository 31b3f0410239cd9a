/** `explain`: from what is known of a batch to what blocks it, and the command that helps. */
import { expect } from "chai";
import type { LedgerDocument, Run } from "../../handlers/ledger/document.ts";
import type { GateVerdict } from "../../handlers/ledger/gate.ts";
import { findCommand, flagsOf } from "../../operator/help.ts";
import { loadCommands } from "../../operator/loadCommands.ts";
import { type Explanation, explain } from "../../operator/story/explain.ts";
import type { Story } from "../../operator/story/story.ts";
import { parseWords } from "../../terminal/flags.ts";
import { createStyle } from "../../terminal/style.ts";
import { embeddedStories, stories } from "./stories.ts";

const batch = "2026-11-22";
const hour = 3_600_000;

const changed = (story: Story, change: Partial<Story>): Story => ({ ...story, ...change });
const withRun = (change: Partial<Run>, state: GateVerdict["state"] = "failed"): Story => {
  const { failed } = stories;
  const runs = failed.runs.map((one, index) => (index === 1 ? { ...one, run: { ...one.run, ...change } } : one));
  const document: LedgerDocument = { ...failed.document, runs: runs.map(({ run }) => run) };
  return changed(failed, { runs, document, verdict: { state, run: 2 } as GateVerdict });
};
const blocking = ({ findings }: Explanation) => findings.filter(({ kind }) => kind === "blocks");
const commandsOf = ({ findings }: Explanation) =>
  findings.flatMap(({ steps }) => steps.flatMap(({ command }) => (command === null ? [] : [command])));

describe("npm run pipeline -- explain", () => {
  it("a waiting batch: which file, which line, what is due, and a name that was nearly right", async () => {
    const { explanationText } = await import("../../operator/commands/explain.ts");
    expect(explanationText(explain(stories.waiting, ""), createStyle({}))).to.deep.equal([
      "no run starts: orders was rejected and events is missing; nothing is published",
      "yet",
      "",
      "✖ 2026-11-22/orders.json was rejected: line 1 is not a whole JSON object",
      "    rule: not_json_lines",
      "    to mend: write one JSON object a line",
      "    uploaded 2026-11-23 06:03:00Z",
      "  → mend it, then upload it again:",
      "    npm run pipeline -- upload orders.json --batch 2026-11-22",
      "",
      "✖ events has no new file",
      "    expected: 2026-11-22/events.json or 2026-11-22/events.json.gz",
      "    is due by 2026-11-26 06:00:01Z (in 2 d 23 h)",
      "  → have it uploaded:",
      "    npm run pipeline -- upload events.json --batch 2026-11-22",
      "",
      "· 2026-11-22/event.json was skipped: no dataset has this file name",
      "    to mend: rename it to events.json if that is meant; declared: users.json,",
      "    users.json.gz, events.json, events.json.gz, orders.json, orders.json.gz",
    ]);
  });

  it("a batch that may be run: which file of each dataset an operator's run would read", async () => {
    const { explanationText } = await import("../../operator/commands/explain.ts");
    const explanation = explain(stories.good, "");
    expect(explanationText(explanation, createStyle({})).slice(-7)).to.deep.equal([
      "· an operator's run would read",
      "    users: 2026-11-22/users.json of 2026-11-23T06:00:00Z, read by run 1,",
      "      version vU1",
      "    events: 2026-11-22/events.json of 2026-11-23T06:01:00Z, read by run 1,",
      "      version vE1",
      "    orders: 2026-11-22/orders.json of 2026-11-23T06:03:00Z, read by run 1,",
      "      version vO1",
    ]);
    expect(explanation.wouldRead.datasets[0]).to.deep.include({ key: `${batch}/users.json`, version: "vU1" });
  });

  it("ends with what the batch needs, and is in colour on a terminal alone", async () => {
    const { explanationText, exitCodeOf } = await import("../../operator/commands/explain.ts");
    const codes = Object.values(stories).map((story) => exitCodeOf(explain(story, "")));
    expect(codes).to.deep.equal([0, 1, 4]);
    const first = (env: NodeJS.ProcessEnv) =>
      explanationText(explain(stories.good, ""), createStyle({ isTTY: true }, env))[0];
    expect(first({})).to.equal(`\u001b[1m\u001b[32mbatch ${batch} is published: readers see run 1\u001b[39m\u001b[22m`);
    expect(first({ NO_COLOR: "1" })).to.equal(`batch ${batch} is published: readers see run 1`);
  });

  it("a late batch, by the day since which it is", () => {
    const { dueAt, verdict } = stories.waiting;
    const late = changed(stories.waiting, {
      readAt: dueAt! + 5 * hour,
      verdict: { ...verdict, state: "late" } as GateVerdict,
    });
    const { summary, findings } = explain(late, "");
    expect(summary).to.match(/^no run starts: late since 2026-11-26 06:00:01Z, orders was rejected and events/);
    expect(findings[1]!.details).to.include("was due by 2026-11-26 06:00:01Z (5 h ago)");
  });

  it("a file that promote has not looked at: in the queue, or given up on", () => {
    const undecided = [
      {
        key: `${batch}/events.json`,
        version: "v",
        bytes: 1,
        uploadedAt: stories.waiting.readAt - 40_000,
        skipped: null,
      },
    ];
    const queued = explain(
      changed(stories.waiting, { undecided, messages: { uploads: 1, deadUploads: 0, deadEvents: 0 } }),
      "",
    );
    expect(queued.summary).to.contain("orders was rejected and events was uploaded but not inspected");
    expect(queued.findings[1]).to.deep.include({
      what: `${batch}/events.json was uploaded 40 s ago, but promote has not decided about it`,
      steps: [{ does: "follow it", command: `npm run pipeline -- watch ${batch}` }],
    });
    expect(queued.findings[1]!.details[0]).to.equal("1 upload in the queue");
    const dead = explain(
      changed(stories.waiting, { undecided, messages: { uploads: 0, deadUploads: 2, deadEvents: 0 } }),
      "",
    );
    expect(dead.findings[1]!.details[0]).to.equal("in the dead-letter queue: 2 messages that promote gave up on");
    expect(dead.findings[1]!.steps.map(({ command }) => command)).to.deep.equal([
      `npm run pipeline -- logs ${batch}`,
      "npm run pipeline -- redrive",
    ]);
  });

  it("a correction of one file, which an operator may run", () => {
    const { good, failed } = stories;
    const [users] = failed.files;
    const files = [users!, ...good.files.slice(1)];
    const correction = changed(good, {
      files,
      verdict: { state: "waiting", missing: ["events", "orders"], rejected: [], expired: [] },
    });
    expect(explain(correction, "").findings.at(-1)).to.deep.equal({
      kind: "note",
      subject: batch,
      what: `${batch}/users.json can be run with the newest good files of events and orders`,
      details: ["a batch runs by itself once all of its required files have been renewed"],
      steps: [{ does: "run it as a correction", command: `npm run pipeline -- run ${batch}` }],
    });
  });

  it("a run whose report said no: the check with its numbers, and the rejected rows", () => {
    const explanation = explain(stories.failed, "--stack prod");
    expect(explanation).to.deep.include({ state: "failed", published: 1 });
    expect(explanation.summary).to.equal("run 2 failed, and no other starts by itself; readers see run 1");
    const [finding] = blocking(explanation);
    expect(finding!.what).to.equal("run 2 reported a failure: orders.max_rejected");
    expect(finding!.details[0]).to.match(
      /^orders\.max_rejected: expected at most 5%, actual 25% \(30 of 120 rows\): order_id_is_null 30; see s3:/,
    );
    expect(commandsOf(explanation)).to.deep.equal([
      `npm run pipeline -- rejects ${batch} --run 2 --stack prod`,
      `npm run pipeline -- upload FILE --batch ${batch} --stack prod`,
      `npm run pipeline -- run ${batch} --stack prod`,
    ]);
  });

  for (const [kind, what, steps] of [
    ["timeout", "run 2 took longer than glue.timeout", [`logs ${batch} --run 2`, `run ${batch}`]],
    ["stopped", "run 2 was stopped", [`run ${batch}`]],
    ["refused", "Glue would not start run 2: said so", ["doctor", `run ${batch}`]],
    ["infrastructure", "run 2 broke without a report: said so", [`logs ${batch} --run 2`, `run ${batch}`]],
  ] as const)
    it(`a run that failed by ${kind}`, () => {
      const explanation = explain(withRun({ failure: { kind, message: "said so" } }), "");
      expect(blocking(explanation).map((finding) => finding.what)).to.deep.equal([what]);
      expect(commandsOf(explanation)).to.deep.equal(steps.map((step) => `npm run pipeline -- ${step}`));
    });

  it("a conflict, with a way out for each file, and names quoted for a shell", () => {
    const { waiting } = stories;
    const keys = [`${batch}/users.json`, `${batch}/users odd'.json.gz`];
    const files = keys.map((key) => ({ ...waiting.files[0]!, key }));
    const conflict = explain(
      changed(waiting, { files, undecided: [], verdict: { state: "conflict", keys: { users: keys } } }),
      "",
    );
    expect(conflict.summary).to.equal("no run starts: users came under two names; nothing is published yet");
    expect(commandsOf(conflict)).to.deep.equal([
      `npm run pipeline -- withdraw ${batch}/users.json`,
      `npm run pipeline -- withdraw '${batch}/users odd'\\''.json.gz'`,
    ]);
  });

  it("files of the rolling batch that lie too far apart", () => {
    const mixed = explain(
      changed(stories.waiting, { batch: "current", undecided: [], verdict: { state: "mixed", spread: 9 * hour } }),
      "",
    );
    expect(mixed.summary).to.equal("no run starts: the files lie 9 h apart; nothing is published yet");
    expect(mixed.findings[0]!.what).to.match(/lie 9 h apart; at most 6 h is allowed \(batching\.maxSpread\)$/);
    expect(commandsOf(mixed)).to.deep.equal(["npm run pipeline -- run current"]);
  });

  it("a run under way, claimed or taken by Glue", () => {
    const { readAt, failed } = { readAt: stories.failed.readAt, failed: stories.failed };
    const running = withRun(
      { state: "started", claimedAt: readAt - 90_000, settledAt: null, failure: null },
      "running",
    );
    const explanation = explain(running, "");
    expect(explanation.summary).to.equal("run 2 in Glue is started for 1 min 30 s; readers see run 1");
    expect(blocking(explanation)).to.deep.equal([]);
    expect(explanation.findings[0]!.what).to.equal("Glue has it: FAILED");
    const claimed = changed(running, { runs: [failed.runs[0]!, { ...running.runs[1]!, jobRuns: [] }] });
    expect(explain(claimed, "").findings[0]!.what).to.equal(
      "it was claimed 1 min 30 s ago but Glue has not taken it yet",
    );
  });

  for (const [what, story, summary, found] of [
    [
      "a run of DuckDB",
      embeddedStories.alive,
      /^run 1 in DuckDB is started for 4 s; nothing/,
      "DuckDB has it: running",
    ],
    [
      "an order that no invocation has begun",
      embeddedStories.waits,
      /^run 1 in DuckDB is started for 1 min 30 s; nothing/,
      "the order waits for Lambda, for at most an hour",
    ],
    [
      "an order that no invocation ever began",
      embeddedStories.undelivered,
      /^run 1 failed through no fault of its files; they are run again in 1 min; nothing/,
      "DuckDB took run 1 but never began it: no invocation began within 60 minutes",
    ],
    [
      "what was too much for DuckDB and was done by Glue",
      embeddedStories.unfit,
      /^batch 2026-11-22 is published: readers see run 2$/,
      "DuckDB could not do run 1, so Glue gets its files: user_activity: DuckDB has no more memory or disk",
    ],
  ] as const)
    it(`${what}, without alarm`, () => {
      const explanation = explain(story, "");
      expect(explanation.summary).to.match(summary);
      expect(blocking(explanation)).to.deep.equal([]);
      expect(explanation.findings[0]!.what).to.equal(found);
    });

  it("nothing of DuckDB's where it has done all", () => {
    expect(explain(embeddedStories.published, "").findings).to.deep.equal(explain(stories.good, "").findings);
  });

  it("what the sweep should have taken up", () => {
    const { failed } = stories;
    const effect = { kind: "catalog", id: "catalog:user_activity", table: "user_activity", by: "x" } as const;
    const at = (minutes: number) =>
      explain(
        changed(failed, {
          document: { ...failed.document, effects: [{ ...effect, until: failed.readAt - minutes * 60_000 }] },
        }),
        "",
      ).findings.filter(({ what }) => what.includes("overdue"));
    expect(at(14)).to.deep.equal([]);
    expect(at(16)[0]).to.deep.include({
      kind: "blocks",
      what: "switching the catalog has been overdue since 2026-11-23 08:44:00Z, so the sweep does not run or fails",
    });
  });

  it("a published batch: nothing blocks, and what was rejected within the contract", () => {
    const explanation = explain(stories.good, "");
    expect(explanation.summary).to.equal(`batch ${batch} is published: readers see run 1`);
    expect(blocking(explanation)).to.deep.equal([]);
    expect(explanation.findings.map(({ what, details }) => [what, details])).to.deep.equal([
      ["1 of 482 rows of events were rejected, within what the contract allows", ["user_id_is_null: 1"]],
      [
        "3 of 121 rows of orders were rejected, within what the contract allows",
        ["malformed: 2", "order_id_is_null: 1"],
      ],
    ]);
    const back = changed(stories.good, {
      document: { ...stories.good.document, published: { run: 1, highWater: 3 } },
    });
    expect(explain(back, "").summary).to.equal(
      `batch ${batch} is published: readers see run 1, rolled back from run 3`,
    );
  });

  it("with steps that are command lines of the commands that they name", async () => {
    const commands = await loadCommands();
    const told = Object.values(stories).flatMap((story) => commandsOf(explain(story, "--stack prod")));
    expect(told).to.have.length(7);
    for (const line of told) {
      const [name, ...args] = line.replace("npm run pipeline -- ", "").split(" ");
      expect(() => parseWords(args, flagsOf(findCommand(commands, name!))), line).to.not.throw();
    }
  });
});
