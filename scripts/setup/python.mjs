import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.mjs";
import { root, venv, venvPython } from "./paths.mjs";

const requirements = join(root, "requirements.txt");
// Inside the environment, so that it disappears with it.
const stamp = join(venv, ".installed");
const wanted = () => createHash("sha256").update(readFileSync(requirements)).digest("hex");

/** existsSync follows the link, so an environment whose interpreter was removed counts as none. */
export const hasVenv = () => existsSync(venvPython) && existsSync(join(venv, "pyvenv.cfg"));
export const pythonIsCurrent = () => hasVenv() && existsSync(stamp) && readFileSync(stamp, "utf8") === wanted();

export async function createVenv(interpreter) {
  await run(interpreter, ["-m", "venv", "--clear", venv]);
}

export const pip = (...args) =>
  run(venvPython, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", ...args]);

export async function installPythonPackages() {
  const hash = wanted();
  await pip("--require-hashes", "-r", requirements);
  writeFileSync(stamp, hash);
}
