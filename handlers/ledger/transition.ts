import { isDeepStrictEqual } from "node:util";
import { emptyDocument, isUnsettled, type LedgerDocument } from "./document.ts";
import { askFor, catalogId, defer, expireId, noticeId, notify, stopId, takeOver, withoutEffect } from "./effects.ts";
import type { LedgerEvent } from "./event.ts";
import { evaluateGate, liveInputs } from "./gate.ts";
import { decide } from "./inputs.ts";
import { operate, resumeOrder } from "./judgeOrder.ts";
import { markLate } from "./lateness.ts";
import { checkMoves } from "./moves.ts";
import type { TransitionContext } from "./rules.ts";
import { claim, observe, refuse, started } from "./runs.ts";
import { trim } from "./trim.ts";

/**
 * The whole protocol: what the document becomes when `event` happens. Pure, and so repeatable at will.
 * @returns the same document when the event changes nothing, else one with the next revision.
 * @throws OrderRefused for an operator's order that can't be carried out.
 */
export function transition(
  before: LedgerDocument | null,
  event: LedgerEvent,
  context: TransitionContext,
): LedgerDocument {
  const document = before ?? emptyDocument;
  const applied = trim(notify(document, apply(document, event, context), context), context);
  const revision = document.revision + 1;
  const open = isPending(applied, context) ? (document.open ?? revision) : null;
  const after = { ...applied, open, judged: Math.max(document.judged, context.rules.sequence) };
  const isOvertaken = event.kind === "overtake" && event.epoch > document.revision;
  if (!isOvertaken && isDeepStrictEqual(after, document)) return document;
  checkMoves(document, after, event.kind);
  return { ...after, revision, writer: context.writer };
}

function apply(document: LedgerDocument, event: LedgerEvent, context: TransitionContext): LedgerDocument {
  switch (event.kind) {
    case "decided":
      return decide(document, event);
    case "claim": {
      // The same inputs may have been claimed since under an older release.
      if (context.rules.sequence < document.judged) return document;
      const unsettled = document.runs.some(isUnsettled);
      if (document.ordered !== null && !unsettled) return resumeOrder(document, context);
      const verdict = evaluateGate(context.batch, document, context.rules, context.now);
      if (verdict.state === "typing") return askFor(document, verdict.files, context);
      if (verdict.state !== "ready") return askFor(document, [], context);
      const { release, outputs } = context.rules;
      const claimed = claim(document, { ...verdict, release, outputs, cause: { kind: "gate" } }, context);
      return askFor(claimed, [], context);
    }
    case "started":
      return started(document, event.run, event.jobRun, context);
    case "deferred":
      return defer(document, event.effect, event.until);
    case "refused":
      return refuse(document, event.run, event.message, context);
    case "observed":
      return observe(document, event.run, event.jobRuns, context);
    case "stopped":
      return withoutEffect(document, stopId(event.jobRun));
    case "switched":
      return event.run === document.published?.run ? withoutEffect(document, catalogId(event.table)) : document;
    case "expired":
      return withoutEffect(document, expireId(event.run));
    case "notified":
      return withoutEffect(document, noticeId(event.run));
    case "sweep":
      return markLate(takeOver(document, context), context);
    case "overtake":
      return document;
    case "operate":
      return operate(document, event.id, event.order, context);
  }
}

/** A ready batch stays open until it is claimed; if it were closed, a crash before the claim would lose it. */
const isPending = (document: LedgerDocument, { batch, now, rules }: TransitionContext): boolean =>
  document.effects.length > 0 ||
  document.runs.some(isUnsettled) ||
  [...liveInputs(document, rules.datasets).values()].flat().some(({ input }) => !input.late) ||
  document.ordered !== null ||
  ["ready", "retrying", "typing"].includes(evaluateGate(batch, document, rules, now).state);
