import { createHash } from "node:crypto";
import { attemptPrefix, ledgerKeys } from "../keys.ts";
import { type DocumentStore, putOnce } from "../storage.ts";
import type { Claim } from "./engine.ts";
import type { RunReport } from "./report.ts";

/**
 * The attempt of the embedded engine at a claim. Two objects decide it, and each is written once: the lease says who
 * may begin, or that nobody may; the report says how it ended. Invocations come more than once, late or never, so
 * nothing else counts.
 */
export interface Attempt {
  readonly id: string;
  lease(): Promise<Lease | null>;
  /** @returns the lease that is there now, this one or another that came first */
  takeLease(lease: Lease): Promise<Lease>;
  report(): Promise<RunReport | null>;
  /** @returns the report that is there now, this one or another that came first */
  writeReport(report: RunReport): Promise<RunReport>;
  /** Ends the attempt without a run. @returns the report that is there now */
  end(code: string, message: string): Promise<RunReport>;
}

/** A worker that executes the run until its deadline at most, or a tombstone: nobody will execute it. */
export type Lease = WorkerLease | Tombstone;

export interface WorkerLease {
  readonly kind: "worker";
  /** Drawn by the invocation. An invocation and its duplicate share everything else. */
  readonly nonce: string;
  /** In milliseconds since the epoch; Lambda has ended the invocation by then. */
  readonly deadline: number;
}

export interface Tombstone {
  readonly kind: "tombstone";
  readonly why: "refused" | "undelivered" | "stopped";
  readonly message: string;
}

/**
 * Codes of failures that another engine need not meet: time or memory ran out, a value of which the engines might make
 * different things, or something of the function's surroundings broke.
 */
export const unfit: ReadonlySet<string> = new Set(["timeout", "memory", "uncertain", "infrastructure"]);
/** Code of the failure that a stop leaves. */
export const stopped = "stopped";

/** A claim has one attempt, whoever computes its id: a retry is another claim with another manifest. */
export const attemptId = ({ uri, sha256 }: Claim["manifest"]): string =>
  `${attemptPrefix}${createHash("sha256").update(`${uri}\n${sha256}`).digest("hex").slice(0, 16)}`;

export function attemptAt(
  { batch, run, manifest }: Pick<Claim, "batch" | "run" | "manifest">,
  documents: DocumentStore,
): Attempt {
  const id = attemptId(manifest);
  const [leaseKey, reportKey] = [ledgerKeys.lease(batch, run, id), ledgerKeys.report(batch, run, id)];
  const read = async <T>(key: string): Promise<T | null> => {
    const stored = await documents.get(key);
    return stored && (JSON.parse(stored.text) as T);
  };
  const once = async <T>(key: string, content: T): Promise<T> =>
    JSON.parse(await putOnce(key, `${JSON.stringify(content, null, 2)}\n`, documents)) as T;
  return {
    id,
    lease: () => read<Lease>(leaseKey),
    takeLease: (lease) => once<Lease>(leaseKey, lease),
    report: () => read<RunReport>(reportKey),
    writeReport: (report) => once(reportKey, report),
    end: (code, message) =>
      once<RunReport>(reportKey, {
        format: 1,
        batch,
        run,
        jobRun: id,
        manifest: { uri: manifest.uri, sha256: manifest.sha256 },
        plan: null,
        state: "failed",
        failure: { code, message },
        datasets: {},
        outputs: {},
        checks: [],
        seconds: {},
        engine: { name: "duckdb", version: null },
      }),
  };
}
