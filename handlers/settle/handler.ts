import type { Engine } from "../engine/engine.ts";
import { parseManifestUri } from "../keys.ts";
import type { Coordinator } from "../ledger/coordinator.ts";
import type { Ledger } from "../ledger/store.ts";
import type { Log } from "../log.ts";

export interface SettleDeps {
  readonly engine: Pick<Engine, "describe">;
  readonly ledgerBucket: string;
  readonly log: Log;
  readonly open: () => { readonly ledger: Ledger; readonly coordinator: Coordinator };
}

/** EventBridge's "Glue Job State Change", the schedule's sweep; only the fields that are used. */
interface SettleEvent {
  readonly kind?: string;
  readonly "detail-type"?: string;
  readonly detail?: { readonly jobRunId?: string; readonly state?: string };
}

/** An event that is none of this function's; it ends in the failure queue. */
export class UnknownEvent extends Error {
  override readonly name = "UnknownEvent";
}

/** Settles the run whose job has ended, or sweeps all batches that have something pending. */
export function createHandler(deps: SettleDeps): (event: SettleEvent) => Promise<void> {
  return async (event) => {
    if (event.kind === "sweep") return sweep(deps);
    if (event["detail-type"] === "Glue Job State Change" && event.detail?.jobRunId)
      return settleJobRun(event.detail.jobRunId, deps);
    throw new UnknownEvent(`neither a sweep nor the end of a job: ${Object.keys(event).join(", ")}`);
  };
}

async function settleJobRun(jobRun: string, { engine, ledgerBucket, log, open }: SettleDeps): Promise<void> {
  const uri = (await engine.describe(jobRun))?.manifestUri;
  const claim = uri && parseManifestUri(uri, ledgerBucket);
  // Somebody started the job by hand: nothing claimed it, so nothing is to be settled.
  if (!claim) return log.warn("jobrun.foreign", { jobRun, reason: "its arguments name no manifest of this ledger" });
  await open().coordinator.settle(claim.batch, claim.run, jobRun);
}

async function sweep({ log, open }: SettleDeps): Promise<void> {
  const batches = await open().ledger.openBatches();
  const failures: unknown[] = [];
  for (const [batch, epochs] of batches) {
    const { ledger, coordinator } = open();
    try {
      await coordinator.sweep(batch);
      await ledger.clearMarks(batch, epochs);
    } catch (error) {
      // One batch in trouble must not keep the others waiting.
      log.error("sweep.failed", { batch, reason: `${(error as Error).name}: ${(error as Error).message}` });
      failures.push(error);
    }
  }
  log.info("sweep.done", { batches: batches.size, failed: failures.length });
  if (failures.length > 0)
    throw new AggregateError(failures, `the sweep failed for ${failures.length} of ${batches.size} batches`);
}
