import { accessSync, constants, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { S3Client } from "@aws-sdk/client-s3";
import type { PipelineConfig } from "../config/schema.ts";
import type { Answer } from "../generator/answer.ts";
import { goldPrefix } from "../handlers/keys.ts";
import type { RunReport } from "../handlers/run/report.ts";
import { clearPublished, download } from "../operator/gold/download.ts";
import { openParquet, type TextRow } from "../operator/gold/parquet.ts";
import { UsageError } from "../terminal/flags.ts";
import { type Comparison, compareWithAnswer } from "./compare.ts";
import { readReport } from "./evidence.ts";
import type { BatchState, Snapshot, WatchRules } from "./outcomes.ts";
import type { StackNames } from "./stack.ts";
import { type BatchResult, filesOfBatch, resultOf, type Summary, stateOf } from "./summary.ts";

/** The result of one batch, with the first rows of each output. */
export interface Collected {
  readonly result: BatchResult;
  readonly firstRows: Readonly<Record<string, readonly TextRow[]>>;
  /** Null when there is no known answer for the data, or nothing was published. */
  readonly comparison: Comparison | null;
}

export interface CollectOptions {
  readonly s3: S3Client;
  readonly names: StackNames;
  readonly config: PipelineConfig;
  readonly rules: WatchRules;
  readonly answer: Answer | undefined;
  readonly out: string;
}

const shownRows = 4;
/** The output that the generator's answer is about. */
const answeredOutput = "user_activity";

/** Downloads the published files into `out`, replaces those of an earlier run, and reads them. */
export async function collect(snapshot: Snapshot, options: CollectOptions): Promise<Collected[]> {
  for (const output of Object.keys(options.config.outputs)) clearPublished(join(options.out, output));
  const collected: Collected[] = [];
  for (const state of snapshot.batches) {
    const folder = (output: string) =>
      join(options.out, output, ...(snapshot.batches.length > 1 ? [`batch=${state.batch}`] : []));
    collected.push(await collectBatch(state, snapshot, folder, options));
  }
  return collected;
}

async function collectBatch(
  state: BatchState,
  snapshot: Snapshot,
  folder: (output: string) => string,
  options: CollectOptions,
): Promise<Collected> {
  const { s3, names, config, rules, answer } = options;
  const report = await reportOf(s3, names.ledgerBucket, state);
  const files = filesOfBatch(state.batch, snapshot, rules);
  const paths: Record<string, string> = {};
  const firstRows: Record<string, TextRow[]> = {};
  let comparison: Comparison | null = null;
  const { run } = state;
  for (const output of stateOf(state) === "published" && report && run?.settledBy ? Object.keys(config.outputs) : []) {
    paths[output] = folder(output);
    const prefix = goldPrefix(output, state.batch, run!.run, run!.settledBy!);
    const parts = await download(s3, { bucket: names.goldBucket, prefix }, paths[output]);
    if (parts.length === 0) continue;
    const parquet = await openParquet(parts);
    try {
      firstRows[output] = await parquet.first(shownRows, config.outputs[output]!.grain);
      if (answer && output === answeredOutput) comparison = await compareWithAnswer(answer, report!.datasets, parquet);
    } finally {
      parquet.close();
    }
  }
  return { result: resultOf(state, files, report, paths, config), firstRows, comparison };
}

/** The report of the job run whose output counts, or else of the last attempt. */
async function reportOf(s3: S3Client, ledgerBucket: string, { batch, run }: BatchState): Promise<RunReport | null> {
  const jobRun = run?.settledBy ?? run?.jobRuns.at(-1);
  return run && jobRun ? readReport(s3, ledgerBucket, batch, run.run, jobRun) : null;
}

const isResult = /^(summary\.json|report(-.+)?\.html)$/;
const summaryFile = (out: string) => join(out, "summary.json");

/** Checks early that the folder is writable, and removes the summary and the reports of an earlier run. */
export function prepareOut(out: string): void {
  try {
    mkdirSync(out, { recursive: true });
    for (const name of readdirSync(out)) if (isResult.test(name)) rmSync(join(out, name));
    accessSync(out, constants.W_OK);
  } catch (error) {
    throw new UsageError(`--out ${out} can't be written to: ${(error as Error).message}`);
  }
}

export function writeSummary(out: string, summary: Summary): void {
  writeFileSync(summaryFile(out), `${JSON.stringify(summary, null, 2)}\n`);
}
