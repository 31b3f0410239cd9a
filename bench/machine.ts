import { readFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";
import { javaHome, venvPython } from "../setup/paths.mjs";
import { runOutput } from "./process.ts";

/** The machine in one line, without details that identify its owner. */
export async function machine(): Promise<string> {
  const [{ model } = { model: "unknown CPU" }] = cpus();
  const [python, java] = await Promise.all([
    runOutput(venvPython, ["--version"]),
    runOutput(join(javaHome(), "bin", "java"), ["-version"]),
  ]);
  return [
    `${model.trim()}, ${cpus().length} ${cpus().length === 1 ? "core" : "cores"}`,
    `${Math.round(totalmem() / 1024 ** 3)} GiB`,
    system(),
    `Node ${process.versions.node}`,
    python.trim(),
    `Java ${java.match(/version "([^"]+)"/)?.[1] ?? "unknown"}`,
  ].join("; ");
}

function system(): string {
  try {
    return readFileSync("/etc/os-release", "utf8").match(/^PRETTY_NAME="(.+)"$/m)?.[1] ?? type();
  } catch {
    return `${type()} ${release()}`;
  }
}
