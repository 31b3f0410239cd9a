import { existsSync, readFileSync } from "node:fs";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { type DatasetName, datasetNames } from "../../generator/rows.ts";
import type { FileReport } from "../../handlers/promote/fileReport.ts";
import type { DatasetReport } from "../../handlers/run/report.ts";
import { type EngineName, type EngineRun, parquetIn, type RawFiles, reportOf } from "./engineRuns.ts";
import { loadRaw } from "./rawFile.ts";
import { malformedPart } from "./typedFiles.ts";

export type Row = Readonly<Record<string, string | null>>;

export interface Findings {
  /** Rows of user_activity, and what was compared in all: its cells, typed and rejected rows, and counts. */
  readonly rows: number;
  readonly compared: number;
  readonly differences: number;
  /** The first differences, one a line. */
  readonly examples: readonly string[];
}

/** What values that break a rule do to their row, and orphans; the percentage of malformed rows that a file may have. */
export interface Terms {
  readonly violations: "warn" | "reject";
  readonly orphans: "keep" | "reject";
  readonly maxRejected: number;
}
export const shippedTerms: Terms = { violations: "warn", orphans: "keep", maxRejected: 5 };

const shown = 10;
const meaning = readFileSync(new URL("./user_activity.sql", import.meta.url), "utf8");
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
const parquet = (...paths: readonly string[]) =>
  `read_parquet([${paths.map(literal).join(", ")}], hive_partitioning = false)`;
/** The texts that both sides have: one that is no UTF-8 or too long is null here, and replaced or null there. */
const comparable = (text: string) => `case when not contains(${text}, '\ufffd') then ${text} end`;

/** DuckDB's answer for three raw files, by tests/oracle/user_activity.sql. */
export class Oracle {
  private readonly instance: DuckDBInstance;
  private readonly connection: DuckDBConnection;

