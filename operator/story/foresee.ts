import type { LedgerDocument } from "../../handlers/ledger/document.ts";
import type { OperatorOrder } from "../../handlers/ledger/event.ts";
import { OrderRefused } from "../../handlers/ledger/judgeOrder.ts";
import type { Rules } from "../../handlers/ledger/rules.ts";
import { transition } from "../../handlers/ledger/transition.ts";

/** An order can't be carried out: the ledger refused it, or a look at the ledger shows that it would. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/**
 * The document as it would be after the order, by the function that decides it; nothing is written.
 * @throws Refused
 */
export function foresee(batch: string, document: LedgerDocument, order: OperatorOrder, rules: Rules): LedgerDocument {
  // No effect is performed, and no run is dropped, so that the runs that the order names are found.
  const context = {
    batch,
    now: Date.now(),
    invocation: "",
    writer: "",
    rules: { ...rules, keepRuns: Number.POSITIVE_INFINITY },
  };
  try {
    return transition(document, { kind: "operate", id: "foreseen", order }, context);
  } catch (error) {
    if (error instanceof OrderRefused) throw new Refused(error.message);
    throw error;
  }
}
