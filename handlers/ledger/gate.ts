import { rollingBatch } from "../../config/batchName.ts";
import type { DatasetContract } from "../../config/contract.ts";
import { own } from "../../config/plain.ts";
import {
  type Decision,
  type Input,
  isLive,
  isUnsettled,
  type LedgerDocument,
  type PinnedInput,
  type PinnedInputs,
  type RetriedKind,
  type Tries,
} from "./document.ts";
import { noTries, retryAt, triesAfter } from "./retry.ts";

/** What the gate needs to know of the config. Times in milliseconds. */
export interface GateRules {
  readonly datasets: Readonly<Record<string, Pick<DatasetContract, "required">>>;
  /** Dataset to the shape under which its files have to be typed. */
  readonly shapes: Readonly<Record<string, string>>;
  readonly maxSpread: number;
  readonly attempts: number;
}

/** Where a batch stands; only `ready` claims a run. */
export type GateVerdict =
  | {
      readonly state: "ready";
      readonly inputs: PinnedInputs;
      readonly leftOut: readonly string[];
      readonly tries: Tries;
    }
  /** The infrastructure failed; the same inputs are claimed again at a time, in milliseconds since the epoch. */
  | { readonly state: "retrying"; readonly run: number; readonly at: number }
  | { readonly state: "running"; readonly run: number }
  | { readonly state: "published"; readonly run: number }
  | { readonly state: "failed"; readonly run: number }
  | { readonly state: "superseded"; readonly run: number }
  | { readonly state: "conflict"; readonly keys: Readonly<Record<string, readonly string[]>> }
  | {
      readonly state: "waiting" | "late";
      readonly missing: readonly string[];
      readonly rejected: readonly string[];
      /** Those whose file would have to be typed again, and is no longer in Bronze. */
      readonly expired: readonly string[];
    }
  /** All is there, but these files were decided under another contract; they are typed again first. */
  | { readonly state: "typing"; readonly files: readonly FileToType[] }
  | { readonly state: "mixed"; readonly spread: number };

export interface FileToType {
  readonly key: string;
  readonly version: string;
  readonly sequencer: string | null;
  readonly shape: string;
}

export interface LiveInput {
  readonly key: string;
  readonly input: Input;
}

type Versions = Readonly<Record<string, Pick<PinnedInput, "key" | "version"> | null>>;

/**
 * The Bronze key and version of each present, declared dataset as one comparable text. Absent datasets are left out;
 * otherwise a new optional dataset would make every earlier set a new one.
 */
export function inputSet(inputs: Versions, datasets: GateRules["datasets"]): string {
  const triples = Object.keys(datasets).flatMap((dataset) => {
    const pinned = own(inputs, dataset);
    return pinned ? [[dataset, pinned.key, pinned.version]] : [];
  });
  return JSON.stringify(triples);
}

/** Live files of the declared datasets. */
export function liveInputs(document: LedgerDocument, datasets: GateRules["datasets"]): Map<string, LiveInput[]> {
  const live = new Map<string, LiveInput[]>();
  for (const [key, input] of Object.entries(document.inputs))
    if (isLive(input) && Object.hasOwn(datasets, input.dataset))
      live.set(input.dataset, [...(live.get(input.dataset) ?? []), { key, input }]);
  return live;
}

/** The file as a run pins it; a rejected file cannot be pinned. */
export function pin({ key, input }: LiveInput): PinnedInput | null {
  const { decision } = input;
  if (decision.outcome !== "promoted") return null;
  const { version, shape, report, bytes, silverBytes } = decision;
  return { key, version, shape, report, bytes, silverBytes };
}

/** The file, if it has to be typed again before a run may read it. */
export function staleFile({ key, input }: LiveInput, { shapes }: Pick<GateRules, "shapes">): FileToType | null {
  const shape = shapes[input.dataset]!;
  const { version, sequencer } = input.decision;
  return input.decision.shape === shape ? null : { key, version, sequencer, shape };
}

const spreadOf = (times: readonly number[]) => Math.max(...times) - Math.min(...times);

/**
 * Decides whether the batch may run.
 * @param now milliseconds since the epoch
 */
export function evaluateGate(batch: string, document: LedgerDocument, rules: GateRules, now: number): GateVerdict {
  const unsettled = document.runs.find(isUnsettled);
  if (unsettled) return { state: "running", run: unsettled.run };

  const live = liveInputs(document, rules.datasets);
  if (live.size === 0 && document.published) return { state: "published", run: document.published.run };

  const declared = Object.entries(rules.datasets);
  const conflicts = declared.filter(([name]) => (live.get(name)?.length ?? 0) > 1);
  if (conflicts.length > 0)
    return {
      state: "conflict",
      keys: Object.fromEntries(conflicts.map(([name]) => [name, live.get(name)!.map(({ key }) => key)])),
    };

  const only = (name: string): LiveInput | undefined => live.get(name)?.[0];
  const missing = declared.filter(([name, { required }]) => required && !only(name)).map(([name]) => name);
  const stale = (name: string) => only(name) && staleFile(only(name)!, rules);
  const withOutcome = (outcome: Decision["outcome"]) =>
    declared.filter(([name]) => !stale(name) && only(name)?.input.decision.outcome === outcome).map(([name]) => name);
  const [rejected, expired] = [withOutcome("rejected"), withOutcome("gone")];
  if (missing.length > 0 || rejected.length > 0 || expired.length > 0) {
    const isLate = [...live.values()].flat().some(({ input }) => input.late);
    return { state: isLate ? "late" : "waiting", missing, rejected, expired };
  }

  const timeOf = (name: string) => only(name)!.input.decision.lastModified;
  const times = declared.filter(([, { required }]) => required).map(([name]) => timeOf(name));
  if (batch === rollingBatch && spreadOf(times) > rules.maxSpread) return { state: "mixed", spread: spreadOf(times) };
  const optional = declared.filter(([name, { required }]) => !required && only(name)).map(([name]) => name);
  const leftOut: string[] = [];
  // Newest first, so that an old file does not keep a new one out.
  for (const name of optional.sort((one, other) => timeOf(other) - timeOf(one)))
    if (batch === rollingBatch && spreadOf([...times, timeOf(name)]) > rules.maxSpread) leftOut.push(name);
    else times.push(timeOf(name));
  const taken = declared.map(([name]) => [name, leftOut.includes(name) ? undefined : only(name)] as const);
  const versions = taken.map(([name, one]) => [
    name,
    one ? { key: one.key, version: one.input.decision.version } : null,
  ]);

  const wanted = inputSet(Object.fromEntries(versions) as Versions, rules.datasets);
  const last = document.runs.findLast((run) => inputSet(run.inputs, rules.datasets) === wanted);
  const ready = (tries: Tries): GateVerdict => {
    const files = taken.flatMap(([name, one]) => (one ? (stale(name) ?? []) : []));
    if (files.length > 0) return { state: "typing", files };
    const inputs = Object.fromEntries(taken.map(([name, one]) => [name, one ? pin(one) : null]));
    return { state: "ready", inputs, leftOut, tries };
  };
  if (!last) return ready(noTries);
  if (last.state !== "failed") return { state: "superseded", run: last.run };
  const at = retryAt(batch, last, rules.attempts);
  if (at === null) return { state: "failed", run: last.run };
  if (now < at) return { state: "retrying", run: last.run, at };
  return ready(triesAfter(last.tries, (last.failure as { kind: RetriedKind }).kind));
}