  private readonly files: RawFiles;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection, files: RawFiles) {
    this.files = files;
    this.instance = instance;
    this.connection = connection;
  }

  static async ask(files: RawFiles, { violations, orphans, maxRejected }: Terms = shippedTerms): Promise<Oracle> {
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    for (const name of datasetNames) await loadRaw(connection, `raw_${name}`, files[name]);
    await connection.run(
      `set variable violations = '${violations}'; set variable orphans = '${orphans}';
       set variable max_rejected = ${maxRejected}`,
    );
    await connection.run(meaning);
    return new Oracle(instance, connection, files);
  }

  /** Its rows of user_activity, as text. */
  rows(): Promise<Row[]> {
    return this.query("select columns(*)::varchar from user_activity order by user_id");
  }

  /** What the reports of files and of a run have to say of the datasets, rules that no row breaks being left out. */
  async counts(): Promise<Readonly<Record<DatasetName, { readonly file: FileCounts; readonly run: Counts }>>> {
    const judged = await this.query("select dataset, rule, count(*) as rows from judged group by all");
    const rowsOf = (table: string) => this.query(`select * from ${table}`);
    const [warned, orphans, kept] = [await rowsOf("warned"), await rowsOf("orphans"), await rowsOf("kept")];
    const [undeclared, absent] = [await rowsOf("undeclared"), await rowsOf("absent")];
    const [lines, verdicts] = [await rowsOf("lines"), await rowsOf("verdicts")];
    const counts = datasetNames.map((name) => {
      const of = (rows: readonly Row[]) => rows.filter(({ dataset }) => dataset === name);
      const sum = (rows: readonly Row[]) => rows.reduce((total, row) => total + Number(row.rows), 0);
      const byRule = (rows: readonly Row[]) => Object.fromEntries(rows.map((row) => [row.rule, Number(row.rows)]));
      const typed = of(judged).filter(({ rule }) => rule !== "malformed");
      const rejected = typed.filter(({ rule }) => rule !== null);
      const common = { lines: sum(of(lines)), malformed: sum(of(judged)) - sum(typed) };
      const file: FileCounts = {
        ...common,
        rows: sum(typed),
        verdict: of(verdicts)[0]!.code ?? null,
        undeclared: Object.fromEntries(of(undeclared).map(({ field, rows }) => [field, Number(rows)])),
        absent: of(absent).map(({ field }) => field!),
      };
      const run: Counts = {
        ...common,
        read: sum(typed),
        kept: sum(of(kept)),
        rejected: byRule(rejected),
        warned: byRule(of(warned)),
        deduplicated: sum(typed) - sum(rejected) - sum(of(kept)),
        orphans: { user_id: sum(of(orphans)) },
      };
      return [name, { file, run }];
    });
    return Object.fromEntries(counts);
  }

  /** Holds typed files against the answer: each count of their reports, each typed cell, each malformed row. */
  async compareFiles({ folder, files }: EngineRun): Promise<Findings> {
    const found = new Comparison();
    const known = await this.counts();
    for (const name of datasetNames) {
      found.counts(name, known[name].file, fileCountsOf(files[name]));
      const columns = await this.columns(name);
      /** Each part's Parquet, with the number of lines before it. */
      const parts = (pathOf: (part: number) => string, select: (before: number) => string) => {
        let before = 0;
        return files[name].parts.flatMap(({ lines }, part) => {
          const [path, at] = [pathOf(part), before];
          before += lines;
          return existsSync(path) ? [`select ${select(at)} from ${parquet(path)}`] : [];
        });
      };
      await this.compareRows(
        `${name}: the typed row`,
        `select number, ${columns} from judged_${name} where rule is distinct from 'malformed'`,
        parts(
          (part) => `${files[name].silver}part-${part}.parquet`,
          (before) => `_line + ${before}, ${columns}`,
        ),
        found,
      );
      // An element of an array has no text of its own.
      const text = (column: string) => (this.files[name].layout === "array" ? "null::varchar" : comparable(column));
      await this.compareRows(
        `${name}: the malformed row`,
        `select number, ${text("line")} as text from judged_${name} where rule = 'malformed'`,
        parts(
          (part) => malformedPart(files[name], folder, part),
          (before) => `_line + ${before}, ${text("text")}`,
        ),
        found,
      );
    }
    return found.findings(0);
  }

  /** Holds a run against the answer: each count of its report, each cell of its output, each rejected row. */
  async compare(run: EngineRun, engine: EngineName): Promise<Findings> {
    const found = new Comparison();
    const report = run.manifests && reportOf(run, engine);
    if (!report || report.failure) {
      found.add(1, [report?.failure ? `the run failed: ${report.failure.message}` : "a file was rejected on arrival"]);
      return found.findings(0);
    }
    const known = await this.counts();
    for (const name of datasetNames) {
      found.counts(name, known[name].run, countsOf(report.datasets[name] as unknown as Counts));
      const rejected = parquetIn(run, engine, `rejected/rows/${name}/batch=current/run=1`);
      const columns = await this.columns(name);
      await this.compareRows(
        `${name}: the rejected row`,
        `select number, rule, ${columns} from judged_${name} where rule <> 'malformed'`,
        rejected.length > 0
          ? [`select line, rule, ${columns} from (select line, rule, unnest(row) from ${parquet(...rejected)})`]
          : [],
        found,
      );
    }
    const gold = parquetIn(run, engine, "gold/user_activity");
    if (gold.length > 0) return found.findings(await this.compareGold(gold, found));
    found.add(1, ["user_activity: no file was written"]);
    return found.findings(0);
  }

  close(): void {
    this.connection.closeSync();
    this.instance.closeSync();
  }

  private async columns(name: DatasetName): Promise<string> {
    return (await this.query(`select unnest(getvariable('${name}_columns')) as name`))
      .map((row) => row.name)
      .join(", ");
  }

  /** @param parts queries whose rows together have to be those of `right` */
  private async compareRows(what: string, right: string, parts: readonly string[], to: Comparison): Promise<void> {
    await this.connection.run(
      `create or replace table rights as ${right};
       create or replace table founds as from rights limit 0`,
    );
    for (const part of parts) await this.connection.run(`insert into founds ${part}`);
    await this.connection.run(
      `create or replace table differing as
       select 'is missing' as what, side::varchar as side from (from rights except all from founds) as side
       union all select 'is extra', side::varchar from (from founds except all from rights) as side`,
    );
    const rows = await this.query(`select * from differing order by side limit ${shown}`);
    to.add(
      await this.count("rights"),
      rows.map((row) => `${what} ${row.side} ${row.what}`),
      await this.count("differing"),
    );
  }

  private async compareGold(paths: readonly string[], to: Comparison): Promise<number> {
    await this.connection.run(`create or replace view gold as select * from ${parquet(...paths)}`);
    const shape = async (table: string) =>
      (await this.query(`describe ${table}`)).map(({ column_name, column_type }) => `${column_name} ${column_type}`);
    const [right, found] = [await shape("user_activity"), await shape("gold")];
    if (right.join() !== found.join()) {
      to.add(1, [`user_activity has the columns ${found.join(", ")}; right are ${right.join(", ")}`]);
      return 0;
    }
    const columns = right.map((column) => column.split(" ")[0]!);
    const [rows, foundRows] = [await this.count("user_activity"), await this.count("gold")];
    to.add(1, rows === foundRows ? [] : [`user_activity: ${rows} rows are right, ${foundRows} were found`]);

    const differing = columns.map(
      (column) =>
        `select r.user_id as known, g.user_id as found, '${column}' as name, r.${column}::varchar as is_right,
           g.${column}::varchar as was_found
         from user_activity as r full join gold as g on r.user_id = g.user_id
         where r.${column} is distinct from g.${column}`,
    );
    await this.connection.run(`create or replace table differing as ${differing.join(" union all ")}`);
    const cells = await this.query(`select * from differing order by coalesce(known, found) limit ${shown}`);
    to.add(
      rows * columns.length,
      cells.map(({ known, found, name, is_right, was_found }) => {
        const user = `user_activity, user ${JSON.stringify(known ?? found)}`;
        return `${user}, ${name}: ${is_right} is right, ${was_found} was found`;
      }),
      await this.count("differing"),
    );
    return rows;
  }

  private async count(table: string): Promise<number> {
    return Number((await this.query(`select count(*) as rows from ${table}`))[0]!.rows);
  }

  private async query(sql: string): Promise<Row[]> {
    return (await this.connection.runAndReadAll(sql)).getRowObjectsJson() as Row[];
  }
}

