import { readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../../generator/random.ts";
import { attempt, processesIn } from "../../local/processes.ts";

/** The processes that run function code: the local AWS starts each in a folder of its own below its temporary one. */
const functionProcesses = (stack: string) => processesIn(join(stack, "aws", "tmp"));

/** Whether it is the embedded engine's; the folder has the function's name. */
const isWorker = (pid: number): boolean =>
  attempt(() => /\/ministack-lambda-[^/]*-embedded-/.test(readlinkSync(`/proc/${pid}/cwd`))) ?? false;

/** The time that a process has computed so far. */
function computed(pid: number): number {
  const fields = attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8").split(" ")) ?? [];
  return Number(fields[13]) + Number(fields[14]);
}

/**
 * The processes of each batch's first run. Later runs are left alone: the gate waits a minute after one failure and ten
 * after a second, longer than chaos lasts. So is the guard, which is the local Glue's own hand.
 */
function jobProcesses(stack: string): number[] {
  const processes = processesIn(join(stack, "runs")).flatMap((pid) => {
    const found = attempt(() => ({ folder: readlinkSync(`/proc/${pid}/cwd`), command: commandOf(pid) }));
    return found ? [{ pid, ...found }] : [];
  });
  const isFirst = ({ command }: { command: string }) => /\/manifests\/[^/]+\/1\.json/.test(command);
  const first = new Set(processes.filter(isFirst).map(({ folder }) => folder));
  return processes
    .filter(({ folder, command }) => first.has(folder) && !command.includes("guard.mjs"))
    .map(({ pid }) => pid);
}

const commandOf = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, "utf8");

export interface Kills {
  functions: number;
  jobs: number;
  workers: number;
}

export interface MonkeyOptions {
  /** The stack's folder; nothing that runs elsewhere is touched. */
  readonly stack: string;
  readonly random: Random;
  /** Milliseconds between two kills of a kind, on average; none of a kind that is absent. */
  readonly every: Partial<Readonly<Record<"function" | "job" | "worker", number>>>;
  /** No more processes of Glue runs, or workers, than these are killed: each run has to be run again. */
  readonly runs: number;
  readonly signal: AbortSignal;
}

const tick = 100;
/** Milliseconds that a function has to load its code. One killed before has done nothing yet. */
const warmUp = 2000;

/**
 * `kill -9` of function processes, of Glue runs' processes and of the embedded engine's workers at random moments, until
 * `signal`. A worker is killed only while it computes.
 */
export async function letLoose({ stack, random, every, runs, signal }: MonkeyOptions): Promise<Kills> {
  const kills: Kills = { functions: 0, jobs: 0, workers: 0 };
  const firstSeen = new Map<number, number>();
  const isWarm = (pid: number) => {
    if (!firstSeen.has(pid)) firstSeen.set(pid, Date.now());
    return Date.now() - firstSeen.get(pid)! > warmUp;
  };
  const kill = (pids: readonly number[]): boolean => {
    const pid = pids[random.below(pids.length)];
    if (pid === undefined) return false;
    return attempt(() => readlinkSync(`/proc/${pid}/cwd`).startsWith(stack) && process.kill(pid, "SIGKILL")) ?? false;
  };
  const strikes = (mean = Number.POSITIVE_INFINITY) => random.chance(tick / mean);
  let spent = new Map<number, number>();
  while (!signal.aborted) {
    const warm = functionProcesses(stack).filter(isWarm);
    const workers = warm.filter(isWorker);
    const before = spent;
    spent = new Map(workers.map((pid) => [pid, computed(pid)]));
    const busy = workers.filter((pid) => spent.get(pid)! > before.get(pid)!);
    if (strikes(every.function) && kill(warm.filter((pid) => !workers.includes(pid)))) kills.functions++;
    if (strikes(every.job) && kills.jobs < runs && kill(jobProcesses(stack))) kills.jobs++;
    if (strikes(every.worker) && kills.workers < runs && kill(busy)) kills.workers++;
    await sleep(tick, undefined, { signal }).catch(() => {});
  }
  return kills;
}
