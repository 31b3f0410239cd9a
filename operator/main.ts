import { randomUUID } from "node:crypto";
import { parseWords, UsageError } from "../terminal/flags.ts";
import type { Status } from "../terminal/status.ts";
import type { Style } from "../terminal/style.ts";
import { printable } from "../terminal/text.ts";
import { type Command, exitCodes, NotConfirmed } from "./defineCommand.ts";
import { type changeFlags, findCommand, flagsOf, helpOf, type jsonFlag, overview, usageOf } from "./help.ts";
import { checkChoice, type TargetChoice, type targetFlags } from "./stack/open.ts";
import type { Target } from "./stack/target.ts";
import { Refused } from "./story/foresee.ts";

/** Everything outside the commands that they use. */
export interface World {
  readonly commands: readonly Command[];
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
  /** @throws UsageError when there is no such stack */
  readonly openTarget: (choice: TargetChoice) => Target;
  /** Null if nobody can be asked. */
  readonly ask: ((question: string) => Promise<boolean>) | null;
  readonly style: Style;
  readonly status: Status;
  readonly signal: AbortSignal;
  readonly pause: (milliseconds: number) => Promise<void>;
}

/** Runs one command line and returns the exit code. An error that the user can fix is printed as one line. */
export async function pipeline(args: readonly string[], given: World): Promise<number> {
  const world = onlyPrintable(given);
  try {
    return await dispatch(args, world);
  } catch (error) {
    world.status.clear();
    if (world.signal.aborted) {
      world.printError("stopped");
      return exitCodes.stopped;
    }
    world.printError(describe(error));
    return exitCodeOf(error);
  }
}

/** Makes all output printable, so that no text from outside can control the terminal. */
function onlyPrintable(world: World): World {
  const { print, printError, status, ask, style } = world;
  return {
    ...world,
    print: (text) => print(printable(text, style.isOn)),
    printError: (text) => printError(printable(text)),
    ask: ask && ((question) => ask(printable(question))),
    status: {
      show: (track, text) => status.show(printable(track), printable(text)),
      done: (track, text) => status.done(printable(track), printable(text)),
      clear: () => status.clear(),
    },
  };
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof UsageError || error instanceof NotConfirmed) return error.message;
  const message = error.message.replace(/\s*\n\s*/g, " ");
  return error instanceof Refused ? `refused: ${message}` : `failed: ${message}`;
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.usage;
  return error instanceof Refused ? exitCodes.refused : exitCodes.failed;
}

async function dispatch(args: readonly string[], world: World): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined) throw new UsageError(overview(world.commands));
  if (name === "--help" || name === "-h" || name === "help") {
    const [about] = rest;
    world.print(about === undefined ? overview(world.commands) : helpOf(findCommand(world.commands, about)));
    return exitCodes.done;
  }
  const command = findCommand(world.commands, name);
  if (rest.includes("--help") || rest.includes("-h")) {
    world.print(helpOf(command));
    return exitCodes.done;
  }
  return await runCommand(command, rest, world);
}

async function runCommand(command: Command, args: readonly string[], world: World): Promise<number> {
  const { words, values } = parseWords(args, flagsOf(command));
  checkWords(command, words);
  const { json } = values as { [Name in keyof typeof jsonFlag]?: true };
  const { "dry-run": isDryRun, yes } = values as { [Name in keyof typeof changeFlags]?: true };
  const choice = values as { [Name in keyof typeof targetFlags]?: never };
  checkChoice(choice);
  const { print, style, status, signal, pause } = world;
  let opened: Target | undefined;
  try {
    const { exitCode, lines, data } = await command.run({
      words,
      flags: values,
      choice,
      target: async () => {
        opened ??= world.openTarget(choice);
        return opened;
      },
      isDryRun: isDryRun === true,
      confirm: (question) => confirm(question, yes === true, world.ask),
      isJson: json === true,
      print,
      style,
      status,
      signal,
      pause,
      orderId: () => `operator-${randomUUID()}`,
    });
    const result = json ? [JSON.stringify(data, null, 2)] : lines;
    if (result.length > 0 && data !== undefined) print(result.join("\n"));
    return exitCode;
  } finally {
    opened?.close();
  }
}

function checkWords(command: Command, words: readonly string[]): void {
  const { name, words: wanted } = command;
  const usage = `npm run pipeline -- ${usageOf(command)}`;
  const needed = wanted.filter((word) => !word.startsWith("["));
  if (words.length < needed.length)
    throw new UsageError(`${name} needs ${needed[words.length]!.replace("…", "")}: ${usage}`);
  const takesMany = wanted.some((word) => word.endsWith("…"));
  if (words.length > wanted.length && !takesMany)
    throw new UsageError(`"${words[wanted.length]}" is one word too many for ${name}: ${usage}`);
}

async function confirm(question: string, isSaid: boolean, ask: World["ask"]): Promise<void> {
  if (isSaid) return;
  if (ask === null) throw new UsageError(`nobody can be asked here, so add --yes to do it: ${question}`);
  if (!(await ask(question))) throw new NotConfirmed("nothing was changed");
}
