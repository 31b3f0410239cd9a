import type { LoadedConfig } from "../config/load.ts";
import { classify } from "../handlers/bronze/classify.ts";
import type { Run } from "../handlers/ledger/document.ts";
import type { GateVerdict } from "../handlers/ledger/gate.ts";
import type { DatasetReport, RunReport } from "../handlers/run/report.ts";
import type { Agreement } from "./agreement.ts";
import type { BatchState, FileOutcome, Snapshot, WatchRules } from "./outcomes.ts";

export type State = "published" | "failed" | "waiting";

export interface Files {
  readonly promoted: readonly { readonly key: string; readonly dataset: string; readonly bytes: number }[];
  readonly rejected: readonly {
    readonly key: string;
    readonly dataset: string;
    readonly code: string;
    readonly reason: string;
    readonly fix: string;
  }[];
  readonly skipped: readonly { readonly key: string; readonly reason: string; readonly fix: string }[];
}

export interface BatchResult {
  readonly state: State;
  readonly batch: string;
  readonly run: number | null;
  /** Why it is not published; null when it is. */
  readonly reason: string | null;
  readonly files: Files;
  readonly datasets: Readonly<Record<string, DatasetReport>>;
  readonly outputs: Readonly<Record<string, { readonly rows: number; readonly path: string }>>;
}

export interface Seconds {
  readonly setup: number;
  readonly generate: number;
  readonly upload: number;
  readonly uploadToPublished: number;
  readonly total: number;
}

/** `summary.json`; docs/summary.md describes it. */
export interface Summary extends BatchResult {
  readonly seconds: Seconds;
  /** Null when the data was not generated. */
  readonly answer: { readonly matches: boolean; readonly differences: readonly string[] } | null;
  /** What two engines made of each batch, after `--engine both`. */
  readonly agreements?: readonly Agreement[];
  /** Each batch's own result, when there are several. */
  readonly batches?: readonly BatchResult[];
}

export function filesOf(outcomes: readonly FileOutcome[]): Files {
  const files = { promoted: [], rejected: [], skipped: [] } as Record<keyof Files, unknown[]>;
  for (const { kind, ...file } of outcomes) files[kind].push(file);
  return files as unknown as Files;
}

/** The files of one batch. A skipped file belongs to no batch, so every batch lists it. */
export function filesOfBatch(batch: string, { files }: Snapshot, { contract }: WatchRules): Files {
  return filesOf(
    files.filter(({ key }) => {
      const named = classify(key, contract);
      return named.kind === "skipped" || named.batch === batch;
    }),
  );
}

export function stateOf({ verdict, run }: BatchState): State {
  if (verdict.state === "published") return "published";
  // A published run doesn't count after newer uploads: the state is that of these uploads.
  return run?.state === "failed" ? "failed" : "waiting";
}

/** One sentence on why a batch is not published. */
export function reasonOf(state: BatchState, files: Files, config: LoadedConfig["config"]): string | null {
  const { verdict, run } = state;
  if (verdict.state === "published") return null;
  if (stateOf(state) === "failed") return failureText(run!);
  return waitingText(verdict, files, config);
}

function failureText({ run, failure }: Run): string {
  return `run ${run} failed (${failure?.kind ?? "unknown"}): ${failure?.message ?? "no reason is known"}`;
}

function waitingText(verdict: GateVerdict, files: Files, { datasets, batching }: LoadedConfig["config"]): string {
  switch (verdict.state) {
    case "waiting": {
      const missing = verdict.missing.map((dataset) => {
        const { file, formats } = datasets[dataset]!;
        return `${dataset} is missing (${formats.map((format) => `${file}.${format}`).join(" or ")})`;
      });
      const rejected = verdict.rejected.map((dataset) => {
        const file = files.rejected.find((candidate) => candidate.dataset === dataset);
        return `${dataset} was rejected${file ? ` (${file.key}: ${file.reason}; ${file.fix})` : ""}`;
      });
      return [...missing, ...rejected].join("; ");
    }
    case "conflict":
      return Object.entries(verdict.keys)
        .map(([dataset, keys]) => `${dataset} has several files: ${keys.join(", ")}; upload one of them`)
        .join("; ");
    case "mixed":
      return `the files are ${Math.round(verdict.spread / 60_000)} minutes apart and ${batching.maxSpread / 60} are allowed`;
    default:
      return `the batch is ${verdict.state}`;
  }
}

export function resultOf(
  state: BatchState,
  files: Files,
  report: RunReport | null,
  paths: Readonly<Record<string, string>>,
  config: LoadedConfig["config"],
): BatchResult {
  const isPublished = stateOf(state) === "published";
  const outputs = Object.entries(report?.outputs ?? {}).flatMap(([name, { rows }]) =>
    isPublished && Object.hasOwn(paths, name) ? [[name, { rows, path: paths[name]! }] as const] : [],
  );
  return {
    state: stateOf(state),
    batch: state.batch,
    run: state.run?.run ?? null,
    reason: reasonOf(state, files, config),
    files,
    datasets: report?.datasets ?? {},
    outputs: Object.fromEntries(outputs),
  };
}

/** The summary of all batches shows one of them: the first failed one, else the first waiting one, else the first. */
export function summaryOf(
  batches: readonly BatchResult[],
  all: Files,
  rest: Pick<Summary, "seconds" | "answer" | "agreements">,
): Summary {
  const leading =
    batches.find(({ state }) => state === "failed") ?? batches.find(({ state }) => state === "waiting") ?? batches[0]!;
  return { ...leading, files: all, ...rest, ...(batches.length > 1 ? { batches } : {}) };
}
