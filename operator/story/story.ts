import {
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  paginateListObjectsV2,
} from "@aws-sdk/client-s3";
import { rollingBatch } from "../../config/batchName.ts";
import type { Contract } from "../../config/contract.ts";
import { classify } from "../../handlers/bronze/classify.ts";
import { type BronzeFile, goldPrefix, ledgerKeys, reasonKey, rejectedKey } from "../../handlers/keys.ts";
import {
  emptyDocument,
  findRun,
  type Input,
  isLive,
  isUnsettled,
  isWithdrawn,
  type LedgerDocument,
  type Run,
} from "../../handlers/ledger/document.ts";
import { evaluateGate, type GateVerdict, liveInputs } from "../../handlers/ledger/gate.ts";
import { type Rules, rulesOf } from "../../handlers/ledger/rules.ts";
import { inParallel } from "../../handlers/parallel.ts";
import type { CurrentRelease } from "../../handlers/release.ts";
import type { Lease } from "../../handlers/run/attempt.ts";
import type { RunReport } from "../../handlers/run/report.ts";
import { documentOf, readDocument } from "../stack/ledger.ts";
import type { Target } from "../stack/target.ts";
import { type RunPreview, readPreview } from "./reads.ts";
import { attemptTiming, glueTiming, type JobTiming } from "./timing.ts";

/**
 * All that is known of one batch, as it was at `readAt`: plain data, the same when written as JSON and read again.
 * Times are milliseconds since the epoch, sizes bytes. File names, reasons, messages and values come from outside.
 */
export interface Story {
  readonly format: 1;
  /** `stack dev`, or `the local stack`. */
  readonly stack: string;
  readonly environment: string;
  readonly batch: string;
  readonly readAt: number;
  /** As the ledger stores it. */
  readonly document: LedgerDocument;
  /** Where the batch stands, by the rules that are deployed. */
  readonly verdict: GateVerdict;
  /** The deployed settings that decide about a batch. */
  readonly rules: BatchRules;
  readonly contract: Contract;
  /** The deadline after which an incomplete batch is late; null when it waits for nothing. */
  readonly dueAt: number | null;
  /** One for each declared dataset, in the order of the contract. */
  readonly datasets: readonly DatasetStory[];
  /** The newest version of each Bronze key, in the order in which they were uploaded. */
  readonly files: readonly FileStory[];
  /** What lies in Bronze under the batch's name and is not in its ledger, in the order in which it was uploaded. */
  readonly undecided: readonly UploadStory[];
  /** How many messages wait, roughly, of the whole stack. */
  readonly messages: { readonly uploads: number; readonly deadUploads: number; readonly deadEvents: number };
  /** Oldest first, including those that the ledger document no longer keeps. */
  readonly runs: readonly RunStory[];
  /** What the published run wrote, one for each output; empty while nothing is published. */
  readonly gold: readonly GoldStory[];
  /** What an operator's run would read now. */
  readonly wouldRead: RunPreview;
}

export interface BatchRules {
  /** Rolling batch: how far the files may lie apart. */
  readonly maxSpread: number;
  /** After the first file. */
  readonly deadline: number;
  /** Claims in all for the same files when the infrastructure fails. */
  readonly attempts: number;
  /** What a batch's name has to match. */
  readonly keyPattern: string;
}

export interface DatasetStory {
  readonly name: string;
  readonly required: boolean;
  /** The keys under which a file of it may be uploaded; the first is the plain one. */
  readonly keys: readonly string[];
  /** The keys of its files that no published run has read; more than one is a conflict. */
  readonly live: readonly string[];
}

/**
 * What became of a file's newest version.
 * - `published`: the published run has read it.
 * - `read`: a run that was published earlier has read it.
 * - `running`: the run under way reads it.
 * - `promoted`: good, and read by no run that was ever published.
 * - `rejected`: not good, and blocks its batch.
 * - `expired`: it would have to be typed again, and Bronze no longer has it.
 * - `withdrawn`: left out by the operator; it may be a rejected one.
 */
