import { randomBytes } from "node:crypto";
import type {
  BatchStopJobRunRequest,
  CreateJobRequest,
  GetJobRunRequest,
  GetJobRunsRequest,
  StartJobRunRequest,
  UpdateJobRequest,
} from "@aws-sdk/client-glue";
import { GlueStore, hasEnded, isActive, type Job, now, type Run, type RunState } from "./store.ts";

/** An error of Glue's protocol. */
export class GlueError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export interface Execution {
  /** Null when the script succeeded, otherwise the run's error message as Glue would give it. */
  readonly ended: Promise<string | null>;
  stop(): Promise<void>;
}

export interface GlueOptions {
  readonly stateFile: string;
  /** Starts a run's process; throws when the script or a library is not available. */
  execute(job: Job, run: Run): Promise<Execution>;
  /** Called when a run ends. */
  onEnd(run: Run): Promise<void>;
  onError(error: unknown): void;
  /** How many milliseconds a minute of a job's timeout lasts; tests make it shorter. */
  readonly minute?: number;
}

const defaultTimeout = 480;
const page = 200;

type Arguments = Readonly<Record<string, string>>;

function checkArguments(given: unknown): Arguments {
  const entries = Object.entries(given ?? {});
  const wrong = entries.find(([, value]) => typeof value !== "string");
  if (wrong) throw new GlueError("InvalidInputException", `argument ${wrong[0]} is not a string`);
  const unnamed = entries.find(([name]) => !name.startsWith("--"));
  if (unnamed) throw new GlueError("InvalidInputException", `argument ${unnamed[0]} must begin with --`);
  return Object.fromEntries(entries) as Arguments;
}

function checkDefinition(definition: CreateJobRequest): void {
  if (!definition.Command?.ScriptLocation)
    throw new GlueError("InvalidInputException", "Command.ScriptLocation is missing");
  if (!definition.Role) throw new GlueError("InvalidInputException", "Role is missing");
  if (definition.MaxCapacity !== undefined && definition.WorkerType !== undefined)
    throw new GlueError("InvalidInputException", "WorkerType and MaxCapacity exclude each other");
  if (definition.MaxRetries) throw new GlueError("InvalidInputException", "MaxRetries is not supported locally");
  checkArguments(definition.DefaultArguments);
  checkArguments(definition.NonOverridableArguments);
}

/**
 * The arguments of a run. In AWS the arguments that the job fixes win; whether the caller gets an error is not
 * documented. Here it gets one, so that our functions never send a fixed argument.
 */
function argumentsOf({ Arguments }: StartJobRunRequest, { NonOverridableArguments = {} }: CreateJobRequest): Arguments {
  const given = checkArguments(Arguments);
  const fixed = Object.keys(given).filter((name) => Object.hasOwn(NonOverridableArguments, name));
  if (fixed.length > 0) throw new GlueError("InvalidInputException", `the job fixes ${fixed.join(", ")}`);
  return given;
}

/** Jobs and runs as in AWS Glue; each run is a process on this machine. */
export class GlueService {
  private readonly store: GlueStore;
  private readonly executions = new Map<string, Execution>();
  private readonly pending = new Set<Promise<void>>();
  private closed = false;

  constructor(private readonly options: GlueOptions) {
    this.store = new GlueStore(options.stateFile);
  }

  createJob(request: CreateJobRequest) {
    const { Name } = request;
    if (!Name) throw new GlueError("InvalidInputException", "Name is missing");
    if (this.store.jobs.has(Name)) throw new GlueError("AlreadyExistsException", `job ${Name} exists already`);
    checkDefinition(request);
    const at = now();
    this.store.jobs.set(Name, { definition: { ...request, Name }, createdOn: at, lastModifiedOn: at });
    this.store.save();
    return { Name };
  }

  updateJob({ JobName, JobUpdate }: UpdateJobRequest) {
    const { definition, createdOn } = this.job(JobName);
    const updated = { ...(JobUpdate as CreateJobRequest), Name: definition.Name };
    checkDefinition(updated);
    this.store.jobs.set(definition.Name, { definition: updated, createdOn, lastModifiedOn: now() });
    this.store.save();
    return { JobName: definition.Name };
  }

  getJob({ JobName }: { JobName?: string }) {
    const { definition, createdOn, lastModifiedOn } = this.job(JobName);
    const { Tags: _tags, ...job } = definition;
    return { Job: { ...job, CreatedOn: createdOn, LastModifiedOn: lastModifiedOn } };
  }

  startJobRun(request: StartJobRunRequest) {
    const { definition } = this.job(request.JobName);
    const given = argumentsOf(request, definition);
    const full = !this.hasRoom(definition);
    if (full && !(request.JobRunQueuingEnabled ?? definition.JobRunQueuingEnabled))
      throw new GlueError("ConcurrentRunsExceededException", `Concurrent runs exceeded for ${definition.Name}`);
    const at = now();
    const run: Run = {
      id: `jr_${randomBytes(32).toString("hex")}`,
      job: definition.Name,
      arguments: given,
      timeout: request.Timeout ?? definition.Timeout ?? defaultTimeout,
      startedOn: at,
      lastModifiedOn: at,
      state: full ? "WAITING" : "STARTING",
    };
    this.store.runs.set(run.id, run);
    this.store.save();
    if (!full) this.begin(run);
    return { JobRunId: run.id };
  }

  getJobRun({ JobName, RunId }: GetJobRunRequest) {
    return { JobRun: this.describe(this.run(JobName, RunId)) };
  }

