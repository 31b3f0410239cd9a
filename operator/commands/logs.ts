import { UsageError } from "../../terminal/flags.ts";
import { defineCommand, exitCodes } from "../defineCommand.ts";
import { type LogLine, readLogs } from "../story/logs.ts";
import { readStory, type Story } from "../story/story.ts";

const shownLines = 500;
/** Milliseconds before the first upload. */
const lead = 60_000;

export const command = defineCommand({
  name: "logs",
  summary: "show what functions and job runs logged about a batch",
  words: ["BATCH"],
  flags: {
    run: { kind: "integer", minimum: 1, maximum: 999_999_999, help: "only this run" },
    functions: { kind: "switch", help: "leave out what the job runs printed" },
    hours: {
      kind: "integer",
      minimum: 1,
      maximum: 8760,
      help: "only the last N hours (default: since the first upload)",
    },
    limit: { kind: "integer", minimum: 1, maximum: 1_000_000, help: `newest lines (default ${shownLines})` },
  },
  about: [
    "Shows lines from CloudWatch in the order of time: those that name the batch, those about messages that promote failed on before it knew their batch, and what Spark or DuckDB's function printed during its runs. Times are UTC.",
  ],
  examples: [
    { args: "logs 2026-11-22 --functions", does: "what became of its files and runs" },
    { args: "logs 2026-11-22 --run 2 --stack prod", does: "one run, with everything that its engine printed" },
  ],
  changes: false,
  async run({ words, flags, target: find, style }) {
    const [batch] = words as [string];
    const target = await find();
    const story = await readStory(target, batch);
    if (flags.run !== undefined && !story.runs.some(({ run }) => run.run === flags.run))
      throw new UsageError(`batch ${batch} has no run ${flags.run}${runsText(story)}`);
    const since = flags.hours === undefined ? firstMoment(story) - lead : Date.now() - flags.hours * 3_600_000;
    const all = await readLogs(target, story, { since, run: flags.run, withJobs: flags.functions !== true });
    const lines = all.slice(-(flags.limit ?? shownLines));
    const earlier = all.length - lines.length;
    const colours = { info: (text: string) => text, warn: style.yellow, error: style.red };
    const width = Math.max(0, ...lines.map(({ source }) => source.length));
    return {
      exitCode: exitCodes.done,
      lines: [
        ...(earlier > 0 ? [style.dim(`${earlier.toLocaleString("en")} earlier lines; --limit N shows more`)] : []),
        ...lines.map(
          ({ at, source, level, text }) =>
            `${style.dim(timeText(at))}  ${source.padEnd(width)}  ${colours[level](text)}`,
        ),
        ...(lines.length === 0 ? [`nothing was logged about batch ${batch} since ${timeText(since)}`] : []),
      ],
      data: lines.map((line: LogLine) => ({ ...line, at: new Date(line.at).toISOString() })),
    };
  },
});

const timeText = (at: number) => new Date(at).toISOString().slice(0, 19).concat("Z");

const runsText = ({ runs }: Story): string =>
  runs.length === 0 ? "" : `; it has ${runs.map(({ run }) => run.run).join(", ")}`;

const firstMoment = ({ files, undecided, runs, readAt }: Story): number =>
  Math.min(
    readAt,
    ...[...files, ...undecided].map(({ uploadedAt }) => uploadedAt),
    ...runs.map(({ run }) => run.claimedAt),
  );
