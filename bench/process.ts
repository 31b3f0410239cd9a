import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root, venvPython } from "../setup/paths.mjs";
import type { Figures } from "./benchmark.ts";

export interface ProcessOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

/** The output of a command to stdout and stderr. @throws Error with the end of this output when the command fails */
export function runOutput(command: string, args: readonly string[], options: ProcessOptions = {}): Promise<string> {
  const { env, cwd = root } = options;
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd, env: { ...process.env, ...env }, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (!error) return resolve(`${stdout}${stderr}`);
      reject(new Error(`${[command, ...args].join(" ")} failed:\n${lastLines(`${stdout}${stderr}`)}`));
    });
  });
}

const lastLines = (text: string) => text.trimEnd().split("\n").slice(-20).join("\n");

/**
 * Runs a command and waits for all processes that it starts. Its output goes to `log`.
 * @returns `seconds` by the clock, `cpu` seconds of all its processes, and `peak`, the MB of the largest process
 */
export async function timed(
  log: string,
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<Figures & { readonly seconds: number; readonly cpu: number; readonly peak: number }> {
  try {
    const output = await runOutput(venvPython, [join(root, "bench", "timed.py"), log, command, ...args], options);
    const { seconds, cpu, peak } = JSON.parse(output) as Record<"seconds" | "cpu" | "peak", number>;
    return { seconds, cpu, peak: peak / 1e6 };
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${lastLines(readFileSync(log, "utf8"))}`);
  }
}
