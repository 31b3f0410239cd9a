import type { LedgerDocument } from "../../handlers/ledger/document.ts";
import { evaluateGate, type GateVerdict, liveInputs } from "../../handlers/ledger/gate.ts";
import { rulesOf } from "../../handlers/ledger/rules.ts";
import { ago, counted, duration } from "../../terminal/text.ts";
import type { Deployed } from "../stack/target.ts";
import { engineNames } from "./engineNames.ts";
import { dueAt } from "./story.ts";

/** Where a batch stands, in one line. Times are milliseconds since the epoch. */
export interface BatchSummary {
  readonly batch: string;
  readonly state: GateVerdict["state"];
  /** Whether its deadline has passed while it waits; also true before the sweep has marked it. */
  readonly isLate: boolean;
  /** When it is late; null when it waits for nothing. */
  readonly dueAt: number | null;
  /** The run that readers see, or null. */
  readonly published: number | null;
  /** Keys that no published run has read. */
  readonly pending: readonly string[];
  /** When a file was last decided or a run last changed its state. */
  readonly changedAt: number;
  /** What it waits for, or what failed; empty when there is nothing to say. */
  readonly detail: string;
}

export function summarise(batch: string, document: LedgerDocument, deployed: Deployed, now: number): BatchSummary {
  const rules = rulesOf(deployed.release, deployed);
  const verdict = evaluateGate(batch, document, rules, now);
  const due = dueAt(document, rules);
  const waits = verdict.state === "waiting" || verdict.state === "late";
  return {
    batch,
    state: verdict.state,
    isLate: verdict.state === "late" || (waits && due !== null && due < now),
    dueAt: due,
    published: document.published?.run ?? null,
    pending: [...liveInputs(document, rules.datasets).values()].flat().map(({ key }) => key),
    changedAt: Math.max(
      0,
      ...Object.values(document.inputs).map(({ decision }) => decision.decidedAt),
      ...document.runs.map(({ claimedAt, settledAt }) => settledAt ?? claimedAt),
    ),
    detail: detailOf(verdict, document, now),
  };
}

/** The details of a verdict, without its name. */
export function detailOf(verdict: GateVerdict, document: LedgerDocument, now: number): string {
  switch (verdict.state) {
    case "waiting":
    case "late":
      return [
        ...verdict.rejected.map((name) => `${name} rejected`),
        ...verdict.expired.map((name) => `${name} expired`),
        ...verdict.missing.map((name) => `${name} missing`),
      ].join(", ");
    case "conflict":
      return Object.values(verdict.keys)
        .map((keys) => keys.join(" or "))
        .join(", ");
    case "mixed":
      return `files ${duration(verdict.spread)} apart`;
    case "failed":
      return `run ${verdict.run}: ${failureOf(document, verdict.run)}`;
    case "running": {
      const run = document.runs.find(({ run }) => run === verdict.run)!;
      return `run ${run.run} in ${engineNames[run.engine]}, ${run.state} ${ago(now - run.claimedAt)}`;
    }
    case "retrying":
      return `run ${verdict.run}: ${failureOf(document, verdict.run)}; again in ${duration(verdict.at - now)}`;
    case "superseded":
      return `run ${verdict.run} ended too late`;
    case "typing":
      return counted(verdict.files.length, "file");
    case "ready":
    case "published":
      return "";
  }
}

const failureOf = ({ runs }: LedgerDocument, number: number): string =>
  runs.find(({ run }) => run === number)?.failure?.message ?? "no reason is known";

/** `12 published, 2 waiting (1 late), 1 failed`. */
export function totalText(batches: readonly BatchSummary[]): string {
  const counts = new Map<string, number>();
  for (const { state } of batches) {
    const name = state === "late" ? "waiting" : state;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const late = batches.filter(({ isLate }) => isLate).length;
  const parts = [...counts]
    .sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1))
    .map(
      ([state, count]) =>
        `${count.toLocaleString("en")} ${state}${state === "waiting" && late > 0 ? ` (${late} late)` : ""}`,
    );
  return `${counted(batches.length, "batch", "batches")}${parts.length > 0 ? `: ${parts.join(", ")}` : ""}`;
}
