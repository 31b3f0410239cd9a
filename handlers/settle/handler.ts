import type { S3, Sqs } from "../clients.ts";
import type { InvocationContext } from "../invocation/context.ts";
import type { Invocation } from "../invocation/runtime.ts";
import { parseManifestUri, parseReportKey } from "../keys.ts";
import { type Log, reasonOf } from "../log.ts";
import { inParallel } from "../parallel.ts";
import type { GlueEngine } from "../run/glue.ts";
import type { FunctionEnvironment, FunctionSettings } from "../settings.ts";
import { createDocumentStore } from "../storage.ts";
import { carryOut, type OrderAnswer, type OrderEvent } from "./answerOrder.ts";
import { type ReconcileDeps, reconcile, reconcileWhenDue } from "./reconcile.ts";
import { type RedriveAnswer, redrive } from "./redrive.ts";

export interface SettleDeps {
  readonly s3: S3;
  readonly sqs: Sqs;
  readonly engines: { readonly glue: Pick<GlueEngine, "manifestUri"> };
  readonly settings: FunctionSettings;
  readonly names: FunctionEnvironment;
  readonly log: Log;
  readonly now: () => number;
  readonly open: () => Invocation;
}

/**
 * The schedules' events, the operator's, and EventBridge's: "Glue Job State Change", and "Object Created" for a report of
 * the embedded engine; only the fields that are used.
 */
export type SettleEvent =
  | { readonly kind: "sweep" | "redrive" }
  /** `history`: what was uploaded before its name was declared counts as well. */
  | { readonly kind: "reconcile"; readonly history?: boolean }
  | OrderEvent
  | {
      readonly "detail-type": string;
      readonly detail?: { readonly jobRunId?: string; readonly object?: { readonly key: string } };
    };

export type SettleAnswer = OrderAnswer | RedriveAnswer | undefined;

/** An event that this function does not know; it ends in the failure queue. */
export class UnknownEvent extends Error {
  override readonly name = "UnknownEvent";
}

/** Milliseconds that surely suffice to finish what was begun. */
const timeToEnd = 15_000;
/** Batches that are swept at the same time. */
const batchesAtOnce = 8;

/** Settles the run whose job has ended, sweeps and reconciles, and carries out the operator's orders. */
export function createHandler(
  deps: SettleDeps,
): (event: SettleEvent, invocation: InvocationContext) => Promise<SettleAnswer> {
  return async (event, { getRemainingTimeInMillis }) => {
    const hasTime = () => getRemainingTimeInMillis() > timeToEnd;
    if ("kind" in event && event.kind === "redrive")
      return await redrive({ ...deps, handle: (letter) => take(letter as SettleEvent, deps, hasTime) }, hasTime);
    try {
      return await take(event, deps, hasTime);
    } catch (error) {
      // The next sweep does the same work, so a dead letter would only call a person for nothing.
      if (!isOfSchedule(event)) throw error;
      deps.log.error("settle.failed", { event: nameOf(event), reason: reasonOf(error) });
      return undefined;
    }
  };
}

const isOfSchedule = (event: SettleEvent) =>
  "detail-type" in event ? endedIn(event) !== undefined : event.kind === "sweep";

/** The job run, or the report's key. */
const endedIn = ({ detail }: Extract<SettleEvent, { "detail-type": string }>): string | undefined =>
  detail?.jobRunId ?? detail?.object?.key;

const nameOf = (event: SettleEvent) => ("detail-type" in event ? `end of ${endedIn(event)}` : event.kind);

async function take(event: SettleEvent, deps: SettleDeps, hasTime: () => boolean): Promise<OrderAnswer | undefined> {
  if ("detail-type" in event) {
    if (event["detail-type"] === "Glue Job State Change" && event.detail?.jobRunId)
      return await settleJobRun(event.detail.jobRunId, deps);
    const reported = event["detail-type"] === "Object Created" && parseReportKey(event.detail?.object?.key ?? "");
    if (reported) {
      await deps.open().coordinator.settle(reported.batch, reported.run);
      return undefined;
    }
  } else if (event.kind === "order") return await carryOut(event, { ...deps, ...deps.open() });
  else if (event.kind === "sweep") return await sweep(deps, hasTime);
  else if (event.kind === "reconcile") return await reconcile(reconcileDeps(deps), hasTime, event.history);
  throw new UnknownEvent(
    `neither an order, nor a schedule's event, nor the end of a run: ${Object.keys(event).join(", ")}`,
  );
}

const reconcileDeps = (deps: SettleDeps): ReconcileDeps => ({
  ...deps,
  ...deps.open(),
  documents: createDocumentStore(deps.s3, deps.names.ledgerBucket, deps.names.keyArn),
});

async function settleJobRun(jobRun: string, { engines, names, log, open }: SettleDeps): Promise<undefined> {
  const uri = await engines.glue.manifestUri(jobRun);
  const claim = uri && parseManifestUri(uri, names.ledgerBucket);
  // Somebody started the job by hand. No run claimed it, so there is nothing to settle.
  if (claim) await open().coordinator.settle(claim.batch, claim.run, jobRun);
  else log.warn("jobrun.foreign", { jobRun, reason: "its arguments name no manifest of this ledger" });
}

/** Goes over the open batches, as far as time allows, and runs a reconciliation when it is due. */
async function sweep(deps: SettleDeps, hasTime: () => boolean): Promise<undefined> {
  const { log, open, now } = deps;
  const batches = [...(await open().ledger.openBatches())];
  // Each sweep begins at another batch, so that a sweep too short for all of them starves none.
  const first = batches.length === 0 ? 0 : Math.floor(now() / 1000) % batches.length;
  const inTurn = [...batches.slice(first), ...batches.slice(0, first)];
  let swept = 0;
  let failed = 0;
  await inParallel(
    inTurn,
    batchesAtOnce,
    async ([batch, epochs]) => {
      const { ledger, coordinator } = open();
      try {
        await coordinator.sweep(batch);
        await ledger.clearMarks(batch, epochs);
        swept++;
      } catch (error) {
        // One batch in trouble must not keep the others waiting.
        log.error("sweep.failed", { batch, reason: reasonOf(error) });
        failed++;
      }
    },
    hasTime,
  );
  const unswept = batches.length - swept - failed;
  log.info("sweep.done", { batches: batches.length, swept, failed, unswept, published: 0 });
  await reconcileWhenDue(reconcileDeps(deps), hasTime);
}
