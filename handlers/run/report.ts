import { own } from "../../config/plain.ts";
import type { Drift } from "../reader/findings.ts";

/**
 * What an engine counted, stored in `reports/<batch>/<run>/<job run id>.json`. Counts are rows; no value of a row is in
 * it.
 */
export interface RunReport {
  readonly format: 1;
  readonly batch: string;
  readonly run: number;
  readonly jobRun: string;
  readonly manifest: { readonly uri: string; readonly sha256: string };
  /** Null when the run was ended before it read one. */
  readonly plan: { readonly sha256: string } | null;
  readonly state: "succeeded" | "failed";
  readonly failure: { readonly code: string; readonly message: string } | null;
  readonly datasets: Readonly<Record<string, DatasetReport>>;
  readonly outputs: Readonly<Record<string, OutputReport>>;
  readonly checks: readonly { readonly name: string; readonly passed: boolean; readonly detail: string }[];
  readonly seconds: Readonly<Record<string, number>>;
  readonly engine: { readonly name: string; readonly version: string | null };
}

export interface DatasetReport {
  /** Of the file, blank ones included. */
  readonly lines: number;
  /** Lines of the file that are no row. */
  readonly malformed: number;
  readonly read: number;
  readonly kept: number;
  /** Rule to rows. */
  readonly rejected: Readonly<Record<string, number>>;
  readonly deduplicated: number;
  /** Rule to kept rows that break it; a row counts under each. */
  readonly warned: Readonly<Record<string, number>>;
  /** Column to kept rows whose value names no kept row of the referenced dataset, or is null. */
  readonly orphans: Readonly<Record<string, number>>;
  /** As the report on the file has it. */
  readonly drift: Drift;
}

export interface OutputReport {
  readonly rows: number;
  readonly files: number;
  readonly uri: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/** What the report of a claim's job run must contain; `datasets` and `outputs` are the claim's own. */
export interface Expectation {
  readonly batch: string;
  readonly run: number;
  readonly jobRun: string;
  readonly manifestUri: string;
  readonly manifestSha256: string;
  readonly goldUri: (output: string) => string;
  readonly datasets: readonly string[];
  readonly outputs: readonly string[];
}

/**
 * Checks a report against the claim: it must be this job run's, name the manifest that was pinned, have passed its
 * checks, and balance.
 * @returns null when the run may be published, else the reason why not.
 */
export function faultOf(text: string, expected: Expectation): string | null {
  let report: RunReport;
  try {
    report = JSON.parse(text) as RunReport;
  } catch {
    return "the run report is not JSON";
  }
  try {
    return findFault(report, expected);
  } catch (error) {
    return `the run report is not of the documented shape: ${(error as Error).message}`;
  }
}

function findFault(report: RunReport, expected: Expectation): string | null {
  if (report.format !== 1) return `the run report has format ${report.format}; this release reads 1`;
  if (report.state !== "succeeded")
    return report.failure ? `${report.failure.code}: ${report.failure.message}` : "the run failed";
  for (const key of ["batch", "run", "jobRun"] as const)
    if (report[key] !== expected[key]) return `the run report names ${key} ${report[key]}, not ${expected[key]}`;
  if (report.manifest.uri !== expected.manifestUri || report.manifest.sha256 !== expected.manifestSha256)
    return "the run read another manifest than the one that was pinned";

  const failedCheck = report.checks.find(({ passed }) => passed !== true);
  if (failedCheck) return `check ${failedCheck.name} failed: ${failedCheck.detail}`;

  for (const name of expected.datasets) {
    const counted = own(report.datasets, name);
    if (!counted) return `the run report does not mention dataset ${name}`;
    const rejected = Object.values(counted.rejected).reduce((sum, rows) => sum + rows, 0);
    if (counted.read !== counted.kept + rejected + counted.deduplicated)
      return `${name} does not balance: ${counted.read} read, ${counted.kept} kept, ${rejected} rejected, ${counted.deduplicated} deduplicated`;
  }
  for (const name of expected.outputs) {
    const written = own(report.outputs, name);
    if (!written) return `the run report does not mention output ${name}`;
    if (written.uri !== expected.goldUri(name))
      return `${name} was written to ${written.uri}, not to ${expected.goldUri(name)}`;
  }
  return null;
}
