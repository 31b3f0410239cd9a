import { StackSettingsError } from "../components/stackSettings.ts";
import { ConfigError } from "../config/load.ts";
import { PlanError } from "../review/plan/trees.ts";
import { type Flags, type FlagValues, parseWords, UsageError } from "../terminal/flags.ts";
import { type NamedStack, openStack, RemovalRefused } from "./openStack.ts";

const ofTheUser = [UsageError, PlanError, StackSettingsError, ConfigError, RemovalRefused];

/** Runs a command on one stack: `npm run NAME -- STACK [flags]`. What a person can mend is told in one line. */
export async function onStack<const F extends Flags>(
  usage: string,
  flags: F,
  work: (stack: NamedStack, values: FlagValues<F>) => Promise<void>,
): Promise<void> {
  let opened: NamedStack | undefined;
  try {
    const args = process.argv.slice(2);
    if (args.includes("--help") || args.includes("-h")) return console.log(usage);
    const { words, values } = parseWords(args, flags);
    const [stack, ...rest] = words;
    if (stack === undefined || rest.length > 0) throw new UsageError(`name one stack\n${usage}`);
    opened = await openStack(stack);
    await work(opened, values);
  } catch (error) {
    const isKnown = ofTheUser.some((kind) => error instanceof kind);
    console.error(isKnown ? (error as Error).message : `failed: ${(error as Error).message}`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  } finally {
    for (const client of Object.values(opened?.clients ?? {})) client.destroy();
  }
}
