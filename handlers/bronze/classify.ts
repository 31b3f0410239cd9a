import { isBatchName, rollingBatch } from "../../config/batchName.ts";
import type { Contract } from "../../config/contract.ts";
import { nearest } from "../../config/nearest.ts";
import type { FileFormat } from "../../config/schema.ts";

/** What a Bronze key names: a file of a declared dataset, or something that this pipeline skips. */
export type Classified =
  | { readonly kind: "ours"; readonly batch: string; readonly dataset: string; readonly format: FileFormat }
  | { readonly kind: "skipped"; readonly reason: string; readonly fix: string };

const skipped = (reason: string, fix: string): Classified => ({ kind: "skipped", reason, fix });

export function classify(key: string, { datasets, batching }: Pick<Contract, "datasets" | "batching">): Classified {
  if (key.endsWith("/")) return skipped("the key is a folder marker, not a file", "nothing; folders need no marker");
  const parts = key.split("/");
  if (parts.length > 2)
    return skipped(
      `the file lies ${parts.length - 1} folders deep`,
      "upload it to the root or to one folder named after its batch",
    );
  const name = parts.at(-1)!;
  const folder = parts.length === 2 ? parts[0]! : null;

  const declared = Object.entries(datasets).flatMap(([dataset, { file, formats }]) =>
    formats.map((format) => ({ dataset, format, name: `${file}.${format}` })),
  );
  const match = declared.find((candidate) => candidate.name === name);
  if (!match) {
    const names = declared.map((file) => file.name);
    const near = nearest(name, names);
    return skipped(
      "no dataset has this file name",
      near
        ? `rename it to ${near} if that is meant; declared: ${names.join(", ")}`
        : `name it as declared: ${names.join(", ")}`,
    );
  }
  const { dataset, format } = match;
  if (folder === null) return { kind: "ours", batch: rollingBatch, dataset, format };
  if (folder === rollingBatch)
    return skipped(
      `the folder "${rollingBatch}" is the name of the rolling batch, whose files lie at the root`,
      "upload it to the root",
    );
  if (!isBatchName(folder) || !new RegExp(`^(?:${batching.keyPattern})$`).test(folder))
    return skipped(
      "the folder's name is not a batch name",
      `name the folder after its batch, matching ${batching.keyPattern}`,
    );
  return { kind: "ours", batch: folder, dataset, format };
}
