import { createHash } from "node:crypto";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { duckdbDialect } from "../../plan/duckdbDialect.ts";
import type { Check, Plan, PlanColumn, PlanInput, Sql, Statement } from "../../plan/plan.ts";
import { copyToParquet, openDuckdb } from "../duckdb.ts";
import type { FileReport } from "../promote/fileReport.ts";
import type { DatasetReport, OutputReport, RunReport } from "../run/report.ts";
import { failureOf, RunFailure } from "./failure.ts";
import { evaluate, resolved, told, UnknownNumber, type Value } from "./numbers.ts";

/** Objects by their URI. */
export interface RunObjects {
  read(uri: string): Promise<Buffer>;
  /** Copies an object into a file. @returns false when there is none */
  fetch(uri: string, path: string): Promise<boolean>;
  /** Copies a file to an object. */
  store(path: string, uri: string): Promise<void>;
}

export interface RunOptions {
  /** An empty folder of this run's own, for inputs, outputs and what does not fit into memory. */
  readonly scratch: string;
  readonly threads: number;
  /** As `DuckdbOptions.memoryLimit`. */
  readonly memoryLimit: string;
  /** What the plan's URI has to begin with, if anything: where only a deployment puts one. */
  readonly artifacts?: string;
  /** Its reason, a RunFailure, ends the run. */
  readonly signal?: AbortSignal;
  /** Called before each statement and before outputs are stored; what it throws ends the run. */
  readonly proceed?: () => Promise<void>;
}

interface Pinned {
  readonly uri: string;
  readonly sha256: string;
}

/** The part of a manifest that a runner needs; see `manifestOf`. */
interface ManifestDocument {
  readonly pipeline: string;
  readonly batch: string;
  readonly run: number;
  readonly inputs: Readonly<
    Record<string, { readonly source: { readonly key: string }; readonly report: Pinned } | null>
  >;
  readonly release: { readonly plan: Pinned };
  readonly destination: { readonly gold: string; readonly rejected: string; readonly report: string };
}

/** A run as far as it has come; each run ends as one of these, which is stored by the caller. */
type ReportSoFar = { -readonly [key in keyof RunReport]: RunReport[key] } & {
  readonly datasets: Record<string, DatasetReport>;
  readonly outputs: Record<string, OutputReport>;
  readonly checks: RunReport["checks"][number][];
  readonly seconds: Record<string, number>;
};

const { identifier, text: literal, type: typeOf } = duckdbDialect;
const noDrift = { undeclared: [], absent: [], changed: [] };

/**
 * Executes the plan of a manifest in DuckDB. Outputs are stored only after all checks have passed; a failed run leaves
 * its rejected rows and no output.
 * @param manifest where it lies, and the sha256 that it must have
 * @returns the run's report, which says whether the run failed
 * @throws what a retry may help against: a fault of the machine or of the storage
 */
export async function run(
  manifest: Pinned,
  jobRun: string,
  objects: RunObjects,
  options: RunOptions,
): Promise<RunReport> {
  const started = performance.now();
  const document = JSON.parse((await verified(manifest, objects)).toString()) as ManifestDocument;
  const report: ReportSoFar = {
    format: 1,
    batch: document.batch,
    run: document.run,
    jobRun,
    manifest: { uri: manifest.uri, sha256: manifest.sha256 },
    plan: { sha256: document.release.plan.sha256 },
    state: "succeeded",
    failure: null,
    datasets: {},
    outputs: {},
    checks: [],
    seconds: {},
    engine: { name: "duckdb", version: "" },
  };
  const { connection, close } = await openDuckdb(options);
  const { signal } = options;
  const interrupt = () => connection.interrupt();
  signal?.addEventListener("abort", interrupt);
  try {
    await new Execution(document, report, objects, connection, options).run();
  } catch (thrown) {
    const error = signal?.aborted ? signal.reason : thrown;
    if (!(error instanceof RunFailure)) throw error;
    report.state = "failed";
    report.failure = { code: error.code, message: error.message };
    for (const name of Object.keys(report.outputs)) delete report.outputs[name];
  } finally {
    signal?.removeEventListener("abort", interrupt);
    close();
  }
  report.seconds.total = secondsSince(started);
  return report;
}

const secondsSince = (started: number) => Number(((performance.now() - started) / 1000).toFixed(3));

