import { asOf, dpuOf, sources, usdPerDpuHour, usdPerSecond } from "../../components/prices.ts";
import type { Plain, PlannedResource, Snapshot } from "./snapshot/snapshot.ts";

/** One batch a day, as in a daily delivery. */
export const runsPerMonth = 30;

/** The most that one engine can cost, in US dollars. */
export interface EngineCost {
  readonly name: string;
  /** What decides the cost of a run, and its limit of time. */
  readonly size: string;
  /** Total runs for the same inputs. */
  readonly attempts: number;
  /** A run that is stopped by its timeout. */
  readonly perRun: number;
  /** A month of such runs, one for each batch. */
  readonly perMonth: number;
  /** A month in which every batch uses up its attempts. */
  readonly perMonthOfFailures: number;
  /** The price, with its source. */
  readonly price: string;
}

type Run = Pick<EngineCost, "size" | "perRun" | "price">;

/** Of a job with so many workers, which all work until the end. */
export function glueRun(glueVersion: string, workers: number, workerType: string, seconds: number): Run {
  const dpu = dpuOf[workerType];
  if (dpu === undefined) throw new Error(`components/prices.ts has no price for a worker ${workerType}`);
  const perHour = usdPerDpuHour(glueVersion);
  return {
    size: `${workers} × ${workerType}, ${seconds / 60} min`,
    perRun: workers * dpu * (seconds / 3600) * perHour,
    price: `USD ${perHour} per DPU-hour (${sources.glue}, ${asOf})`,
  };
}

export function functionRun(memory: number, storage: number, seconds: number): Run {
  const perSecond = usdPerSecond(memory, storage);
  return {
    size: `${memory} MiB, ${seconds / 60} min`,
    perRun: perSecond * seconds,
    price: `USD ${perSecond.toPrecision(3)} per second of the function (${sources.lambda}, ${asOf})`,
  };
}

/** A run that is stopped by its timeout, if the resource is an engine. */
function longestRun({ type, urn, inputs }: PlannedResource, { parents }: Snapshot): Run | null {
  if (type === "aws-native:glue:Job") {
    const { glueVersion, numberOfWorkers, workerType, timeout } = inputs;
    return glueRun(String(glueVersion), Number(numberOfWorkers), String(workerType), Number(timeout) * 60);
  }
  if (
    type === "aws:lambda/function:Function" &&
    parents[parents[urn] ?? ""]?.includes("commerce:engine:EmbeddedEngine")
  ) {
    const storage = (inputs.ephemeralStorage as Plain).size;
    return functionRun(Number(inputs.memorySize), Number(storage), Number(inputs.timeout));
  }
  return null;
}

/** The maximum number of runs that the functions start for the same inputs. */
function attemptsOf({ resources }: Snapshot): number {
  const settings = resources
    .filter(({ type }) => type === "aws:lambda/function:Function")
    .map(({ inputs }) => (inputs.code as Plain | undefined)?.["settings.json"] as Plain | undefined);
  return Math.max(1, ...settings.map((setting) => Number(setting?.attempts ?? 1)));
}

export function engineCosts(snapshot: Snapshot): EngineCost[] {
  const attempts = attemptsOf(snapshot);
  return snapshot.resources.flatMap((resource) => {
    const run = longestRun(resource, snapshot);
    if (!run) return [];
    const perMonth = run.perRun * runsPerMonth;
    return [
      { name: String(resource.inputs.name), ...run, attempts, perMonth, perMonthOfFailures: perMonth * attempts },
    ];
  });
}
