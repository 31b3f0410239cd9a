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

/** A third of a gigabyte of jars, which pip makes a wheel of: to pack them once more would take longer than the rest. */
const wheelSettings = join(root, "setup", "wheel.cfg");

export const pip = (...args) =>
  run(venvPython, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", ...args], {
    env: { ...process.env, DIST_EXTRA_CONFIG: wheelSettings },
  });

/**
 * The lock in two parts that are installed at the same time: what pip has to build, and the rest.
 * @param {string} lock
 * @returns {string[]}
 */
export function lockParts(lock) {
  // An entry goes on in the indented lines after it.
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
