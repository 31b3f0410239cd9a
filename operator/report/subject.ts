import { own } from "../../config/plain.ts";
import { listed } from "../../config/words.ts";
import type { GateVerdict } from "../../handlers/ledger/gate.ts";
import type { RunReport } from "../../handlers/run/report.ts";
import type { Explanation } from "../story/explain.ts";
import type { DatasetStory, FileStory, JobRunStory, RunStory, Story, UploadStory } from "../story/story.ts";
import { counted, duration } from "./units.ts";

export type Tone = "good" | "bad" | "wait" | "busy";

/** What a page is about: where the batch stands, and the run whose numbers are shown. */
export interface Subject {
  readonly tone: Tone;
  /** One word. */
  readonly word: string;
  /** A sentence or two. */
  readonly lead: string;
  readonly run: RunStory | null;
  /** The run's job run that counts, or the last one that was tried. */
  readonly jobRun: JobRunStory | null;
  readonly report: RunReport | null;
}

export function subjectOf(story: Story, { summary }: Explanation): Subject {
  const run = runOf(story);
  const jobRun = run && countingJobRun(run);
  const [tone, word] = standings[story.verdict.state];
  const lead = story.verdict.state === "published" ? publishedText(story, run) : sentence(summary);
  return { tone, word, lead, run, jobRun, report: jobRun?.report ?? null };
}

const sentence = (text: string) => `${text[0]!.toUpperCase()}${text.slice(1)}.`;

/** The run that the verdict is about, else the published run, else the last one. */
function runOf({ verdict, runs, document }: Story): RunStory | null {
  const number = "run" in verdict ? verdict.run : document.published?.run;
  return runs.find(({ run }) => run.run === number) ?? runs.at(-1) ?? null;
}

const countingJobRun = ({ run, jobRuns }: RunStory): JobRunStory | null =>
  jobRuns.find(({ id }) => id === run.settledBy) ??
  jobRuns.findLast(({ report }) => report !== null) ??
  jobRuns.at(-1) ??
  null;

/** Whether a file is neither rejected nor withdrawn. */
export const isGood = ({ fate }: FileStory): boolean => fate !== "rejected" && fate !== "withdrawn";

/** Uploads that promote has yet to look at. */
export const pendingUploads = ({ undecided }: Story): UploadStory[] =>
  undecided.filter(({ skipped }) => skipped === null);

/** Required datasets without any file so far. */
export const missingDatasets = ({ datasets, files, undecided }: Story): DatasetStory[] =>
  datasets.filter(
    ({ name, required, keys }) =>
      required && !files.some(({ dataset }) => dataset === name) && !undecided.some(({ key }) => keys.includes(key)),
  );

const standings: Readonly<Record<GateVerdict["state"], readonly [Tone, string]>> = {
  published: ["good", "Published"],
  running: ["busy", "Running"],
  ready: ["busy", "Ready"],
  typing: ["busy", "Typing its files"],
  retrying: ["busy", "Waiting for another try"],
  failed: ["bad", "Failed"],
  late: ["bad", "Late"],
  waiting: ["wait", "Waiting"],
  conflict: ["wait", "Conflict"],
  mixed: ["wait", "Mixed"],
  superseded: ["wait", "Superseded"],
};

function publishedText({ files, gold, document }: Story, run: RunStory | null): string {
  if (!run) return "The ledger no longer keeps the run that readers see.";
  const report = countingJobRun(run)?.report;
  const outputs = gold.flatMap(({ output }) => {
    const rows = own(report?.outputs ?? {}, output)?.rows;
    return rows === undefined ? [] : [`${counted(rows, "row")} of ${output}`];
  });
  const { publishedAt, inputs } = run.run;
  const read = Object.values(inputs).flatMap((input) => (input ? [input] : []));
  const uploads = files.filter(({ key, version }) =>
    read.some((input) => input.key === key && input.version === version),
  );
  const since = Math.max(...uploads.map(({ uploadedAt }) => uploadedAt));
  const after =
    publishedAt !== null && Number.isFinite(since) && publishedAt >= since && uploads.length === read.length
      ? `, published ${duration(publishedAt - since)} after the last upload`
      : "";
  const { highWater } = document.published!;
  const back = highWater > run.run.run ? ` Rolled back from run ${highWater}.` : "";
  return `Readers see run ${run.run.run}: ${outputs.length > 0 ? listed(outputs) : "its output"}, made from ${counted(read.length, "file")}${after}.${back}`;
}
