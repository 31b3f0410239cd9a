import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { CreateJobRequest } from "@aws-sdk/client-glue";

export type RunState = "WAITING" | "STARTING" | "RUNNING" | "STOPPING" | "STOPPED" | "SUCCEEDED" | "FAILED" | "TIMEOUT";

/** Times are seconds since 1970, as in Glue's protocol. */
export interface Job {
  readonly definition: CreateJobRequest & { Name: string };
  readonly createdOn: number;
  readonly lastModifiedOn: number;
}

export interface Run {
  readonly id: string;
  readonly job: string;
  /** Only the arguments that StartJobRun gave, as in GetJobRun. */
  readonly arguments: Readonly<Record<string, string>>;
  /** Minutes. */
  readonly timeout: number;
  readonly startedOn: number;
  state: RunState;
  lastModifiedOn: number;
  completedOn?: number;
  errorMessage?: string;
}

const inFlight: readonly RunState[] = ["WAITING", "STARTING", "RUNNING", "STOPPING"];
/** The states that count against a job's concurrency. */
const active: readonly RunState[] = ["STARTING", "RUNNING", "STOPPING"];

export const hasEnded = (run: Run): boolean => !inFlight.includes(run.state);
export const isActive = (run: Run): boolean => active.includes(run.state);
export const now = (): number => Date.now() / 1000;

/** The jobs and their runs; every change is written to disk. */
export class GlueStore {
  readonly jobs = new Map<string, Job>();
  /** In the order in which they were started. */
  readonly runs = new Map<string, Run>();

  constructor(private readonly file: string) {
    if (existsSync(file)) {
      const saved = JSON.parse(readFileSync(file, "utf8")) as { jobs: Job[]; runs: Run[] };
      for (const job of saved.jobs) this.jobs.set(job.definition.Name, job);
      for (const run of saved.runs) this.runs.set(run.id, run);
    }
    // Their processes ended with the server that had started them.
    for (const run of this.runs.values())
      if (!hasEnded(run))
        Object.assign(run, { state: "FAILED", errorMessage: "the server was restarted", completedOn: now() });
    this.save();
  }

  save(): void {
    mkdirSync(dirname(this.file), { recursive: true });
    const text = JSON.stringify({ jobs: [...this.jobs.values()], runs: [...this.runs.values()] }, null, 2);
    writeFileSync(`${this.file}.new`, text);
    renameSync(`${this.file}.new`, this.file);
  }
}
