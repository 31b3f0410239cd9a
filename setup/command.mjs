import { spawn } from "node:child_process";

/** An error that a person has to fix; its message is shown without a stack trace. */
export class SetupError extends Error {
  name = "SetupError";
}

const shownLines = 30;

/**
 * Runs a command quietly.
 * @returns {Promise<string>} its output to stdout and stderr
 * @throws SetupError with the end of this output when the command fails
 */
export function run(command, args, { cwd, env } = {}) {
  return new Promise((resolve, reject) => {
    let output = "";
    const child = spawn(command, args, { cwd, env: env ?? process.env, stdio: ["ignore", "pipe", "pipe"] });
    const collect = (chunk) => {
      output += chunk;
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", (error) => reject(new SetupError(`${command} could not be started: ${error.message}`)));
    child.on("close", (code) => {
      if (code === 0) return resolve(output);
      const end = output.trimEnd().split("\n").slice(-shownLines).join("\n");
      reject(new SetupError(`${[command, ...args].join(" ")} failed (${code}):\n${end}`));
    });
  });
}
