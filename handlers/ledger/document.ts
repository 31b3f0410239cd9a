import type { OutputContract } from "../../config/contract.ts";
import type { Release } from "../release.ts";

/**
 * The ledger: one document per batch, changed only by compare-and-swap. Times are milliseconds since the epoch.
 * `transition.ts` is the only code that makes a new one.
 */
export interface LedgerDocument {
  readonly format: 1;
  /** One more at each write. */
  readonly revision: number;
  /** Nonce of the last write. By it a writer recognises its own success when the answer was lost. */
  readonly writer: string;
  /** The revision that opened the batch, which names its open mark; null while nothing is pending. */
  readonly open: number | null;
  /** Sequence of the newest release under which the gate has judged the batch. */
  readonly judged: number;
  /** Bronze key to what is known of it. */
  readonly inputs: Readonly<Record<string, Input>>;
  /** Oldest first; runs no longer needed here move to objects of their own. */
  readonly runs: readonly Run[];
  readonly effects: readonly Effect[];
  readonly published: Publication | null;
  /** Ids of the operator's events that took effect, newest last: a repeat changes nothing. */
  readonly operations: readonly string[];
  /** Id of an order to run that waits until its files are typed for the release; null without one. */
  readonly ordered: string | null;
}

export interface Publication {
  readonly run: number;
  /** The newest run ever published. Rollback moves `run` and leaves this. */
  readonly highWater: number;
}

export interface Input {
  readonly dataset: string;
  readonly decision: Decision;
  /** Versions of this key that published runs have read, newest last. */
  readonly read: readonly string[];
  /** Versions that the operator has withdrawn, newest last. */
  readonly withdrawn: readonly string[];
  /** Whether the batch's deadline passed before a published run had read this version. */
  readonly late: boolean;
}

interface DecisionBase {
  readonly version: string;
  /** S3's order of the events of one key; null when reconciliation found the version. */
  readonly sequencer: string | null;
  readonly lastModified: number;
  readonly decidedAt: number;
  readonly bytes: number;
  /** The shape under which it was decided; a run of another one does not go by it. */
  readonly shape: string;
}

export interface Promoted extends DecisionBase {
  readonly outcome: "promoted";
  readonly report: FileReportPin;
  /** Bytes of its rows in Silver. */
  readonly silverBytes: number;
}

/** Pins the report on a file: what it came to under a shape, and where its rows lie. */
export interface FileReportPin {
  /** In the ledger bucket. */
  readonly key: string;
  /** Of the report, in hex. */
  readonly sha256: string;
}

export interface Rejected extends DecisionBase {
  readonly outcome: "rejected";
  readonly code: string;
  /** What is wrong with the file. */
  readonly reason: string;
  /** What its producer has to do. */
  readonly fix: string;
}

/** It was to be typed again, and Bronze no longer has the version. */
export interface Gone extends DecisionBase {
  readonly outcome: "gone";
}

export type Decision = Promoted | Rejected | Gone;

/** One file that a run reads, pinned. */
export interface PinnedInput {
  readonly key: string;
  readonly version: string;
  readonly shape: string;
  readonly report: FileReportPin;
  /** Of the upload. */
  readonly bytes: number;
  /** Of its rows in Silver. */
  readonly silverBytes: number;
}

/** Dataset to the file that a run reads of it; null for an optional dataset that is absent. */
export type PinnedInputs = Readonly<Record<string, PinnedInput | null>>;

/** Output to its columns, types as Hive spells them. */
export type OutputColumns = Readonly<Record<string, OutputContract["columns"]>>;

/** Spark in AWS Glue, or DuckDB in a function. */
export type EngineName = "glue" | "embedded";

export type RunState = "claimed" | "started" | "failed" | "published" | "superseded";

export interface RunFailure {
  /**
   * The gate may claim the inputs again after `infrastructure` (it broke while it executed), `undelivered` (it never
   * began to) and `unfit` (the embedded engine could not do it, so Glue has to). The others wait for a new file or the
   * operator: `report` (engine or checks failed it), `timeout`, `stopped`, `refused` (the engine would not start it).
   */
  readonly kind: RetriedKind | "report" | "timeout" | "stopped" | "refused";
  /** At most `longestMessage` bytes. */
  readonly message: string;
}

