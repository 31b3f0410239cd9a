import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { expect } from "chai";
import { type ColumnType, parseColumnType } from "../../config/columnType.ts";
import { loadConfig } from "../../config/load.ts";
import type { OutputConfig } from "../../config/schema.ts";
import type { DatasetReport } from "../../handlers/run/report.ts";
import { root } from "../../setup/paths.mjs";
import type { Summary } from "../../start/summary.ts";

/**
 * The pipelines of other teams, run as a user would, against answers written by hand: `expected/` holds every cell, and
 * what became of the rows stands here.
 */
type Counts = Readonly<Record<string, Omit<DatasetReport, "warned" | "drift">>>;

const clinic: Readonly<Record<string, Counts>> = {
  "2026-W07": {
    patients: {
      lines: 7,
      malformed: 1,
      read: 6,
      kept: 4,
      rejected: { patient_id_is_null: 1 },
      deduplicated: 1,
      orphans: {},
    },
    visits: {
      lines: 13,
      malformed: 2,
      read: 11,
      kept: 7,
      rejected: { visit_id_is_null: 1, patient_id_is_null: 1, started_at_is_null: 1 },
      deduplicated: 1,
      orphans: { patient_id: 2 },
    },
    lab_results: {
      lines: 9,
      malformed: 0,
      read: 9,
      kept: 7,
      rejected: { sample_id_is_null: 0, test_code_is_null: 1 },
      deduplicated: 1,
      orphans: { patient_id: 2 },
    },
  },
  "2026-W08": {
    patients: {
      lines: 3,
      malformed: 0,
      read: 3,
      kept: 2,
      rejected: { patient_id_is_null: 0 },
      deduplicated: 1,
      orphans: {},
    },
    visits: {
      lines: 4,
      malformed: 1,
      read: 3,
      kept: 3,
      rejected: { visit_id_is_null: 0, patient_id_is_null: 0, started_at_is_null: 0 },
      deduplicated: 0,
      orphans: { patient_id: 1 },
    },
    lab_results: {
      lines: 0,
      malformed: 0,
      read: 0,
      kept: 0,
      rejected: { sample_id_is_null: 0, test_code_is_null: 0 },
      deduplicated: 0,
      orphans: { patient_id: 0 },
    },
  },
};

const fleet: Readonly<Record<string, Counts>> = {
  "north-2026-03-02": {
    vehicles: {
      lines: 6,
      malformed: 1,
      read: 5,
      kept: 3,
      rejected: { vehicle_id_is_null: 1 },
      deduplicated: 1,
      orphans: {},
    },
    drivers: {
      lines: 5,
      malformed: 1,
      read: 4,
      kept: 2,
      rejected: { driver_id_is_null: 1 },
      deduplicated: 1,
      orphans: {},
    },
    trips: {
      lines: 10,
      malformed: 2,
      read: 8,
      kept: 5,
      rejected: { trip_id_is_null: 0, vehicle_id_is_null: 1, departed_at_is_null: 1 },
      deduplicated: 1,
      orphans: { vehicle_id: 1, driver_id: 2 },
    },
    refuels: {
      lines: 8,
      malformed: 2,
      read: 6,
      kept: 4,
      rejected: { vehicle_id_is_null: 0, refuelled_at_is_null: 0, litres_is_null: 1 },
      deduplicated: 1,
      orphans: { vehicle_id: 1 },
    },
  },
  "south-2026-03-02": {
    vehicles: {
      lines: 1,
      malformed: 0,
      read: 1,
      kept: 1,
      rejected: { vehicle_id_is_null: 0 },
      deduplicated: 0,
      orphans: {},
    },
    drivers: {
      lines: 1,
      malformed: 0,
      read: 1,
      kept: 1,
      rejected: { driver_id_is_null: 0 },
      deduplicated: 0,
      orphans: {},
    },
    trips: {
      lines: 3,
      malformed: 0,
      read: 3,
      kept: 2,
      rejected: { trip_id_is_null: 0, vehicle_id_is_null: 0, departed_at_is_null: 0 },
      deduplicated: 1,
      orphans: { vehicle_id: 0, driver_id: 0 },
    },
    refuels: {
      lines: 0,
      malformed: 0,
      read: 0,
      kept: 0,
      rejected: { vehicle_id_is_null: 0, refuelled_at_is_null: 0, litres_is_null: 0 },
      deduplicated: 0,
      orphans: { vehicle_id: 0 },
    },
  },
};