/** @throws RunFailure when the object has other bytes than those that were pinned */
async function verified({ uri, sha256 }: Pinned, objects: RunObjects): Promise<Buffer> {
  const content = await objects.read(uri);
  const actual = createHash("sha256").update(content).digest("hex");
  if (actual === sha256) return content;
  throw new RunFailure("checksum_mismatch", `${uri} has sha256 ${actual}, but the run was claimed with ${sha256}`);
}

class Execution {
  readonly #manifest: ManifestDocument;
  readonly #report: ReportSoFar;
  readonly #objects: RunObjects;
  readonly #connection: DuckDBConnection;
  readonly #scratch: string;
  readonly #artifacts: string;
  readonly #proceed: () => Promise<void>;
  readonly #folder: string;
  readonly #numbers = new Map<string, Value>();
  readonly #inputs = new Map<string, FileReport | null>();
  /** Files of outputs, to be stored when all checks have passed. */
  readonly #written: { readonly path: string; readonly uri: string }[] = [];
  #plan!: Plan;

  constructor(
    manifest: ManifestDocument,
    report: ReportSoFar,
    objects: RunObjects,
    connection: DuckDBConnection,
    { scratch, artifacts = "", signal, proceed }: RunOptions,
  ) {
    this.#manifest = manifest;
    this.#report = report;
    this.#objects = objects;
    this.#connection = connection;
    this.#scratch = scratch;
    this.#artifacts = artifacts;
    this.#proceed = async () => {
      signal?.throwIfAborted();
      await proceed?.();
    };
    this.#folder = `batch=${manifest.batch}/run=${manifest.run}/${report.jobRun}/`;
  }

  async run(): Promise<void> {
    const [{ version }] = (await this.#rows("select version() as version")) as [{ version: string }];
    this.#report.engine = { name: "duckdb", version };
    const { plan } = this.#manifest.release;
    if (!plan.uri.startsWith(this.#artifacts))
      throw new RunFailure("manifest_invalid", `manifest.release.plan: ${plan.uri} is not in this stack's artifacts`);
    this.#plan = JSON.parse((await verified(plan, this.#objects)).toString()) as Plan;
    checkAgainst(this.#manifest, this.#plan);
    await this.#timed("inputs", () => this.#open());
    await this.#timed("analysis", () => this.#analyse());
    for (const statement of this.#plan.statements) {
      await this.#proceed();
      await this.#execute(statement);
      this.#tellCounts();
    }
    await this.#proceed();
    await this.#timed("outputs", async () => {
      for (const { path, uri } of this.#written) await this.#objects.store(path, uri);
    });
  }

  async #open(): Promise<void> {
    for (const declared of this.#plan.inputs) {
      const { dataset } = declared;
      const pinned = this.#manifest.inputs[dataset] ?? null;
      const source = pinned && (JSON.parse((await verified(pinned.report, this.#objects)).toString()) as FileReport);
      this.#inputs.set(dataset, source);
      const lines = source ? sum(source.parts.map((part) => part.lines)) : 0;
      const rows = source ? sum(source.parts.map((part) => part.rows)) : 0;
      const numbers = {
        lines,
        rows,
        malformed: source?.malformed ?? 0,
        file: source ? source.source.key : `${dataset}, which is absent`,
        rejected_uri: this.#rejectedUri(dataset),
      };
      for (const [what, value] of Object.entries(numbers)) this.#numbers.set(`${dataset}.${what}`, value);
      await this.#view(declared.table, source ? await this.#silver(declared, source) : emptyInput(declared));
    }
  }

  #rejectedUri(dataset: string): string {
    return `${this.#manifest.destination.rejected}/rows/${dataset}/${this.#folder}`;
  }

  /** @returns the query of a dataset's rows, each with its file and its line in the file */
  async #silver({ dataset, columns }: PlanInput, { silver, parts, source }: FileReport): Promise<string> {
    const paths: string[] = [];
    const before: number[] = [];
    let lines = 0;
    for (const [part, report] of parts.entries()) {
      const path = join(this.#scratch, `${dataset}-${part}.parquet`);
      const uri = `${silver}part-${part}.parquet`;
      if (!(await this.#objects.fetch(uri, path)))
        throw new RunFailure("input_missing", `dataset "${dataset}": ${uri} is not there any more`);
      paths.push(literal(path));
      before.push(lines);
      lines += report.lines;
    }
    const selected = [
      ...columns.map(({ name }) => identifier(name)),
      `${literal(source.key)} as "#file"`,
      `_line + list_extract([${before.join(", ")}]::bigint[], _part + 1) as "#file_line"`,
    ];
    return `select ${selected.join(", ")} from read_parquet([${paths.join(", ")}], hive_partitioning = false)`;
  }

  /** Resolves the SQL of outputs and balances on empty tables, so that its faults are told before a row is read. */
  async #analyse(): Promise<void> {
    for (const { name, columns } of this.#plan.tables) await this.#view(name, empty(columns));
    const first = this.#plan.statements.findIndex(({ kind }) => kind === "output");
    const results: Result[] = [];
    for (const statement of first < 0 ? [] : this.#plan.statements.slice(first)) {
      if (statement.kind === "check") continue;
      const described = await this.#executing(statement, () => this.#rows(`describe ${sqlOf(statement)}`));
      if (statement.kind !== "output") continue;
      const found = described.map((row) => [String(row.column_name), String(row.column_type)] as const);
      const differences = schemaDifferences(found, statement.columns);
      const detail = differences.join("; ") || `${statement.columns.length} columns as declared`;
      results.push({ check: statement.check, passed: differences.length === 0, detail });
      await this.#view(statement.name, empty(statement.columns));
    }
    this.#enter(results);
  }

  async #execute(statement: Statement): Promise<void> {
    if (statement.kind === "check") {
      this.#enter(
        statement.checks.map((check) => ({
          check,
          passed: evaluate(check.passes, this.#numbers) === true,
          detail: told(check.detail, this.#numbers),
        })),
      );
      return;
    }
    if (statement.kind === "rejected" && !evaluate(statement.when, this.#numbers)) return;
    const sql = sqlOf(statement);
    await this.#timed(statement.name, () =>
      this.#executing(statement, async () => {
        switch (statement.kind) {
          case "view":
            return await this.#view(statement.name, sql);
          case "table":
            await this.#connection.run(`create or replace temp table ${identifier(statement.name)} as ${sql}`);
            return;
          case "count":
            for (const [name, value] of Object.entries((await this.#rows(sql))[0]!)) this.#numbers.set(name, value);
            return;
          case "rejected": {
            const path = join(this.#scratch, `${statement.dataset}-rejected.parquet`);
            await copyToParquet(this.#connection, sql, path);
            return await this.#objects.store(path, `${this.#rejectedUri(statement.dataset)}${fileName}`);
          }
          case "output":
            return await this.#output(statement, sql);
        }
      }),
    );
  }

  async #output({ name, columns, clusterBy }: Extract<Statement, { kind: "output" }>, sql: string): Promise<void> {
    const path = join(this.#scratch, `${name}.parquet`);
    const order = clusterBy.length > 0 ? ` order by ${clusterBy.map(identifier).join(", ")}` : "";
    const cast = columns.map(({ name, type }) => `cast(${identifier(name)} as ${typeOf(type)}) as ${identifier(name)}`);
    await copyToParquet(this.#connection, `select ${cast.join(", ")} from (\n${sql}\n)${order}`, path);
    await this.#view(name, `select * from read_parquet(${literal(path)}, hive_partitioning = false)`);
    const uri = `${this.#manifest.destination.gold}/${name}/${this.#folder}`;
    this.#written.push({ path, uri: `${uri}${fileName}` });
    this.#report.outputs[name] = { rows: 0, files: 1, uri, columns };
  }

  /** Puts the counts that are known by now into the report. */
  #tellCounts(): void {
    const known = <T>(count: () => T): T | null => {
      try {
        return count();
      } catch (error) {
        if (error instanceof UnknownNumber) return null;
        throw error;
      }
    };
    const { datasets, outputs } = this.#plan.report;
    for (const [name, counts] of Object.entries(datasets)) {
      if (this.#report.datasets[name]) continue;
      const counted = known(() => resolved(counts, this.#numbers));
      if (counted) this.#report.datasets[name] = { ...counted, drift: this.#inputs.get(name)?.drift ?? noDrift };
    }
    for (const [name, output] of Object.entries(this.#report.outputs)) {
      const rows = known(() => evaluate(outputs[name]!.rows, this.#numbers));
      if (rows !== null) this.#report.outputs[name] = { ...output, rows: Number(rows) };
    }
  }

  /** Takes each check with whether it passed and its detail. @throws RunFailure with all that failed */
  #enter(results: readonly Result[]): void {
    for (const { check, passed, detail } of results) this.#report.checks.push({ name: check.name, passed, detail });
    const failed = results.filter(({ passed }) => !passed);
    const [first] = failed;
    if (!first) return;
    const message = failed.map(({ check, detail }) => `${check.name} failed: ${detail}`).join("; ");
    if (failed.some(({ check }) => check.code === "infrastructure")) throw new Error(message);
    throw new RunFailure(first.check.code, message);
  }

  async #view(name: string, sql: string): Promise<void> {
    await this.#connection.run(`create or replace temp view ${identifier(name)} as ${sql}`);
  }

  async #rows(sql: string): Promise<Record<string, Value>[]> {
    const rows = (await this.#connection.runAndReadAll(sql)).getRowObjectsJS();
    return rows.map(
      (row) =>
        Object.fromEntries(
          Object.entries(row).map(([name, value]) => [name, typeof value === "bigint" ? Number(value) : value]),
        ) as Record<string, Value>,
    );
  }

  async #executing<T>({ subject, code }: Pick<Sql, "subject" | "code">, execute: () => Promise<T>): Promise<T> {
    try {
      return await execute();
    } catch (error) {
      throw failureOf(error, subject, code);
    }
  }

  async #timed<T>(name: string, work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await work();
    } finally {
      this.#report.seconds[name] = secondsSince(started);
    }
  }
}

/** @throws RunFailure unless manifest and plan have the same pipeline and datasets */
function checkAgainst({ pipeline, inputs }: ManifestDocument, plan: Plan): void {
  const declared = plan.inputs.map(({ dataset }) => dataset);
  const missing = declared.filter((name) => !Object.hasOwn(inputs, name)).sort();
  const unknown = Object.keys(inputs).filter((name) => !declared.includes(name));
  const absent = plan.inputs.filter(({ dataset, required }) => required && inputs[dataset] === null);
  const problems = [
    ...(pipeline === plan.pipeline ? [] : [`manifest.pipeline: is ${pipeline}, the plan is for ${plan.pipeline}`]),
    ...(missing.length === 0 ? [] : [`manifest.inputs: missing ${missing.join(", ")}`]),
    ...(unknown.length === 0 ? [] : [`manifest.inputs: ${unknown.sort().join(", ")} not among the plan's datasets`]),
    ...absent.map(({ dataset }) => `manifest.inputs.${dataset}: is null, but ${dataset} is required`),
  ];
  if (problems.length > 0) throw new RunFailure("manifest_invalid", problems.join("; "));
}

interface Result {
  readonly check: Pick<Check, "name" | "code">;
  readonly passed: boolean;
  readonly detail: string;
}

/** Of the one file in an output's folder and in one of rejected rows. */
const fileName = "part-0.parquet";

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

const sqlOf = ({ name, sql }: Sql): string => {
  if (sql.duckdb === undefined) throw new RunFailure("plan_invalid", `${name} can't run in DuckDB`);
  return sql.duckdb;
};

const empty = (columns: readonly PlanColumn[]): string =>
  `select ${columns.map(({ name, type }) => `cast(null as ${typeOf(type)}) as ${identifier(name)}`).join(", ")} where false`;

const emptyInput = ({ columns }: PlanInput): string =>
  empty([...columns, { name: "#file", type: "string" }, { name: "#file_line", type: "bigint" }]);

/** One message per difference; empty when names, order and types are equal. */
function schemaDifferences(
  found: readonly (readonly [name: string, type: string])[],
  declared: readonly PlanColumn[],
): string[] {
  const types = new Map(found);
  const expected = new Map(declared.map(({ name, type }) => [name, type]));
  const differences = [
    ...[...expected.keys()].filter((name) => !types.has(name)).map((name) => `column ${name} is missing`),
    ...[...types.keys()].filter((name) => !expected.has(name)).map((name) => `column ${name} is not declared`),
  ];
  if (differences.length > 0) return differences;
  const names = found.map(([name]) => name).join(", ");
  const order = declared.map(({ name }) => name).join(", ");
  return names === order ? [] : [`columns come as ${names}, declared ${order}`];
}
