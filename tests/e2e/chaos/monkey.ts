import { readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../../generator/random.ts";
import { attempt, processesIn } from "../../local/processes.ts";

/** The processes that run function code: the local AWS starts each in a folder of its own below its temporary one. */
const functionProcesses = (stack: string) => processesIn(join(stack, "aws", "tmp"));

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
}

export interface MonkeyOptions {
  /** The stack's folder; nothing that runs elsewhere is touched. */
  readonly stack: string;
  readonly random: Random;
  /** Milliseconds between two kills of a kind, on average. */
  readonly every: { readonly function: number; readonly job: number };
  /** No more processes of Glue runs than these are killed: each run has to be run again. */
  readonly jobs: number;
  readonly signal: AbortSignal;
}

const tick = 100;
/** Milliseconds that a function has to load its code. One killed before has done nothing yet. */
const warmUp = 2000;

/** `kill -9` of function processes and of Glue runs' processes at random moments, until `signal`. */
export async function letLoose({ stack, random, every, jobs, signal }: MonkeyOptions): Promise<Kills> {
  const kills: Kills = { functions: 0, jobs: 0 };
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
  while (!signal.aborted) {
    const functions = functionProcesses(stack).filter(isWarm);
    if (random.chance(tick / every.function) && kill(functions)) kills.functions++;
    if (random.chance(tick / every.job) && kills.jobs < jobs && kill(jobProcesses(stack))) kills.jobs++;
    await sleep(tick, undefined, { signal }).catch(() => {});
  }
  return kills;
}
