import { nearest } from "../../config/nearest.ts";
import { ledgerKeys } from "../../handlers/keys.ts";
import { emptyDocument, isUnsettled, type LedgerDocument, type Run } from "../../handlers/ledger/document.ts";
import { inParallel } from "../../handlers/parallel.ts";
import { UsageError } from "../../terminal/flags.ts";
import type { Target } from "./target.ts";

type Ledger = Target["ledger"];

const documentsAtOnce = 16;
const documentPrefix = ledgerKeys.document("").replace(/\.json$/, "");

/** The batches that the ledger has, in the order of their names. */
export async function batchesOf(ledger: Ledger): Promise<string[]> {
  const batches: string[] = [];
  for await (const key of ledger.list(documentPrefix)) batches.push(key.slice(documentPrefix.length, -".json".length));
  return batches.sort();
}

export async function readDocument(ledger: Ledger, batch: string): Promise<LedgerDocument | null> {
  const stored = await ledger.get(ledgerKeys.document(batch));
  if (stored === null) return null;
  const document = JSON.parse(stored.text) as LedgerDocument;
  if (document.format !== 1)
    throw new Error(`the ledger document of batch ${batch} has format ${document.format}; this release reads 1`);
  return document;
}

/** The ledger has a batch once its first file was decided. */
export const emptyOr = (document: LedgerDocument | null): LedgerDocument => document ?? emptyDocument;

/** @throws UsageError with the batch that was probably meant */
export async function documentOf(ledger: Ledger, batch: string): Promise<LedgerDocument> {
  const document = await readDocument(ledger, batch);
  if (document !== null) return document;
  const batches = await batchesOf(ledger);
  const near = nearest(batch, batches);
  const known =
    near !== undefined
      ? `; did you mean ${near}?`
      : batches.length === 0
        ? "; it has no batch yet"
        : `; the newest are ${batches.slice(-3).join(", ")}`;
  throw new UsageError(`the ledger has no batch "${batch}"${known}`);
}

/** In the order of `batches`, without those that the ledger does not have. */
export async function readDocuments(ledger: Ledger, batches: Iterable<string>): Promise<Map<string, LedgerDocument>> {
  const named = [...batches];
  const found = new Map<string, LedgerDocument>();
  await inParallel(named, documentsAtOnce, async (batch) => {
    const document = await readDocument(ledger, batch);
    if (document !== null) found.set(batch, document);
  });
  return new Map(named.flatMap((batch) => (found.has(batch) ? [[batch, found.get(batch)!] as const] : [])));
}

/** The batches in which something is pending. */
export async function openBatches(ledger: Ledger): Promise<Set<string>> {
  const open = new Set<string>();
  for await (const key of ledger.list(ledgerKeys.openPrefix)) open.add(key.split("/")[1]!);
  return open;
}

/** The batches whose run has not ended. Each has an open mark, so no others are looked at. */
export async function unsettledBatches(ledger: Ledger): Promise<Set<string>> {
  const documents = await readDocuments(ledger, await openBatches(ledger));
  return new Set([...documents].filter(([, { runs }]) => runs.some(isUnsettled)).map(([batch]) => batch));
}

/** The run that an order made, if the ledger still keeps it: the last one, if the embedded engine could not do the first. */
export const runOfOrder = ({ runs }: LedgerDocument, id: string): Run | undefined =>
  runs.findLast(({ cause }) => cause.kind === "operator" && cause.id === id);
