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
  readonly help: string;
}
export type Flags = Readonly<Record<string, IntegerFlag | TextFlag>>;
export type FlagValues<F extends Flags> = {
  readonly [Name in keyof F]?: F[Name] extends IntegerFlag ? number : string;
};

/** @throws UsageError for an unknown flag, a flag without a value, a bad number or a stray word. */
export function parseFlags<const F extends Flags>(args: readonly string[], flags: F): FlagValues<F> {
  const options = Object.fromEntries(Object.keys(flags).map((name) => [name, { type: "string" as const }]));
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });
  const values: Record<string, number | string> = {};
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") throw new UsageError(`unexpected "${token.value}"; a value follows its flag`);
    const flag = Object.hasOwn(flags, token.name) ? flags[token.name] : undefined;
    if (flag === undefined)
      throw new UsageError(`unknown flag ${token.rawName}${hint(token.name, Object.keys(flags))}`);
    if (!token.value) throw new UsageError(`--${token.name} needs a value: ${flag.help}`);
    if (token.name in values) throw new UsageError(`--${token.name} is given twice`);
    values[token.name] = flag.kind === "integer" ? integer(token.name, token.value, flag) : token.value;
  }
  return values as FlagValues<F>;
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
