import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Contract } from "../../config/contract.ts";
import { type DatasetName, datasetNames } from "../../generator/rows.ts";
import { run } from "../../handlers/embedded/run.ts";
import type { FileReport } from "../../handlers/promote/fileReport.ts";
import type { RunReport } from "../../handlers/run/report.ts";
import { readerVersion } from "../../handlers/shape.ts";
import { compilePlan } from "../../plan/compile.ts";
import { planText } from "../../plan/planText.ts";
import { javaHome, root, venvPython } from "../../setup/paths.mjs";
import { localObjects } from "./localObjects.ts";
import type { RawFile } from "./rawFile.ts";
import { typeFile } from "./typedFiles.ts";

export type RawFiles = Readonly<Record<DatasetName, RawFile>>;

const engines = ["spark", "embedded"] as const;
export type EngineName = (typeof engines)[number];

/** Typed files and a run on them in each engine, all local. Everything but the raw files lies in `folder`. */
export interface EngineRun {
  readonly folder: string;
  readonly files: Readonly<Record<DatasetName, FileReport>>;
  /** By engine; null where a file is rejected on arrival. */
  readonly manifests: Readonly<Record<EngineName, string>> | null;
}

/** Types the files and, if all of them are promoted, writes a manifest for each engine, which differ in the destination. */
export async function prepareRun(
  folder: string,
  files: RawFiles,
  contract: Contract,
  bytesOfPart?: number,
): Promise<EngineRun> {
  for (const engine of engines) mkdirSync(join(folder, engine), { recursive: true });
  const write = (name: string, content: string) => {
    const uri = join(folder, name);
    writeFileSync(uri, content);
    return { uri, sha256: createHash("sha256").update(content).digest("hex") };
  };
  const reports = new Map<DatasetName, FileReport>();
  for (const name of datasetNames) reports.set(name, await typeFile(files[name], name, contract, folder, bytesOfPart));
  const typed = Object.fromEntries(reports) as EngineRun["files"];
  if ([...reports.values()].some(({ fault }) => fault)) return { folder, files: typed, manifests: null };

  const inputs = [...reports].map(([name, report]) => {
    const { key, version } = report.source;
    return [name, { source: { key, version }, report: write(`${name}.report.json`, JSON.stringify(report)) }];
  });
  const sql = { user_activity: readFileSync(join(root, "glue", "sql", "user_activity.sql"), "utf8") };
  const release = {
    engine: write("engine.zip", "run from the source"),
    contract: write("contract.json", JSON.stringify(contract)),
    plan: write("plan.json", planText(compilePlan(contract, sql))),
    reader: readerVersion,
    embedded: null,
  };
  const manifest = (destination: string) => ({
    format: 1,
    pipeline: contract.pipeline,
    environment: "oracle",
    batch: "current",
    run: 1,
    inputs: Object.fromEntries(inputs),
    release,
    destination: {
      gold: join(destination, "gold"),
      rejected: join(destination, "rejected"),
      report: join(destination, "reports"),
    },
  });
  const manifests = Object.fromEntries(
    engines.map((engine) => [
      engine,
      write(join(engine, "manifest.json"), JSON.stringify(manifest(join(folder, engine)))).uri,
    ]),
  ) as Record<EngineName, string>;
  return { folder, files: typed, manifests };
}

export interface SparkOptions {
  readonly driverMemory: string;
  /** For runs of seconds, of which the compiler's second tier would take half. */
  readonly shortRuns: boolean;
  /** After which it is ended, in milliseconds. */
  readonly timeout?: number;
}

/** Runs those with manifests one after another in one Spark. @throws Error with the end of its log when Spark or the engine breaks. */
export async function execute(runs: readonly EngineRun[], folder: string, options: SparkOptions): Promise<void> {
  const logFile = join(folder, "spark.log");
  const log = openSync(logFile, "w");
  const manifests = runs.flatMap(({ manifests }) => manifests?.spark ?? []);
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

/** Runs those with manifests in DuckDB. */
export async function executeEmbedded(runs: readonly EngineRun[]): Promise<void> {
  for (const { folder, manifests } of runs) {
    if (!manifests) continue;
    const sha256 = createHash("sha256").update(readFileSync(manifests.embedded)).digest("hex");
    const scratch = mkdtempSync(join(folder, "scratch-"));
    const options = { scratch, threads: 2, memoryLimit: "1GB" };
    const report = await run({ uri: manifests.embedded, sha256 }, jobRun, localObjects, options);
    mkdirSync(join(folder, "embedded", "reports"), { recursive: true });
    writeFileSync(join(folder, "embedded", "reports", `${jobRun}.json`), JSON.stringify(report));
    rmSync(scratch, { recursive: true });
  }
}

/** As `run_engine.py` calls it. */
const jobRun = "jr_1";

export function reportOf({ folder }: EngineRun, engine: EngineName): RunReport {
  return JSON.parse(readFileSync(join(folder, engine, "reports", `${jobRun}.json`), "utf8")) as RunReport;
}

/** The Parquet files below a folder of an engine's results, none when it wrote no such folder. */
export function parquetIn({ folder }: EngineRun, engine: EngineName, name: string): string[] {
  const results = join(folder, engine);
  let names: string[];
  try {
    names = readdirSync(join(results, name), { recursive: true, encoding: "utf8" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return names.filter((path) => path.endsWith(".parquet")).map((path) => join(results, name, path));
}
