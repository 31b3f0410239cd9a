import { execFile, execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parse } from "yaml";
import type { Snapshot } from "./snapshot/snapshot.ts";

/** An error that stops a plan; its `message` is for the user. */
export class PlanError extends Error {
  override readonly name = "PlanError";
}

const execute = promisify(execFile);
const maxBuffer = 64 * 1024 * 1024;
const snapshotFolder = join(dirname(fileURLToPath(import.meta.url)), "snapshot");

/** The commit that `ref` names. @throws PlanError */
export function commitOf(ref: string): string {
  try {
    return execFileSync("git", ["rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`], {
      encoding: "utf8",
    }).trim();
  } catch {
    throw new PlanError(`"${ref}" is not a commit of this repository; fetch it, or name another with --base`);
  }
}

/**
 * Runs `use` on the files of a commit, in a temporary folder. An archive, unlike a work tree, leaves no trace in the
 * repository even when the plan is interrupted.
 * @throws PlanError when its dependencies can't be installed
 */
export async function withCommit<T>(commit: string, use: (tree: string) => Promise<T>): Promise<T> {
  const tree = mkdtempSync(join(tmpdir(), "plan-"));
  try {
    const archive = execFileSync("git", ["archive", "--format=tar", commit], { maxBuffer });
    execFileSync("tar", ["-x", "-C", tree], { input: archive });
    await provideModules(tree);
    return await use(tree);
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

/** A commit with the same lock file uses the modules installed here; any other commit gets its own. */
async function provideModules(tree: string): Promise<void> {
  const lock = (folder: string) => readFileSync(join(folder, "package-lock.json"), "utf8");
  if (lock(tree) === lock(".")) {
    symlinkSync(resolve("node_modules"), join(tree, "node_modules"));
    return;
  }
  // npm gives its own path to the scripts that it runs, and that npm certainly exists.
  const npm = process.env.npm_execpath;
  const args = ["ci", "--omit=dev", "--no-audit", "--no-fund", "--no-progress"];
  const [command, all] = npm?.endsWith(".js") ? [process.execPath, [npm, ...args]] : ["npm", args];
  try {
    await execute(command, all, { cwd: tree, maxBuffer });
  } catch (error) {
    const { stderr = "", message } = error as Error & { stderr?: string };
    throw new PlanError(`the base has other dependencies, and they can't be installed:\n${stderr.trim() || message}`);
  }
}

/**
 * The stack's settings. Secrets are replaced by a placeholder, as there is no key to read them.
 * @throws PlanError
 */
export function settingsOf(tree: string, stack: string): Record<string, string> {
  const file = join(tree, `Pulumi.${stack}.yaml`);
  let config: Record<string, unknown>;
  try {
    config = parse(readFileSync(file, "utf8")).config ?? {};
  } catch (error) {
    throw new PlanError(`Pulumi.${stack}.yaml can't be read: ${(error as Error).message}`);
  }
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, typeof value === "object" ? "[secret]" : String(value)]),
  );
}

/**
 * The resources that the program in `tree` would declare for `stack`. It runs in its own process with its own modules.
 * @throws PlanError with the program's own message when it fails
 */
export async function snapshot(tree: string, stack: string): Promise<Snapshot> {
  const { main } = parse(readFileSync(join(tree, "Pulumi.yaml"), "utf8")) as { main: string };
  // Inside the tree, so that imports find the tree's modules.
  const folder = mkdtempSync(join(tree, ".plan-"));
  try {
    cpSync(snapshotFolder, folder, { recursive: true });
    const out = join(folder, "snapshot.json");
    // A stack that was never deployed may not say yet in which account it lives.
    const settings = JSON.stringify({ "commerce:account": "123456789012", ...settingsOf(tree, stack) });
    await execute(process.execPath, ["--import", "tsx", join(folder, "run.ts"), main, stack, settings, out], {
      cwd: tree,
      maxBuffer,
    });
    return JSON.parse(readFileSync(out, "utf8"));
  } catch (error) {
    if (error instanceof PlanError) throw error;
    const { stderr = "", message } = error as Error & { stderr?: string };
    throw new PlanError(stderr.trim() || message);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
