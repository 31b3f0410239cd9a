import type { Coordinator } from "../invocation/coordinator.ts";
import type { LedgerDocument } from "../ledger/document.ts";
import type { OperatorOrder } from "../ledger/event.ts";
import type { GateVerdict } from "../ledger/gate.ts";
import { OrderRefused } from "../ledger/judgeOrder.ts";
import type { Ledger } from "../ledger/store.ts";
import type { Log } from "../log.ts";

/** What an operator asks of one batch. The id makes a repeat harmless: the ledger remembers it. */
export interface OrderEvent {
  readonly kind: "order";
  readonly id: string;
  readonly batch: string;
  readonly order: OperatorOrder;
}

export type OrderAnswer =
  | {
      readonly batch: string;
      readonly state: GateVerdict["state"];
      /** The run that the order made, or to which it went back; null for an order that names no run. */
      readonly run: number | null;
      readonly published: number | null;
    }
  | { readonly refused: string };

interface OrderDeps {
  readonly ledger: Pick<Ledger, "gate">;
  readonly coordinator: Coordinator;
  readonly log: Log;
}

const operations = ["run", "replay", "rollback", "withdraw"];

/** What is wrong with an order's form, or null. */
function faultOf({ id, batch, order }: Partial<OrderEvent>): string | null {
  if (typeof id !== "string" || id === "" || id.length > 128) return "an order needs an id of 1 to 128 characters";
  if (typeof batch !== "string" || batch === "" || batch.includes("/")) return "an order needs the name of its batch";
  const { operation, run, key } = (order ?? {}) as { operation?: string; run?: unknown; key?: unknown };
  if (!operation || !operations.includes(operation)) return `an order's operation is one of ${operations.join(", ")}`;
  if ((operation === "replay" || operation === "rollback") && !Number.isInteger(run)) return `${operation} needs a run`;
  if (operation === "withdraw" && typeof key !== "string") return "withdraw needs a key";
  return null;
}

/** Enters the order and does what follows from it. */
export async function carryOut(event: OrderEvent, { ledger, coordinator, log }: OrderDeps): Promise<OrderAnswer> {
  const fault = faultOf(event);
  if (fault) return { refused: fault };
  const { id, batch, order } = event;
  try {
    const document = await coordinator.advance(batch, { kind: "operate", id, order });
    log.info("order.done", { batch, id, operation: order.operation });
    return {
      batch,
      state: document.ordered === id ? "typing" : (await ledger.gate(batch, document)).state,
      run: runOf(document, id, order),
      published: document.published?.run ?? null,
    };
  } catch (error) {
    if (!(error instanceof OrderRefused)) throw error;
    log.warn("order.refused", { batch, id, operation: order.operation, reason: error.message });
    return { refused: error.message };
  }
}

function runOf(document: LedgerDocument, id: string, order: OrderEvent["order"]): number | null {
  if (order.operation === "rollback") return order.run;
  return document.runs.findLast(({ cause }) => cause.kind === "operator" && cause.id === id)?.run ?? null;
}
