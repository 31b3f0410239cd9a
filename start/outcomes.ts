import { setTimeout as sleep } from "node:timers/promises";
import { rollingBatch } from "../config/batchName.ts";
import { type Contract, contractOf } from "../config/contract.ts";
import type { LoadedConfig } from "../config/load.ts";
import { classify } from "../handlers/bronze/classify.ts";
import { emptyDocument, type LedgerDocument, type Run } from "../handlers/ledger/document.ts";
import { evaluateGate, type GateRules, type GateVerdict } from "../handlers/ledger/gate.ts";
import { shapesOf } from "../handlers/shape.ts";
import type { Uploaded } from "./bronze.ts";

export type FileOutcome =
  | { readonly kind: "promoted"; readonly key: string; readonly dataset: string; readonly bytes: number }
  | {
      readonly kind: "rejected";
      readonly key: string;
      readonly dataset: string;
      readonly code: string;
      readonly reason: string;
      readonly fix: string;
    }
  | { readonly kind: "skipped"; readonly key: string; readonly reason: string; readonly fix: string };

/** An entry in the promote function's log, with the fields that show the outcome of a file. */
export interface LogEntry {
  readonly message: string;
  readonly key?: string;
  readonly version?: string;
  readonly reason?: string;
  readonly fix?: string;
}

/** Where the outcomes are read from. */
export interface Evidence {
  ledger(batch: string): Promise<LedgerDocument | null>;
  /** The promote function's log. */
  log(): Promise<readonly LogEntry[]>;
  /** Messages that the promote function gave up on. */
  deadLetters(): Promise<number>;
}

export interface BatchState {
  readonly batch: string;
  readonly document: LedgerDocument;
  readonly verdict: GateVerdict;
  /** The newest run. */
  readonly run: Run | undefined;
}

export interface Snapshot {
  readonly files: readonly FileOutcome[];
  /** Uploaded keys without a known outcome yet. */
  readonly open: readonly string[];
  readonly batches: readonly BatchState[];
  /** Reasons for which the promote function failed and will try again. */
  readonly troubles: readonly string[];
  readonly deadLetters: number;
}

export interface WatchRules {
  readonly contract: Contract;
  readonly gate: GateRules;
}

export function watchRules({ config }: LoadedConfig): WatchRules {
  const contract = contractOf(config);
  const maxSpread = contract.batching.maxSpread * 1000;
  return {
    contract,
    gate: { datasets: contract.datasets, shapes: shapesOf(contract), maxSpread, attempts: config.glue.attempts },
  };
}

/** The batches that the uploaded keys belong to; the rolling batch when there is none, so that there is a result. */
export function batchesOf(keys: Iterable<string>, { contract }: WatchRules): string[] {
  const batches = new Set<string>();
  for (const key of keys) {
    const named = classify(key, contract);
    if (named.kind === "ours") batches.add(named.batch);
  }
  return batches.size === 0 ? [rollingBatch] : [...batches].sort();
}

/**
 * Groups the files in the order in which they must be decided. A batch runs as soon as its required files are promoted,
 * without an optional file that is decided later. So optional files come first.
 */
export function uploadGroups<T extends { readonly key: string }>(files: readonly T[], { contract }: WatchRules): T[][] {
  const isOptional = ({ key }: T) => {
    const named = classify(key, contract);
    return named.kind === "ours" && !contract.datasets[named.dataset]!.required;
  };
  return [files.filter(isOptional), files.filter((file) => !isOptional(file))].filter(({ length }) => length > 0);
}

