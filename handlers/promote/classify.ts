import type { Contract } from "../../config/contract.ts";
import type { FileFormat } from "../../config/schema.ts";
import { rollingBatch } from "../ledger/document.ts";

/** What a Bronze key names: a file of ours, or nothing that this pipeline declares. */
export type Classified =
  | { readonly kind: "ours"; readonly batch: string; readonly dataset: string; readonly format: FileFormat }
  | { readonly kind: "skipped"; readonly reason: string };

const batchName = /^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$/;
const skipped = (reason: string): Classified => ({ kind: "skipped", reason });

export function classify(key: string, { datasets }: Contract, keyPattern: string): Classified {
  if (key.endsWith("/")) return skipped("a folder marker, not a file");
  const parts = key.split("/");
  if (parts.length > 2) return skipped("files lie at the root or in one folder named after the batch");
  const name = parts.at(-1)!;
  const folder = parts.length === 2 ? parts[0]! : null;

  const declared = Object.entries(datasets).flatMap(([dataset, { file, formats }]) =>
    formats.map((format) => ({ dataset, format, name: `${file}.${format}` })),
  );
  const match = declared.find((candidate) => candidate.name === name);
  if (!match)
    return skipped(`no dataset has this file name; declared: ${declared.map((file) => file.name).join(", ")}`);
  const { dataset, format } = match;
  if (folder === null) return { kind: "ours", batch: rollingBatch, dataset, format };
  if (folder === rollingBatch)
    return skipped(`"${rollingBatch}" is no folder: files of the rolling batch lie at the root`);
  if (!batchName.test(folder) || !new RegExp(`^(?:${keyPattern})$`).test(folder))
    return skipped(`the folder is no batch name; declared pattern: ${keyPattern}`);
  return { kind: "ours", batch: folder, dataset, format };
}
