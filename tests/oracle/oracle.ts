import { readFileSync } from "node:fs";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { type DatasetName, datasetNames } from "../../generator/rows.ts";
import type { DatasetReport } from "../../handlers/run/report.ts";
import { type EngineRun, parquetIn, type RawFiles, reportOf } from "./engineRuns.ts";
import { loadRaw } from "./rawFile.ts";

export type Row = Readonly<Record<string, string | null>>;

export interface Findings {
  /** Rows of user_activity, and the values compared in all: cells, rejected rows and counts. */
  readonly rows: number;
  readonly compared: number;
  readonly differences: number;
  /** The first differences, one a line. */
  readonly examples: readonly string[];
}

/** What values that break a rule do to their row, and orphans. */
export interface Severity {
  readonly violations: "warn" | "reject";
  readonly orphans: "keep" | "reject";
}
export const shippedSeverity: Severity = { violations: "warn", orphans: "keep" };

const shown = 10;
const meaning = readFileSync(new URL("./user_activity.sql", import.meta.url), "utf8");
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
const parquet = (paths: readonly string[]) =>
  `read_parquet([${paths.map(literal).join(", ")}], hive_partitioning = false)`;

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

  static async ask(files: RawFiles, { violations, orphans }: Severity = shippedSeverity): Promise<Oracle> {
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    for (const name of datasetNames) await loadRaw(connection, `raw_${name}`, files[name]);
    await connection.run(`set variable violations = '${violations}'; set variable orphans = '${orphans}'`);
    await connection.run(meaning);
    return new Oracle(instance, connection, files);
  }

  /** Its rows of user_activity, as text. */
  rows(): Promise<Row[]> {
    return this.query("select columns(*)::varchar from user_activity order by user_id");
  }

  /** What a run's report has to say of the datasets, rules that no row breaks being left out. */
  async counts(): Promise<Readonly<Record<DatasetName, Counts>>> {
    const judged = await this.query("select dataset, rule, count(*) as rows from judged group by all");
    const rowsOf = (table: string) => this.query(`select * from ${table}`);
    const [warned, orphans, kept] = [await rowsOf("warned"), await rowsOf("orphans"), await rowsOf("kept")];
    const [undeclared, absent] = [await rowsOf("undeclared"), await rowsOf("absent")];
    const counts = datasetNames.map((name): [string, Counts] => {
      const of = (rows: readonly Row[]) => rows.filter(({ dataset }) => dataset === name);
      const sum = (rows: readonly Row[]) => rows.reduce((total, row) => total + Number(row.rows), 0);
      const byRule = (rows: readonly Row[]) => Object.fromEntries(rows.map((row) => [row.rule, Number(row.rows)]));
      const rejected = of(judged).filter(({ rule }) => rule !== null);
      return [
        name,
        {
          read: sum(of(judged)),
          kept: sum(of(kept)),
          rejected: byRule(rejected),
          warned: byRule(of(warned)),
          deduplicated: sum(of(judged)) - sum(rejected) - sum(of(kept)),
          orphans: { user_id: sum(of(orphans)) },
          undeclared: Object.fromEntries(of(undeclared).map(({ field, rows }) => [field, Number(rows)])),
          absent: of(absent).map(({ field }) => field!),
        },
      ];
    });
    return Object.fromEntries(counts) as Record<DatasetName, Counts>;
  }

  /** Holds a whole run against the answer: each count of its report, each cell of its output, each rejected row. */
  async compare(run: EngineRun): Promise<Findings> {
    const report = reportOf(run);
    const examples: string[] = [];
    let [compared, differences, rows] = [0, 0, 0];
    const add: Add = (count, found, foundCount = found.length) => {
      compared += count;
      differences += foundCount;
      examples.push(...found);
    };

    if (report.failure)
      return { rows, compared: 1, differences: 1, examples: [`the run failed: ${report.failure.message}`] };
    const known = await this.counts();
    for (const name of datasetNames) {
      const [right, found] = [leaves(known[name]), leaves(countsOf(report.datasets[name]!))];
      const paths = [...new Set([...right.keys(), ...found.keys()])];
      const wrong = paths.filter((path) => (right.get(path) ?? 0) !== (found.get(path) ?? 0));
      add(
        paths.length,
        wrong.map((path) => `${name}.${path}: ${right.get(path) ?? 0} is right, ${found.get(path) ?? 0} was found`),
      );
      await this.compareRejected(name, parquetIn(run, `rejected/rows/${name}`), add);
    }
    const gold = parquetIn(run, "gold/user_activity");
    if (gold.length > 0) rows = await this.compareGold(gold, add);
    else add(1, ["user_activity: no file was written"]);
    return { rows, compared, differences, examples: examples.slice(0, shown) };
  }

  close(): void {
    this.connection.closeSync();
    this.instance.closeSync();
  }

  /** The rejected rows with their texts. An element of an array has no text of its own: there the counts have to do. */
  private async compareRejected(name: DatasetName, paths: readonly string[], add: Add): Promise<void> {
    if (this.files[name].layout === "array") return;
    // Bytes that are no UTF-8 are null here; the engine keeps them with replacement characters.
    const right = `select rule, line as text from judged_${name} where rule is not null and line is not null`;
    const found =
      paths.length === 0
        ? "select null::varchar, null::varchar where false"
        : `select rule, text from ${parquet(paths)} where not contains(text, '\ufffd')`;
    await this.connection.run(
      `create or replace table differing as
       select 'is missing' as what, * from ((${right}) except all (${found})) as side (rule, text)
       union all select 'is extra', * from ((${found}) except all (${right})) as side (rule, text)`,
    );
    const rows = await this.query(`select * from differing order by text limit ${shown}`);
    add(
      await this.count(`(${right})`),
      rows.map(({ what, rule, text }) => `${name}: the rejected row ${rule} ${text} ${what}`),
      await this.count("differing"),
    );
  }

  private async compareGold(paths: readonly string[], add: Add): Promise<number> {
    await this.connection.run(`create or replace view gold as select * from ${parquet(paths)}`);
    const shape = async (table: string) =>
      (await this.query(`describe ${table}`)).map(({ column_name, column_type }) => `${column_name} ${column_type}`);
    const [right, found] = [await shape("user_activity"), await shape("gold")];
    if (right.join() !== found.join()) {
      add(1, [`user_activity has the columns ${found.join(", ")}; right are ${right.join(", ")}`]);
      return 0;
    }
    const columns = right.map((column) => column.split(" ")[0]!);
    const [rows, foundRows] = [await this.count("user_activity"), await this.count("gold")];
    add(1, rows === foundRows ? [] : [`user_activity: ${rows} rows are right, ${foundRows} were found`]);

    const differing = columns.map(
      (column) =>
        `select r.user_id as known, g.user_id as found, '${column}' as name, r.${column}::varchar as is_right,
           g.${column}::varchar as was_found
         from user_activity as r full join gold as g on r.user_id = g.user_id
         where r.${column} is distinct from g.${column}`,
    );
    await this.connection.run(`create or replace table differing as ${differing.join(" union all ")}`);
    const cells = await this.query(`select * from differing order by coalesce(known, found) limit ${shown}`);
    add(
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

/** Of many differences only some are told, and how many there are. */
type Add = (compared: number, differences: readonly string[], count?: number) => void;

/** What of a dataset's report is compared. */
interface Counts extends Pick<DatasetReport, "read" | "kept" | "rejected" | "warned" | "deduplicated" | "orphans"> {
  readonly undeclared: Readonly<Record<string, number>>;
  readonly absent: readonly string[];
}

const countsOf = ({ drift, ...report }: DatasetReport): Counts => ({
  ...report,
  undeclared: Object.fromEntries(drift.undeclared.map(({ name, rows }) => [name, rows])),
  absent: drift.absent,
});

/** A dataset's counts by path, such as `rejected.malformed`; 1 stands for "absent". */
function leaves({
  read,
  kept,
  rejected,
  warned,
  deduplicated,
  orphans,
  undeclared,
  absent,
}: Counts): Map<string, number> {
  const absentColumns = Object.fromEntries(absent.map((name) => [name, 1]));
  const groups = Object.entries({ rejected, warned, orphans, undeclared, absent: absentColumns });
  return new Map([
    ...Object.entries({ read, kept, deduplicated }),
    ...groups.flatMap(([group, counts]) =>
      Object.entries(counts).map(([name, count]): [string, number] => [`${group}.${name}`, count]),
    ),
  ]);
}