export type FileFate = "expired" | "published" | "read" | "running" | "promoted" | "rejected" | "withdrawn";

export interface FileStory {
  readonly key: string;
  readonly dataset: string;
  readonly version: string;
  readonly bytes: number;
  readonly uploadedAt: number;
  readonly decidedAt: number;
  readonly fate: FileFate;
  /** Runs that were given this version, oldest first. */
  readonly runs: readonly number[];
  /** URI of the report that says where the file's rows lie; null for a rejected file. */
  readonly report: string | null;
  /** Null for a good one. */
  readonly rejection: Rejection | null;
}

/** An upload that has not been decided. */
export interface UploadStory {
  readonly key: string;
  readonly version: string;
  readonly bytes: number;
  readonly uploadedAt: number;
  /** Why it is none of the pipeline's files; null for one that promote has yet to look at. */
  readonly skipped: { readonly reason: string; readonly fix: string } | null;
}

export interface Rejection {
  readonly code: string;
  /** What is wrong, with the line, element or record where it is. */
  readonly reason: string;
  /** What its producer has to do. */
  readonly fix: string;
  /** `s3://` URIs of the file's copy and of its reason; null once they have expired. */
  readonly copy: string | null;
  readonly document: string | null;
}

export interface RunStory {
  /** As the ledger has it. */
  readonly run: Run;
  /** Whether the ledger document still keeps it, so that it can be rolled back to or replayed. */
  readonly isKept: boolean;
  /** In the order in which the ledger learned of them; a second one means that something went wrong with the first. */
  readonly jobRuns: readonly JobRunStory[];
}

export interface JobRunStory {
  readonly id: string;
  /** How it stands; null when Glue no longer keeps it. */
  readonly job: JobTiming | null;
  /** What the engine counted; null when it left no report. */
  readonly report: RunReport | null;
  /** Where the rejected rows of each dataset that has some are stored; columns `rule`, `file`, `line`, `row`. */
  readonly rejectedRows: readonly { readonly dataset: string; readonly rows: number; readonly uri: string }[];
}

export interface GoldStory {
  readonly output: string;
  /** `s3://<bucket>/<prefix>`, with a slash at the end. */
  readonly uri: string;
  readonly files: readonly { readonly key: string; readonly bytes: number }[];
}

const readsAtOnce = 8;

/**
 * Reads the ledger's document, reports and old runs, the reasons of rejected files, what Bronze and Gold list of the
 * batch, and how its job runs stand.
 * @throws UsageError with the batch that was probably meant
 */
export async function readStory(target: Target, batch: string): Promise<Story> {
  const deployed = await target.deployed();
  const [stored, uploads, messages] = await Promise.all([
    readDocument(target.ledger, batch),
    readUploads(target, batch),
    target.messages(),
  ]);
  // The ledger has a batch once its first file was decided.
  const document = stored ?? (uploads.length > 0 ? emptyDocument : await documentOf(target.ledger, batch));
  const { release, environment, attempts } = deployed;
  const { contract } = release;
  const rules = rulesOf(release, deployed);
  const { maxSpread, deadline } = rules;
  const readAt = Date.now();
  const [files, runs, gold, wouldRead] = await Promise.all([
    readFiles(target, batch, document),
    readRuns(target, batch, document),
    readGold(target, batch, document),
    readPreview(target, batch, document, rules),
  ]);
  return {
    format: 1,
    stack: target.title,
    environment,
    batch,
    readAt,
    document,
    verdict: evaluateGate(batch, document, rules, readAt),
    rules: { maxSpread, deadline, attempts, keyPattern: contract.batching.keyPattern },
    contract,
    dueAt: dueAt(document, rules),
    datasets: datasetsOf(batch, document, contract),
    files,
    undecided: undecidedOf(uploads, document, release),
    messages,
    runs,
    gold,
    wouldRead,
  };
}

