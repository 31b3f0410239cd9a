import { findRun, isUnsettled, isWithdrawn, type LedgerDocument, type Run } from "../handlers/ledger/document.ts";
import { evaluateGate, type GateVerdict } from "../handlers/ledger/gate.ts";
import { rulesOf } from "../handlers/ledger/rules.ts";
import { exitCodes } from "./defineCommand.ts";
import { emptyOr, readDocument } from "./stack/ledger.ts";
import type { Deployed, Target } from "./stack/target.ts";
import { engineNames } from "./story/engineNames.ts";
import { detailOf } from "./story/state.ts";
import { readUploads, type UploadStory, undecidedOf } from "./story/story.ts";

/** A batch as it stands at one moment. */
export interface Look {
  readonly batch: string;
  readonly document: LedgerDocument;
  readonly verdict: GateVerdict;
  readonly undecided: readonly UploadStory[];
  /** Messages that promote gave up on, of the whole stack. */
  readonly deadUploads: number;
}

/** One thing that changed. */
export interface Change {
  readonly batch: string;
  /** A file's key, `run 2`, or `batch`. */
  readonly subject: string;
  readonly state: string;
  readonly detail: string;
}

export async function look(target: Target, batch: string, deployed: Deployed, deadUploads: number): Promise<Look> {
  // Bronze is read before the ledger, so a file that is decided in between counts as decided.
  const uploads = await readUploads(target, batch);
  const document = emptyOr(await readDocument(target.ledger, batch));
  const verdict = evaluateGate(batch, document, rulesOf(deployed.release, deployed), Date.now());
  return { batch, document, verdict, undecided: undecidedOf(uploads, document, deployed.release), deadUploads };
}

/** What is new since an earlier look, in the order in which it happens: uploads, decisions, runs, the batch. */
export function changesBetween(before: Look | null, after: Look, now: number): Change[] {
  const { batch, document, verdict } = after;
  const change = (subject: string, state: string, detail = ""): Change => ({ batch, subject, state, detail });
  const isKnown = (key: string, version: string) =>
    before?.undecided.some((upload) => upload.key === key && upload.version === version) ?? false;
  const uploads = after.undecided
    .filter(({ key, version }) => !isKnown(key, version))
    .map(({ key, skipped }) =>
      skipped ? change(key, "skipped", `${skipped.reason}; ${skipped.fix}`) : change(key, "uploaded"),
    );
  const inputs = Object.entries(document.inputs).sort(([a], [b]) => (a < b ? -1 : 1));
  const files = inputs.flatMap(([key, input]) => {
    const { decision } = input;
    const earlier = before?.document.inputs[key];
    const isOut = isWithdrawn(input);
    if (isOut && !(earlier && isWithdrawn(earlier, decision.version))) return [change(key, "withdrawn")];
    const isKnown = earlier?.decision.version === decision.version && earlier.decision.outcome === decision.outcome;
    if (isKnown || (before === null && isOut)) return [];
    if (decision.outcome === "promoted") return [change(key, "promoted")];
    if (decision.outcome === "gone") return [change(key, "expired", "it has to be typed again; upload it again")];
    return [change(key, "rejected", `${decision.reason}; ${decision.fix}`)];
  });
  const runs = document.runs
    .filter((run) => before !== null || isUnsettled(run))
    .filter(({ run, state }) => before?.document.runs.find((one) => one.run === run)?.state !== state)
    .map((run) => change(`run ${run.run}`, stateOf(run), runDetail(run)));
  const detail = detailOf(verdict, document, now);
  const said = before && detailOf(before.verdict, before.document, now);
  const isNew = before?.verdict.state !== verdict.state || (said !== detail && verdict.state !== "running");
  const state = endDetail(after, before === null) ?? detail;
  return [...uploads, ...files, ...runs, ...(isNew ? [change("batch", verdict.state, state)] : [])];
}

/** Does not repeat what the line about the run has already said, unless this is the first line. */
function endDetail({ verdict, document }: Look, isFirst: boolean): string | null {
  if (verdict.state === "failed") return isFirst ? null : `run ${verdict.run}`;
  if (verdict.state !== "published") return null;
  const seen = `readers see run ${verdict.run}`;
  const run = isFirst && findRun(document, verdict.run);
  return run ? `${seen}, ${runDetail(run)}` : seen;
}

/** A run that goes to Glue by itself is no failure to people. */
const stateOf = ({ state, failure }: Run): string => (failure?.kind === "unfit" ? "unfit" : state);

function runDetail({ engine, claimedAt, settledAt, failure }: Run): string {
  const where = `in ${engineNames[engine]}`;
  if (settledAt === null) return where;
  const after = `after ${((settledAt - claimedAt) / 1000).toFixed(1)} s ${where}`;
  if (!failure) return after;
  return `${after}${failure.kind === "unfit" ? ", so Glue gets its files" : ""}: ${failure.message}`;
}

/** The exit code that tells how a batch ended; null while it still moves on by itself. */
export function endOf({ verdict, document, undecided, deadUploads }: Look): number | null {
  const isComing = undecided.some(({ skipped }) => skipped === null) && deadUploads === 0;
  if (isComing || document.effects.some(({ kind }) => kind !== "expire")) return null;
  switch (verdict.state) {
    case "running":
    case "ready":
    case "retrying":
      return null;
    case "published":
      return exitCodes.done;
    case "failed":
    case "superseded":
      return exitCodes.failed;
    default:
      return exitCodes.waiting;
  }
}

/** The worst of several ends. */
export const worstEnd = (ends: readonly number[]): number => {
  for (const code of [exitCodes.failed, exitCodes.waiting]) if (ends.includes(code)) return code;
  return exitCodes.done;
};
