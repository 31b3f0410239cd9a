import type { JobRunState } from "@aws-sdk/client-glue";

/** One job run of Glue, or the embedded engine's attempt, and what became of it. Times are milliseconds since the epoch. */
export interface SimulatedJobRun {
  readonly id: string;
  /** Names it in the questions to chance. */
  readonly name: string;
  readonly arguments: Readonly<Record<string, string>>;
  readonly batch: string;
  readonly run: number;
  readonly startedAt: number;
  /** From when on GetJobRuns shows it: AWS does not promise that it does at once. */
  readonly listedAt: number;
  state: JobRunState;
  /** It had its workers and executed. */
  began: boolean;
  message: string;
  endedAt: number | null;
  /** The report that it left says that all went well. */
  reportedWell: boolean;
  /** It reports that the engine could not do it, and another may. */
  isUnfit: boolean;
  /** A person stopped it, not the pipeline. */
  stoppedByPerson: boolean;
  /** The event of its end was lost. */
  endedUnheard: boolean;
}

export const isAlive = ({ endedAt }: SimulatedJobRun): boolean => endedAt === null;

type Start = Pick<SimulatedJobRun, "id" | "name" | "arguments" | "batch" | "run" | "startedAt" | "listedAt">;

/** A job run of which nothing is known but its start. */
export const startingJobRun = (start: Start): SimulatedJobRun => ({
  ...start,
  state: "STARTING",
  began: false,
  message: "",
  endedAt: null,
  reportedWell: false,
  isUnfit: false,
  stoppedByPerson: false,
  endedUnheard: false,
});

/** The batch and run that a manifest's URI names; none that exist if it is no such URI. */
export function claimOf(manifestUri: string): Pick<SimulatedJobRun, "batch" | "run"> {
  const [, batch = "", run] = /\/manifests\/([^/]+)\/(\d+)\.json$/.exec(manifestUri) ?? [];
  return { batch, run: Number(run ?? 0) };
}
