import { nearest } from "../config/nearest.ts";
import { type Flags, UsageError } from "../terminal/flags.ts";
import { wrap } from "../terminal/text.ts";
import type { Command } from "./defineCommand.ts";
import { targetFlags } from "./stack/open.ts";

export const jsonFlag = { json: { kind: "switch", help: "print the result as JSON, for programs" } } as const;
export const changeFlags = {
  "dry-run": { kind: "switch", help: "only say what would be done" },
  yes: { kind: "switch", help: "don't ask first" },
} as const;

/** Every flag of a command, its own first. */
export const flagsOf = ({ flags, changes, asks = changes, isLocal = false }: Command): Flags => ({
  ...flags,
  ...(changes ? { "dry-run": changeFlags["dry-run"] } : {}),
  ...(asks ? { yes: changeFlags.yes } : {}),
  ...jsonFlag,
  ...(isLocal ? {} : targetFlags),
});

/** `rollback BATCH --run N` */
export const usageOf = ({ name, words, required }: Command): string =>
  [name, ...words, ...(required ? [required] : [])].join(" ");

const exitText =
  "Exit codes: 0 done; 1 it failed, or the answer was no; 2 the command line can't be used; 3 the ledger refused the order; 4 the batch waits for a file or a decision; 130 stopped by Ctrl-C.";

/** What all commands have in common, and one line for each. */
export function overview(commands: readonly Command[]): string {
  const rows = commands.map((command) => [usageOf(command), command.summary] as const);
  return [
    "usage: npm run pipeline -- COMMAND [flags]",
    "",
    ...columns(rows),
    "",
    ...wrap("One command's flags and examples: npm run pipeline -- COMMAND --help"),
    ...wrap(
      "Commands work on the local stack that npm start -- --keep left running, or with --stack NAME on a deployed one.",
    ),
    ...wrap(exitText),
  ].join("\n");
}

export function helpOf(command: Command): string {
  const { summary, about, examples } = command;
  const flags = Object.entries(flagsOf(command)).map(
    ([flag, definition]) => [`--${flag}${valueText(definition)}`, definition.help] as const,
  );
  return [
    `usage: npm run pipeline -- ${usageOf(command)} [flags]`,
    "",
    ...wrap(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`),
    ...about.flatMap((paragraph) => ["", ...wrap(paragraph)]),
    "",
    ...columns(flags),
    "",
    ...examples.flatMap(({ args, does }) => [`  npm run pipeline -- ${args}`, ...wrap(does, 6)]),
    "",
    ...wrap(exitText),
  ].join("\n");
}

function valueText(flag: Flags[string]): string {
  if (flag.kind === "switch") return "";
  return flag.kind === "integer" ? " N" : ` ${flag.value ?? "NAME"}`;
}

/** @throws UsageError with the command that was probably meant */
export function findCommand(commands: readonly Command[], name: string): Command {
  const found = commands.find((command) => command.name === name);
  if (found) return found;
  const names = commands.map((command) => command.name);
  const near = nearest(name, names);
  throw new UsageError(
    `"${name}" is not a command; ${near === undefined ? `the commands are ${names.join(", ")}` : `did you mean ${near}?`}`,
  );
}

/** Two columns, the second one wrapped below itself. */
function columns(rows: readonly (readonly [string, string])[]): string[] {
  const left = Math.max(...rows.map(([text]) => text.length)) + 4;
  return rows.flatMap(([text, about]) => {
    const [first = "", ...rest] = wrap(about, left);
    return [`  ${text}`.padEnd(left) + first.trimStart(), ...rest];
  });
}
