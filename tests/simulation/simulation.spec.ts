import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { LedgerDocument } from "../../handlers/ledger/document.ts";
import { transition } from "../../handlers/ledger/transition.ts";
import { Agenda } from "./agenda.ts";
import { noTotals, runCampaign, type Totals } from "./campaign.ts";
import { Chance } from "./chance.ts";
import { callFaults, transitions, worldFaults } from "./faults.ts";
import { invariants } from "./invariants.ts";
import { runSchedule, type ScheduleOptions } from "./schedule.ts";
import { shrink } from "./shrink.ts";
import { storyOf } from "./story.ts";
import { emptyCells, unreachable, wrongReasons } from "./table.ts";

/**
 * The real handlers in a simulated cloud. Not proven here: that S3, SQS, Lambda, Glue and EventBridge are as they are
 * simulated (s3Contract.spec.ts holds the S3 to AWS's documentation), permissions, and what Spark does.
 */
describe("simulation", function () {
  this.timeout(900_000);

  it("finds nothing in 300 schedules, each with two batches and three faults at least", async () => {
    const totals = await runCampaign(1, 300, availableParallelism());
    expect(totals.violations).to.deep.equal([]);
    expect(totals.runs).to.equal(300);
    expect(totals.batches).to.be.at.least(600);
    expect(totals.fewestFaults).to.be.at.least(3);
  });

  it("tells the same story of the same seed, byte for byte, whatever ran before", async () => {
    const hashOf = async (seed: number) => {
      const { story } = await runSchedule(seed, { record: true });
      expect(story.length).to.be.above(50);
      return createHash("sha256").update(story.join("\n")).digest("hex");
    };
    const first = [];
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) first.push(await hashOf(seed));
    const again = [];
    for (const seed of [8, 7, 6, 5, 4, 3, 2, 1]) again.unshift(await hashOf(seed));
    expect(again).to.deep.equal(first);
    expect(new Set(first).size).to.equal(8);
  });

  /** A protocol that publishes any run that ends well, also one older than what is published. */
  const withoutHighWater: typeof transition = (before, event, context) => {
    const lowered: LedgerDocument | null =
      event.kind === "observed" && before?.published
        ? { ...before, published: { ...before.published, highWater: 0 } }
        : before;
    const after = transition(lowered, event, context);
    return after === lowered && before ? before : after;
  };

  /** A protocol that takes any event of a file for the newest one. */
  const withoutOrder: typeof transition = (before, event, context) => {
    if (event.kind !== "decided" || !before?.inputs[event.key]) return transition(before, event, context);
    const { decision } = before.inputs[event.key]!;
    return transition(
      before,
      { ...event, decision: { ...event.decision, sequencer: null }, newerThan: decision.version },
      context,
    );
  };

  async function firstViolation(options: ScheduleOptions) {
    for (let seed = 1; seed <= 300; seed++) {
      const { violation } = await runSchedule(seed, options);
      if (violation) return { seed, violation };
    }
    throw new Error("no violation in 300 schedules");
  }

  it("catches a protocol that forgets the high-water mark", async () => {
    const { violation } = await firstViolation({ transition: withoutHighWater });
    expect(violation.invariant).to.be.oneOf(["high water", "pointer"] satisfies (keyof typeof invariants)[]);
  });

  it("shrinks what it catches to a short story, which can be replayed", async () => {
    const options = { transition: withoutOrder };
    const { seed, violation } = await firstViolation(options);
    const whole = await runSchedule(seed, { ...options, record: true });
    const { result, keys } = await shrink(seed, options, 150);
    expect(result.violation?.invariant).to.equal(violation.invariant);
    expect(keys.length).to.be.below(whole.asked.length / 4);
    const story = storyOf(result);
    expect(story.length).to.be.below(storyOf(whole).length / 2);
    expect(story.join("\n")).to.match(/the producer uploads .*\n/);
    expect(story.at(-2)).to.equal(
      `violated: ${violation.invariant}: ${invariants[violation.invariant as keyof typeof invariants]}`,
    );

    const replayed = await runSchedule(seed, { ...options, only: new Set(keys), record: true });
    expect(storyOf(replayed)).to.deep.equal(story);
    const calm = await runSchedule(seed, { ...options, only: new Set() });
    expect(calm.violation).to.equal(null);
  });
});