  getJobRuns({ JobName, MaxResults, NextToken }: GetJobRunsRequest) {
    const { definition } = this.job(JobName);
    const runs = [...this.store.runs.values()].filter((run) => run.job === definition.Name).reverse();
    const from = Number(NextToken ?? 0);
    const to = from + Math.min(MaxResults ?? page, page);
    return {
      JobRuns: runs.slice(from, to).map((run) => this.describe(run)),
      ...(to < runs.length ? { NextToken: String(to) } : {}),
    };
  }

  batchStopJobRun({ JobName, JobRunIds }: BatchStopJobRunRequest) {
    const answer: { SuccessfulSubmissions: unknown[]; Errors: unknown[] } = { SuccessfulSubmissions: [], Errors: [] };
    for (const JobRunId of JobRunIds ?? []) {
      try {
        this.stopRun(this.run(JobName, JobRunId));
        answer.SuccessfulSubmissions.push({ JobName, JobRunId });
      } catch (error) {
        if (!(error instanceof GlueError)) throw error;
        answer.Errors.push({ JobName, JobRunId, ErrorDetail: { ErrorCode: error.code, ErrorMessage: error.message } });
      }
    }
    return answer;
  }

  /** Ends the runs without calling `onEnd`; no run starts afterwards. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.executions.values()].map((execution) => execution.stop()));
    await Promise.all(this.pending);
  }

  private job(name: string | undefined): Job {
    const job = this.store.jobs.get(name ?? "");
    if (!job) throw new GlueError("EntityNotFoundException", `Job ${name} is not found`);
    return job;
  }

  private run(job: string | undefined, id: string | undefined): Run {
    const run = this.store.runs.get(id ?? "");
    if (!run || run.job !== this.job(job).definition.Name)
      throw new GlueError("EntityNotFoundException", `Job run ${id} of ${job} is not found`);
    return run;
  }

  private hasRoom(definition: Job["definition"]): boolean {
    const running = [...this.store.runs.values()].filter((run) => run.job === definition.Name && isActive(run));
    return running.length < (definition.ExecutionProperty?.MaxConcurrentRuns ?? 1);
  }

  private move(run: Run, state: RunState, errorMessage?: string): void {
    run.state = state;
    run.lastModifiedOn = now();
    if (errorMessage !== undefined) run.errorMessage = errorMessage;
    if (hasEnded(run)) run.completedOn = run.lastModifiedOn;
    this.store.save();
  }

  private stopRun(run: Run): void {
    if (hasEnded(run) || run.state === "STOPPING")
      throw new GlueError("IllegalJobStateException", `Job run ${run.id} is ${run.state}`);
    if (run.state === "WAITING") {
      this.track(this.finish(run, "STOPPED"));
    } else {
      this.move(run, "STOPPING");
      this.track(this.executions.get(run.id)?.stop());
    }
  }

  private begin(run: Run): void {
    this.track(this.carryOut(run));
  }

  private track(work: Promise<void> | undefined): void {
    if (!work) return;
    const settled = work.catch((error) => this.options.onError(error)).finally(() => this.pending.delete(settled));
    this.pending.add(settled);
  }

  private async carryOut(run: Run): Promise<void> {
    let execution: Execution;
    try {
      execution = await this.options.execute(this.job(run.job), run);
    } catch (error) {
      return await this.finish(run, "FAILED", (error as Error).message);
    }
    this.executions.set(run.id, execution);
    // The run may have been stopped while its files were fetched.
    if (run.state === "STOPPING" || this.closed) this.track(execution.stop());
    else this.move(run, "RUNNING");
    let timedOut = false;
    const timer = setTimeout(
      () => {
        timedOut = true;
        this.track(execution.stop());
      },
      run.timeout * (this.options.minute ?? 60_000),
    );
    const problem = await execution.ended;
    clearTimeout(timer);
    this.executions.delete(run.id);
    if (timedOut) await this.finish(run, "TIMEOUT", "Job run exceeded its timeout");
    else if ((run.state as RunState) === "STOPPING") await this.finish(run, "STOPPED");
    else await (problem === null ? this.finish(run, "SUCCEEDED") : this.finish(run, "FAILED", problem));
  }

  private async finish(run: Run, state: RunState, errorMessage?: string): Promise<void> {
    // A run that ends because the server ends stays active on disk; the next start marks it as failed.
    if (this.closed) return;
    this.move(run, state, errorMessage);
    for (const waiting of this.store.runs.values())
      if (waiting.state === "WAITING" && waiting.job === run.job && this.hasRoom(this.job(run.job).definition)) {
        this.move(waiting, "STARTING");
        this.begin(waiting);
      }
    await this.options.onEnd(run);
  }

  private describe(run: Run) {
    const { definition } = this.job(run.job);
    const end = run.completedOn ?? now();
    return {
      Id: run.id,
      Attempt: 0,
      JobName: run.job,
      StartedOn: run.startedOn,
      LastModifiedOn: run.lastModifiedOn,
      CompletedOn: run.completedOn,
      JobRunState: run.state,
      Arguments: run.arguments,
      ErrorMessage: run.errorMessage,
      ExecutionTime: Math.round(end - run.startedOn),
      Timeout: run.timeout,
      WorkerType: definition.WorkerType,
      NumberOfWorkers: definition.NumberOfWorkers,
      GlueVersion: definition.GlueVersion,
    };
  }
}
