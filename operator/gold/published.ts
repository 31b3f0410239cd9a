import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { goldPrefix } from "../../handlers/keys.ts";
import type { LedgerDocument } from "../../handlers/ledger/document.ts";
import { inParallel } from "../../handlers/parallel.ts";
import { UsageError } from "../../terminal/flags.ts";
import type { Status } from "../../terminal/status.ts";
import { batchesOf, documentOf, readDocuments } from "../stack/ledger.ts";
import type { Target } from "../stack/target.ts";
import { download } from "./download.ts";

/** The published Parquet of one batch and output, on this machine. */
export interface PublishedFiles {
  readonly output: string;
  readonly batch: string;
  readonly files: readonly string[];
}

export interface Published {
  /** What can be queried, whether or not it was asked for. */
  readonly outputs: readonly string[];
  /** Of the outputs that were asked for. */
  readonly files: readonly PublishedFiles[];
}

const batchesAtOnce = 4;

/**
 * Downloads what readers see now into `cache`. Each run has its own folder there, so that none is fetched twice.
 * @param isAsked which outputs are wanted
 * @param only the one batch to fetch, or undefined for all
 */
export async function fetchPublished(
  target: Target,
  cache: string,
  isAsked: (output: string) => boolean,
  only: string | undefined,
  status: Status,
): Promise<Published> {
  const documents =
    only === undefined
      ? await readDocuments(target.ledger, await batchesOf(target.ledger))
      : new Map([[only, await documentOf(target.ledger, only)]]);
  const runs = [...documents].flatMap(([batch, document]) => publishedRun(batch, document));
  const outputs = [...new Set(runs.flatMap((run) => run.outputs))].sort();
  const wanted = runs.flatMap((run) => run.outputs.filter(isAsked).map((output) => ({ ...run, output })));
  const placed = wanted.map((one) => {
    const folder = join(cache, target.names.goldBucket, one.output, `batch=${one.batch}`);
    return { ...one, folder, here: join(folder, `${one.run}-${one.jobRun}`) };
  });
  const missing = placed.filter(({ here }) => !existsSync(here));
  let done = 0;
  await inParallel(missing, batchesAtOnce, async ({ batch, run, jobRun, output, folder, here }) => {
    status.show("published data", `${done++} of ${missing.length} fetched`);
    // Replaces what another run left: only the published run is kept.
    rmSync(folder, { recursive: true, force: true });
    const partial = `${here}.partial`;
    await download(
      target.s3,
      { bucket: target.names.goldBucket, prefix: goldPrefix(output, batch, run, jobRun) },
      partial,
    );
    renameSync(partial, here);
  });
  status.clear();
  const files = placed.map(({ output, batch, here }) => ({ output, batch, files: parquetIn(here) }));
  return { outputs, files };
}

function publishedRun(batch: string, { runs, published }: LedgerDocument) {
  const run = runs.find((one) => one.run === published?.run);
  if (!run?.settledBy) return [];
  return [{ batch, run: run.run, jobRun: run.settledBy, outputs: Object.keys(run.outputs) }];
}

/** What the last `npm start` left in its folder. @throws UsageError when there is nothing */
export function readOut(out: string, only: string | undefined): Published {
  const summaryFile = join(out, "summary.json");
  if (!existsSync(summaryFile))
    throw new UsageError(
      `no local stack is running and there is no ${summaryFile}: run npm start first, or name a stack with --stack`,
    );
  const summary = JSON.parse(readFileSync(summaryFile, "utf8")) as Summary;
  const batches = (summary.batches ?? [summary]).filter(({ batch }) => only === undefined || batch === only);
  const files = batches.flatMap(({ batch, outputs }) =>
    Object.keys(outputs).map((output) => {
      const folder = summary.batches ? join(out, output, `batch=${batch}`) : join(out, output);
      return { output, batch, files: parquetIn(folder) };
    }),
  );
  return { outputs: [...new Set(files.map(({ output }) => output))].sort(), files };
}

interface Result {
  readonly batch: string;
  readonly outputs: Readonly<Record<string, unknown>>;
}
interface Summary extends Result {
  readonly batches?: readonly Result[];
}

const parquetIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith(".parquet"))
        .sort()
        .map((name) => join(folder, name))
    : [];
