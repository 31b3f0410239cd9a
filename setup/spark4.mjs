/** Spark as in Glue 6.0, which only tests use: the environment of Python has Spark as in Glue 5.1. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheFolder, root } from "./paths.mjs";
import { pip } from "./python.mjs";

const lock = join(root, "requirements-spark4.txt");

/**
 * Installs it once for all checkouts of this machine.
 * @returns {Promise<string>} the folder of its packages, which comes first in Python's path
 */
export async function prepareSpark4(progress) {
  const digest = createHash("sha256").update(readFileSync(lock)).digest("hex");
  const folder = join(cacheFolder(), `spark4-${digest.slice(0, 16)}`);
  if (!existsSync(folder)) await progress.step("Spark 4.1, fetched by pip once", () => install(folder));
  return folder;
}

async function install(folder) {
  mkdirSync(dirname(folder), { recursive: true });
  const work = mkdtempSync(join(dirname(folder), "installing-"));
  try {
    await pip("--require-hashes", "--no-deps", "--no-compile", "--target", join(work, "packages"), "-r", lock);
    renameSync(join(work, "packages"), folder);
  } catch (error) {
    // Another process may have been first, and has the same.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
