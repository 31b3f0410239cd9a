import { parseArgs } from "node:util";
import { nearest } from "../config/nearest.ts";

/** A command line that can't be used; `message` is one line that names the flag. Commands exit with 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export interface IntegerFlag {
  readonly kind: "integer";
  readonly minimum: number;
  readonly maximum: number;
  readonly help: string;
}
export interface TextFlag {
  readonly kind: "text";
  /** The name of its value in help, such as FILE. */
  readonly value?: string;
  readonly help: string;
}
/** Takes no value: it is given or not. */
export interface SwitchFlag {
  readonly kind: "switch";
  readonly help: string;
}
export type Flags = Readonly<Record<string, IntegerFlag | TextFlag | SwitchFlag>>;
export type FlagValues<F extends Flags> = {
  readonly [Name in keyof F]?: F[Name] extends IntegerFlag ? number : F[Name] extends SwitchFlag ? true : string;
};

/** @throws UsageError for an unknown flag, a flag without a value, a bad number or a stray word. */
export function parseFlags<const F extends Flags>(args: readonly string[], flags: F): FlagValues<F> {
  const { words, values } = parseWords(args, flags);
  if (words.length > 0) throw new UsageError(`unexpected "${words[0]}"; a value follows its flag`);
  return values;
}

/**
 * The flags, and the words that belong to none.
 * @throws UsageError for an unknown flag, a flag without a value or a bad number.
 */
export function parseWords<const F extends Flags>(
  args: readonly string[],
  flags: F,
): { readonly words: readonly string[]; readonly values: FlagValues<F> } {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { kind }]) => [
      name,
      { type: kind === "switch" ? ("boolean" as const) : ("string" as const) },
    ]),
  );
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });
  const words: string[] = [];
  const values: Record<string, number | string | true> = {};
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      words.push(token.value);
      continue;
    }
    const flag = Object.hasOwn(flags, token.name) ? flags[token.name] : undefined;
    if (flag === undefined)
      throw new UsageError(`unknown flag ${token.rawName}${hint(token.name, Object.keys(flags))}`);
    if (token.name in values) throw new UsageError(`--${token.name} is given twice`);
    values[token.name] = parsed(token.name, token.value, flag);
  }
  return { words, values: values as FlagValues<F> };
}

function parsed(name: string, text: string | undefined, flag: Flags[string]): number | string | true {
  if (flag.kind === "switch") {
    if (text !== undefined) throw new UsageError(`--${name} takes no value`);
    return true;
  }
  if (!text) throw new UsageError(`--${name} needs a value: ${flag.help}`);
  return flag.kind === "integer" ? integer(name, text, flag) : text;
}

export function usage(command: string, flags: Flags): string {
  const width = Math.max(...Object.keys(flags).map((name) => name.length));
  const lines = Object.entries(flags).map(([name, { help }]) => `  --${name.padEnd(width)}  ${help}`);
  return [`usage: ${command}`, ...lines].join("\n");
}

function hint(word: string, names: readonly string[]): string {
  const near = nearest(word, names);
  return near ? `; did you mean --${near}?` : `; the flags are ${names.map((name) => `--${name}`).join(", ")}`;
}

function integer(name: string, text: string, { minimum, maximum }: IntegerFlag): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= minimum && value <= maximum) return value;
  throw new UsageError(`--${name} must be a whole number from ${minimum} to ${maximum}, not "${text}"`);
}