export async function observe(uploaded: Uploaded, rules: WatchRules, evidence: Evidence): Promise<Snapshot> {
  const batches = await Promise.all(
    batchesOf(uploaded.keys(), rules).map(async (batch): Promise<BatchState> => {
      const document = (await evidence.ledger(batch)) ?? emptyDocument;
      return {
        batch,
        document,
        verdict: evaluateGate(batch, document, rules.gate, Date.now()),
        run: document.runs.at(-1),
      };
    }),
  );
  const decided = new Map(batches.flatMap(({ document }) => Object.entries(document.inputs)));
  const isDecided = (key: string) => decided.get(key)?.decision.version === uploaded.get(key);
  const rest = [...uploaded.keys()].filter((key) => !isDecided(key));
  const log = rest.length === 0 ? [] : await evidence.log();
  const skips = new Map(log.filter(({ message }) => message === "file.skipped").map((entry) => [entry.key, entry]));

  const files: FileOutcome[] = [];
  const open: string[] = [];
  for (const key of uploaded.keys()) {
    const input = isDecided(key) ? decided.get(key) : undefined;
    const skip = skips.get(key);
    if (input?.decision.outcome === "promoted")
      files.push({ kind: "promoted", key, dataset: input.dataset, bytes: input.decision.bytes });
    else if (input?.decision.outcome === "rejected") {
      const { code, reason, fix } = input.decision;
      files.push({ kind: "rejected", key, dataset: input.dataset, code, reason, fix });
    } else if (skip) files.push({ kind: "skipped", key, reason: skip.reason ?? "", fix: skip.fix ?? "" });
    else open.push(key);
  }
  return {
    files,
    open,
    batches,
    troubles: log.filter(({ message }) => message === "message.failed").map(({ reason }) => reason ?? ""),
    deadLetters: open.length === 0 ? 0 : await evidence.deadLetters(),
  };
}

/** The batches that the ledger has; where every file was skipped it has none. */
export const knownBatches = ({ batches }: Snapshot): string[] =>
  batches.flatMap(({ batch, document }) => (document.revision > 0 ? [batch] : []));

/** Whether nothing more will happen on its own. */
export function isOver({ open, batches }: Snapshot): boolean {
  const goesOn = (state: GateVerdict["state"]) => state === "ready" || state === "running";
  return open.length === 0 && batches.every(({ verdict }) => !goesOn(verdict.state));
}

export interface WaitOptions {
  readonly signal: AbortSignal;
  readonly onChange: (snapshot: Snapshot) => void;
  /** How many milliseconds to wait without any change, unless a run is active. */
  readonly patience: number;
  /** The same while a run is active. */
  readonly runPatience: number;
  readonly interval?: number;
  readonly now?: () => number;
}

/**
 * Waits until every file has an outcome and every batch has ended.
 * @throws Error that says what is stuck.
 */
export async function waitForOutcomes(look: () => Promise<Snapshot>, options: WaitOptions): Promise<Snapshot> {
  const { signal, onChange, patience, runPatience, interval = 300, now = Date.now } = options;
  let known = "";
  let changedAt = now();
  for (;;) {
    const snapshot = await look();
    onChange(snapshot);
    if (isOver(snapshot)) return snapshot;
    if (snapshot.deadLetters > 0)
      throw new Error(
        `the promote function gave up on ${snapshot.open.join(", ")}: ${snapshot.troubles.at(-1) ?? "no reason was logged"}`,
      );
    const state = JSON.stringify([snapshot.files.length, snapshot.batches.map(({ document }) => document.revision)]);
    if (state !== known) {
      known = state;
      changedAt = now();
    }
    const isRunning = snapshot.batches.some(({ verdict }) => verdict.state === "running");
    if (now() - changedAt > (isRunning ? runPatience : patience)) throw new Error(stuck(snapshot));
    await sleep(interval, undefined, { signal });
  }
}

function stuck({ open, batches, troubles }: Snapshot): string {
  const trouble = troubles.length > 0 ? `; the promote function last failed with: ${troubles.at(-1)}` : "";
  if (open.length > 0) return `there is no outcome for ${open.join(", ")}${trouble}`;
  const waiting = batches.filter(({ verdict }) => verdict.state === "ready" || verdict.state === "running");
  return `no more progress in batch ${waiting.map(({ batch, verdict }) => `${batch} (${verdict.state})`).join(", ")}`;
}
