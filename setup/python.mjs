import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.mjs";
import { root, venv, venvPython } from "./paths.mjs";

// The stamps are inside the environment, so they disappear with the environment.
const part = (name, lock) => ({ lock: join(root, lock), stamp: join(venv, `.installed-${name}`) });

/** What every command needs that runs Python. */
export const basePackages = part("base", "requirements.txt");
/** Spark and what tests it. These packages lean on the base, so they are installed after it. */
export const sparkPackages = part("spark", "requirements-spark.txt");

const wanted = ({ lock }) => createHash("sha256").update(readFileSync(lock)).digest("hex");

/** existsSync follows the link, so an environment without its interpreter counts as missing. */
export const hasVenv = () => existsSync(venvPython) && existsSync(join(venv, "pyvenv.cfg"));
export const isInstalled = (packages) =>
  hasVenv() && existsSync(packages.stamp) && readFileSync(packages.stamp, "utf8") === wanted(packages);

export async function createVenv(interpreter) {
  await run(interpreter, ["-m", "venv", "--clear", venv]);
}

/** pip builds a wheel from a third of a gigabyte of jars. Compressing them again would take longer than the rest. */
const wheelSettings = join(root, "setup", "wheel.cfg");

export const pip = (...args) =>
  run(venvPython, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", ...args], {
    env: { ...process.env, DIST_EXTRA_CONFIG: wheelSettings },
  });

export async function install(packages) {
  const hash = wanted(packages);
  await pip("--require-hashes", "--no-deps", "-r", packages.lock);
  const others = [basePackages, sparkPackages].filter((one) => one !== packages && existsSync(one.stamp));
  // Packages of an older lock need not fit; they are checked when they are brought up to date.
  if (others.every(isInstalled)) await run(venvPython, ["-m", "pip", "check"]);
  writeFileSync(packages.stamp, hash);
}
