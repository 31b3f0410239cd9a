import { InvokeCommand } from "@aws-sdk/client-lambda";
import type { Lambda } from "../clients.ts";
import { type DocumentStore, statusOf } from "../storage.ts";
import { type Attempt, attemptAt, type Lease, stopped, unfit } from "./attempt.ts";
import type { Engine, JobRun, StartAnswer } from "./engine.ts";

/** What the function is invoked with. */
export interface EmbeddedOrder {
  readonly manifest: string;
  readonly sha256: string;
}

/** Seconds after which Lambda gives up an invocation that it could not begin. */
export const eventAge = 3600;
/** How far clocks may be apart, and what Lambda and S3 may take beyond their times; in milliseconds. */
const margin = 60_000;

export interface EmbeddedDeps {
  /** Must be a client that never retries. */
  readonly lambda: Lambda;
  readonly documents: DocumentStore;
  readonly now: () => number;
}

const stateOf = (code: string) => (unfit.has(code) ? "unfit" : code === stopped ? "stopped" : "failed");

/** The engine that is a function. A claim has one job run, its attempt. */
export function createEmbeddedEngine({ lambda, documents, now }: EmbeddedDeps): Engine {
  /** @returns null while neither lease nor report is there */
  async function known(attempt: Attempt): Promise<JobRun | null> {
    const report = await attempt.report();
    if (report) {
      const { failure } = report;
      const state = failure === null ? "succeeded" : stateOf(failure.code);
      return {
        id: attempt.id,
        state,
        message: failure?.message ?? "",
        executed: true,
        usage: { seconds: report.seconds.total ?? 0, dpuHours: 0 },
      };
    }
    const lease = await attempt.lease();
    return lease && (await leased(attempt, lease));
  }

  async function leased(attempt: Attempt, lease: Lease): Promise<JobRun> {
    const { id } = attempt;
    if (lease.kind === "tombstone") {
      const { why, message } = lease;
      return { id, state: why === "stopped" ? "stopped" : "failed", message, executed: false };
    }
    if (now() <= lease.deadline + margin) return { id, state: "alive", message: "", executed: true };
    // From here on its own report comes too late. If it came before, it counts.
    await attempt.end("timeout", "the function ended without a report, at its deadline or for lack of memory");
    return (await known(attempt))!;
  }

  return {
    async start(claim, uncertain): Promise<StartAnswer> {
      const attempt = attemptAt(claim, documents);
      const started = { kind: "started", jobRun: attempt.id } as const;
      if (uncertain && ((await attempt.report()) || (await attempt.lease()))) return started;
      const { uri, sha256 } = claim.manifest;
      try {
        await lambda.send(
          new InvokeCommand({
            FunctionName: claim.functionArn!,
            InvocationType: "Event",
            Payload: JSON.stringify({ manifest: uri, sha256 } satisfies EmbeddedOrder),
          }),
        );
        return started;
      } catch (error) {
        const { name, message } = error as Error;
        const status = statusOf(error);
        if (status === 429) return { kind: "later", message: `${name}: ${message}` };
        if (status < 400 || status >= 500) return { kind: "unknown", message: `${name}: ${message}` };
        // An earlier invocation may have been accepted: only a tombstone proves that nobody will execute it.
        const refusal = { kind: "tombstone", why: "refused", message: `${name}: ${message}` } as const;
        const there = await attempt.takeLease(refusal);
        return there.kind === "tombstone" && there.why === "refused"
          ? { kind: "refused", message: there.message }
          : started;
      }
    },

    async find(claim) {
      const found = await known(attemptAt(claim, documents));
      return found ? [found] : [];
    },

    async describe(claim) {
      const attempt = attemptAt(claim, documents);
      const found = await known(attempt);
      if (found) return found;
      const { startedAt } = claim;
      if (startedAt === null || now() <= startedAt + eventAge * 1000 + margin)
        return { id: attempt.id, state: "alive", message: "", executed: false };
      await attempt.takeLease({
        kind: "tombstone",
        why: "undelivered",
        message: `no invocation began within ${eventAge / 60} minutes`,
      });
      return (await known(attempt))!;
    },

    // How it has ended by itself before counts.
    async stop(claim) {
      const attempt = attemptAt(claim, documents);
      const message = "stopped by the ledger";
      const there = await attempt.takeLease({ kind: "tombstone", why: "stopped", message });
      if (there.kind === "worker") await attempt.end(stopped, message);
    },
  };
}
