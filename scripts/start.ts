import { once } from "node:events";
import { ConfigError } from "../config/load.ts";
import type { LocalStack } from "../local/index.ts";
import { removeRunning, writeRunning } from "../local/running.ts";
import { SetupError } from "../setup/command.mjs";
import { parseStart, startFlags } from "../start/arguments.ts";
import { runSession } from "../start/session.ts";
import { UsageError, usage } from "../terminal/flags.ts";
import { createStatus } from "../terminal/status.ts";
import { createStyle } from "../terminal/style.ts";

/** Milliseconds. Ending takes a few seconds. The guards end with this process, and they end processes that hang. */
const stopPatience = 20_000;
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    console.log(usage("npm start -- [flags]", startFlags));
    return 0;
  }
  const options = parseStart(args);
  const interrupted = new AbortController();
  // A terminal signals the whole process group and the task runner passes the signal on, so one Ctrl-C arrives twice.
  const interrupt = () => {
    interrupted.abort();
    setTimeout(() => process.exit(130), stopPatience).unref();
  };
  for (const signal of signals) process.on(signal, interrupt);
  const status = createStatus(process.stderr);
  let stack: Promise<LocalStack> | undefined;
  try {
    const isGood = await runSession({
      options,
      status,
      style: createStyle(process.stdout),
      print: console.log,
      signal: interrupted.signal,
      onStack: (starting) => {
        stack = starting;
      },
    });
    const exitCode = isGood ? 0 : 1;
    if (options.keep) await keep(await stack!, interrupted.signal);
    return exitCode;
  } catch (error) {
    status.clear();
    if (interrupted.signal.aborted) {
      console.error("stopped");
      return 130;
    }
    const up = await stack?.catch(() => undefined);
    console.error(describe(error));
    if (up) console.error(`the log is ${up.logFile}`);
    return error instanceof UsageError || error instanceof ConfigError ? 2 : 1;
  } finally {
    const up = await stack?.catch(() => undefined);
    await up?.stop();
  }
}

/** Keeps the stack running for other processes until this one gets a signal. */
async function keep(stack: LocalStack, signal: AbortSignal): Promise<void> {
  writeRunning(stack);
  console.log(
    "\nthe local stack keeps running: npm run pipeline -- --help lists the commands; Ctrl-C or npm stop ends it",
  );
  try {
    if (!signal.aborted) await once(signal, "abort");
  } finally {
    removeRunning();
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof SetupError) return `setup: ${error.message}`;
  return error instanceof UsageError || error instanceof ConfigError ? error.message : `failed: ${error.message}`;
}

const exit = (code: number) => process.exit(code);
main(process.argv.slice(2)).then(exit, (error: unknown) => {
  console.error(describe(error));
  exit(error instanceof UsageError ? 2 : 1);
});
