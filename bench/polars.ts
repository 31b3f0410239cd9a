import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { localDirectory, root } from "../setup/paths.mjs";
import { pip } from "../setup/python.mjs";

const requirements = join(root, "bench", "requirements.txt");

/** Installs what only a benchmark needs, once, in a folder of its own. Returns it, for PYTHONPATH. */
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
