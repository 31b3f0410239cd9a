import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "../setup/lock.mjs";
import { localDirectory } from "../setup/paths.mjs";
import { runningFile } from "./directory.ts";
import type { LocalStack } from "./index.ts";

/** The directory of the stack that `npm start` brings up. */
export const stackDirectory = join(localDirectory, "stack");

/** A local stack that another process keeps running. */
export type RunningStack = Omit<LocalStack, "redeploy" | "stop"> & { readonly pid: number };

export function writeRunning(
  { redeploy: _, stop: __, credentials, ...stack }: LocalStack,
  directory: string = stackDirectory,
): void {
  // The SDK adds its own fields to the credentials object.
  const { accessKeyId, secretAccessKey } = credentials;
  const running: RunningStack = { ...stack, credentials: { accessKeyId, secretAccessKey }, pid: process.pid };
  writeFileSync(join(directory, runningFile), `${JSON.stringify(running, null, 2)}\n`);
}

export function removeRunning(directory: string = stackDirectory): void {
  rmSync(join(directory, runningFile), { force: true });
}

/** The running stack, or null when none is running. The file of a process that was killed does not count. */
export function readRunning(directory: string = stackDirectory): RunningStack | null {
  let text: string;
  try {
    text = readFileSync(join(directory, runningFile), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  const running = JSON.parse(text) as RunningStack;
  return isAlive(running.pid) ? running : null;
}
