import { dpuOf, price } from "../../components/prices.ts";
import type { Plain, Snapshot } from "./snapshot/snapshot.ts";

/** One batch a day, as in a daily delivery. */
export const runsPerMonth = 30;

/** The most that one job can cost, in US dollars. */
export interface JobCost {
  readonly name: string;
  readonly workers: number;
  readonly workerType: string;
  /** In minutes. */
  readonly timeout: number;
  /** Total runs for the same inputs. */
  readonly attempts: number;
  /** A run that is stopped by its timeout. */
  readonly perRun: number;
  /** A month of such runs, one for each batch. */
  readonly perMonth: number;
  /** A month in which every batch uses up its attempts. */
  readonly perMonthOfFailures: number;
}

function costOf({ name, numberOfWorkers, workerType, timeout }: Plain, attempts: number): JobCost {
  const size = String(workerType);
  const dpu = dpuOf[size];
  if (dpu === undefined) throw new Error(`components/prices.ts has no price for a worker ${size}`);
  const perRun = Number(numberOfWorkers) * dpu * (Number(timeout) / 60) * price.usdPerDpuHour;
  return {
    name: String(name),
    workers: Number(numberOfWorkers),
    workerType: size,
    timeout: Number(timeout),
    attempts,
    perRun,
    perMonth: perRun * runsPerMonth,
    perMonthOfFailures: perRun * runsPerMonth * attempts,
  };
}

/** The maximum number of runs that the functions start for the same inputs. */
function attemptsOf({ resources }: Snapshot): number {
  const settings = resources
    .filter(({ type }) => type === "aws:lambda/function:Function")
    .map(({ inputs }) => (inputs.code as Plain | undefined)?.["settings.json"] as Plain | undefined);
  return Math.max(1, ...settings.map((setting) => Number(setting?.attempts ?? 1)));
}

export function jobCosts(snapshot: Snapshot): JobCost[] {
  const attempts = attemptsOf(snapshot);
  return snapshot.resources
    .filter(({ type }) => type === "aws-native:glue:Job")
    .map(({ inputs }) => costOf(inputs, attempts));
}
