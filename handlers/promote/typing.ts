import { createHash } from "node:crypto";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import type { Contract } from "../../config/contract.ts";
import type { PartRange } from "../bronze/s3Event.ts";
import type { S3 } from "../clients.ts";
import { type BronzeFile, fileReportKey, partKeys } from "../keys.ts";
import type { FileReportPin } from "../ledger/document.ts";
import { inParallel } from "../parallel.ts";
import type { Parquet, Text, TypedPart, typeParts } from "../reader/file.ts";
import { together } from "../reader/findings.ts";
import { partBytes } from "../reader/lines.ts";
import { openParquetWriter } from "../reader/parquet.ts";
import { typedColumns } from "../reader/row.ts";
import { rowShapeOf, shapeOf } from "../shape.ts";
import { type DocumentStore, putOnce, statusOf } from "../storage.ts";
import type { FileReport, PartReport } from "./fileReport.ts";
import { driftOf, verdictOn } from "./verdict.ts";

/** A version whose rows are to be typed, and by what. */
export interface TypingJob {
  readonly file: BronzeFile;
  /** Of the stored object. */
  readonly bytes: number;
  readonly text: Text;
  readonly contract: Pick<Contract, "datasets" | "schemaEvolution">;
  /** The parts that this invocation is to type. */
  readonly parts: PartRange;
}

export interface TypingDeps {
  readonly s3: S3;
  /** Reads the parts; the simulation has one of its own. */
  readonly typeParts: typeof typeParts;
  /** The ledger's documents. */
  readonly documents: DocumentStore;
  readonly names: { readonly silverBucket: string; readonly rejectedBucket: string; readonly keyArn: string };
  /** Milliseconds that are left of this call. */
  readonly remainingTime: () => number;
  readonly bytesOfPart?: number;
}

/**
 * `whole`: all parts are there, and the report says what they come to. `cut`: some are left. `next` is then the first
 * one, among the asked ones or behind them, that this call has not reached; null where it has reached the text's end.
 */
export type Typed =
  | ({ readonly kind: "whole" } & StoredReport)
  | { readonly kind: "cut"; readonly next: number | null };

export interface StoredReport {
  readonly report: FileReport;
  readonly pin: FileReportPin;
}

const storedReport = (key: string, text: string): StoredReport => ({
  report: JSON.parse(text) as FileReport,
  pin: { key, sha256: createHash("sha256").update(text).digest("hex") },
});

/** Milliseconds kept in reserve for a part: to read, to write and to store it. */
const timePerPart = 30_000;
const readsAtOnce = 16;

/** What a version came to, if all of it has been typed. */
export async function reportOf(
  { file, contract }: Pick<TypingJob, "file" | "contract">,
  documents: DocumentStore,
): Promise<StoredReport | null> {
  const key = fileReportKey(file, shapeOf(contract.datasets[file.dataset]!, contract));
  const known = await documents.get(key);
  return known && storedReport(key, known.text);
}

/**
 * Types parts of a version into Silver. Every object is written once, a part's report after its rows and the file's
 * report after all, so that any invocation goes on with what others have left, also while they are still at it.
 */
export async function typeVersion(job: TypingJob, deps: TypingDeps): Promise<Typed> {
  const { documents } = deps;
  const { file, contract, parts } = job;
  const dataset = contract.datasets[file.dataset]!;
  const keys = partKeys(file, rowShapeOf(dataset));
  const shape = shapeOf(dataset, contract);
  const end = parts.first + parts.count;
  const { text, bytesOfPart = partBytes } = { ...job, ...deps };
  const isOnePart = text.layout === "array" || (text.bytes !== null && text.bytes <= bytesOfPart);
  let next = isOnePart ? 0 : firstMissing(parts, await partsThere(keys, documents));
  let isEnded = false;
  if (next < end)
    // At least one part is typed: an invocation without progress would call the next one for ever.
    for await (const part of partsOf(job, { first: next, count: end - next }, deps)) {
      const report = await store(part, keys, deps);
      if (report.part === 0 && report.isLast) return await conclude([report], job, shape, keys, deps);
      await putOnce(keys.report(report.part), JSON.stringify(report), documents);
      [next, isEnded] = [report.part + 1, report.isLast];
      if (deps.remainingTime() < timePerPart) break;
    }
  const reports = await allReports(keys, documents);
  if (reports) return await conclude(reports, job, shape, keys, deps);
  return { kind: "cut", next: isEnded ? null : next };
}

