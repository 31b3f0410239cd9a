import {
  AccessDeniedException,
  AlreadyExistsException,
  BatchStopJobRunCommand,
  ConcurrentRunsExceededException,
  CreatePartitionCommand,
  DeletePartitionCommand,
  EntityNotFoundException,
  GetJobRunCommand,
  GetJobRunsCommand,
  GetTableCommand,
  type JobRun,
  type JobRunState,
  type PartitionInput,
  StartJobRunCommand,
  UpdatePartitionCommand,
} from "@aws-sdk/client-glue";
import type { Service } from "./invocation.ts";
import { startJob } from "./job.ts";
import { claimOf, isAlive, type SimulatedJobRun, startingJobRun } from "./jobRun.ts";
import type { Parts } from "./parts.ts";
import { minute, second } from "./world.ts";

const badRequest = { httpStatusCode: 400 };

/** What watches over the pipeline. */
export interface GlueWatch {
  starting(jobRun: SimulatedJobRun): void;
  stopping(jobRun: SimulatedJobRun): void;
  /** `files` is null when the partition is taken away. */
  pointing(table: string, batch: string, files: Partition | null): void;
}

export interface Partition {
  readonly location: string;
  /** `name type` of each column. */
  readonly columns: readonly string[];
}

/** The job and its runs, and the catalog's tables. */
export class GlueService implements Service {
  readonly #own: SimulatedJobRun[] = [];
  /** By `<table>/<batch>`. */
  readonly partitions = new Map<string, Partition>();
  readonly #byId = new Map<string, SimulatedJobRun>();
  readonly #parts: Parts;
  readonly #watch: GlueWatch;
  readonly #maxConcurrentRuns: number;

  constructor(parts: Parts, watch: GlueWatch) {
    this.#parts = parts;
    this.#watch = watch;
    this.#maxConcurrentRuns = [4, 1, 2][parts.world.chance.weighted("glue/concurrent runs", [3, 1, 2])]!;
  }

  apply(command: object): unknown {
    if (command instanceof StartJobRunCommand) return this.#start(command.input.Arguments ?? {});
    if (command instanceof GetJobRunCommand) {
      const jobRun = this.#byId.get(command.input.RunId!);
      if (!jobRun) throw notFound(`no job run ${command.input.RunId}`);
      return { JobRun: shown(jobRun) };
    }
    if (command instanceof GetJobRunsCommand) return this.#list(command);
    if (command instanceof BatchStopJobRunCommand) return this.#stop(command.input.JobRunIds ?? []);
    if (command instanceof GetTableCommand) {
      this.#refuse(command.input.Name!);
      return { Table: { Name: command.input.Name, StorageDescriptor: { Columns: [{ Name: "stale", Type: "int" }] } } };
    }
    if (command instanceof DeletePartitionCommand) {
      const { TableName, PartitionValues } = command.input;
      this.#refuse(TableName!);
      const name = `${TableName}/${PartitionValues![0]}`;
      if (!this.partitions.has(name)) throw notFound("Partition not found");
      this.#watch.pointing(TableName!, PartitionValues![0]!, null);
      this.partitions.delete(name);
      return {};
    }
    if (command instanceof CreatePartitionCommand) {
      const { TableName, PartitionInput } = command.input;
      const name = `${TableName}/${PartitionInput!.Values![0]}`;
      if (this.partitions.has(name))
        throw new AlreadyExistsException({ message: "Partition already exists.", $metadata: badRequest });
      this.#point(TableName!, PartitionInput!);
      return {};
    }
    if (command instanceof UpdatePartitionCommand) {
      const { TableName, PartitionInput, PartitionValueList } = command.input;
      if (!this.partitions.has(`${TableName}/${PartitionValueList![0]}`)) throw notFound("Partition not found");
      this.#point(TableName!, PartitionInput!);
      return {};
    }
    throw new Error(`the simulated Glue knows no ${command.constructor.name}`);
  }

