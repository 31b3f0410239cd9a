import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Contract } from "../../config/contract.ts";
import type { DatasetName } from "../../generator/rows.ts";
import type { RunReport } from "../../handlers/run/report.ts";
import { javaHome, root, venvPython } from "../../setup/paths.mjs";
import type { RawFile } from "./rawFile.ts";

export type RawFiles = Readonly<Record<DatasetName, RawFile>>;

/** A run of the engine on local files. Everything that it reads and writes but its inputs lies in `folder`. */
export interface EngineRun {
  readonly folder: string;
  readonly manifest: string;
}

const artifact = (path: string) => ({
  uri: path,
  sha256: createHash("sha256").update(readFileSync(path)).digest("hex"),
});

export function prepareRun(folder: string, files: RawFiles, contract: Contract): EngineRun {
  mkdirSync(folder, { recursive: true });
  const write = (name: string, document: unknown) => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(document, null, 2));
    return path;
  };
  const inputs = Object.entries(files).map(([dataset, { path, layout }]) => [
    dataset,
    {
      uri: path,
      format: layout,
      compression: path.endsWith(".gz") ? "gzip" : "none",
      bytes: statSync(path).size,
      source: { key: `${dataset}.json`, version: "1" },
    },
  ]);
  const manifest = write("manifest.json", {
    format: 1,
    pipeline: contract.pipeline,
    environment: "oracle",
    batch: "current",
    run: 1,
    inputs: Object.fromEntries(inputs),
    release: {
      engine: { uri: "engine.zip", sha256: "0".repeat(64) },
      contract: artifact(write("contract.json", contract)),
      sql: { user_activity: artifact(join(root, "glue", "sql", "user_activity.sql")) },
    },
    destination: {
      gold: join(folder, "gold"),
      rejected: join(folder, "rejected"),
      report: join(folder, "reports"),
    },
  });
  return { folder, manifest };
}

export interface SparkOptions {
  readonly driverMemory: string;
  /** For runs of seconds, of which the compiler's second tier would take half. */
  readonly shortRuns: boolean;
  /** After which it is ended, in milliseconds. */
  readonly timeout?: number;
}

/** Runs them one after another in one Spark. @throws Error with the end of its log when Spark or the engine breaks. */
export async function execute(runs: readonly EngineRun[], folder: string, options: SparkOptions): Promise<void> {
  const logFile = join(folder, "spark.log");
  const log = openSync(logFile, "w");
  const python = spawn(venvPython, [join(import.meta.dirname, "run_engine.py"), ...runs.map((run) => run.manifest)], {
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
