import { setTimeout as sleep } from "node:timers/promises";
import { isUnsettled, type LedgerDocument, type Run } from "../handlers/ledger/document.ts";
import { type Rules, rulesOf } from "../handlers/ledger/rules.ts";
import type { Release } from "../handlers/release.ts";
import type { OrderAnswer, OrderEvent } from "../handlers/settle/answerOrder.ts";
import { exitCodes, type Invocation, type Result } from "./defineCommand.ts";
import { documentOf, emptyOr, readDocument, runOfOrder } from "./stack/ledger.ts";
import type { Target } from "./stack/target.ts";
import { engineNames } from "./story/engineNames.ts";
import { foresee, Refused } from "./story/foresee.ts";

export type Order = OrderEvent["order"];
export type CarriedOut = Exclude<OrderAnswer, { refused: string }>;

/** How often the ledger is polled for the end of a run, in milliseconds. */
export const lookEvery = 2000;

/** What an order would change, and the words for it. */
export interface Plan {
  readonly batch: string;
  readonly order: Order;
  /** The ledger as it stands. */
  readonly document: LedgerDocument;
  /** What would be done, as a sentence without a capital letter. */
  readonly would: string;
  /** The run that it would make; null for an order that makes none. */
  readonly run: Run | null;
  /** What else a dry run says, in lines, and the same for programs. */
  readonly details: () => Promise<{ readonly lines: readonly string[]; readonly data: object }>;
}

/** @throws Refused, and UsageError for a batch that is not known */
export async function plan(
  target: Target,
  batch: string,
  order: Order,
  describe: (before: LedgerDocument, run: Run | null) => string,
  details: (before: LedgerDocument, rules: Rules) => ReturnType<Plan["details"]> = async () => ({
    lines: [],
    data: {},
  }),
): Promise<Plan> {
  const [document, deployed] = await Promise.all([documentOf(target.ledger, batch), target.deployed()]);
  const rules = rulesOf(deployed.release, deployed);
  const after = foresee(batch, document, order, rules);
  const last = after.runs.at(-1);
  const run = last && last.run !== document.runs.at(-1)?.run ? last : null;
  return { batch, order, document, would: describe(document, run), run, details: () => details(document, rules) };
}

/** Asks for confirmation, gives the order, and waits for the run if `options.wait` is set. */
export async function give(
  { batch, order, document, would, run, details }: Plan,
  invocation: Invocation,
  options: { readonly wait: boolean; readonly done: (answer: CarriedOut) => string },
): Promise<Result> {
  const data = { batch, ...order };
  if (invocation.isDryRun) {
    const more = await details();
    return {
      exitCode: exitCodes.done,
      lines: [`would ${would}`, ...more.lines.map((line) => `  ${line}`)],
      data: {
        ...data,
        dryRun: true,
        wouldRun: run?.run ?? null,
        published: document.published?.run ?? null,
        ...more.data,
      },
    };
  }
  const target = await invocation.target();
  await invocation.confirm(`${target.title}: ${would}?`);
  const event = { kind: "order", id: invocation.orderId(), batch, order } as const;
  const answer = await send(target, event);
  const result = { exitCode: exitCodes.done, lines: [options.done(answer)], data: { ...data, ...answer } };
  if (!options.wait || answer.run === null) return result;
  const ended = await waitForEnd(target, batch, event.id, invocation);
  const { run: number, engine, state, failure } = ended;
  return {
    exitCode: state === "failed" ? exitCodes.failed : exitCodes.done,
    lines: [endText(batch, ended)],
    data: { ...result.data, run: number, engine, state, reason: failure?.message ?? null },
  };
}

/** @throws Refused */
export async function send(target: Target, event: OrderEvent): Promise<CarriedOut> {
  const answer = (await target.settle(event)) as OrderAnswer;
  if ("refused" in answer) throw new Refused(answer.refused);
  return answer;
}

/** The end of the order's run, or of the one that Glue got after it. */
async function waitForEnd(
  { ledger }: Target,
  batch: string,
  id: string,
  { status, signal, pause }: Invocation,
): Promise<Run> {
  const begun = Date.now();
  try {
    for (;;) {
      const run = runOfOrder(emptyOr(await readDocument(ledger, batch)), id);
      if (run === undefined) throw new Error(`the ledger of batch ${batch} no longer keeps the order's run`);
      if (!isUnsettled(run)) return run;
      const { run: number, engine, state } = run;
      const seconds = Math.round((Date.now() - begun) / 1000);
      status.show(`run ${number}`, `${state} in ${engineNames[engine]} for ${seconds} s`);
      await pause(lookEvery);
      signal.throwIfAborted();
    }
  } finally {
    status.clear();
  }
}

export function endText(batch: string, { run, engine, state, failure, claimedAt, settledAt }: Run): string {
  const after = `after ${(((settledAt ?? claimedAt) - claimedAt) / 1000).toFixed(1)} s in ${engineNames[engine]}`;
  return state === "failed"
    ? `batch ${batch}: run ${run} failed ${after}: ${failure?.message ?? "no reason is known"}`
    : `batch ${batch}: run ${run} is ${state} ${after}`;
}

/** `users.json, events.json (new), no coupons`: what a run reads; `(new)` if no published run has read it. */
export function inputsText(run: Run, { inputs }: LedgerDocument): string {
  return Object.entries(run.inputs)
    .map(([dataset, pinned]) => {
      if (pinned === null) return `no ${dataset}`;
      return inputs[pinned.key]?.read.includes(pinned.version) ? pinned.key : `${pinned.key} (new)`;
    })
    .join(", ");
}

export const isRelease = (one: Release, other: Release): boolean => releaseText(one) === releaseText(other);

/** The release as one comparable text. */
export const releaseText = ({ engine, contract, plan, embedded }: Release): string =>
  [...[engine, contract, plan].map(({ sha256 }) => sha256), ...(embedded ? [embedded.functionArn] : [])].join();

/** A pause that ends early when the command is stopped. */
export async function pauseFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => {});
}
