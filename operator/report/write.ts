import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { own } from "../../config/plain.ts";
import { localDirectory } from "../../setup/paths.mjs";
import { UsageError } from "../../terminal/flags.ts";
import type { Status } from "../../terminal/status.ts";
import { fetchPublished } from "../gold/published.ts";
import type { Target } from "../stack/target.ts";
import { readStory, type Story } from "../story/story.ts";
import { type OutputProfile, profile } from "./profile.ts";
import { renderReport } from "./report.ts";

export interface WriteOptions {
  readonly status: Status;
  /** How a command line names the stack: `--stack prod`; empty for the local one. */
  readonly choice: string;
  /** Where published Parquet is kept, so that it is fetched once. */
  readonly cache?: string;
}

/** The most bytes of an output's Parquet that are fetched for a page. */
const readableBytes = 256 * 1024 * 1024;

/**
 * Writes the report of a batch. Returns the story that it shows.
 * @throws UsageError when there is no such batch, or the file can't be written
 */
export async function writeReport(target: Target, batch: string, file: string, options: WriteOptions): Promise<Story> {
  const story = await readStory(target, batch);
  const gold = await profiles(target, story, options);
  const page = renderReport(story, { gold, choice: options.choice });
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, page);
  } catch (error) {
    throw new UsageError(`${file} can't be written: ${(error as Error).message}`);
  }
  return story;
}

/** Writes `report.html`, or `report-<batch>.html` for each of several batches. Returns the files. */
export async function writeReports(
  target: Target,
  batches: readonly string[],
  folder: string,
  options: WriteOptions,
): Promise<string[]> {
  const files: string[] = [];
  for (const batch of batches) {
    const file = join(folder, batches.length === 1 ? "report.html" : `report-${batch}.html`);
    await writeReport(target, batch, file, options);
    files.push(file);
  }
  return files;
}

async function profiles(target: Target, { batch, gold, contract }: Story, options: WriteOptions) {
  const { status, cache = join(localDirectory, "published") } = options;
  const readable = gold.filter(
    ({ output, files }) =>
      own(contract.outputs, output) !== undefined &&
      files.length > 0 &&
      files.reduce((size, { bytes }) => size + bytes, 0) <= readableBytes,
  );
  if (readable.length === 0) return [];
  const isAsked = (output: string) => readable.some((one) => one.output === output);
  const published = await fetchPublished(target, cache, isAsked, batch, status);
  const found: OutputProfile[] = [];
  for (const { output } of readable) {
    status.show("gold", output);
    found.push(await profile(output, contract.outputs[output]!, published));
  }
  status.clear();
  return found;
}
