import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { localDirectory, root } from "../setup/paths.mjs";
import { pip } from "../setup/python.mjs";

const requirements = join(root, "bench", "requirements.txt");

/** Installs, once, the packages that only a benchmark needs in their own folder. Returns the folder for PYTHONPATH. */
export async function polarsFolder(): Promise<string> {
  const folder = join(localDirectory, "bench", "python");
  const stamp = join(folder, ".installed");
  const wanted = createHash("sha256").update(readFileSync(requirements)).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return folder;
  rmSync(folder, { recursive: true, force: true });
  await pip("--require-hashes", "--no-deps", "--target", folder, "-r", requirements);
  writeFileSync(stamp, wanted);
  return folder;
}