/** When the files that no published run has read make their batch late; null when there are none. */
export function dueAt(document: LedgerDocument, { datasets, deadline }: Rules): number | null {
  const live = [...liveInputs(document, datasets).values()].flat();
  return live.length === 0 ? null : Math.min(...live.map(({ input }) => input.decision.decidedAt)) + deadline;
}

/** The newest version of each key of a batch, as Bronze lists them. */
export async function readUploads({ s3, names }: Pick<Target, "s3" | "names">, batch: string): Promise<Upload[]> {
  const uploads: Upload[] = [];
  const folder = batch === rollingBatch ? "" : `${batch}/`;
  let marker: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } | null = {};
  while (marker !== null) {
    const page: ListObjectVersionsCommandOutput = await s3.send(
      new ListObjectVersionsCommand({ Bucket: names.bronzeBucket, Prefix: folder, Delimiter: "/", ...marker }),
    );
    for (const { Key, VersionId, Size, LastModified, IsLatest } of page.Versions ?? [])
      if (IsLatest && Key && VersionId)
        uploads.push({ key: Key, version: VersionId, bytes: Size ?? 0, uploadedAt: LastModified?.getTime() ?? 0 });
    marker = page.IsTruncated ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker } : null;
  }
  return uploads.sort(byTime);
}

type Upload = Omit<UploadStory, "skipped">;
const byTime = (a: Upload, b: Upload) => a.uploadedAt - b.uploadedAt || (a.key < b.key ? -1 : 1);

export const undecidedOf = (
  uploads: readonly Upload[],
  { inputs }: LedgerDocument,
  { contract }: Pick<CurrentRelease, "contract">,
): UploadStory[] =>
  uploads
    .filter(({ key, version }) => inputs[key]?.decision.version !== version)
    .map((upload) => {
      const named = classify(upload.key, contract);
      return { ...upload, skipped: named.kind === "skipped" ? { reason: named.reason, fix: named.fix } : null };
    });

function datasetsOf(batch: string, { inputs }: LedgerDocument, { datasets }: Contract): DatasetStory[] {
  const folder = batch === rollingBatch ? "" : `${batch}/`;
  return Object.entries(datasets).map(([name, { required, file, formats }]) => ({
    name,
    required,
    keys: formats.map((format) => `${folder}${file}.${format}`),
    live: Object.entries(inputs).flatMap(([key, input]) => (input.dataset === name && isLive(input) ? [key] : [])),
  }));
}

async function readFiles({ rejected, names }: Target, batch: string, document: LedgerDocument): Promise<FileStory[]> {
  const files: FileStory[] = [];
  await inParallel(Object.entries(document.inputs), readsAtOnce, async ([key, input]) => {
    const { decision, dataset } = input;
    const { version, bytes, lastModified, decidedAt } = decision;
    const file: BronzeFile = { batch, dataset, key, version, format: key.endsWith(".gz") ? "json.gz" : "json" };
    let rejection: Rejection | null = null;
    if (decision.outcome === "rejected") {
      const isThere = (await rejected.get(reasonKey(file))) !== null;
      const uri = (name: string) => (isThere ? `s3://${names.rejectedBucket}/${name}` : null);
      const { code, reason, fix } = decision;
      rejection = { code, reason, fix, copy: uri(rejectedKey(file)), document: uri(reasonKey(file)) };
    }
    files.push({
      key,
      dataset,
      version,
      bytes,
      uploadedAt: lastModified,
      decidedAt,
      fate: fateOf(key, input, document),
      runs: runsThatRead(key, version, document),
      report: decision.outcome === "promoted" ? `s3://${names.ledgerBucket}/${decision.report.key}` : null,
      rejection,
    });
  });
  return files.sort(byTime);
}

const hasPinned = (run: Run | undefined, key: string, version: string): boolean =>
  Object.values(run?.inputs ?? {}).some((pinned) => pinned?.key === key && pinned.version === version);

