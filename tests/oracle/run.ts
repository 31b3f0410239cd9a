/** `npm run oracle`: generated data through real Spark and DuckDB, and every cell of the result against the oracle's. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate, maximumRecords } from "../../generator/generate.ts";
import { parseFlags, UsageError, usage } from "../../terminal/flags.ts";
import { type EngineRun, execute, executeEmbedded, prepareRun, type RawFiles, reportOf } from "./engineRuns.ts";
import { Oracle } from "./oracle.ts";
import { generatedFiles, shippedContract } from "./shipped.ts";

const flags = {
  seeds: { kind: "integer", minimum: 1, maximum: 1000, help: "how many seeds, from 1 on (default 2)" },
  records: { kind: "integer", minimum: 1, maximum: maximumRecords, help: "lines of each file (default 5000)" },
} as const;

const number = (value: number) => value.toLocaleString("en");

/** Returns whether all seeds agree. */
async function compareSeeds(seeds: number, records: number, folder: string): Promise<boolean> {
  const runs: { readonly seed: number; readonly files: RawFiles; readonly run: EngineRun }[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const [directory, raw] = [join(folder, `seed ${seed}`), join(folder, `seed ${seed}`, "raw")];
    await generate({ records, seed, directory: raw });
    const files = generatedFiles(raw);
    runs.push({ seed, files, run: await prepareRun(directory, files, shippedContract()) });
  }
  console.log(`${seeds} × ${number(records)} records are generated and typed; the engines run`);
  const options = { driverMemory: "3g", shortRuns: records <= 20_000 };
  await execute(
    runs.map(({ run }) => run),
    folder,
    options,
  );
  await executeEmbedded(runs.map(({ run }) => run));

  const total = { compared: 0, differences: 0 };
  for (const { seed, files, run } of runs) {
    const started = Date.now();
    const oracle = await Oracle.ask(files);
    const typed = await oracle.compareFiles(run);
    const [ran, embedded] = [await oracle.compare(run, "spark"), await oracle.compare(run, "embedded")];
    oracle.close();
    const all = [typed, ran, embedded];
    const compared = all.reduce((sum, each) => sum + each.compared, 0);
    const differences = all.reduce((sum, each) => sum + each.differences, 0);
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    console.log(
      `seed ${seed}: ${number(ran.rows)} rows, ${number(compared)} values compared, ${number(differences)} differences ` +
        `(Spark ${reportOf(run, "spark").seconds.total} s, DuckDB ${reportOf(run, "embedded").seconds.total} s, oracle ${seconds} s)`,
    );
    for (const example of all.flatMap(({ examples }) => examples)) console.log(`  ${example}`);
    total.compared += compared;
    total.differences += differences;
  }
  console.log(`in all ${number(total.compared)} values compared, ${number(total.differences)} differences`);
  return total.differences === 0;
}

async function main(args: readonly string[]): Promise<void> {
  if (args.includes("--help")) return console.log(usage("npm run oracle -- [flags]", flags));
  const { seeds = 2, records = 5000 } = parseFlags(args, flags);
  const folder = mkdtempSync(join(tmpdir(), "oracle-"));
  const agrees = await compareSeeds(seeds, records, folder);
  if (agrees) rmSync(folder, { recursive: true });
  else console.log(`what differs is kept in ${folder}`);
  process.exitCode = agrees ? 0 : 1;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
