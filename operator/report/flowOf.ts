import { listed } from "../../config/words.ts";
import { isUnsettled } from "../../handlers/ledger/document.ts";
import { engineNames } from "../story/engineNames.ts";
import { fatesOf } from "../story/fates.ts";
import type { DatasetStory, FileStory, Story, UploadStory } from "../story/story.ts";
import type { Flow, Progress, Source } from "./flow.ts";
import { sum } from "./rows.ts";
import { isGood, missingDatasets, pendingUploads, type Subject } from "./subject.ts";
import { bytes, counted, duration } from "./units.ts";

/** The picture of a batch: its files as they are now, and the run that the page is about. */
export function flowOf(story: Story, { run: shown, jobRun, report }: Subject): Flow {
  const { files, document } = story;
  const missing = missingDatasets(story);
  const pending = pendingUploads(story);
  const arrived = [...files, ...pending];
  const promoted = files.filter(({ rejection }) => rejection === null);
  const rejected = files.filter(({ rejection }) => rejection !== null);
  const pinned = Object.values(shown?.run.inputs ?? {}).flatMap((input) => (input ? [input] : []));
  const datasets = Object.values(fatesOf(report));
  const read = sum(Object.fromEntries(datasets.map(({ read }, index) => [index, read])));
  const rejectedRows = datasets.reduce((rows, dataset) => rows + sum(dataset.rejected), 0);
  const outputs = Object.values(report?.outputs ?? {});
  const written = outputs.reduce((rows, output) => rows + output.rows, 0);
  const runState = stateOfRun(shown?.run.state);
  const isPublished = document.published !== null;
  const isShownPublished = document.published?.run === shown?.run.run;
  const filesState: Progress = arrived.length === 0 ? "ahead" : "done";
  const promoteState: Progress = pending.length > 0 ? "moving" : filesState;
  const intoGold: Progress = !shown ? "ahead" : runState === "done" && !isShownPublished ? "ahead" : runState;
  const gone = (count: number): Progress => (count > 0 ? "done" : "ahead");
  const engine = shown && engineNames[shown.run.engine];
  const time = jobRun?.job?.seconds || report?.seconds.total;
  return {
    sources: [...files.map(sourceOf), ...pending.map(pendingSource), ...missing.map(missingSource)],
    stations: {
      bronze: { name: "Bronze", kind: "S3 bucket", state: filesState },
      promote: { name: "promote", kind: "Lambda", state: promoteState },
      silver: { name: "Silver", kind: "S3 bucket", state: gone(promoted.length) },
      rejected: {
        name: "rejected",
        kind: "S3 bucket",
        state: rejected.some((file) => file.fate === "rejected") ? "blocked" : gone(rejected.length + rejectedRows),
      },
      refine: {
        name: shown ? `run ${shown.run.run}` : "run",
        kind: engine === null ? "engine" : time ? `${engine}, ${duration(time * 1000)}` : engine,
        state: shown ? runState : "ahead",
      },
      gold: { name: "Gold", kind: "S3 bucket", state: gone(isPublished ? 1 : 0) },
      catalog: {
        name: "Catalog",
        kind: document.published ? `shows run ${document.published.run}` : "shows nothing",
        state: gone(isPublished ? 1 : 0),
      },
    },
    ways: {
      "sources-bronze": { state: filesState, counts: filesCount(arrived) },
      "bronze-promote": { state: promoteState, counts: [counted(arrived.length, "file")] },
      "promote-silver": { state: gone(promoted.length), counts: [counted(promoted.length, "file")] },
      "promote-rejected": {
        state: rejected.some((file) => file.fate === "rejected") ? "blocked" : gone(rejected.length),
        counts: [counted(rejected.length, "file")],
      },
      "silver-refine": {
        state: !shown ? "ahead" : runState === "moving" ? "moving" : "done",
        counts: shown ? [counted(pinned.length, "file"), ...(report ? [counted(read, "row")] : [])] : [],
      },
      "refine-rejected": { state: gone(rejectedRows), counts: report ? [counted(rejectedRows, "row")] : [] },
      "refine-gold": {
        state: intoGold,
        counts: outputs.length > 0 ? [counted(written, "row")] : runState === "blocked" ? ["nothing"] : [],
      },
      "gold-catalog": {
        state: gone(isPublished ? 1 : 0),
        counts: document.published ? [`run ${document.published.run}`] : [],
      },
    },
    words: [
      arrived.length === 0
        ? "No file has come."
        : `${counted(arrived.length, "file")} of ${bytes(total(arrived))} came into Bronze: ${listed([...files.map(({ key, fate }) => `${key} (${fate})`), ...pending.map(({ key }) => `${key} (arrived)`)])}.`,
      ...(missing.length > 0 ? [`No file of ${listed(missing.map(({ name }) => name))} has come.`] : []),
      `Promote typed the rows of ${counted(promoted.length, "file")} into Silver and rejected ${rejected.length === 0 ? "none" : counted(rejected.length, "file")}.`,
      ...(shown ? runWords() : ["No run has been claimed."]),
      document.published
        ? `The catalog shows run ${document.published.run}.`
        : "Nothing is published, so the catalog shows nothing.",
    ],
  };

  function runWords(): string[] {
    const { run } = shown!;
    const what = `Run ${run.run} was given ${counted(pinned.length, "file")}`;
    if (!report) return [`${what}${isUnsettled(run) ? " and has not ended" : " and left no report"}.`];
    const repeated = datasets.reduce((rows, { deduplicated }) => rows + deduplicated, 0);
    const kept = datasets.reduce((rows, dataset) => rows + dataset.kept, 0);
    return [
      `${what}; it read ${counted(read, "row")}, kept ${counted(kept, "row")}, rejected ${counted(rejectedRows, "row")} and left out ${counted(repeated, "duplicate")}.`,
      outputs.length === 0
        ? `It wrote nothing to Gold.`
        : `It wrote ${listed(Object.entries(report.outputs).map(([name, { rows }]) => `${counted(rows, "row")} of ${name}`))}${run.state === "failed" ? ", which readers do not see" : ""}.`,
    ];
  }
}

const total = (files: readonly { readonly bytes: number }[]) => files.reduce((size, file) => size + file.bytes, 0);
const filesCount = (files: readonly { readonly bytes: number }[]) =>
  files.length === 0 ? ["no file"] : [counted(files.length, "file"), bytes(total(files))];

function stateOfRun(state: string | undefined): Progress {
  if (state === "failed") return "blocked";
  return state === "claimed" || state === "started" ? "moving" : "done";
}

function sourceOf(file: FileStory): Source {
  const { key, dataset, bytes: size, fate } = file;
  return {
    name: fileName(key),
    note: `${dataset}, ${bytes(size)}`,
    fate: isGood(file) ? "promoted" : fate === "withdrawn" ? "withdrawn" : "rejected",
  };
}

/** Without its folder, since the whole page is about that batch. */
const fileName = (key: string) => key.slice(key.indexOf("/") + 1);

const pendingSource = ({ key, bytes: size }: UploadStory): Source => ({
  name: fileName(key),
  note: `just arrived, ${bytes(size)}`,
  fate: "pending",
});

const missingSource = ({ name, keys }: DatasetStory): Source => ({
  name: fileName(keys[0] ?? name),
  note: `${name}, not there`,
  fate: "missing",
});
