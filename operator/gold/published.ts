import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { LedgerDocument } from "../../handlers/ledger/document.ts";
import { tablesOf } from "../../handlers/ledger/publication.ts";
import { inParallel } from "../../handlers/parallel.ts";
import { filesOf } from "../../handlers/publication/tables.ts";
import { UsageError } from "../../terminal/flags.ts";
import type { Status } from "../../terminal/status.ts";
import { batchesOf, documentOf, readDocuments } from "../stack/ledger.ts";
import type { Target } from "../stack/target.ts";
import { download } from "./download.ts";

/** The published Parquet of one batch and table, on this machine. */
export interface PublishedFiles {
  /** An output, or `silver_<dataset>` for the rows that the run read. */
  readonly table: string;
  readonly batch: string;
  readonly files: readonly string[];
}

export interface Published {
  /** What can be queried, whether or not it was asked for. */
  readonly tables: readonly string[];
  /** Of the tables that were asked for. */
  readonly files: readonly PublishedFiles[];
}

const batchesAtOnce = 4;

/**
 * Downloads what readers see now into `cache`. What a run wrote or read has its own folder there, so that none is fetched
 * twice.
 * @param isAsked which tables are wanted
 * @param only the one batch to fetch, or undefined for all
 */
export async function fetchPublished(
  target: Target,
  cache: string,
  isAsked: (table: string) => boolean,
  only: string | undefined,
  status: Status,
): Promise<Published> {
  const documents =
    only === undefined
      ? await readDocuments(target.ledger, await batchesOf(target.ledger))
      : new Map([[only, await documentOf(target.ledger, only)]]);
  const runs = [...documents].flatMap(([batch, document]) => publishedRun(batch, document));
  const shown = runs.flatMap(({ batch, run }) => tablesOf(run).map((table) => ({ batch, run, table })));
  const placed: Placed[] = [];
  for (const { batch, run, table } of shown.filter(({ table }) => isAsked(table))) {
    const { location } = (await filesOf(table, batch, run, target.names, target))!;
    placed.push({ table, batch, ...placeOf(location, cache) });
  }
  const missing = placed.filter(({ here }) => !existsSync(here));
  let done = 0;
  await inParallel(missing, batchesAtOnce, async ({ bucket, prefix, folder, here }) => {
    status.show("published data", `${done++} of ${missing.length} fetched`);
    // Replaces what another run left: only the published run is kept.
    rmSync(folder, { recursive: true, force: true });
    const partial = `${here}.partial`;
    await download(target.s3, { bucket, prefix }, partial);
    renameSync(partial, here);
  });
  status.clear();
  const files = placed.map(({ table, batch, here }) => ({ table, batch, files: parquetIn(here) }));
  return { tables: [...new Set(shown.map(({ table }) => table))].sort(), files };
}

interface Placed {
  readonly table: string;
  readonly batch: string;
  readonly bucket: string;
  readonly prefix: string;
  /** The batch's folder in the cache, and the run's in that. */
  readonly folder: string;
  readonly here: string;
}

/** @param location `s3://<bucket>/<output or dataset>/batch=<batch>/…/` */
function placeOf(location: string, cache: string) {
  const [bucket = "", name = "", batch = "", ...rest] = location.replace("s3://", "").replace(/\/$/, "").split("/");
  const folder = join(cache, bucket, name, batch);
  return { bucket, prefix: `${[name, batch, ...rest].join("/")}/`, folder, here: join(folder, rest.join("-")) };
}

function publishedRun(batch: string, { runs, published }: LedgerDocument) {
  const run = runs.find((one) => one.run === published?.run);
  return run?.settledBy ? [{ batch, run }] : [];
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
      return { table: output, batch, files: parquetIn(folder) };
    }),
  );
  return { tables: [...new Set(files.map(({ table }) => table))].sort(), files };
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
