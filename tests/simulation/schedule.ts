import { transition } from "../../handlers/ledger/transition.ts";
import { Chance } from "./chance.ts";
import { Cloud } from "./cloud.ts";
import { isAlive } from "./jobRun.ts";
import { checkQuiescence, checkRefused, checkTold, isRefused } from "./quiescence.ts";
import { deadline, tableNames } from "./settings.ts";
import { isUnsettled } from "./witness.ts";
import { Workload } from "./workload.ts";
import { beginning, minute, type Tally, type Violation, World } from "./world.ts";

export interface ScheduleOptions {
  /** The questions to chance that may be answered with anything but calm; null for all. */
  readonly only?: ReadonlySet<string> | null;
  /** The protocol; the pipeline's own, save where the simulation itself is on trial. */
  readonly transition?: typeof transition;
  /** Whether story and questions are wanted. */
  readonly record?: boolean;
}

export interface ScheduleResult {
  readonly seed: number;
  readonly violation: Violation | null;
  readonly calls: number;
  readonly tally: Tally;
  readonly batches: number;
  /** Virtual milliseconds. */
  readonly duration: number;
  /** Empty unless recorded. */
  readonly story: readonly string[];
  readonly asked: readonly string[];
}

/** Runs one schedule: what its seed makes happen, then peace, until everything has come to rest. */
export async function runSchedule(
  seed: number,
  { only = null, record = false, transition: decide = transition }: ScheduleOptions = {},
): Promise<ScheduleResult> {
  const chance = new Chance(seed, { only, record });
  const story: string[] | null = record ? [] : null;
  const world = new World(chance, story);
  const cloud = new Cloud(world, seed, decide);
  const workload = new Workload(world);
  // A stack has swept before anybody uploads.
  world.calm = true;
  cloud.invokeSettle({ kind: "sweep" }, "sweep/first");
  await world.run(beginning + minute);
  world.calm = false;
  for (const deed of workload.deeds) world.at(deed.at, () => cloud.perform(deed));
  await disturb(cloud, workload.end + 40 * minute);
  await settleDown(cloud);
  if (world.violation === null) checkQuiescence(cloud);
  const { violation, calls, tally, now } = world;
  const batches = cloud.witness.batches.size;
  const asked = [...(chance.asked ?? [])];
  return { seed, violation, calls, tally, batches, duration: now - beginning, story: story ?? [], asked };
}

/** The time in which everything may go wrong. */
async function disturb(cloud: Cloud, until: number): Promise<void> {
  const { world } = cloud;
  const sweepEvery = [30, 15, 45, 6][world.chance.weighted("sweeps apart", [6, 2, 2, 1])]! * minute;
  for (let number = 1; world.now < until && world.violation === null; number++) {
    await world.run(world.now + sweepEvery);
    if (!world.chance.happens(`sweep/${number}/skipped`, 1000))
      cloud.invokeSettle({ kind: "sweep" }, `sweep/${number}`);
    else for (const batch of cloud.witness.batches.keys()) world.hurt("sweep skipped", batch);
  }
}

/** Faults are over; what they left behind is put in order by sweep, reconciliation and redrive. */
async function settleDown(cloud: Cloud): Promise<void> {
  const { world } = cloud;
  world.calm = true;
  world.tell(() => "from here on nothing goes wrong any more, but for what refuses for good");
  await rest(cloud, "refused");
  if (world.violation === null) checkRefused(cloud);
  for (const table of tableNames) world.takeAway(`table ${table}`, world.now);
  await rest(cloud, "calm");
  cloud.redrive("redrive/calm");
  await rest(cloud, "redriven");
  if (world.violation === null) checkTold(cloud);
  cloud.invokeSettle({ kind: "reconcile" }, "reconcile/calm");
  await rest(cloud, "reconciled");
  if (world.violation === null) await world.run(world.now + deadline);
  await rest(cloud, "late");
}

const patience = 60;

async function rest(cloud: Cloud, phase: string): Promise<void> {
  const { world } = cloud;
  for (let number = 1; world.violation === null; number++) {
    if (number > patience) return world.violate("it comes to rest", whatIsUp(cloud).join(", "));
    await world.run(world.now + 20 * minute);
    cloud.invokeSettle({ kind: "sweep" }, `sweep/${phase} ${number}`);
    await world.run(world.now + 10 * minute);
    if (whatIsUp(cloud).length === 0) return;
  }
}

/** What has not come to rest. What a table refuses for good goes on for ever. */
function whatIsUp(cloud: Cloud): string[] {
  const { world } = cloud;
  return [
    ...(cloud.isBusy ? ["messages or calls of functions"] : []),
    ...cloud.jobRuns.filter(isAlive).map(({ id }) => id),
    ...[...cloud.witness.batches].flatMap(([batch, { document }]) => [
      ...(document?.effects ?? []).filter((effect) => !isRefused(effect, world)).map(({ id }) => `${batch} ${id}`),
      ...(document?.runs ?? []).filter(isUnsettled).map(({ run }) => `${batch} run ${run}`),
    ]),
  ];
}
