import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Contract } from "../../config/contract.ts";
import { type DatasetName, datasetNames } from "../../generator/rows.ts";
import type { FileReport } from "../../handlers/promote/fileReport.ts";
import type { RunReport } from "../../handlers/run/report.ts";
import { readerVersion } from "../../handlers/shape.ts";
import { compilePlan } from "../../plan/compile.ts";
import { planText } from "../../plan/planText.ts";
import { javaHome, root, venvPython } from "../../setup/paths.mjs";
import type { RawFile } from "./rawFile.ts";
import { typeFile } from "./typedFiles.ts";

export type RawFiles = Readonly<Record<DatasetName, RawFile>>;

/** Typed files and a run on them, all local. Everything but the raw files lies in `folder`. */
export interface EngineRun {
  readonly folder: string;
  readonly files: Readonly<Record<DatasetName, FileReport>>;
  /** Null where a file is rejected on arrival. */
  readonly manifest: string | null;
}

/** Types the files and, if all of them are promoted, writes the manifest of a run. */
export async function prepareRun(
  folder: string,
  files: RawFiles,
  contract: Contract,
  bytesOfPart?: number,
): Promise<EngineRun> {
  mkdirSync(folder, { recursive: true });
  const write = (name: string, content: string) => {
    const uri = join(folder, name);
    writeFileSync(uri, content);
    return { uri, sha256: createHash("sha256").update(content).digest("hex") };
  };
  const reports = new Map<DatasetName, FileReport>();
  for (const name of datasetNames) reports.set(name, await typeFile(files[name], name, contract, folder, bytesOfPart));
  const typed = Object.fromEntries(reports) as EngineRun["files"];
  if ([...reports.values()].some(({ fault }) => fault)) return { folder, files: typed, manifest: null };

  const inputs = [...reports].map(([name, report]) => {
    const { key, version } = report.source;
    return [name, { source: { key, version }, report: write(`${name}.report.json`, JSON.stringify(report)) }];
  });
  const sql = { user_activity: readFileSync(join(root, "glue", "sql", "user_activity.sql"), "utf8") };
  const manifest = {
    format: 1,
    pipeline: contract.pipeline,
    environment: "oracle",
    batch: "current",
    run: 1,
    inputs: Object.fromEntries(inputs),
    release: {
      engine: write("engine.zip", "run from the source"),
      contract: write("contract.json", JSON.stringify(contract)),
      plan: write("plan.json", planText(compilePlan(contract, sql))),
      reader: readerVersion,
    },
    destination: {
      gold: join(folder, "gold"),
      rejected: join(folder, "rejected"),
      report: join(folder, "reports"),
    },
  };
  return { folder, files: typed, manifest: write("manifest.json", JSON.stringify(manifest)).uri };
}

export interface SparkOptions {
  readonly driverMemory: string;
  /** For runs of seconds, of which the compiler's second tier would take half. */
  readonly shortRuns: boolean;
  /** After which it is ended, in milliseconds. */
  readonly timeout?: number;
}

/** Runs those with a manifest one after another in one Spark. @throws Error with the end of its log when Spark or the engine breaks. */
export async function execute(runs: readonly EngineRun[], folder: string, options: SparkOptions): Promise<void> {
  const logFile = join(folder, "spark.log");
  const log = openSync(logFile, "w");
  const manifests = runs.flatMap(({ manifest }) => manifest ?? []);
  const python = spawn(venvPython, [join(import.meta.dirname, "run_engine.py"), ...manifests], {
    cwd: folder,
    timeout: options.timeout,
    stdio: ["ignore", log, log],
    env: {
      ...process.env,
      JAVA_HOME: javaHome(),
      PYSPARK_PYTHON: venvPython,
      PYTHONPATH: join(root, "glue"),
      PYTHONDONTWRITEBYTECODE: "1",
      SPARK_LOCAL_IP: "127.0.0.1",
      ORACLE_DRIVER_MEMORY: options.driverMemory,
      ORACLE_JAVA_OPTIONS: options.shortRuns
        ? "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m"
        : "-XX:+UseParallelGC",
      ORACLE_SPARK_FOLDER: join(folder, "spark"),
    },
  });
  const code = await new Promise((resolve, reject) =>
    python.on("error", reject).on("close", (code, signal) => resolve(code ?? signal)),
  );
  closeSync(log);
  if (code !== 0) throw new Error(`the engine ended with ${code}:\n${readFileSync(logFile, "utf8").slice(-3000)}`);
}

export function reportOf({ folder }: EngineRun): RunReport {
  return JSON.parse(readFileSync(join(folder, "reports", "jr_1.json"), "utf8")) as RunReport;
}

/** The Parquet files below a folder of the run, none when it wrote no such folder. */
export function parquetIn({ folder }: EngineRun, name: string): string[] {
  let names: string[];
  try {
    names = readdirSync(join(folder, name), { recursive: true, encoding: "utf8" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return names.filter((path) => path.endsWith(".parquet")).map((path) => join(folder, name, path));
}
