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
