import type { FileFault } from "../reader/faultyText.ts";
import type { Drift, Findings } from "../reader/findings.ts";

/** What one part of a file came to, stored when its Parquet is; nothing in it is a value of a row. */
export interface PartReport {
  readonly format: 1;
  readonly part: number;
  readonly findings: Findings;
  /** Bytes of the Parquet. */
  readonly bytes: number;
  /** Whether the text ends with it. */
  readonly isLast: boolean;
}

/**
 * What became of one Bronze version under one shape. Written once, it is the truth about both: whoever types the version
 * again finds it.
 */
export interface FileReport {
  readonly format: 1;
  readonly dataset: string;
  readonly batch: string;
  readonly source: { readonly key: string; readonly version: string; readonly bytes: number };
  readonly shape: string;
  /** What the URIs of its parts begin with. */
  readonly silver: string;
  /** Null when the file was promoted. */
  readonly fault: FileFault | null;
  /** Typed rows and malformed ones; blank lines are neither. */
  readonly rows: number;
  readonly malformed: number;
  readonly faults: Findings["faults"];
  readonly drift: Drift;
  /** In the order of the file, each `part-<k>.parquet` in Silver, k from 0. `lines` are all, blank ones included. */
  readonly parts: readonly { readonly lines: number; readonly rows: number; readonly bytes: number }[];
}
