/**
 * `typing.ts reader|duckdb INPUT OUTPUT`: turns the three files into Parquet of the declared types, by the reader or by
 * DuckDB's own copy. Prints the seconds, the CPU seconds and the peak MB of the work without loading the modules.
 */
import { createReadStream, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { typeParts } from "../../handlers/reader/file.ts";
import { openParquetWriter } from "../../handlers/reader/parquet.ts";
import { type TypedColumn, typedColumns } from "../../handlers/reader/row.ts";
import { duckdbDialect, duckdbType } from "../../plan/duckdbDialect.ts";
import { shippedContract } from "../../tests/oracle/shipped.ts";

const [way, input, output] = process.argv.slice(2) as [keyof typeof ways, string, string];

const { identifier, text: literal } = duckdbDialect;

/** As large as a block that S3's stream would hand on costs least. */
const chunkBytes = 1024 ** 2;

async function byReader(columns: readonly TypedColumn[], file: string, target: string): Promise<void> {
  const from = (start: number) => createReadStream(file, { start, highWaterMark: chunkBytes });
  const text = { layout: "jsonl", from, bytes: statSync(file).size } as const;
  const parts = { first: 0, count: Number.MAX_SAFE_INTEGER };
  for await (const { part, typed } of typeParts(text, { columns, parts, open: openParquetWriter }))
    writeFileSync(`${target}-${part}.parquet`, await typed!.read());
}

async function byDuckdb(columns: readonly TypedColumn[], file: string, target: string): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  const declared = columns.map(({ name, type }) => `${identifier(name)}: ${literal(duckdbType(type, "timestamp"))}`);
  await connection.run(
    `copy (from read_json(${literal(file)}, format = 'newline_delimited', columns = {${declared.join(", ")}}))
     to ${literal(`${target}.parquet`)} (format parquet)`,
  );
  connection.closeSync();
  instance.closeSync();
}

const ways = { reader: byReader, duckdb: byDuckdb };
mkdirSync(output, { recursive: true });
const { datasets } = shippedContract();
const [since, before] = [performance.now(), process.cpuUsage()];
for (const [name, dataset] of Object.entries(datasets))
  await ways[way](typedColumns(dataset), join(input, `${name}.json`), join(output, name));
const { user, system } = process.cpuUsage(before);
console.log(
  JSON.stringify({
    seconds: (performance.now() - since) / 1000,
    cpu: (user + system) / 1e6,
    peak: (process.resourceUsage().maxRSS * 1024) / 1e6,
  }),
);
