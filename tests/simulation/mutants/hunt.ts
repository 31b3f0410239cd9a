import { execFile } from "node:child_process";
import { bundleWith } from "./bundle.ts";
import type { Edit } from "./mutants.ts";

/** What the simulation said of the code with some edits. */
export type Finding =
  | { readonly kind: "caught"; readonly seed: number; readonly invariant: string; readonly detail: string }
  | { readonly kind: "survived" }
  | { readonly kind: "broken"; readonly message: string };

const timeout = 600_000;

/**
 * Simulates the edited code seed by seed, in a process of its own, until an invariant does not hold.
 * @param program where to write that process's code; below the repository, where Node finds the packages
 */
export async function hunt(edits: readonly Edit[], seeds: readonly number[], program: string): Promise<Finding> {
  try {
    await bundleWith(edits, program);
  } catch (error) {
    return { kind: "broken", message: (error as Error).message };
  }
  return new Promise((resolve) => {
    execFile(process.execPath, [program, seeds.join()], { timeout, killSignal: "SIGKILL" }, (error, stdout, stderr) => {
      const said = stdout.trim().split("\n").at(-1);
      if (said && (!error || error.code === 1)) return resolve(JSON.parse(said) as Finding);
      const message = error?.killed ? `no end after ${timeout / 1000} s` : stderr.trim().slice(0, 2000);
      resolve({ kind: "broken", message });
    });
  });
}