export type RetriedKind = "infrastructure" | "undelivered" | "unfit";

/** How often the same inputs have been claimed before. */
export interface Tries {
  /** Runs that broke while they executed; so many are allowed. */
  readonly executed: number;
  /** Runs that never began; an outage may make any number of them. */
  readonly undelivered: number;
  /** Whether the embedded engine could not do one of them. Then it gets no other. */
  readonly unfit: boolean;
}

export interface Run {
  readonly run: number;
  readonly cause: RunCause;
  readonly state: RunState;
  readonly claimedAt: number;
  /** When the start was entered; null before. */
  readonly startedAt: number | null;
  readonly engine: EngineName;
  /** A key for each dataset that its release declares. */
  readonly inputs: PinnedInputs;
  readonly release: Release;
  /** The outputs of its release. The run is judged by them and shown with them, whatever is deployed later. */
  readonly outputs: OutputColumns;
  readonly tries: Tries;
  /** Job runs started for this claim, in the order in which they were entered. */
  readonly jobRuns: readonly string[];
  /** Those stopped because another job run was kept; how they ended says nothing about the claim. */
  readonly twins: readonly string[];
  readonly settledAt: number | null;
  /** When it was first published; null for a run that never was. */
  readonly publishedAt: number | null;
  /** The job run whose output counts. */
  readonly settledBy: string | null;
  readonly failure: RunFailure | null;
}

export type RunCause =
  | { readonly kind: "gate" }
  | { readonly kind: "operator"; readonly operation: "run" | "replay"; readonly id: string };

/**
 * Something to do outside the ledger. The write that decides it enters it; another write removes it when it is done.
 */
export type Effect = StartEffect | TypeEffect | StopEffect | CatalogEffect | ExpireEffect | NoticeEffect;

interface EffectBase {
  /** Unique in the document; a new effect replaces an older one with the same id. */
  readonly id: string;
  /** The invocation that performs it. */
  readonly by: string;
  /** From then on the sweep may take it over. */
  readonly until: number;
}

export interface StartEffect extends EffectBase {
  readonly kind: "start";
  readonly run: number;
  /** Whether an earlier performer may have started it without receiving the answer. */
  readonly uncertain: boolean;
}

/** Asks promote to type a version under a shape. It stays until the version is decided so, or nobody wants it any more. */
export interface TypeEffect extends EffectBase {
  readonly kind: "type";
  readonly key: string;
  readonly version: string;
  readonly sequencer: string | null;
  readonly shape: string;
}

export interface StopEffect extends EffectBase {
  readonly kind: "stop";
  readonly run: number;
  readonly jobRun: string;
}

/** Makes the batch's partition in one table of the catalog agree with the ledger. */
export interface CatalogEffect extends EffectBase {
  readonly kind: "catalog";
  readonly table: string;
}

/** Deletes what a run wrote to Gold after the document dropped the run. */
export interface ExpireEffect extends EffectBase {
  readonly kind: "expire";
  readonly run: number;
  readonly outputs: readonly string[];
}

/** Tells people how a run ended. It holds the whole text, because the document may drop the run before it is sent. */
export interface NoticeEffect extends EffectBase {
  readonly kind: "notify";
  readonly run: number;
  readonly ended: "published" | "superseded" | "failed";
  /** Why it failed. */
  readonly reason: string | null;
  /** How often it could not be sent. */
  readonly tries: number;
}

export const emptyDocument: LedgerDocument = {
  format: 1,
  revision: 0,
  writer: "",
  open: null,
  judged: 0,
  inputs: {},
  runs: [],
  effects: [],
  published: null,
  operations: [],
  ordered: null,
};

export const isUnsettled = (run: Run): boolean => run.state === "claimed" || run.state === "started";

export const findRun = (document: LedgerDocument, number: number): Run | undefined =>
  document.runs.find(({ run }) => run === number);

/** A key is live while no published run has read its version and the operator has not withdrawn it. */
export const isLive = (input: Input): boolean => !input.read.includes(input.decision.version) && !isWithdrawn(input);

/** Whether the operator has withdrawn the newest version of the key, or the one that is given. */
export const isWithdrawn = ({ withdrawn, decision }: Input, version = decision.version): boolean =>
  withdrawn.includes(version);
