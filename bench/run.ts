/** `npm run bench`: measures, prints a table for each benchmark, and says whether the limits hold. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nearest } from "../config/nearest.ts";
import { localDirectory, root } from "../setup/paths.mjs";
import { parseWords, UsageError, usage } from "../terminal/flags.ts";
import { createStatus } from "../terminal/status.ts";
import { counted } from "../terminal/text.ts";
import type { Benchmark, Prepared } from "./benchmark.ts";
import { benchmarks } from "./benchmarks.ts";
import { withSection } from "./document.ts";
import { machine } from "./machine.ts";
import { measure } from "./measure.ts";
import { type Result, resultOf } from "./statistics.ts";
import { table } from "./table.ts";

const documentFile = "docs/performance.md";
const commonFlags = {
  rounds: {
    kind: "integer",
    minimum: 1,
    maximum: 99,
    help: "measurements of each subject (default 5, unless the benchmark says otherwise)",
  },
  write: { kind: "switch", help: `write the result into its section of ${documentFile}` },
} as const;

function overview(): string {
  const width = Math.max(...benchmarks.map(({ name }) => name.length));
  return [
    "usage: npm run bench [-- NAME] [flags]",
    ...benchmarks.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    "Without a name, all benchmarks run. NAME --help describes one.",
  ].join("\n");
}

function helpOf({ name, summary, about, flags }: Benchmark): string {
  return [usage(`npm run bench -- ${name} [flags]`, { ...flags, ...commonFlags }), "", `${summary}.`, ...about].join(
    "\n",
  );
}

/** @throws UsageError with the name that was probably meant */
function find(name: string): Benchmark {
  const found = benchmarks.find((benchmark) => benchmark.name === name);
  if (found) return found;
  const names = benchmarks.map((benchmark) => benchmark.name);
  const near = nearest(name, names);
  throw new UsageError(
    `"${name}" is not a benchmark; ${near ? `did you mean ${near}?` : `the benchmarks are ${names.join(", ")}`}`,
  );
}

interface Results {
  readonly found: readonly Result[];
  /** Rounds. */
  readonly measured: number;
}

async function results(benchmark: Benchmark, values: object, rounds: number | undefined): Promise<Results> {
  const { name } = benchmark;
  const folder = join(localDirectory, "bench", name);
  mkdirSync(folder, { recursive: true });
  const status = createStatus(process.stderr);
  const tell = (text: string) => status.show(name, text);
  const since = Date.now();
  let prepared: Prepared | undefined;
  try {
    prepared = await benchmark.prepare(values, { folder, tell });
    const measured = await measure({ ...prepared, rounds: rounds ?? prepared.rounds }, tell);
    status.done(name, `${counted(measured.length, "round")} in ${Math.round((Date.now() - since) / 1000)} s`);
    return { found: prepared.lines.map((line) => resultOf(line, measured)), measured: measured.length };
  } finally {
    status.clear();
    await prepared?.close?.();
  }
}

function write(command: string, lines: readonly string[]): void {
  const file = join(root, documentFile);
  try {
    writeFileSync(file, withSection(readFileSync(file, "utf8"), command, lines));
  } catch (error) {
    throw new UsageError(`${documentFile} can't be written to: ${(error as Error).message}`);
  }
}

async function main(args: readonly string[]): Promise<number> {
  const name = args[0]?.startsWith("-") ? undefined : args[0];
  const chosen = name === undefined ? undefined : find(name);
  if (args.includes("--help")) {
    console.log(chosen ? helpOf(chosen) : overview());
    return 0;
  }
  const { words, values } = parseWords(args, { ...chosen?.flags, ...commonFlags });
  if (words.length > 1)
    throw new UsageError(`"${words[1]}" is one name too many: name one benchmark, or none to run all`);
  const { rounds, write: isWritten, ...own } = values;
  const about = await machine();
  let holds = true;
  for (const benchmark of chosen ? [chosen] : benchmarks) {
    const { found, measured } = await results(benchmark, own, rounds);
    const flags = Object.entries(own).map(([flag, value]) => ` --${flag} ${value}`);
    const command = `npm run bench -- ${benchmark.name}${flags.join("")}`;
    const lines = [`${about}; ${counted(measured, "round")}.`, "", ...table(found)];
    console.log(`\n${[command, ...lines].join("\n")}`);
    if (isWritten) write(command, lines);
    holds &&= found.every((result) => result.holds !== false);
  }
  return holds ? 0 : 1;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  },
);
