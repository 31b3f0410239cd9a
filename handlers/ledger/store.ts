import { ledgerKeys } from "../keys.ts";
import type { Releases } from "../release.ts";
import type { FunctionSettings } from "../settings.ts";
import type { DocumentStore } from "../storage.ts";
import type { LedgerDocument } from "./document.ts";
import type { LedgerEvent } from "./event.ts";
import { evaluateGate, type GateVerdict } from "./gate.ts";
import { type Rules, rulesOf } from "./rules.ts";
import type { transition } from "./transition.ts";

/** Reads and writes ledger documents; `commit` is the only way to change one. */
export interface Ledger {
  read(batch: string): Promise<LedgerDocument | null>;
  /** @throws OrderRefused from the transition; Error when other writers won too many times in a row. */
  commit(batch: string, event: LedgerEvent): Promise<LedgerDocument>;
  /** The batch's state, judged by the newest release that this invocation or the document knows. */
  gate(batch: string, document: LedgerDocument): Promise<GateVerdict>;
  /** Batches with something pending, each with its open marks. */
  openBatches(): Promise<Map<string, number[]>>;
  /** Deletes open marks that no document names and none can name later. */
  clearMarks(batch: string, epochs: readonly number[]): Promise<void>;
}

export interface LedgerDeps {
  readonly documents: DocumentStore;
  readonly releases: Releases;
  readonly settings: FunctionSettings;
  readonly invocation: string;
  readonly now: () => number;
  /** Waits some part of so many milliseconds. */
  readonly pause: (atMost: number) => Promise<unknown>;
  /** Decides every change. */
  readonly transition: typeof transition;
}

const patience = 30;

export class LedgerFormatError extends Error {
  override readonly name = "LedgerFormatError";
}

export function createLedger({
  documents,
  releases,
  settings,
  invocation,
  now,
  pause,
  transition,
}: LedgerDeps): Ledger {
  let writes = 0;

  /** If a newer release has judged the document, the pointer is read again: an older release must not judge it. */
  async function rulesFor(document: LedgerDocument | null): Promise<Rules> {
    const release = await releases.current();
    const isOld = release.sequence < (document?.judged ?? 0);
    return rulesOf(isOld ? await releases.newest() : release, settings);
  }

  async function load(batch: string): Promise<{ document: LedgerDocument | null; etag: string | null }> {
    const stored = await documents.get(ledgerKeys.document(batch));
    if (!stored) return { document: null, etag: null };
    const document = JSON.parse(stored.text) as LedgerDocument;
    if (document.format !== 1)
      throw new LedgerFormatError(`${ledgerKeys.document(batch)} has format ${document.format}; this release reads 1`);
    return { document, etag: stored.etag };
  }

  async function commit(batch: string, event: LedgerEvent): Promise<LedgerDocument> {
    let attempted: string | null = null;
    for (let attempt = 0; attempt < patience; attempt++) {
      const { document, etag } = await load(batch);
      // Our own write whose answer was lost: it took effect.
      if (document && document.writer === attempted) return settleMark(batch, null, document);
      const writer = `${invocation}:${++writes}`;
      const rules = await rulesFor(document);
      const next = transition(document, event, { batch, now: now(), invocation, writer, rules });
      if (next === document || next.revision === 0) return next;

      // The mark is written before the document. A mark without an open batch is cleaned up by the sweep; an open batch
      // without a mark would be lost.
      if (next.open !== null && next.open !== document?.open)
        await documents.put(ledgerKeys.openMark(batch, next.open), "{}", null);
      const kept = new Set(next.runs.map(({ run }) => run));
      for (const run of document?.runs ?? [])
        if (!kept.has(run.run)) await documents.put(ledgerKeys.oldRun(batch, run.run), JSON.stringify(run), null);

      attempted = writer;
      const written = await documents.put(
        ledgerKeys.document(batch),
        JSON.stringify(next),
        etag === null ? { ifAbsent: true } : { ifMatch: etag },
      );
      if (written) return settleMark(batch, document, next);
      await pause(Math.min(2000, 20 * 2 ** attempt));
    }
    throw new Error(`the ledger of batch ${batch} changed under ${patience} attempts to write ${event.kind}`);
  }

  /** The write that closed the batch deletes the mark of the epoch that it closed. */
  async function settleMark(
    batch: string,
    before: LedgerDocument | null,
    after: LedgerDocument,
  ): Promise<LedgerDocument> {
    const closed = before?.open ?? null;
    if (closed !== null && after.open === null) await documents.delete(ledgerKeys.openMark(batch, closed));
    return after;
  }

  return {
    read: async (batch) => (await load(batch)).document,
    commit,
    gate: async (batch, document) => evaluateGate(batch, document, await rulesFor(document), now()),

    async openBatches() {
      const open = new Map<string, number[]>();
      for await (const key of documents.list(ledgerKeys.openPrefix)) {
        const [, batch, epoch] = key.split("/");
        if (batch && epoch) open.set(batch, [...(open.get(batch) ?? []), Number(epoch)]);
      }
      return open;
    },

    async clearMarks(batch, epochs) {
      let { document } = await load(batch);
      for (const epoch of epochs) {
        // The writer of the mark died, or is slow. If it is slow, the new revision makes its write fail, and it starts
        // again.
        if (epoch > (document?.revision ?? 0)) document = await commit(batch, { kind: "overtake", epoch });
        // An epoch is the revision that opened the batch. Once the document is past it, no write can use it again.
        if (document && epoch <= document.revision && epoch !== document.open)
          await documents.delete(ledgerKeys.openMark(batch, epoch));
      }
    },
  };
}