type Keys = ReturnType<typeof partKeys>;

const partsOf = ({ file, text, contract }: TypingJob, parts: PartRange, { typeParts, bytesOfPart }: TypingDeps) =>
  typeParts(text, {
    columns: typedColumns(contract.datasets[file.dataset]!),
    parts,
    open: openParquetWriter,
    ...(bytesOfPart === undefined ? {} : { bytesOfPart }),
  });

/** The parts that have a report. */
async function partsThere({ reports }: Keys, documents: DocumentStore): Promise<Set<number>> {
  const there = new Set<number>();
  for await (const key of documents.list(reports)) there.add(Number.parseInt(key.slice(reports.length), 10));
  return there;
}

function firstMissing({ first, count }: PartRange, there: ReadonlySet<number>): number {
  let part = first;
  while (part < first + count && there.has(part)) part++;
  return part;
}

/** The reports on all parts, in their order; null while one is missing. */
async function allReports(keys: Keys, documents: DocumentStore): Promise<PartReport[] | null> {
  const there = await partsThere(keys, documents);
  const read = async (part: number) => JSON.parse((await documents.get(keys.report(part)))!.text) as PartReport;
  const last = there.size - 1;
  // Only where none is missing does the last one have this number.
  if (!there.has(last) || !(await read(last)).isLast) return null;
  const reports: PartReport[] = [];
  await inParallel(there, readsAtOnce, async (part) => {
    reports[part] = await read(part);
  });
  return reports;
}

async function store({ part, findings, typed, malformed, isLast }: TypedPart, keys: Keys, deps: TypingDeps) {
  const { names } = deps;
  if (malformed) await putParquet(names.rejectedBucket, keys.malformed(part), malformed, deps);
  await putParquet(names.silverBucket, keys.typed(part), typed!, deps);
  return { format: 1, part, findings, bytes: typed!.bytes, isLast } satisfies PartReport;
}

/** Stores it, unless another invocation already has. */
async function putParquet(Bucket: string, Key: string, parquet: Parquet, { s3, names }: TypingDeps): Promise<void> {
  try {
    await s3.send(
      new PutObjectCommand({
        Bucket,
        Key,
        // Of bounded size, and the SDK can only send bytes again.
        Body: await parquet.read(),
        ContentType: "application/vnd.apache.parquet",
        ServerSideEncryption: "aws:kms",
        SSEKMSKeyId: names.keyArn,
        BucketKeyEnabled: true,
        IfNoneMatch: "*",
      }),
    );
  } catch (error) {
    // 409, another write at the same moment, says nothing about how that one ends.
    if (statusOf(error) !== 412) throw error;
  }
}

/** Writes the file's report, or reads what another invocation has written. */
async function conclude(
  parts: readonly PartReport[],
  { file, bytes, text, contract }: TypingJob,
  shape: string,
  { silver }: Keys,
  { documents, names }: TypingDeps,
): Promise<Typed> {
  const { batch, dataset, key, version } = file;
  const findings = together(parts.map((part) => part.findings));
  const drift = driftOf(findings, contract.datasets[dataset]!.columns);
  const report: FileReport = {
    format: 1,
    dataset,
    batch,
    source: { key, version, bytes },
    shape,
    silver: `s3://${names.silverBucket}/${silver}`,
    fault: verdictOn(findings, drift, dataset, contract, text.layout === "array" ? "element" : "line"),
    rows: findings.rows,
    malformed: findings.malformed,
    faults: findings.faults,
    drift,
    parts: parts.map((part) => ({ lines: part.findings.lines, rows: part.findings.rows, bytes: part.bytes })),
  };
  const at = fileReportKey(file, shape);
  return { kind: "whole", ...storedReport(at, await putOnce(at, `${JSON.stringify(report, null, 2)}\n`, documents)) };
}
