import type { LedgerDocument, Promoted, Rejected } from "../../../handlers/ledger/document.ts";
import type { LedgerEvent, ObservedJobRun } from "../../../handlers/ledger/event.ts";
import type { TransitionContext } from "../../../handlers/ledger/rules.ts";
import { transition } from "../../../handlers/ledger/transition.ts";
import type { Release } from "../../../handlers/release.ts";

/** Short ways to tell a story to the ledger. Times are minutes after an arbitrary start. */

export const minute = 60_000;
export const start = Date.UTC(2026, 0, 1);

export const release: Release = {
  engine: { uri: "s3://artifacts/engine/b/plan_runner.zip", sha256: "b".repeat(64) },
  contract: { uri: "s3://artifacts/contract/c.json", sha256: "c".repeat(64) },
  plan: { uri: "s3://artifacts/plan/d.json", sha256: "d".repeat(64) },
  reader: 1,
  embedded: null,
};

/** What a file has in Silver is 40 bytes. */
export const embeddedRelease: Release = { ...release, embedded: { functionArn: "arn:function:7", upTo: 1000 } };

/** Of all datasets, unless a test says otherwise. */
export const shape = "shape";

export const rules: TransitionContext["rules"] = {
  sequence: 1,
  release,
  datasets: {
    users: { required: true },
    events: { required: true },
    orders: { required: true },
    coupons: { required: false },
  },
  shapes: { users: shape, events: shape, orders: shape, coupons: shape },
  outputs: { user_activity: [{ name: "user_id", type: "string" }] },
  maxSpread: 360 * minute,
  deadline: 1440 * minute,
  effectLease: 3 * minute,
  attempts: 3,
  keepRuns: 5,
};

export const required = ["users", "events", "orders"] as const;

export const reportOn = (version: string) => ({ key: `report on ${version}`, sha256: `hash of ${version}` });

export const promoted = (version: string, sequencer: string | null, at = 0): Promoted => ({
  outcome: "promoted",
  version,
  sequencer,
  lastModified: start + at * minute,
  decidedAt: start + at * minute,
  bytes: 100,
  shape,
  report: reportOn(version),
  silverBytes: 40,
});

export const rejected = (version: string, sequencer: string | null, at = 0): Rejected => ({
  outcome: "rejected",
  version,
  sequencer,
  lastModified: start + at * minute,
  decidedAt: start + at * minute,
  bytes: 100,
  shape,
  code: "truncated",
  reason: "the last record is cut",
  fix: "upload the whole file",
});

export const jobRun = (
  id: string,
  state: ObservedJobRun["state"],
  report: ObservedJobRun["report"] = "missing",
  executed = true,
): ObservedJobRun => ({
  id,
  state,
  executed,
  report,
  message: `${id} ${state}`,
});

/** A ledger document under a sequence of events. */
export class Story {
  document: LedgerDocument | null = null;
  readonly batch: string;
  rules: TransitionContext["rules"];
  /** What people have heard: they are told at once, so that no other test meets a notice. */
  readonly notices: string[] = [];
  #writes = 0;

  constructor(batch = "2026-01-01", overrides: Partial<TransitionContext["rules"]> = {}) {
    this.batch = batch;
    this.rules = { ...rules, ...overrides };
  }

  tell(event: LedgerEvent, options: { at?: number; by?: string } = {}): LedgerDocument {
    let next = this.enter(event, options);
    for (const effect of next.effects)
      if (effect.kind === "notify") {
        this.notices.push(`${effect.run} ${effect.ended}${effect.reason === null ? "" : `: ${effect.reason}`}`);
        next = this.enter({ kind: "notified", run: effect.run }, options);
      }
    return next;
  }

  /** The event alone. */
  enter(event: LedgerEvent, { at = 0, by = "a" }: { at?: number; by?: string } = {}): LedgerDocument {
    const context = {
      batch: this.batch,
      now: start + at * minute,
      invocation: by,
      writer: `${by}:${++this.#writes}`,
      rules: this.rules,
    };
    const next = transition(this.document, event, context);
    this.document = next;
    return next;
  }

  arrive(dataset: string, version: string, sequencer: string, at = 0, key = `${dataset}.json`): this {
    this.tell({ kind: "decided", key, dataset, decision: promoted(version, sequencer, at) }, { at });
    return this;
  }

  arriveAll(suffix: string, at = 0): this {
    for (const dataset of required) this.arrive(dataset, `${dataset}-${suffix}`, suffix.padStart(4, "0"), at);
    return this;
  }

  claim(at = 0): this {
    this.tell({ kind: "claim" }, { at });
    return this;
  }

  observe(run: number, ...jobRuns: ObservedJobRun[]): this {
    this.tell({ kind: "observed", run, jobRuns });
    return this;
  }

  /** Claims, starts and settles one run well. */
  publish(run: number, at = 0): this {
    this.claim(at);
    this.tell({ kind: "started", run, jobRun: `jr${run}` }, { at });
    return this.observe(run, jobRun(`jr${run}`, "succeeded", "good")).switched(run);
  }

  /** Says of every table that it was switched to the run. */
  switched(run: number): this {
    for (const effect of this.document!.effects)
      if (effect.kind === "catalog") this.tell({ kind: "switched", table: effect.table, run });
    return this;
  }

  get runs() {
    return this.document!.runs.map(({ run, state }) => `${run} ${state}`);
  }

  get effects() {
    return this.document!.effects.map(({ id }) => id);
  }
}
