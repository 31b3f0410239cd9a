import { defineCommand, exitCodes } from "../defineCommand.ts";
import { type BatchState, backfill, look, parseRange } from "../rerunRange.ts";
import { lookEvery } from "../sendOrder.ts";

const count = (number: number, what: string) => `${number} ${what}${number === 1 ? "" : what === "batch" ? "es" : "s"}`;

export const command = defineCommand({
  name: "backfill",
  summary: "run every published batch of a range with today's code",
  words: ["FROM..TO"],
  flags: {},
  about: [
    "Gives the order run to each published batch: the same files, with the SQL and code that are deployed now. It leaves alone the rolling batch, batches that were never published, and batches that this release has already made.",
    "At most glue.maxConcurrentRuns runs are under way at once, including runs of new uploads. The orders are named after range, batch and release. So the same command continues a backfill that was stopped, and changes nothing after one that is complete.",
    "After a failure it begins no other batch. The same command continues with the others; the failed batch waits for: run BATCH.",
  ],
  examples: [
    { args: "backfill 2026-11-01..2026-11-30 --dry-run", does: "what would be run" },
    { args: "backfill 2026-11-01..2026-11-30 --stack prod", does: "run it" },
  ],
  changes: true,
  async run({ words, target: find, isDryRun, confirm, status, signal, pause }) {
    const range = parseRange(words[0]!);
    const target = await find();
    const [{ release: current }, maxRuns] = await Promise.all([target.deployed(), target.maxConcurrentRuns()]);
    const release = current.pinned;
    const before = await look(target, range, release);
    const open = before.filter(({ state }) => state === "due" || state === "running");
    const data = (batches: readonly BatchState[]) => ({ ...range, maxRuns, batches });
    if (isDryRun || open.length === 0)
      return {
        exitCode: before.some(({ state }) => state === "failed") && !isDryRun ? exitCodes.failed : exitCodes.done,
        lines: [
          ...before.map(planText),
          open.length === 0
            ? "nothing is left to run"
            : `would run ${count(open.length, "batch")}, at most ${maxRuns} at a time`,
        ],
        data: { ...data(before), ...(isDryRun && { dryRun: true }) },
      };
    await confirm(
      `${target.title}: run ${count(open.length, "batch")} from ${open[0]!.batch} to ${open.at(-1)!.batch}, at most ${maxRuns} at a time?`,
    );

    const after = await backfill(target, before, {
      range,
      release,
      maxRuns,
      signal,
      pause: () => pause(lookEvery),
      onChange: (changed, all) => {
        const ended = all.filter(({ state, run }) => run !== null && state !== "running").length;
        if (changed.state === "running")
          status.show("backfill", `${ended} of ${all.filter(isTaken).length} ended, ${changed.batch} begun`);
        else status.done(changed.batch, resultText(changed));
      },
    });
    status.clear();
    return conclude(after, signal.aborted, data(after));
  },
});

const isTaken = ({ state, run }: BatchState) => state === "due" || run !== null;

function planText({ batch, state, run, reason, newFiles }: BatchState): string {
  switch (state) {
    case "due":
      return `${batch}  to run${newFiles.length === 0 ? "" : `, with ${newFiles.join(", ")} that no published run has read`}`;
    case "current":
      return `${batch}  was already made by this release`;
    case "unpublished":
      return `${batch}  was never published, left alone`;
    case "running":
      return `${batch}  run ${run} is under way`;
    default:
      return `${batch}  ${resultText({ batch, state, run, reason, newFiles })}`;
  }
}

function resultText({ state, run, reason }: BatchState): string {
  if (state !== "failed") return `run ${run} is ${state}`;
  return run === null ? `refused: ${reason}` : `run ${run} failed: ${reason}`;
}

function conclude(after: readonly BatchState[], wasStopped: boolean, data: unknown) {
  const of = (...states: BatchState["state"][]) => after.filter(({ state }) => states.includes(state));
  const failed = of("failed");
  const left = of("due", "running");
  return {
    exitCode: failed.length > 0 ? exitCodes.failed : wasStopped ? exitCodes.stopped : exitCodes.done,
    lines: [
      ...failed.map((state) => `${state.batch}  ${resultText(state)}`),
      [
        `${count(of("published", "superseded").length, "batch")} run`,
        ...(failed.length > 0 ? [`${failed.length} failed`] : []),
        ...(left.length > 0 ? [`${left.length} left: the same command goes on with them`] : []),
      ].join(", "),
    ],
    data,
  };
}
