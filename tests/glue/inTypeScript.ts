/**
 * What the Python tests have done in TypeScript: each line of the input is a function's name and its arguments, each
 * line of the output its result.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Contract } from "../../config/contract.ts";
import { run } from "../../handlers/embedded/run.ts";
import { typeParts } from "../../handlers/reader/file.ts";
import { openParquetWriter } from "../../handlers/reader/parquet.ts";
import { typedColumns } from "../../handlers/reader/row.ts";
import { compilePlan } from "../../plan/compile.ts";
import { planText } from "../../plan/planText.ts";
import { textOf } from "../handlers/reader/typed.ts";
import { localObjects } from "../oracle/localObjects.ts";
import { everything, everythingSql } from "../plan/contracts.ts";

const functions = {
  plan: (contract: Contract, sql: Record<string, string>) => planText(compilePlan(contract, sql)),

  /** The contract and the SQL with each kind of statement. */
  everything: () => ({ contract: everything, sql: everythingSql }),

  /** The report of a run in the embedded engine; null where it gives none. */
  async embedded(uri: string, sha256: string, jobRun: string, folder: string) {
    const scratch = mkdtempSync(join(folder, "scratch-"));
    const options = { scratch, threads: 2, memoryLimit: "500MB" };
    const report = await run({ uri, sha256 }, jobRun, localObjects, options).catch((error: Error) => error.message);
    rmSync(scratch, { recursive: true });
    return typeof report === "string" ? null : report;
  },

  /** Writes the parts of a text as promote does, and returns what a file report says of each. */
  async type(
    columns: Parameters<typeof typedColumns>[0]["columns"],
    text: string,
    bytesOfPart: number,
    folder: string,
  ) {
    const parts: { lines: number; rows: number; malformed: number; bytes: number }[] = [];
    const options = { columns: typedColumns({ columns }), open: openParquetWriter, bytesOfPart };
    const all = { first: 0, count: Number.MAX_SAFE_INTEGER };
    for await (const { part, typed, findings } of typeParts(textOf(Buffer.from(text)), { ...options, parts: all })) {
      writeFileSync(join(folder, `part-${part}.parquet`), await typed!.read());
      const { lines, rows, malformed } = findings;
      parts.push({ lines, rows, malformed, bytes: typed!.bytes });
    }
    return parts;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...given] = JSON.parse(line) as [keyof typeof functions, ...never[]];
  const result = await (functions[name] as (...given: never[]) => unknown)(...given);
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
