import { join } from "node:path";
import { defaultShares, type Shares } from "../generator/shares.ts";
import { generatedData } from "../start/data.ts";

/**
 * Data without malformed rows: some make the usual job's inferred schema fail, others make Polars' reader fail. Also
 * without a heavy user: the usual job joins each of its events with each of its orders. With 20,000 each it never ends.
 */
const uniform: Shares = { ...defaultShares, cut: 0, mistyped: 0, heavyUser: 0 };
const shares = { uniform, heavy: { ...uniform, heavyUser: 0.5 } } satisfies Record<string, Shares>;

/** `heavy` has one user with half of all events and orders. */
export type Kind = keyof typeof shares;

/** @returns the folder of the three files with `records` lines each, which are made if they are not there */
export async function wellFormedData(
  records: number,
  folder: string,
  tell: (text: string) => void,
  kind: Kind = "uniform",
): Promise<string> {
  tell(`data of ${records.toLocaleString("en")} records, ${kind}`);
  const directory = join(folder, "data", kind);
  await generatedData({ records, seed: 42, directory, shares: shares[kind] }, () => {});
  return join(directory, `${records}-42`);
}
