import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import type { Contract } from "../../config/contract.ts";
import { type Content, SegmentedContent } from "./s3/content.ts";
import type { DatasetName } from "./settings.ts";
import type { Order } from "./workload.ts";

/** One uploaded version, as the producer knows it. */
export interface Upload {
  /** `2026-01-01/users.json~2` is the second upload of its key. */
  readonly name: string;
  readonly key: string;
  /** Null for a key that is none of the pipeline's. */
  readonly place: { readonly batch: string; readonly dataset: DatasetName } | null;
  readonly content: Content;
  /** False when it is none under any contract. */
  readonly isGood: boolean;
  /** A field of its rows, for which a strict contract has to declare a column. */
  readonly field: string | null;
  readonly isPacked: boolean;
  readonly version: string;
  readonly sequencer: string;
  /** In which order Bronze got it. */
  readonly order: number;
  readonly lastModified: number;
  /** What the names of its copy and reason begin with, when it is rejected; empty for a foreign key. */
  readonly rejectedName: string;
  /** Deleted for good. */
  isGone: boolean;
  /** A message that tells of it has reached the queue. */
  wasTold: boolean;
  /** The reason for which it was skipped. */
  skipped: string | null;
}

/** What really happened outside of the pipeline: the producers' uploads and the operators' orders. */
export class Truth {
  readonly uploads: Upload[] = [];
  readonly byVersion = new Map<string, Upload>();
  /** Key to its uploads, oldest first. */
  readonly byKey = new Map<string, Upload[]>();
  readonly orders = new Map<string, Order>();

  add(upload: Upload): void {
    this.uploads.push(upload);
    this.byVersion.set(upload.version, upload);
    const known = this.byKey.get(upload.key);
    if (known) known.push(upload);
    else this.byKey.set(upload.key, [upload]);
  }
}

/** Whether the contract has it promoted. */
export function isGoodUnder({ isGood, field, place }: Upload, { datasets }: Contract): boolean {
  const columns = datasets[place!.dataset]?.columns ?? [];
  return isGood && (field === null || columns.some(({ name }) => name === field));
}

/** What the file holds, unpacked. */
export function textIn({ content, isPacked }: Upload): string {
  const bytes = content.read(0, content.bytes);
  return (isPacked ? gunzipSync(bytes) : bytes).toString("utf8");
}

/** Whether a copy holds all bytes of the original in order. Of one that is made on demand the copy's pieces tell. */
export function isCopy(copy: Content, original: Content): boolean {
  if (copy.bytes !== original.bytes) return false;
  if (!original.onDemand) return copy.read(0, copy.bytes).equals(original.read(0, original.bytes));
  if (!(copy instanceof SegmentedContent)) return copy === original;
  let at = 0;
  for (const { content, start, end } of copy.segments) {
    if (content !== original || start !== at) return false;
    at = end;
  }
  return at === original.bytes;
}

/** `files/<dataset>/batch=<batch>/v-<sha256 of key and version, 32 hex digits>`, as the documentation says. */
export function rejectedNameOf(
  key: string,
  version: string,
  { batch, dataset }: { batch: string; dataset: string },
): string {
  const hash = createHash("sha256").update(`${key}\n${version}`).digest("hex").slice(0, 32);
  return `files/${dataset}/batch=${batch}/v-${hash}`;
}
