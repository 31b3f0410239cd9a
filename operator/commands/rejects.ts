import { existsSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileReportKey } from "../../handlers/keys.ts";
import type { FileReport } from "../../handlers/promote/fileReport.ts";
import { localDirectory } from "../../setup/paths.mjs";
import { UsageError } from "../../terminal/flags.ts";
import type { Style } from "../../terminal/style.ts";
import { counted, shortened, wrap } from "../../terminal/text.ts";
import { defineCommand, exitCodes } from "../defineCommand.ts";
import { ask } from "../gold/ask.ts";
import { download } from "../gold/download.ts";
import type { Target } from "../stack/target.ts";
import { fatesOf } from "../story/fates.ts";
import { type FileStory, type JobRunStory, type RunStory, readStory, type Story } from "../story/story.ts";

const shownExamples = 3;
const shownLength = 72;

interface Example {
  readonly file: string;
  /** Counted from 1; of a list, the element's. */
  readonly line: number;
  /** Why a row is malformed; null where the rule says it. */
  readonly why: string | null;
  readonly text: string | null;
}

interface RejectedRows {
  readonly dataset: string;
  /** Rows of the file, malformed ones included. */
  readonly read: number;
  readonly rejected: number;
  /** `malformed` first, then most rows first. The examples are the first ones in the file. */
  readonly rules: readonly { readonly rule: string; readonly rows: number; readonly examples: readonly Example[] }[];
  /** Where rejected rows were stored that have expired. */
  readonly expired: readonly string[];
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
    "Shows the files that promote rejected, each with what is wrong and what to do, and the rows that were rejected of the files that a run read: the malformed ones, and by rule those that the run rejected. Each example names file and line; they are the first ones. The rows' Parquet is fetched once into .local/rejected.",
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
    const limit = flags.limit ?? shownExamples;
    const files = story.files.filter(({ rejection }) => rejection !== null);
    const examples = new Map<FileStory, readonly Example[]>();
    for (const file of files) {
      const { shape } = story.document.inputs[file.key]!.decision;
      const found = await malformedRows(target, fileReportKey({ ...file, batch }, shape), limit);
      if (found) examples.set(file, found);
    }
    const rows: RejectedRows[] = [];
    for (const [dataset, counted] of Object.entries(fatesOf(reported?.jobRun.report ?? null))) {
      const rejected = Object.values(counted.rejected).reduce((sum, count) => sum + count, 0);
      if (rejected === 0) continue;
      status.show("rejected rows", dataset);
      const found = await readRows(target, batch, dataset, reported!, limit);
      rows.push({ dataset, read: counted.read, rejected, ...found });
    }
    status.clear();
    return {
      exitCode: exitCodes.done,
      lines: [
        ...filesText(files, examples, style),
        ...rowsText(rows, style),
        ...(files.length === 0 && rows.length === 0 ? [nothingText(batch, reported?.run.run.run)] : []),
      ],
      data: {
        batch,
        run: reported?.run.run.run ?? null,
        files: files.map((file) => {
          const { key, fate, rejection } = file;
          return { key, fate, ...rejection, malformed: examples.get(file) ?? [] };
        }),
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
  target: Target,
  batch: string,
  dataset: string,
  { run, jobRun }: Reported,
  limit: number,
): Promise<Pick<RejectedRows, "rules" | "expired">> {
  const { malformed, rejected } = jobRun.report!.datasets[dataset]!;
  const expired: string[] = [];
  const rules: RejectedRows["rules"][number][] = [];
  if (malformed > 0) {
    const { report } = run.run.inputs[dataset]!;
    const examples = await malformedRows(target, report.key, limit);
    if (examples === null) expired.push(`the malformed rows of s3://${target.names.ledgerBucket}/${report.key}`);
    rules.push({ rule: "malformed", rows: malformed, examples: examples ?? [] });
  }
  const stored = jobRun.rejectedRows.find((one) => one.dataset === dataset);
  const found = stored && (await rowsByRule(target, batch, stored.uri, limit));
  if (stored && !found) expired.push(stored.uri);
  for (const [rule, rows] of Object.entries(rejected).sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1)))
    if (rows > 0) rules.push({ rule, rows, examples: found?.get(rule) ?? [] });
  return { rules, expired };
}

