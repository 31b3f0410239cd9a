import type { Run } from "../../handlers/ledger/document.ts";
import type { Lease } from "../../handlers/run/attempt.ts";
import type { RunReport } from "../../handlers/run/report.ts";
import type { Target } from "../stack/target.ts";

/** How a job run stands, as its engine tells it. */
export interface JobTiming {
  /**
   * Glue's word, such as `RUNNING` or `SUCCEEDED`. Of DuckDB `waiting` while no invocation has begun, `running`,
   * `succeeded`, `failed`, or why none will begin: `refused`, `undelivered`, `stopped`.
   */
  readonly state: string;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** The time that Glue bills, or that DuckDB took; 0 before it has begun. */
  readonly seconds: number;
  /** Only for autoscaled runs of Glue. */
  readonly dpuSeconds: number | null;
  readonly message: string | null;
}

/** @returns null when Glue no longer keeps the job run */
export async function glueTiming(target: Pick<Target, "jobRun">, id: string): Promise<JobTiming | null> {
  const job = await target.jobRun(id);
  return (
    job && {
      state: job.JobRunState ?? "UNKNOWN",
      startedAt: job.StartedOn?.getTime() ?? null,
      endedAt: job.CompletedOn?.getTime() ?? null,
      seconds: job.ExecutionTime ?? 0,
      dpuSeconds: job.DPUSeconds ?? null,
      message: job.ErrorMessage ?? null,
    }
  );
}

interface Dated<T> {
  readonly content: T;
  readonly lastModified: number;
}

/** By what the embedded engine has left. S3 dates it to the second. */
export function attemptTiming(
  { claimedAt, settledAt }: Pick<Run, "claimedAt" | "settledAt">,
  lease: Dated<Lease> | null,
  report: Dated<RunReport> | null,
): JobTiming {
  const within = (at: number) => Math.min(Math.max(at, claimedAt), settledAt ?? Number.POSITIVE_INFINITY);
  const seconds = report?.content.seconds.total ?? 0;
  const startedAt = lease?.content.kind === "worker" ? within(lease.lastModified) : null;
  const endedAt = seconds > 0 && startedAt !== null ? startedAt + seconds * 1000 : report?.lastModified;
  return {
    state: report ? report.content.state : lease ? stateOf(lease.content) : "waiting",
    startedAt,
    endedAt: endedAt === undefined ? null : within(endedAt),
    seconds,
    dpuSeconds: null,
    message: report?.content.failure?.message ?? (lease?.content.kind === "tombstone" ? lease.content.message : null),
  };
}

const stateOf = (lease: Lease): string => (lease.kind === "worker" ? "running" : lease.why);
