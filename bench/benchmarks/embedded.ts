import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundleFunction } from "../../components/bundle.ts";
import { maximumRecords } from "../../generator/generate.ts";
import { compilePlan } from "../../plan/compile.ts";
import { planText } from "../../plan/planText.ts";
import { root } from "../../setup/paths.mjs";
import { shippedContract } from "../../tests/oracle/shipped.ts";
import { atMost, defineBenchmark, type Line, of, type Subject, usualRounds } from "../benchmark.ts";
import { wellFormedData } from "../data.ts";
import { timed } from "../process.ts";

const fewRecords = 1000;

export const embedded = defineBenchmark({
  name: "embedded",
  summary: "the embedded engine, from raw files to Gold, against plain DuckDB",
  about: [
    "Both are timed as processes on the same files, including their start. The embedded path types the files into",
    "Silver, as promote does, and runs the plan on them with 2 threads and 1,500 MB for DuckDB. It also validates,",
    "reports, keeps rejected rows and reconciles. Plain DuckDB has all of the machine. It keeps the latest row of each",
    "key and drops what it can't read. The figures do not include the time of S3.",
  ],
  flags: {
    records: { kind: "integer", minimum: 1, maximum: maximumRecords, help: "lines of each file (default 1000000)" },
  },
  async prepare({ records: usualRecords = 1_000_000 }, { folder, tell }) {
    const release = join(folder, "release");
    mkdirSync(release, { recursive: true });
    const contract = shippedContract();
    const sql = { user_activity: readFileSync(join(root, "glue", "sql", "user_activity.sql"), "utf8") };
    writeFileSync(join(release, "contract.json"), JSON.stringify(contract));
    writeFileSync(join(release, "plan.json"), planText(compilePlan(contract, sql)));
    const module = join(release, "path.mjs");
    writeFileSync(module, (await bundleFunction(root, "bench/embedded/path.ts")).code);

    const output = join(folder, "output");
    const commands = {
      path: (input: string) => [module, release, input, output],
      plain: (input: string) => [join(root, "bench", "plain", "duckdb.mjs"), input, output],
    };
    const subject = async (program: keyof typeof commands, records: number): Promise<Subject> => {
      const input = await wellFormedData(records, folder, tell);
      return {
        name: `${program} ${records}`,
        measure() {
          rmSync(output, { recursive: true, force: true });
          return timed(join(folder, `${program}.log`), process.execPath, commands[program](input));
        },
      };
    };
    const subjects: Subject[] = [];
    for (const records of [usualRecords, fewRecords])
      for (const program of ["path", "plain"] as const) subjects.push(await subject(program, records));
    const line = (what: string, records: number, figure: string, unit: "s" | "MB"): Line => ({
      what: `${what}, ${records.toLocaleString("en")} records`,
      unit,
      figure: of(`path ${records}`, figure),
      baseline: { what: "plain DuckDB", figure: of(`plain ${records}`, figure) },
    });
    return {
      rounds: usualRounds,
      subjects,
      lines: [
        { ...line("CPU", usualRecords, "cpu", "s"), limit: atMost(2.2) },
        { ...line("time", usualRecords, "seconds", "s"), limit: atMost(2.2) },
        line("peak memory", usualRecords, "peak", "MB"),
        { ...line("time", fewRecords, "seconds", "s"), limit: atMost(1.5, "figure") },
      ],
    };
  },
});