const duckTypes = {
  string: "VARCHAR",
  boolean: "BOOLEAN",
  integer: "INTEGER",
  long: "BIGINT",
  double: "DOUBLE",
  date: "DATE",
  timestamp: "TIMESTAMP WITH TIME ZONE",
} as const;

function duckType(type: ColumnType): string {
  switch (type.kind) {
    case "decimal":
      return `DECIMAL(${type.precision},${type.scale})`;
    case "array":
      return `${duckType(type.element)}[]`;
    case "struct":
      return `STRUCT(${type.fields.map((field) => `${field.name} ${duckType(field.type)}`).join(", ")})`;
    default:
      return duckTypes[type.kind];
  }
}

for (const [name, batches] of Object.entries({ clinic, fleet }))
  describe(`the example ${name}, from upload to published Parquet`, function () {
    this.timeout(600_000);
    const folder = join(root, "examples", name);
    let outputs: Readonly<Record<string, OutputConfig>>;
    let out: string;
    let summary: Summary;
    let instance: DuckDBInstance;
    let connection: DuckDBConnection;

    const query = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJson();

    before(async () => {
      ({ outputs } = loadConfig(join(folder, "pipeline_config.yaml"), "dev").config);
      out = mkdtempSync(join(tmpdir(), "example-"));
      instance = await DuckDBInstance.create(":memory:");
      connection = await instance.connect();
      await promisify(execFile)(
        process.execPath,
        [
          join("scripts", "run.mjs"),
          ...["start", "--config", join(folder, "pipeline_config.yaml"), "--data", join(folder, "data"), "--out", out],
          ...["--engine", "both"],
        ],
        { cwd: root, maxBuffer: 1 << 24 },
      );
      summary = JSON.parse(readFileSync(join(out, "summary.json"), "utf8")) as Summary;
    });
    after(() => {
      connection?.closeSync();
      instance?.closeSync();
      rmSync(out, { recursive: true, force: true });
    });

    it("publishes every batch with one run of each engine, the optional files among its inputs", () => {
      const states = (summary.batches ?? []).map(({ batch, state, run }) => [batch, state, run]);
      expect(states).to.deep.equal(Object.keys(batches).map((batch) => [batch, "published", 2]));
      expect([summary.files.rejected, summary.files.skipped]).to.deep.equal([[], []]);
    });

    it("has the same of DuckDB and Spark", () => {
      const agreements = (summary.agreements ?? []).map(({ batch, differences }) => [batch, differences]);
      expect(agreements).to.deep.equal(Object.keys(batches).map((batch) => [batch, []]));
    });

    for (const [batch, counts] of Object.entries(batches)) {
      it(`knows what became of every row of ${batch}`, () => {
        const reports = Object.entries(summary.batches!.find((result) => result.batch === batch)!.datasets);
        expect(
          Object.fromEntries(reports.map(([dataset, { warned: _, drift: __, ...counted }]) => [dataset, counted])),
        ).to.deep.equal(counts);
        // The data keeps to the rules that only warn, and an optional file that is absent has no columns to miss.
        for (const [, { warned, drift }] of reports) {
          expect(new Set([0, ...Object.values(warned)])).to.deep.equal(new Set([0]));
          expect([drift.undeclared, drift.absent, drift.changed]).to.deep.equal([[], [], []]);
        }
      });

      it(`publishes each output of ${batch}, every cell as written by hand`, async () => {
        for (const [output, { columns, grain }] of Object.entries(outputs)) {
          const types = Object.entries(columns).map(([column, type]) => [column, duckType(parseColumnType(type))]);
          const published = `read_parquet('${out}/${output}/batch=${batch}/*.parquet', hive_partitioning = false)`;
          const declared = types.map(([column, type]) => `${column}: '${type}'`).join(", ");
          const expected = `read_json('${folder}/expected/${batch}/${output}.jsonl', format = 'newline_delimited', columns = {${declared}})`;

          const written = await query(`describe select * from ${published}`);
          expect(written.map(({ column_name, column_type }) => [column_name, column_type])).to.deep.equal(types);
          const rows = await query(`select * from ${published} order by ${grain.join(", ")}`);
          expect(rows).to.have.length.at.least(1);
          expect(rows).to.deep.equal(await query(`select * from ${expected} order by ${grain.join(", ")}`));
        }
      });
    }
  });
