import { createInterface } from "node:readline/promises";
import { loadCommands } from "./pipeline/commands.ts";
import { pipeline } from "./pipeline/main.ts";
import { openTarget } from "./pipeline/open.ts";
import { pauseFor } from "./pipeline/orders.ts";
import { createStatus } from "./start/status.ts";
import { createStyle } from "./start/style.ts";

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupted.abort());

async function ask(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // While it asks it takes Ctrl-C for itself.
  terminal.on("SIGINT", () => interrupted.abort());
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `, { signal: interrupted.signal })).trim());
  } finally {
    terminal.close();
  }
}

process.exitCode = await pipeline(process.argv.slice(2), {
  commands: await loadCommands(),
  print: console.log,
  printError: console.error,
  openTarget,
  ask: process.stdin.isTTY ? ask : null,
  style: createStyle(process.stdout),
  status: createStatus(process.stderr),
  signal: interrupted.signal,
  pause: (milliseconds) => pauseFor(milliseconds, interrupted.signal),
});
