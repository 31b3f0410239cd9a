import type { DuckDBConnection } from "@duckdb/node-api";
import { duckdbDialect } from "../plan/duckdbDialect.ts";

export interface DuckdbOptions {
  /** The only folder that it can read and write. */
  readonly scratch: string;
  readonly threads: number;
  /** Of DuckDB's buffers, such as `192MB`; the process takes more. */
  readonly memoryLimit: string;
}

export interface Duckdb {
  readonly connection: DuckDBConnection;
  close(): void;
}

/**
 * A DuckDB that reaches nothing but its folder: no network, no extension, no other file, and no setting that would
 * change this. It is loaded here and not before, because loading takes longer than most calls of a function.
 */
export async function openDuckdb({ scratch, threads, memoryLimit }: DuckdbOptions): Promise<Duckdb> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:", { threads: String(threads), memory_limit: memoryLimit });
  const connection = await instance.connect();
  const folder = duckdbDialect.text(scratch);
  for (const setting of [
    "timezone = 'UTC'",
    `temp_directory = ${folder}`,
    `home_directory = ${folder}`,
    `allowed_directories = [${folder}]`,
    "autoinstall_known_extensions = false",
    "autoload_known_extensions = false",
    "enable_external_access = false",
    "lock_configuration = true",
  ])
    await connection.run(`set ${setting}`);
  return {
    connection,
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/**
 * Writes what a query returns. Level 1 takes no more time than no compression. Without a writer's version, Spark refuses
 * to read times before 1900, because some old writers meant another calendar.
 */
export async function copyToParquet(connection: DuckDBConnection, query: string, path: string): Promise<void> {
  const options =
    "format parquet, compression zstd, compression_level 1, kv_metadata {'org.apache.spark.version': '3.5.0'}";
  await connection.run(`copy (${query}) to ${duckdbDialect.text(path)} (${options})`);
}
