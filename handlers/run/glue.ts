import {
  BatchStopJobRunCommand,
  GetJobRunCommand,
  GetJobRunsCommand,
  type JobRun as GlueJobRun,
  type JobRunState,
  StartJobRunCommand,
} from "@aws-sdk/client-glue";
import type { Glue } from "../clients.ts";
import type { Claim, Engine, JobRun, StartAnswer, Usage } from "./engine.ts";

const states: Record<JobRunState, JobRun["state"]> = {
  WAITING: "alive",
  STARTING: "alive",
  RUNNING: "alive",
  STOPPING: "alive",
  SUCCEEDED: "succeeded",
  STOPPED: "stopped",
  TIMEOUT: "timeout",
  FAILED: "failed",
  ERROR: "failed",
  EXPIRED: "failed",
};

/** Errors by which Glue says that nothing was started: `later` ones pass, `refused` ones do not. */
const later = new Set([
  "ConcurrentRunsExceededException",
  "ThrottlingException",
  "ResourceNumberLimitExceededException",
]);
const refused = new Set([
  "InvalidInputException",
  "EntityNotFoundException",
  "AccessDeniedException",
  "ValidationException",
]);

/** Glue's and this machine's clock may differ by this much, in milliseconds. */
const clockTolerance = 15 * 60_000;

/** Glue charges by the second, and at least this many. */
const leastSeconds = 60;

/** With autoscaling Glue counts the DPU seconds itself. */
const usageOf = ({ ExecutionTime: seconds = 0, DPUSeconds, MaxCapacity = 0 }: GlueJobRun): Usage => ({
  seconds,
  dpuHours: (DPUSeconds ?? Math.max(seconds, leastSeconds) * MaxCapacity) / 3600,
});

const jobRunOf = (run: GlueJobRun): JobRun => {
  const { Id, JobRunState, ErrorMessage, ExecutionTime } = run;
  return {
    id: Id!,
    state: (JobRunState && states[JobRunState]) ?? "alive",
    message: ErrorMessage ?? JobRunState ?? "",
    // Glue counts the seconds from the moment at which the job has its workers.
    executed: (ExecutionTime ?? 0) > 0,
    ...(ExecutionTime ? { usage: usageOf(run) } : {}),
  };
};

const manifestUriOf = ({ Arguments }: GlueJobRun): string | null => Arguments?.["--manifest"] ?? null;

export interface GlueEngine extends Engine {
  /** The manifest that a job run was started for; null if there is none. */
  manifestUri(jobRun: string): Promise<string | null>;
}

/** `glue` must be a client that never retries: StartJobRun has no token by which a second call would be recognised. */
export function createGlueEngine(glue: Glue, job: string): GlueEngine {
  async function read(jobRun: string): Promise<GlueJobRun | null> {
    try {
      const { JobRun: run } = await glue.send(new GetJobRunCommand({ JobName: job, RunId: jobRun }));
      return run ?? null;
    } catch (error) {
      if ((error as Error).name === "EntityNotFoundException") return null;
      throw error;
    }
  }

  async function find({ manifest, claimedAt }: Claim): Promise<JobRun[]> {
    const found: JobRun[] = [];
    let token: string | undefined;
    do {
      const page = await glue.send(
        new GetJobRunsCommand({ JobName: job, MaxResults: 100, ...(token ? { NextToken: token } : {}) }),
      );
      const runs = page.JobRuns ?? [];
      found.push(...runs.filter((run) => manifestUriOf(run) === manifest.uri).map(jobRunOf));
      const oldest = runs.at(-1)?.StartedOn?.getTime() ?? 0;
      token = oldest + clockTolerance < claimedAt ? undefined : page.NextToken;
    } while (token);
    return found;
  }

  return {
    async start(claim, uncertain): Promise<StartAnswer> {
      const [earlier] = uncertain ? await find(claim) : [];
      if (earlier) return { kind: "started", jobRun: earlier.id };
      const { manifest } = claim;
      try {
        const { JobRunId } = await glue.send(
          new StartJobRunCommand({
            JobName: job,
            Arguments: { "--manifest": manifest.uri, "--manifest_sha256": manifest.sha256 },
          }),
        );
        return { kind: "started", jobRun: JobRunId! };
      } catch (error) {
        const { name, message } = error as Error;
        const kind = later.has(name) ? "later" : refused.has(name) ? "refused" : "unknown";
        return { kind, message: `${name}: ${message}` };
      }
    },

    find,

    async describe(_, jobRun) {
      const run = await read(jobRun);
      return run && jobRunOf(run);
    },

    async manifestUri(jobRun) {
      const run = await read(jobRun);
      return run && manifestUriOf(run);
    },

    async stop(_, jobRun) {
      const { Errors = [] } = await glue.send(new BatchStopJobRunCommand({ JobName: job, JobRunIds: [jobRun] }));
      const detail = Errors[0]?.ErrorDetail;
      // Stopping a job run that has ended fails, which is fine. Glue does not document the error, so the state is read.
      const run = detail && (await read(jobRun));
      if (detail && run && jobRunOf(run).state === "alive")
        throw new Error(`job run ${jobRun} was not stopped: ${detail.ErrorCode}: ${detail.ErrorMessage}`);
    },
  };
}