const runsThatRead = (key: string, version: string, { runs }: LedgerDocument): number[] =>
  runs.filter((run) => hasPinned(run, key, version)).map(({ run }) => run);

function fateOf(key: string, input: Input, document: LedgerDocument): FileFate {
  const { decision, read } = input;
  const { version } = decision;
  if (isWithdrawn(input)) return "withdrawn";
  if (decision.outcome === "rejected") return "rejected";
  if (decision.outcome === "gone") return "expired";
  if (hasPinned(document.runs.find(isUnsettled), key, version)) return "running";
  const { published } = document;
  if (published && hasPinned(findRun(document, published.run), key, version)) return "published";
  return read.includes(version) ? "read" : "promoted";
}

async function readRuns(target: Target, batch: string, document: LedgerDocument): Promise<RunStory[]> {
  const old = await readOldRuns(target, batch, document);
  const stories = new Map<number, RunStory>();
  await inParallel([...old, ...document.runs], readsAtOnce, async (run) => {
    const jobRuns: JobRunStory[] = [];
    for (const id of run.jobRuns) jobRuns.push(await readJobRun(target, batch, run, id));
    stories.set(run.run, { run, isKept: document.runs.includes(run), jobRuns });
  });
  return [...stories.values()].sort((a, b) => a.run.run - b.run.run);
}

async function readOldRuns({ ledger }: Target, batch: string, { runs }: LedgerDocument): Promise<Run[]> {
  const kept = new Set(runs.map(({ run }) => run));
  const old: Run[] = [];
  const keys: string[] = [];
  for await (const key of ledger.list(ledgerKeys.oldRun(batch, 0).replace(/0\.json$/, ""))) keys.push(key);
  await inParallel(keys, readsAtOnce, async (key) => {
    const run = JSON.parse((await ledger.get(key))!.text) as Run;
    if (!kept.has(run.run)) old.push(run);
  });
  return old;
}

async function readJobRun(target: Target, batch: string, run: Run, id: string): Promise<JobRunStory> {
  const read = async <T>(key: string) => {
    const stored = await target.ledger.get(key);
    const content = stored && parsed<T>(stored.text);
    return content && { content, lastModified: stored!.lastModified };
  };
  const reported = await read<RunReport>(ledgerKeys.report(batch, run.run, id));
  const job =
    run.engine === "glue"
      ? await glueTiming(target, id)
      : attemptTiming(run, await read<Lease>(ledgerKeys.lease(batch, run.run, id)), reported);
  const report = reported?.content ?? null;
  return {
    id,
    job,
    report,
    rejectedRows: Object.entries(report?.datasets ?? {}).flatMap(([dataset, { rejected }]) => {
      const rows = Object.values(rejected).reduce((sum, count) => sum + count, 0);
      const uri = `s3://${target.names.rejectedBucket}/rows/${goldPrefix(dataset, batch, run.run, id)}`;
      return rows === 0 ? [] : [{ dataset, rows, uri }];
    }),
  };
}

/** What is not JSON counts as none; the run's failure says so. */
function parsed<T>(text: string): T | null {
  try {
    return JSON.parse(text) as T;
  } catch {
    return null;
  }
}

async function readGold({ s3, names }: Target, batch: string, document: LedgerDocument): Promise<GoldStory[]> {
  const run = document.published && findRun(document, document.published.run);
  if (!run?.settledBy) return [];
  const gold: GoldStory[] = [];
  for (const output of Object.keys(run.outputs)) {
    const prefix = goldPrefix(output, batch, run.run, run.settledBy);
    const files: { key: string; bytes: number }[] = [];
    for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: names.goldBucket, Prefix: prefix }))
      for (const { Key, Size } of page.Contents ?? []) if (Key) files.push({ key: Key, bytes: Size ?? 0 });
    gold.push({ output, uri: `s3://${names.goldBucket}/${prefix}`, files });
  }
  return gold;
}
