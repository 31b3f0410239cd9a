import type { Contract } from "../../config/contract.ts";
import type { FileFormat } from "../../config/schema.ts";
import { FaultyText, type FileFault } from "../reader/faultyText.ts";
import { typeParts } from "../reader/file.ts";
import { type Findings, together } from "../reader/findings.ts";
import { typedColumns } from "../reader/row.ts";
import { formOf } from "./form.ts";
import type { Source } from "./source.ts";
import { type TextLimits, textOf } from "./text.ts";
import { driftOf, verdictOn } from "./verdict.ts";

/** Why promote would not take a file, by the same reading of all its rows; null when it would. */
export async function faultOf(
  source: Source,
  { dataset, format }: { readonly dataset: string; readonly format: FileFormat },
  contract: Contract,
  limits: TextLimits,
): Promise<FileFault | null> {
  const { columns } = contract.datasets[dataset]!;
  try {
    const form = await formOf(source, format);
    const text = await textOf(source, form, limits);
    const parts: Findings[] = [];
    const all = { first: 0, count: Number.MAX_SAFE_INTEGER };
    for await (const { findings } of typeParts(text, { columns: typedColumns({ columns }), parts: all, open: null }))
      parts.push(findings);
    const findings = together(parts);
    const what = form.layout === "array" ? "element" : "line";
    return verdictOn(findings, driftOf(findings, columns), dataset, contract, what);
  } catch (error) {
    if (!(error instanceof FaultyText)) throw error;
    const { code, reason, fix } = error;
    return { code, reason, fix };
  }
}
