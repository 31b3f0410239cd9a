import { rmSync } from "node:fs";
import { join } from "node:path";
import { maximumRecords } from "../../generator/generate.ts";
import { root, venvPython } from "../../setup/paths.mjs";
import {
  atMost,
  defineBenchmark,
  type Figures,
  type Line,
  of,
  type Subject,
  type Unit,
  usualRounds,
} from "../benchmark.ts";
import { type Kind, wellFormedData } from "../data.ts";
import { polarsFolder } from "../polars.ts";
import { timed } from "../process.ts";

const usualRecords = 1_000_000;
/** With at least this many records a run takes minutes: there are fewer rounds, and the table shows how time grows. */
const manyRecords = 10_000_000;
/** With so few records, a run takes no longer than Spark's start. */
const fewRecords = 1000;

const programs = {
  engine: "engine",
  job: "the usual job",
  duckdb: "DuckDB",
  polars: "Polars",
  read: "raw read",
} as const;
const nameOf = (program: keyof typeof programs, records: number, kind: Kind = "uniform") =>
  `${programs[program]}, ${records.toLocaleString("en")} records${kind === "uniform" ? "" : `, ${kind}`}`;

export const spark = defineBenchmark({
  name: "spark",
  summary: "the Spark engine against the usual PySpark job, plain DuckDB and Polars, and a raw read",
  about: [
    "All are timed as processes on the same files, including their start. Both Spark programs have the same JVM",
    "options, settings and jars. `run` is the engine on Silver's rows; a process of its own has typed them before, and",
    "counts where it says `typing and run`. The engine also validates, reports and keeps rejected rows, and reconciles.",
    "The others keep the latest row of each key and drop what they can't read. The usual job joins before it sums, as",
    "people often write it, and its revenue is wrong. The data has no malformed rows, because two of the others fail on",
    "them. It has no heavy user, because the usual job can't join one; a separate line shows what one costs the engine.",
    "The figures do not include the time of a cluster's network and of S3.",
  ],
  flags: {
    records: {
      kind: "integer",
      minimum: fewRecords,
      maximum: maximumRecords,
      help: "lines of each file (default 1000000)",
    },
  },
  async prepare({ records = usualRecords }, { folder, tell }) {
    const isLarge = records >= manyRecords;
    const python = await polarsFolder();
    const env = {
      BENCH_JAVA_OPTIONS: "-XX:+UseParallelGC",
      BENCH_DRIVER_MEMORY: "3g",
      BENCH_SPARK_FOLDER: join(folder, "spark"),
      PYTHONPATH: python,
    };
    const subject = async (program: keyof typeof programs, count: number, kind: Kind = "uniform"): Promise<Subject> => {
      const input = await wellFormedData(count, folder, tell, kind);
      const output = join(folder, "output");
      const log = join(folder, `${program}.log`);
      const inTime = (command: string, ...args: string[]) => timed(log, command, args, { env });
      const python = (script: string, ...args: string[]) => inTime(venvPython, join(root, "bench", script), ...args);
      const programOf: Record<keyof typeof programs, () => Promise<Figures>> = {
        async engine() {
          const type = join(root, "bench", "spark", "type.ts");
          const typing = await inTime(process.execPath, "--import", "tsx", type, input, output);
          const run = await python("spark/engine_job.py", "--manifest", join(output, "spark", "manifest.json"));
          return { ...run, total: typing.seconds + run.seconds };
        },
        job: () => python("spark/usual_job.py", "--input", input, "--output", output),
        duckdb: () => inTime(process.execPath, join(root, "bench", "plain", "duckdb.mjs"), input, output),
        polars: () => python("plain/polars_job.py", input, output),
        read: () => inTime(process.execPath, join(root, "bench", "plain", "read.mjs"), input),
      };
      return {
        name: nameOf(program, count, kind),
        measure() {
          rmSync(output, { recursive: true, force: true });
          return programOf[program]();
        },
      };
    };

    const subjects: Subject[] = [];
    for (const program of Object.keys(programs) as (keyof typeof programs)[])
      subjects.push(await subject(program, records));
    subjects.push(await subject("engine", fewRecords), await subject("job", fewRecords));
    if (isLarge) subjects.push(await subject("engine", usualRecords));
    else subjects.push(await subject("engine", records, "heavy"));

    const [engine, job] = [nameOf("engine", records), nameOf("job", records)];
    const against = (program: keyof typeof programs, what: string, figure: string, unit: Unit): Line => ({
      what: `run, ${what}`,
      unit,
      figure: of(engine, figure),
      baseline: { what: programs[program], figure: of(nameOf(program, records), figure) },
    });
    const whole = (program: keyof typeof programs): Line => ({
      what: "typing and run, time",
      unit: "s",
      figure: of(engine, "total"),
      baseline: { what: programs[program], figure: of(nameOf(program, records), "seconds") },
    });
    const start = of(nameOf("engine", fewRecords), "seconds");
    const time = of(engine, "seconds");
    const lines: Line[] = [
      { ...against("job", "time", "seconds", "s"), limit: atMost(1.2) },
      against("job", "CPU", "cpu", "s"),
      against("job", "peak memory", "peak", "MB"),
      {
        what: `run, time of ${fewRecords.toLocaleString("en")} records`,
        unit: "s",
        figure: start,
        baseline: { what: programs.job, figure: of(nameOf("job", fewRecords), "seconds") },
        limit: atMost(1.3),
      },
      whole("job"),
      whole("duckdb"),
      whole("polars"),
      whole("read"),
    ];
    if (isLarge) {
      const usual = of(nameOf("engine", usualRecords), "seconds");
      const times = records / usualRecords;
      lines.push({
        what: "run, time beyond the start",
        unit: "s",
        figure: (round) => time(round) - start(round),
        baseline: {
          what: `${times} times that of ${usualRecords.toLocaleString("en")}`,
          figure: (round) => times * (usual(round) - start(round)),
        },
        limit: atMost(1.1),
      });
    } else
      lines.push({
        what: "run, one user with half of all",
        unit: "s",
        figure: of(nameOf("engine", records, "heavy"), "seconds"),
        baseline: { what: "uniform users", figure: time },
        limit: atMost(1.3),
      });
    lines.push({
      what: "the usual job, CPU",
      unit: "s",
      figure: of(job, "cpu"),
      baseline: { what: programs.duckdb, figure: of(nameOf("duckdb", records), "cpu") },
    });
    return { rounds: isLarge ? 3 : usualRounds, subjects, lines };
  },
});
