import { spawnSync } from "node:child_process";

/** Bytes that it may print: a state with all its inputs takes more than Node's default. */
const maxBuffer = 256 * 1024 * 1024;

/**
 * What a command of Pulumi's CLI prints, which is JSON.
 * @param Refusal thrown where there is no CLI, and with Pulumi's own last line when it refuses
 * @param missing what to do where there is no CLI, as the rest of the sentence
 */
export function askPulumi(args: readonly string[], Refusal: new (message: string) => Error, missing: string): unknown {
  const { error, status, stdout, stderr } = spawnSync("pulumi", args, { encoding: "utf8", maxBuffer });
  if ((error as NodeJS.ErrnoException | undefined)?.code === "ENOENT")
    throw new Refusal(`pulumi is not on the PATH${missing}`);
  if (error) throw error;
  const [last = ""] = stderr.trim().split("\n").slice(-1);
  if (status !== 0) throw new Refusal(`pulumi: ${last.replace(/^error: /, "")}`);
  return JSON.parse(stdout);
}
