import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseFlags, UsageError, usage } from "../terminal/flags.ts";
import { runCampaign, type Totals } from "../tests/simulation/campaign.ts";
import { runSchedule } from "../tests/simulation/schedule.ts";
import { shrink } from "../tests/simulation/shrink.ts";
import { storyOf } from "../tests/simulation/story.ts";
import { emptyCells, tableOf, wrongReasons } from "../tests/simulation/table.ts";

const flags = {
  seed: { kind: "integer", minimum: 0, maximum: 2 ** 31, help: "the first seed (default 1)" },
  runs: { kind: "integer", minimum: 1, maximum: 10_000_000, help: "schedules, one a seed (default 1000)" },
  jobs: { kind: "integer", minimum: 1, maximum: 256, help: "processes (default: one a core)" },
  only: { kind: "text", help: "replay the seed with only the random decisions in this file, one per line" },
} as const;

/** With at least this many schedules, each fault must have met each transition that it can meet. */
const enoughForTable = 10_000;

async function replay(seed: number, file: string): Promise<number> {
  const only = new Set(readFileSync(file, "utf8").split("\n").filter(Boolean));
  const result = await runSchedule(seed, { only, record: true });
  console.log(storyOf(result).join("\n"));
  return result.violation ? 1 : 0;
}

function showProgress({ runs, violations }: Totals, all: number): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r${runs} of ${all} schedules, ${violations.length} violations`);
}

function printTotals(totals: Totals, seed: number, seconds: number): void {
  const { runs, calls, batches, hours, fewestFaults, faults } = totals;
  const injected = Object.values(faults).reduce((sum, count) => sum + count, 0);
  console.log(
    `${runs} schedules (seeds ${seed} to ${seed + runs - 1}) in ${seconds.toFixed(1)} s, ${(runs / seconds).toFixed(1)} a second`,
  );
  console.log(
    `${Math.round(hours)} virtual hours, ${batches} batches, ${calls} calls of AWS, ${injected} faults (${fewestFaults} in a schedule at least)`,
  );
  console.log(`\n${tableOf(totals).join("\n")}\n`);
}

async function tellOf(seed: number): Promise<void> {
  console.log(`\nseed ${seed}, shrunk:`);
  const { result, keys, tries } = await shrink(seed);
  const file = join("out", "simulation", `${seed}.txt`);
  mkdirSync(join("out", "simulation"), { recursive: true });
  writeFileSync(file, `${keys.join("\n")}\n`);
  console.log(storyOf(result).join("\n"));
  console.log(`${keys.length} random decisions remain after ${tries} tries; to replay them:`);
  console.log(`  npm run simulate -- --seed ${seed} --only ${file}`);
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    console.log(usage("npm run simulate -- [flags]", flags));
    return 0;
  }
  const { seed = 1, runs = 1000, jobs = availableParallelism(), only } = parseFlags(args, flags);
  if (only !== undefined) return replay(seed, only);
  const since = performance.now();
  const totals = await runCampaign(seed, runs, jobs, (so) => showProgress(so, runs));
  if (process.stderr.isTTY) process.stderr.write("\n");
  printTotals(totals, seed, (performance.now() - since) / 1000);

  const { violations } = totals;
  // The first seed of each invariant usually shows the same story as the others.
  for (const invariant of new Set(violations.map(({ violation }) => violation.invariant))) {
    const seeds = violations.filter(({ violation }) => violation.invariant === invariant).map((found) => found.seed);
    console.log(`violated in ${seeds.length} schedules: ${invariant} (seeds ${seeds.slice(0, 10).join(", ")})`);
    await tellOf(seeds[0]!);
  }
  const missing = runs < enoughForTable ? [] : emptyCells(totals);
  for (const cell of missing) console.log(`no schedule came to: ${cell}`);
  const wrong = wrongReasons(totals);
  for (const cell of wrong) console.log(`reached, although declared unreachable: ${cell}`);
  if (violations.length === 0) console.log("0 violations");
  return violations.length + missing.length + wrong.length > 0 ? 1 : 0;
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
