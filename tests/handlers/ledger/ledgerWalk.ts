import { createRandom, type Random } from "../../../generator/random.ts";
import {
  type Decision,
  emptyDocument,
  isUnsettled,
  type LedgerDocument,
  type RunState,
} from "../../../handlers/ledger/document.ts";
import type { LedgerEvent, ObservedJobRun } from "../../../handlers/ledger/event.ts";
import { evaluateGate, type GateVerdict } from "../../../handlers/ledger/gate.ts";
import { OrderRefused } from "../../../handlers/ledger/judgeOrder.ts";
import type { TransitionContext } from "../../../handlers/ledger/rules.ts";
import { transition } from "../../../handlers/ledger/transition.ts";
import { embeddedRelease, minute, promoted, rejected, rules, start } from "./documents.ts";

/** A change of state that a walk came by, and the event that made it. */
export interface Step<State> {
  readonly from: State;
  readonly to: State;
  readonly by: LedgerEvent["kind"];
}

export interface Walked {
  readonly runs: readonly Step<RunState | null>[];
  readonly batches: readonly Step<GateVerdict["state"]>[];
}

const stepsOfOneWalk = 60;

/**
 * Tells batches any events in any order, whether they make sense or not, and notes each change of a run's and of a
 * batch's state. The same every time.
 */
export function walkLedger(walks: number): Walked {
  const runs = new Map<string, Step<RunState | null>>();
  const batches = new Map<string, Step<GateVerdict["state"]>>();
  for (let walk = 0; walk < walks; walk++) {
    const random = createRandom(walk, 0);
    // Now and then a batch that one file completes.
    const needed = random.below(4) > 0;
    const context = {
      batch: random.below(2) ? "current" : "2026-01-01",
      invocation: "walk",
      rules: {
        ...rules,
        release: random.below(2) ? rules.release : embeddedRelease,
        maxSpread: 60 * minute,
        datasets: { users: { required: true }, events: { required: needed }, coupons: { required: false } },
      },
    };
    let document: LedgerDocument = emptyDocument;
    let now = start;
    for (let step = 0; step < stepsOfOneWalk; step++) {
      now += random.below(random.below(20) ? 10 : 2000) * minute;
      const event = anyEvent(random, document, now, step);
      const after = applied(document, event, { ...context, now, writer: `${step}` });
      if (!after) continue;
      const state = (of: LedgerDocument) => evaluateGate(context.batch, of, context.rules, now).state;
      note(batches, { from: state(document), to: state(after), by: event.kind });
      for (const run of after.runs) {
        const from = document.runs.find((earlier) => earlier.run === run.run)?.state ?? null;
        note(runs, { from, to: run.state, by: event.kind });
      }
      document = after;
    }
  }
  return { runs: [...runs.values()], batches: [...batches.values()] };
}

function note<State>(steps: Map<string, Step<State>>, step: Step<State>): void {
  if (step.from !== step.to) steps.set(`${step.from} ${step.to} ${step.by}`, step);
}

function applied(document: LedgerDocument, event: LedgerEvent, context: TransitionContext): LedgerDocument | null {
  try {
    return transition(document.revision === 0 ? null : document, event, context);
  } catch (error) {
    if (error instanceof OrderRefused) return null;
    throw error;
  }
}

const oneOf = <T>(random: Random, choices: readonly T[]): T => choices[random.below(choices.length)]!;

const keys = ["users.json", "users.json", "users.json.gz", "events.json", "events.json", "coupons.json"] as const;

function anyEvent(random: Random, document: LedgerDocument, now: number, step: number): LedgerEvent {
  const unsettled = document.runs.find(isUnsettled);
  const run = unsettled && random.below(8) ? unsettled : oneOf(random, document.runs);
  const choices: (() => LedgerEvent)[] = [
    () => upload(random, now, step),
    () => ({ kind: "claim" }),
    () => ({ kind: "claim" }),
    () => ({ kind: "sweep" }),
    () => order(random, document, step),
  ];
  if (run) {
    const jobRuns = [...new Set([...run.jobRuns, `${run.run}a`, `${run.run}b`])];
    const observed = () => jobRuns.slice(0, 1 + random.below(jobRuns.length)).map((id) => anyEnd(random, id));
    choices.push(
      () => ({ kind: "started", run: run.run, jobRun: oneOf(random, jobRuns) }),
      () => ({ kind: "refused", run: run.run, message: "no such job" }),
      () => ({ kind: "observed", run: run.run, jobRuns: observed() }),
      () => ({ kind: "observed", run: run.run, jobRuns: observed() }),
    );
  }
  return oneOf(random, choices)();
}

function upload(random: Random, now: number, step: number): LedgerEvent {
  const key = oneOf(random, keys);
  const at = (now - start) / minute;
  const sequencer = step.toString(16).padStart(4, "0");
  const decision: Decision = random.below(5)
    ? promoted(`v${step}`, sequencer, at - random.below(random.below(3) ? 2 : 120))
    : rejected(`v${step}`, sequencer, at);
  return { kind: "decided", key, dataset: key.split(".")[0]!, decision: { ...decision, decidedAt: now } };
}

const anyEnd = (random: Random, id: string): ObservedJobRun => ({
  id,
  state: oneOf(random, ["alive", "succeeded", "succeeded", "failed", "timeout", "unfit", "stopped"] as const),
  executed: random.below(3) > 0,
  message: id,
  report: oneOf(random, ["good", "good", "missing", { bad: "does not balance" }] as const),
});

function order(random: Random, { runs, inputs }: LedgerDocument, step: number): LedgerEvent {
  const run = oneOf(random, runs)?.run ?? 1;
  const key = oneOf(random, Object.keys(inputs)) ?? "users.json";
  const choices = [
    { operation: "run" },
    { operation: "replay", run },
    { operation: "rollback", run },
    { operation: "withdraw", key },
  ] as const;
  return { kind: "operate", id: `order-${step}`, order: oneOf(random, choices) };
}