/** What has been compared, and the differences: of many only some are told. */
class Comparison {
  private compared = 0;
  private differences = 0;
  private readonly examples: string[] = [];

  add(compared: number, differences: readonly string[], count = differences.length): void {
    this.compared += compared;
    this.differences += count;
    this.examples.push(...differences);
  }

  counts(name: DatasetName, right: object, found: object): void {
    const [known, other] = [new Map(leaves(right)), new Map(leaves(found))];
    const paths = [...new Set([...known.keys(), ...other.keys()])];
    const wrong = paths.filter((path) => (known.get(path) ?? 0) !== (other.get(path) ?? 0));
    this.add(
      paths.length,
      wrong.map((path) => `${name}.${path}: ${known.get(path) ?? 0} is right, ${other.get(path) ?? 0} was found`),
    );
  }

  findings(rows: number): Findings {
    const { compared, differences, examples } = this;
    return { rows, compared, differences, examples: examples.slice(0, shown) };
  }
}

/** What of a run's report on a dataset is compared. */
interface Counts extends Pick<DatasetReport, "read" | "kept" | "rejected" | "warned" | "deduplicated" | "orphans"> {
  readonly lines: number;
  readonly malformed: number;
}

const countsOf = ({ lines, malformed, read, kept, rejected, warned, deduplicated, orphans }: Counts): Counts => ({
  lines,
  malformed,
  read,
  kept,
  rejected,
  warned,
  deduplicated,
  orphans,
});

/** What of a file's report is compared. */
interface FileCounts extends Pick<FileReport, "rows" | "malformed"> {
  readonly lines: number;
  readonly verdict: string | null;
  readonly undeclared: Readonly<Record<string, number>>;
  readonly absent: readonly string[];
}

const fileCountsOf = ({ rows, malformed, parts, fault, drift }: FileReport): FileCounts => ({
  lines: parts.reduce((sum, { lines }) => sum + lines, 0),
  rows,
  malformed,
  verdict: fault?.code ?? null,
  undeclared: Object.fromEntries(drift.undeclared.map(({ name, rows }) => [name, rows])),
  absent: drift.absent,
});

/** Counts by path, such as `rejected.user_id_is_null`; for a text or one of a list, 1 at its name. */
function leaves(counts: object, path = ""): [string, number][] {
  return Object.entries(counts).flatMap(([name, value]): [string, number][] => {
    if (value === null) return [];
    if (typeof value === "number") return [[`${path}${name}`, value]];
    if (typeof value === "string") return [[`${path}${Array.isArray(counts) ? "" : `${name}.`}${value}`, 1]];
    return leaves(value, `${path}${name}.`);
  });
}
