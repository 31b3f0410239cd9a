/**
 * `node guard.mjs LOG COMMAND [arguments]`: runs a command in its own process group. It ends the whole group when the
 * command ends, when it gets a signal, or when its stdin closes because the parent process has ended in any way.
 */
import { spawn } from "node:child_process";
import { openSync } from "node:fs";

const grace = 5000;
const [logFile, command, ...args] = process.argv.slice(2);
const log = openSync(logFile, "a");
const child = spawn(command, args, { detached: true, stdio: ["ignore", log, log] });

const signalGroup = (signal) => {
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
};

let ending = false;
const end = () => {
  if (ending) return;
  ending = true;
  signalGroup("SIGTERM");
  setTimeout(() => signalGroup("SIGKILL"), grace).unref();
};

process.stdin.resume();
process.stdin.on("end", end).on("error", end);
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, end);

child.on("error", (error) => {
  console.error(`${command}: ${error.message}`);
  process.exit(127);
});
child.on("exit", (code, signal) => {
  signalGroup("SIGKILL");
  process.exit(signal ? 128 : code);
});