describe("simulate command", function () {
  this.timeout(120_000);
  const simulate = (...args: string[]) =>
    spawnSync(process.execPath, ["--import", "tsx", "scripts/simulate.ts", ...args], { encoding: "utf8" });

  it("says how many schedules, seconds, calls and faults there were, in a table of faults and transitions", () => {
    const { status, stdout } = simulate("--seed", "5", "--runs", "4", "--jobs", "2");
    expect(stdout).to.match(/^4 schedules \(seeds 5 to 8\) in [\d.]+ s, [\d.]+ a second\n/);
    expect(stdout).to.match(
      /\d+ virtual hours, \d+ batches, \d+ calls of AWS, \d+ faults \(\d+ in a schedule at least\)/,
    );
    expect(stdout).to.match(/^fault +all +decided +claim .* withdraw$/m);
    expect(stdout).to.match(/^crash after a call +\d+ /m);
    expect(stdout).to.match(/\n0 violations\n$/);
    expect(status).to.equal(0);
  });

  it("replays what a file names, and nothing else", () => {
    const file = join(mkdtempSync(join(tmpdir(), "simulate-")), "calm.txt");
    writeFileSync(file, "upload/2026-01-01/users.json/1\n");
    const { status, stdout } = simulate("--seed", "5", "--only", file);
    expect(stdout.match(/the producer uploads .*/g)).to.have.length(1);
    expect(stdout).to.match(/the producer uploads 2026-01-01\/users.json~1, good/);
    expect(status).to.equal(0);
  });

  it("names a flag that it does not know", () => {
    const { status, stderr } = simulate("--run", "4");
    expect(stderr).to.equal("unknown flag --run; did you mean --runs?\n");
    expect(status).to.equal(2);
  });
});

describe("table of faults and transitions", () => {
  const full = (): Totals => {
    const totals = noTotals();
    for (const fault of [...callFaults, ...worldFaults])
      for (const transition of transitions) totals.cells[`${fault}|${transition}`] = 1;
    for (const { fault, transitions: cells } of unreachable)
      for (const transition of cells) delete totals.cells[`${fault}|${transition}`];
    return totals;
  };

  it("misses each reachable cell that is empty, by its name", () => {
    const totals = full();
    expect(emptyCells(totals)).to.deep.equal([]);
    delete totals.cells["twins alive|stopped"];
    expect(emptyCells(totals)).to.deep.equal(["twins alive at stopped"]);
  });

  it("tells when a cell was reached that is said to be unreachable", () => {
    const totals = full();
    expect(wrongReasons(totals)).to.deep.equal([]);
    totals.cells["throttled|rollback"] = 2;
    totals.cells["notices refused|notified"] = 1;
    expect(wrongReasons(totals)).to.deep.equal(["throttled at rollback"]);
  });
});

describe("chance", () => {
  it("answers a question by its name alone, whatever else is asked or taken out", () => {
    const all = new Chance(7, { record: true });
    const names = Array.from({ length: 50 }, (_, index) => `question ${index}`);
    const answers = names.map((name) => all.pick(name, 10));
    const dropped = [...all.asked!][3]!;
    const some = new Chance(7, { only: new Set([...all.asked!].filter((name) => name !== dropped)) });
    for (const [index, name] of [...names.entries()].reverse())
      expect(some.pick(name, 10)).to.equal(name === dropped ? 0 : answers[index]);
  });

  it("is as likely as it is told to be", () => {
    const chance = new Chance(1, {});
    const count = Array.from({ length: 20_000 }, (_, index) => chance.happens(`event ${index}`, 2500)).filter(
      Boolean,
    ).length;
    expect(count).to.be.within(4800, 5200);
    const weighted = Array.from({ length: 20_000 }, (_, index) => chance.weighted(`choice ${index}`, [1, 0, 3]));
    expect(weighted.filter((index) => index === 0).length).to.be.within(4800, 5200);
    expect(weighted).to.not.include(1);
  });
});

describe("agenda", () => {
  it("hands out the earliest entry, and of two at the same time the one entered first", () => {
    const agenda = new Agenda();
    const order: string[] = [];
    const times = [5, 3, 9, 3, 1, 5, 3, 0, 9, 2];
    for (const [index, time] of times.entries()) agenda.enter(time, () => order.push(`${time}.${index}`));
    while (agenda.nextTime !== null) agenda.take()();
    expect(order).to.deep.equal(["0.7", "1.4", "2.9", "3.1", "3.3", "3.6", "5.0", "5.5", "9.2", "9.8"]);
  });
});
