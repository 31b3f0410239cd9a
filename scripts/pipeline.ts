import { createInterface } from "node:readline/promises";
import { loadCommands } from "../operator/loadCommands.ts";
import { pipeline } from "../operator/main.ts";
import { pauseFor } from "../operator/sendOrder.ts";
import { openTarget } from "../operator/stack/open.ts";
import { createStatus } from "../terminal/status.ts";
import { createStyle } from "../terminal/style.ts";

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupted.abort());

async function ask(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // While readline asks, it handles Ctrl-C itself.
  terminal.on("SIGINT", () => interrupted.abort());
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `, { signal: interrupted.signal })).trim());
  } finally {
    terminal.close();
  }
}

// A reader may close the pipe early. Any other write error must fail the command.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") return;
  console.error(`failed: the output can't be written: ${error.message}`);
  process.exit(1);
});

process.exitCode = await pipeline(process.argv.slice(2), {
  commands: await loadCommands(),
  print: (text) => void process.stdout.write(`${text}\n`),
  printError: console.error,
  openTarget,
  ask: process.stdin.isTTY ? ask : null,
  style: createStyle(process.stdout),
  status: createStatus(process.stderr),
  signal: interrupted.signal,
  pause: (milliseconds) => pauseFor(milliseconds, interrupted.signal),
});
