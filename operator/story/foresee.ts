import type { LedgerDocument } from "../../handlers/ledger/document.ts";
import type { OperatorOrder } from "../../handlers/ledger/event.ts";
import { OrderRefused } from "../../handlers/ledger/operatorOrder.ts";
import type { Rules } from "../../handlers/ledger/rules.ts";
import { transition } from "../../handlers/ledger/transition.ts";

/** The ledger, or a look at it, says that an order can't be carried out. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/**
 * The document as it would be after the order, by the function that decides it; nothing is written.
 * @throws Refused
 */
export function foresee(batch: string, document: LedgerDocument, order: OperatorOrder, rules: Rules): LedgerDocument {
  // No effect of it is performed, and the runs that it names are looked for.
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
