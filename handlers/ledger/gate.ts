import type { DatasetContract } from "../../config/contract.ts";
import {
  type Input,
  isLive,
  isUnsettled,
  type LedgerDocument,
  type PinnedInput,
  type PinnedInputs,
  rollingBatch,
} from "./document.ts";

/** What the gate needs to know of the config. Times in milliseconds. */
export interface GateRules {
  readonly datasets: Readonly<Record<string, Pick<DatasetContract, "required">>>;
  readonly maxSpread: number;
  readonly attempts: number;
}

/** Where a batch stands; only `ready` claims a run. */
export type GateVerdict =
  | { readonly state: "ready"; readonly inputs: PinnedInputs; readonly leftOut: readonly string[] }
  | { readonly state: "running"; readonly run: number }
  | { readonly state: "published"; readonly run: number }
  | { readonly state: "failed"; readonly run: number }
  | { readonly state: "superseded"; readonly run: number }
  | { readonly state: "conflict"; readonly keys: Readonly<Record<string, readonly string[]>> }
  | { readonly state: "waiting" | "late"; readonly missing: readonly string[]; readonly rejected: readonly string[] }
  | { readonly state: "mixed"; readonly spread: number };

interface LiveInput {
  readonly key: string;
  readonly input: Input;
}

/** Bronze key and version of each dataset, as one comparable text. */
export function inputSet(inputs: PinnedInputs): string {
  const pairs = Object.entries(inputs).map(([dataset, pinned]) => [
    dataset,
    pinned?.key ?? null,
    pinned?.version ?? null,
  ]);
  return JSON.stringify(pairs.sort(([a], [b]) => (a! < b! ? -1 : 1)));
}

export function liveInputs(document: LedgerDocument): Map<string, LiveInput[]> {
  const live = new Map<string, LiveInput[]>();
  for (const [key, input] of Object.entries(document.inputs))
    if (isLive(input)) live.set(input.dataset, [...(live.get(input.dataset) ?? []), { key, input }]);
  return live;
}

/** The file as a run pins it; a rejected file cannot be pinned. */
export function pin({ key, input }: LiveInput): PinnedInput | null {
  const { decision } = input;
  if (decision.outcome !== "promoted") return null;
  const { version, silverKey, layout, compression, bytes } = decision;
  return { key, version, silverKey, layout, compression, bytes };
}

const spreadOf = (times: readonly number[]) => Math.max(...times) - Math.min(...times);

/** Decides whether the batch may run, from its document alone. */
export function evaluateGate(batch: string, document: LedgerDocument, rules: GateRules): GateVerdict {
  const unsettled = document.runs.find(isUnsettled);
  if (unsettled) return { state: "running", run: unsettled.run };

  const live = liveInputs(document);
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
  const rejected = declared.filter(([name]) => only(name)?.input.decision.outcome === "rejected").map(([name]) => name);
  if (missing.length > 0 || rejected.length > 0) {
    const isLate = [...live.values()].flat().some(({ input }) => input.late);
    return { state: isLate ? "late" : "waiting", missing, rejected };
  }

  const inputs: Record<string, PinnedInput | null> = {};
  const leftOut: string[] = [];
  const requiredTimes = declared
    .filter(([, { required }]) => required)
    .map(([name]) => only(name)!.input.decision.lastModified);
  if (batch === rollingBatch && spreadOf(requiredTimes) > rules.maxSpread)
    return { state: "mixed", spread: spreadOf(requiredTimes) };
  for (const [name, { required }] of declared) {
    const found = only(name);
    const outside =
      batch === rollingBatch &&
      !required &&
      found !== undefined &&
      spreadOf([...requiredTimes, found.input.decision.lastModified]) > rules.maxSpread;
    if (outside) leftOut.push(name);
    inputs[name] = found && !outside ? pin(found) : null;
  }

  const wanted = inputSet(inputs);
  const earlier = document.runs.filter((run) => inputSet(run.inputs) === wanted);
  const last = earlier.at(-1);
  if (last) {
    const mayRetry = last.failure?.kind === "infrastructure" && earlier.length < rules.attempts;
    if (last.state === "failed" && !mayRetry) return { state: "failed", run: last.run };
    if (last.state !== "failed") return { state: "superseded", run: last.run };
  }
  return { state: "ready", inputs, leftOut };
}
