import { createHash } from "node:crypto";
import type { FileFormat } from "../config/schema.ts";

/** Every key in the buckets, except Bronze's, which producers choose. */

/** Names the Bronze object version, and the shape under which its rows are typed. Hashed, because Spark ignores files whose names begin with `_` or `.`, as version ids may. */
const versionHash = (key: string, version: string, shape?: string) =>
  createHash("sha256")
    .update(`${key}\n${version}`)
    .update(shape === undefined ? "" : `\n${shape}`)
    .digest("hex")
    .slice(0, 32);

export interface BronzeFile {
  readonly batch: string;
  readonly dataset: string;
  readonly format: FileFormat;
  readonly key: string;
  readonly version: string;
}

const rejectedName = ({ batch, dataset, key, version }: BronzeFile) =>
  `files/${dataset}/batch=${batch}/v-${versionHash(key, version)}`;
export const rejectedKey = (file: BronzeFile) => `${rejectedName(file)}.${file.format}`;
export const reasonKey = (file: BronzeFile) => `${rejectedName(file)}.reason.json`;

/** Where a version's rows of one row shape go, and what is known of them. Parts are counted from 0. */
export function partKeys({ batch, dataset, key, version }: Omit<BronzeFile, "format">, rowShape: string) {
  const name = versionHash(key, version, rowShape);
  const place = `${dataset}/batch=${batch}/v-${name}/`;
  const reports = `parts/${batch}/${dataset}/${name}/`;
  return {
    /** In Silver, what the names of the parts begin with. */
    silver: place,
    typed: (part: number) => `${place}part-${part}.parquet`,
    /** In the rejected bucket. */
    malformed: (part: number) => `rows/${place}part-${part}.parquet`,
    /** In the ledger. */
    reports,
    report: (part: number) => `${reports}${part}.json`,
  } as const;
}

/** In the ledger: that a version is typed from its beginning again, since a release has overtaken its parts. */
export const restartKey = ({ batch, dataset, key, version }: BronzeFile, shape: string, sequence: number) =>
  `parts/${batch}/${dataset}/${versionHash(key, version, shape)}.${sequence}`;

/** In the ledger: what a version came to under a shape. */
export const fileReportKey = ({ batch, dataset, key, version }: Omit<BronzeFile, "format">, shape: string) =>
  `files/${batch}/${dataset}/${versionHash(key, version, shape)}.json`;

/** What all job runs of a run wrote. */
export const runPrefix = (output: string, batch: string, run: number) => `${output}/batch=${batch}/run=${run}/`;
export const goldPrefix = (output: string, batch: string, run: number, jobRun: string) =>
  `${runPrefix(output, batch, run)}${jobRun}/`;

/** Ids of the embedded engine's job runs begin with it. */
export const attemptPrefix = "em-";

export const ledgerKeys = {
  document: (batch: string) => `batches/${batch}.json`,
  openPrefix: "open/",
  openMark: (batch: string, epoch: number) => `open/${batch}/${epoch}`,
  oldRun: (batch: string, run: number) => `runs/${batch}/${run}.json`,
  manifest: (batch: string, run: number) => `manifests/${batch}/${run}.json`,
  reports: (batch: string, run: number) => `reports/${batch}/${run}`,
  report: (batch: string, run: number, jobRun: string) => `reports/${batch}/${run}/${jobRun}.json`,
  /** EventBridge's pattern of the embedded engine's reports. */
  embeddedReports: `reports/*/${attemptPrefix}*`,
  /** Of the embedded engine's attempt at a run. */
  lease: (batch: string, run: number, attempt: string) => `attempts/${batch}/${run}/${attempt}/lease.json`,
  reconciliation: "reconciliation.json",
} as const;

export const artifactKeys = {
  /** The object that names the current release. */
  pointer: "release.json",
} as const;

/** The object that an `s3://` URI names; null when it is none. */
export function parseS3Uri(uri: string): { bucket: string; key: string } | null {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/s.exec(uri) ?? [];
  return bucket && key ? { bucket, key } : null;
}

/** The batch and run that a report's key names, or null when it is none. */
export function parseReportKey(key: string): { batch: string; run: number } | null {
  const match = /^reports\/([^/]+)\/([1-9]\d*)\/[^/]+\.json$/.exec(key);
  return match ? { batch: match[1]!, run: Number(match[2]) } : null;
}

/** The batch and run that a manifest's URI names, or null when it is none of this ledger's. */
export function parseManifestUri(uri: string, ledgerBucket: string): { batch: string; run: number } | null {
  const match = /^s3:\/\/([^/]+)\/manifests\/([^/]+)\/([1-9]\d*)\.json$/.exec(uri);
  return match && match[1] === ledgerBucket ? { batch: match[2]!, run: Number(match[3]) } : null;
}