  #point(table: string, { Values, StorageDescriptor }: PartitionInput): void {
    const [batch] = Values!;
    const columns = StorageDescriptor!.Columns!.map(({ Name, Type }) => `${Name} ${Type}`);
    const files = { location: StorageDescriptor!.Location!, columns };
    this.#watch.pointing(table, batch!, files);
    this.partitions.set(`${table}/${batch}`, files);
  }

  /** A table that refuses every call, as one does whose rights were taken away. */
  #refuse(table: string): void {
    if (this.#parts.world.isAway(`table ${table}`))
      throw new AccessDeniedException({ message: `not authorized on ${table}`, $metadata: badRequest });
  }

  #start(args: Readonly<Record<string, string>>): { JobRunId: string } {
    if (this.#own.filter(isAlive).length >= this.#maxConcurrentRuns)
      throw new ConcurrentRunsExceededException({ message: "Concurrent runs exceeded", $metadata: badRequest });
    const { batch, run } = claimOf(args["--manifest"] ?? "");
    const twins = this.#own.filter((other) => other.batch === batch && other.run === run);
    const { world } = this.#parts;
    const name = `glue/${batch}/${run}/${twins.length + 1}`;
    const unlisted = [0, 3, 12, 30][world.calm ? 0 : world.chance.weighted(`${name}/unlisted`, [3, 1, 3, 2])]! * minute;
    const jobRun = startingJobRun({
      id: `jr_${this.#own.length + 1}`,
      name,
      arguments: args,
      batch,
      run,
      startedAt: world.now,
      listedAt: world.now + unlisted,
    });
    this.#watch.starting(jobRun);
    if (twins.some(isAlive)) world.hurt("twins alive", batch);
    this.#own.push(jobRun);
    this.#parts.jobRuns.push(jobRun);
    this.#byId.set(jobRun.id, jobRun);
    world.tell(() => `Glue starts job run ${jobRun.id} for run ${run} of ${batch}`);
    startJob(this.#parts, jobRun, (state, message) => this.end(jobRun, state, message));
    return { JobRunId: jobRun.id };
  }

  #list({ input }: GetJobRunsCommand): { JobRuns: JobRun[]; NextToken?: string } {
    const from = Number(input.NextToken ?? 0);
    const until = from + (input.MaxResults ?? 100);
    const { now } = this.#parts.world;
    const newestFirst = this.#own.filter(({ listedAt }) => listedAt <= now).reverse();
    return {
      JobRuns: newestFirst.slice(from, until).map(shown),
      ...(until < newestFirst.length ? { NextToken: String(until) } : {}),
    };
  }

  #stop(ids: readonly string[]): { Errors: object[] } {
    const Errors = ids.flatMap((id) => {
      const jobRun = this.#byId.get(id);
      const error = (ErrorCode: string, ErrorMessage: string) => [
        { JobRunId: id, ErrorDetail: { ErrorCode, ErrorMessage } },
      ];
      if (!jobRun) return error("EntityNotFoundException", "no such job run");
      if (!isAlive(jobRun)) return error("InvalidInputException", `job run is ${jobRun.state}`);
      this.#watch.stopping(jobRun);
      this.stopSoon(jobRun);
      return [];
    });
    return { Errors };
  }

  /** Stopping takes a while, in which the job may still end by itself. */
  stopSoon(jobRun: SimulatedJobRun): void {
    const { world } = this.#parts;
    if (jobRun.state === "STOPPING") return;
    world.tell(() => `Glue is asked to stop ${jobRun.id}`);
    jobRun.state = "STOPPING";
    world.after((5 + 5 * world.chance.pick(`${jobRun.name}/stopping`, 12)) * second, () =>
      this.end(jobRun, "STOPPED", "stopped by a user"),
    );
  }

  end(jobRun: SimulatedJobRun, state: JobRunState, message: string): void {
    if (!isAlive(jobRun)) return;
    const { world, tellOfEnd } = this.#parts;
    jobRun.state = state;
    jobRun.message = message;
    jobRun.endedAt = world.now;
    world.tell(() => `Glue ends ${jobRun.id} as ${state}${message ? ` (${message})` : ""}`);
    const event = {
      "detail-type": "Glue Job State Change",
      detail: { jobName: "job", jobRunId: jobRun.id, state },
    };
    const name = `${jobRun.name}/event`;
    const delay = (world.calm ? 1 : 1 + world.chance.pick(`${name}/delay`, 5)) * second;
    if (!world.calm && world.chance.happens(`${name}/lost`, 1000)) {
      jobRun.endedUnheard = true;
      world.hurt("Glue event lost", jobRun.batch);
      world.tell(() => `the event of ${jobRun.id}'s end is lost`);
      return;
    }
    if (!world.calm && world.chance.happens(`${name}/late`, 800)) {
      world.hurt("Glue event late", jobRun.batch);
      world.after((5 + world.chance.pick(`${name}/late by`, 40)) * minute, () => tellOfEnd(event, name));
    } else world.after(delay, () => tellOfEnd(event, name));
    if (!world.calm && world.chance.happens(`${name}/twice`, 1000)) {
      world.hurt("Glue event duplicated", jobRun.batch);
      const again = [50, 1000, 5000, 10 * minute][world.chance.pick(`${name}/again after`, 4)]!;
      world.after(delay + again, () => tellOfEnd(event, `${name}2`));
    }
  }
}

const notFound = (message: string) => new EntityNotFoundException({ message, $metadata: badRequest });

const shown = ({ id, state, began, message, startedAt, endedAt, arguments: args }: SimulatedJobRun): JobRun => ({
  Id: id,
  JobRunState: state,
  ...(message ? { ErrorMessage: message } : {}),
  ExecutionTime: began ? 60 : 0,
  Arguments: { ...args },
  StartedOn: new Date(startedAt),
  ...(endedAt === null ? {} : { CompletedOn: new Date(endedAt) }),
});
