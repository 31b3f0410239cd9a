import { rmSync, writeFileSync } from "node:fs";
import { own } from "../config/plain.ts";
import type { ComparisonRecord } from "../plan/ownSql.ts";
import type { Agreement } from "./agreement.ts";
import type { BatchResult } from "./summary.ts";

/** Whether each batch was computed by both engines, and they made the same of it. */
export const areAgreed = (agreements: readonly Agreement[], results: readonly BatchResult[]): boolean =>
  agreements.length === results.length && agreements.every(({ differences }) => differences.length === 0);

/**
 * Records that DuckDB SQL has given what its Spark SQL gives, if both engines agreed on all of the batches. An output
 * without a row has shown nothing. A difference disproves what an earlier comparison has recorded.
 * @param records by output, of the files that have been run
 * @returns the files that were written
 */
export function recordComparisons(
  records: Readonly<Record<string, ComparisonRecord>>,
  agreements: readonly Agreement[],
  results: readonly BatchResult[],
): string[] {
  if (agreements.some(({ differences }) => differences.length > 0))
    for (const { file } of Object.values(records)) rmSync(file, { force: true });
  if (!areAgreed(agreements, results)) return [];
  const hasRows = (output: string) => results.some(({ outputs }) => (own(outputs, output)?.rows ?? 0) > 0);
  const shown = Object.entries(records).filter(([output]) => hasRows(output));
  for (const [, { file, text }] of shown) writeFileSync(file, text);
  return shown.map(([, { file }]) => file);
}
