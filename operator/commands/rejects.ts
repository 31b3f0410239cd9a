import { existsSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { RunReport } from "../../handlers/run/report.ts";
import { localDirectory } from "../../setup/paths.mjs";
import { UsageError } from "../../terminal/flags.ts";
import type { Style } from "../../terminal/style.ts";
import { counted, shortened, wrap } from "../../terminal/text.ts";
import { defineCommand, exitCodes } from "../defineCommand.ts";
import { ask } from "../gold/ask.ts";
import { download } from "../gold/download.ts";
import type { Target } from "../stack/target.ts";
import { type FileStory, type JobRunStory, type RunStory, readStory, type Story } from "../story/story.ts";

const shownExamples = 3;
const shownLength = 72;

interface RejectedRows {
  readonly dataset: string;
  readonly read: number;
  readonly rejected: number;
  /** Most rows first. */
  readonly rules: readonly { readonly rule: string; readonly rows: number; readonly examples: readonly string[] }[];
  /** Where all rejected rows are stored, and whether they have expired. */
  readonly uri: string;
  readonly hasExpired: boolean;
}

export const command = defineCommand({
  name: "rejects",
  summary: "show rejected files and rows of a batch, with reasons",
  words: ["BATCH"],
  flags: {
    run: {
      kind: "integer",
      minimum: 1,
      maximum: 999_999_999,
      help: "rows of this run (default: the newest that has any report)",
    },
    limit: { kind: "integer", minimum: 1, maximum: 1000, help: `examples of each rule (default ${shownExamples})` },
  },
  about: [
    "Shows the files that promote rejected, each with what is wrong and what to do, and the rows that a run rejected, by rule. The examples are the same each time. The rows' Parquet is fetched once into .local/rejected.",
    "A row that breaks several rules counts under the first. Only the beginning of a row is shown; --json gives all of it.",
  ],
  examples: [
    { args: "rejects 2026-11-22", does: "of its newest run" },
    { args: "rejects 2026-11-22 --run 2 --limit 20 --stack prod", does: "more of one run" },
  ],
  changes: false,
  async run({ words, flags, target: find, style, status }) {
    const [batch] = words as [string];
    const target = await find();
    const story = await readStory(target, batch);
    const reported = reportedRun(story, flags.run);
    const files = story.files.filter(({ rejection }) => rejection !== null);
    const rows: RejectedRows[] = [];
    for (const one of reported?.jobRun.rejectedRows ?? []) {
      status.show("rejected rows", one.dataset);
      rows.push(await readRows(target, batch, one, reported!.jobRun, flags.limit ?? shownExamples));
    }
    status.clear();
    return {
      exitCode: exitCodes.done,
      lines: [
        ...filesText(files, style),
        ...rowsText(rows, style),
        ...(files.length === 0 && rows.length === 0 ? [nothingText(batch, reported?.run.run.run)] : []),
      ],
      data: {
        batch,
        run: reported?.run.run.run ?? null,
        files: files.map(({ key, fate, rejection }) => ({ key, fate, ...rejection })),
        rows,
      },
    };
  },
});

const nothingText = (batch: string, run: number | undefined): string =>
  run === undefined
    ? `batch ${batch} has no rejected file, and no run that counted rows`
    : `batch ${batch} has no rejected file, and run ${run} rejected no row`;

interface Reported {
  readonly run: RunStory;
  readonly jobRun: JobRunStory;
}

/** @throws UsageError when the named run has no report */
function reportedRun({ batch, runs }: Story, number: number | undefined): Reported | undefined {
  const reported = runs.flatMap((run): Reported[] => {
    const counted = run.jobRuns.filter(({ report }) => report !== null);
    const jobRun = counted.find(({ id }) => id === run.run.settledBy) ?? counted.at(-1);
    return jobRun ? [{ run, jobRun }] : [];
  });
  if (number === undefined) return reported.at(-1);
  const found = reported.find(({ run }) => run.run.run === number);
  if (found) return found;
  const known = reported.map(({ run }) => run.run.run);
  throw new UsageError(
    `run ${number} of batch ${batch} has no report${known.length === 0 ? "" : `; run ${known.join(", ")} has`}`,
  );
}

async function readRows(
  { s3, names }: Target,
  batch: string,
  { dataset, rows, uri }: JobRunStory["rejectedRows"][number],
  { report }: JobRunStory,
  limit: number,
): Promise<RejectedRows> {
  const prefix = uri.slice(`s3://${names.rejectedBucket}/`.length);
  const folder = join(localDirectory, "rejected", names.rejectedBucket, prefix);
  if (!existsSync(folder)) {
    const partial = `${folder.replace(/\/$/, "")}.partial`;
    await download(s3, { bucket: names.rejectedBucket, prefix }, partial);
    renameSync(partial, folder);
  }
  const files = readdirSync(folder).map((name) => join(folder, name));
  const counted = { dataset, read: report!.datasets[dataset]!.read, rejected: rows, uri };
  if (files.length === 0) return { ...counted, rules: rulesOf(report!, dataset), hasExpired: true };
  const { rows: rules } = await ask(
    `select rule, count(*) as "rows", min("text", ${limit}) as examples from "rejected" group by rule order by "rows" desc, rule`,
    { outputs: ["rejected"], files: [{ output: "rejected", batch, files }] },
  );
  return {
    ...counted,
    rules: rules.map(([rule, count, examples]) => ({
      rule: String(rule),
      rows: Number(count),
      examples: examples as string[],
    })),
    hasExpired: false,
  };
}

/** The counts of the report, which is kept longer than the rows. */
const rulesOf = ({ datasets }: RunReport, dataset: string): RejectedRows["rules"] =>
  Object.entries(datasets[dataset]!.rejected)
    .filter(([, rows]) => rows > 0)
    .sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1))
    .map(([rule, rows]) => ({ rule, rows, examples: [] }));

function filesText(files: readonly FileStory[], { bold, red, dim }: Style): string[] {
  if (files.length === 0) return [];
  return [
    bold("Rejected files"),
    ...files.flatMap(({ key, fate, rejection }) => [
      `  ${red(key)}${fate === "withdrawn" ? " (withdrawn)" : ""}`,
      ...wrap(`${rejection!.code}: ${rejection!.reason}`, 4),
      ...wrap(`to mend: ${rejection!.fix}`, 4).map(dim),
    ]),
  ];
}

function rowsText(rows: readonly RejectedRows[], { bold, dim }: Style): string[] {
  return rows.flatMap(({ dataset, read, rejected, rules, hasExpired, uri }) => [
    bold(`Rejected rows of ${dataset}: ${rejected.toLocaleString("en")} of ${counted(read, "row")}`),
    ...rules.flatMap(({ rule, rows, examples }) => [
      `  ${rule}: ${rows.toLocaleString("en")}`,
      ...examples.map((text) => dim(`    ${shortened(text, shownLength)}`)),
    ]),
    ...(hasExpired ? wrap(`the rows have expired and are no longer at ${uri}`, 4).map(dim) : []),
  ]);
}
