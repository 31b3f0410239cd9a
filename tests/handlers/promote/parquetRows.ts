import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { DuckDBInstance } from "@duckdb/node-api";

/** The rows of Parquet objects in a bucket, in the order of the keys, every value as text. */
export async function readParquet(
  s3: S3Client,
  Bucket: string,
  keys: readonly string[],
): Promise<Readonly<Record<string, string | null>>[]> {
  const folder = mkdtempSync(join(tmpdir(), "parquet-"));
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  try {
    const rows = [];
    for (const [index, Key] of keys.entries()) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      const path = join(folder, `${index}.parquet`);
      writeFileSync(path, await Body!.transformToByteArray());
      const read = await connection.runAndReadAll(`select columns(*)::varchar from read_parquet('${path}')`);
      rows.push(...(read.getRowObjectsJson() as Record<string, string | null>[]));
    }
    return rows;
  } finally {
    connection.closeSync();
    instance.closeSync();
    rmSync(folder, { recursive: true });
  }
}
