import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.mjs";
import { root, venv, venvPython } from "./paths.mjs";

const requirements = join(root, "requirements.txt");
// The stamp is inside the environment, so it disappears with the environment.
const stamp = join(venv, ".installed");
const wanted = () => createHash("sha256").update(readFileSync(requirements)).digest("hex");

/** existsSync follows the link, so an environment without its interpreter counts as missing. */
export const hasVenv = () => existsSync(venvPython) && existsSync(join(venv, "pyvenv.cfg"));
export const pythonIsCurrent = () => hasVenv() && existsSync(stamp) && readFileSync(stamp, "utf8") === wanted();

export async function createVenv(interpreter) {
  await run(interpreter, ["-m", "venv", "--clear", venv]);
}

/** pip builds a wheel from a third of a gigabyte of jars. Compressing them again would take longer than the rest. */
const wheelSettings = join(root, "setup", "wheel.cfg");

export const pip = (...args) =>
  run(venvPython, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", ...args], {
    env: { ...process.env, DIST_EXTRA_CONFIG: wheelSettings },
  });

/**
 * Splits the lock into two parts that are installed at the same time: packages that pip has to build, and the rest.
 * @param {string} lock
 * @returns {string[]}
 */
export function lockParts(lock) {
  // The indented lines after an entry belong to it.
  const entries = lock.match(/^[^\s#].*(?:\n[ \t].*)*/gm) ?? [];
  const isBuilt = (entry) => entry.startsWith("pyspark==");
  return [entries.filter(isBuilt), entries.filter((entry) => !isBuilt(entry))].map((part) => `${part.join("\n")}\n`);
}

export async function installPythonPackages() {
  const hash = wanted();
  const parts = lockParts(readFileSync(requirements, "utf8")).map((text, index) => {
    const file = join(venv, `requirements-${index + 1}.txt`);
    writeFileSync(file, text);
    return file;
  });
  const results = await Promise.allSettled(parts.map((file) => pip("--require-hashes", "--no-deps", "-r", file)));
  const failed = results.find(({ status }) => status === "rejected");
  if (failed) throw failed.reason;
  await run(venvPython, ["-m", "pip", "check"]);
  writeFileSync(stamp, hash);
}
