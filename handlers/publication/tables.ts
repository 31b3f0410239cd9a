import { own } from "../../config/plain.ts";
import { silverTable, silverTableColumns } from "../../config/tables.ts";
import { goldPrefix, partKeys } from "../keys.ts";
import type { Run } from "../ledger/document.ts";
import type { Releases } from "../release.ts";
import type { FunctionEnvironment } from "../settings.ts";
import { rowShapeOf } from "../shape.ts";
import type { PublishedFiles } from "./catalog.ts";

/**
 * What a run shows in a table: of an output what it wrote, of Silver the rows of the very file that it read. All of it by
 * the run's own release.
 * @param run one that ended well
 * @returns null when the run has nothing there
 */
export async function filesOf(
  table: string,
  batch: string,
  { run, inputs, outputs, release, settledBy }: Run,
  { goldBucket, silverBucket }: Pick<FunctionEnvironment, "goldBucket" | "silverBucket">,
  releases: Pick<Releases, "contractOf">,
): Promise<PublishedFiles | null> {
  const columns = own(outputs, table);
  if (columns) return { location: `s3://${goldBucket}/${goldPrefix(table, batch, run, settledBy!)}`, columns };
  const dataset = Object.keys(inputs).find((name) => silverTable(name) === table);
  const input = dataset === undefined ? null : own(inputs, dataset);
  if (dataset === undefined || !input) return null;
  const { datasets } = await releases.contractOf(release);
  const declared = own(datasets, dataset)!;
  const { silver } = partKeys({ batch, dataset, ...input }, rowShapeOf(declared, release.reader));
  return { location: `s3://${silverBucket}/${silver}`, columns: silverTableColumns(declared) };
}