/** Rule to its first rows; null when they have expired. */
async function rowsByRule(target: Target, batch: string, uri: string, limit: number) {
  const files = await fetched(target, uri.slice(`s3://${target.names.rejectedBucket}/`.length));
  if (files.length === 0) return null;
  const { rows } = await ask(
    `select rule, file, line, cast(to_json("row") as varchar) from "rejected"
     qualify row_number() over (partition by rule order by file, line) <= ${limit} order by rule, file, line`,
    { tables: ["rejected"], files: [{ table: "rejected", batch, files }] },
  );
  const found = new Map<string, Example[]>();
  for (const [rule, file, line, text] of rows as [string, string, number, string][])
    found.set(rule, [...(found.get(rule) ?? []), { file, line, why: null, text }]);
  return found;
}

/** The first malformed rows of a file; null when they have expired. */
async function malformedRows(target: Target, reportKey: string, limit: number): Promise<Example[] | null> {
  const stored = await target.ledger.get(reportKey);
  if (!stored) return null;
  const { source, silver, batch, parts, malformed } = JSON.parse(stored.text) as FileReport;
  if (malformed === 0) return null;
  const place = silver.replace(/^s3:\/\/[^/]+\//, "");
  const examples: Example[] = [];
  let before = 0;
  let isThere = false;
  for (const [part, { lines }] of parts.entries()) {
    const files = await fetched(target, `rows/${place}part-${part}.parquet`);
    if (files.length > 0) {
      isThere = true;
      const { rows } = await ask(
        `select ${before} + _line, why, text from "rejected" order by _line limit ${limit - examples.length}`,
        { tables: ["rejected"], files: [{ table: "rejected", batch, files }] },
      );
      for (const [line, why, text] of rows as [number, string, string | null][])
        examples.push({ file: source.key, line, why, text });
    }
    if (examples.length >= limit) break;
    before += lines;
  }
  return isThere ? examples : null;
}

/** The Parquet files below a prefix of the rejected bucket, kept on this machine. */
async function fetched({ s3, names }: Target, prefix: string): Promise<string[]> {
  const folder = join(localDirectory, "rejected", names.rejectedBucket, prefix);
  if (!existsSync(folder)) {
    const partial = `${folder.replace(/\/$/, "")}.partial`;
    await download(s3, { bucket: names.rejectedBucket, prefix }, partial);
    renameSync(partial, folder);
  }
  return readdirSync(folder).map((name) => join(folder, name));
}

function filesText(
  files: readonly FileStory[],
  examples: ReadonlyMap<FileStory, readonly Example[]>,
  { bold, red, dim }: Style,
): string[] {
  if (files.length === 0) return [];
  return [
    bold("Rejected files"),
    ...files.flatMap((file) => [
      `  ${red(file.key)}${file.fate === "withdrawn" ? " (withdrawn)" : ""}`,
      ...wrap(`${file.rejection!.code}: ${file.rejection!.reason}`, 4),
      ...wrap(`to mend: ${file.rejection!.fix}`, 4).map(dim),
      ...(examples.get(file) ?? []).flatMap((example) => exampleText(example).map(dim)),
    ]),
  ];
}

const exampleText = ({ file, line, why, text }: Example): string[] => [
  `    ${file}:${line}${why ? ` ${why}` : ""}`,
  ...(text === null ? [] : [`      ${shortened(text, shownLength)}`]),
];

function rowsText(rows: readonly RejectedRows[], { bold, dim }: Style): string[] {
  return rows.flatMap(({ dataset, read, rejected, rules, expired }) => [
    bold(`Rejected rows of ${dataset}: ${rejected.toLocaleString("en")} of ${counted(read, "row")}`),
    ...rules.flatMap(({ rule, rows, examples }) => [
      `  ${rule}: ${rows.toLocaleString("en")}`,
      ...examples.flatMap((example) => exampleText(example).map(dim)),
    ]),
    ...expired.flatMap((uri) => wrap(`the rows have expired and are no longer at ${uri}`, 4).map(dim)),
  ]);
}
