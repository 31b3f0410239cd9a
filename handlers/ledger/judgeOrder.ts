import { own } from "../../config/plain.ts";
import {
  findRun,
  isUnsettled,
  type LedgerDocument,
  type PinnedInput,
  type PinnedInputs,
  type Run,
  type Tries,
} from "./document.ts";
import { askFor } from "./effects.ts";
import type { OperatorOrder } from "./event.ts";
import { type FileToType, inputSet } from "./gate.ts";
import { rememberedVersions } from "./inputs.ts";
import { newestGood } from "./newestGood.ts";
import { pointTo } from "./publication.ts";
import { noTries } from "./retry.ts";
import type { TransitionContext } from "./rules.ts";
import { claim } from "./runs.ts";

/** What an operator's order does. */

/** An operator's order that the ledger will not carry out; the message says why. */
export class OrderRefused extends Error {
  override readonly name = "OrderRefused";
}

const rememberedOperations = 50;

export function operate(
  document: LedgerDocument,
  id: string,
  order: OperatorOrder,
  context: TransitionContext,
): LedgerDocument {
  if (document.operations.includes(id)) return document;
  const unsettled = document.runs.find(isUnsettled);
  if (unsettled)
    throw new OrderRefused(
      `run ${unsettled.run} of batch ${context.batch} has not ended; wait for it, then give the order again`,
    );
  if (document.ordered !== null && order.operation !== "withdraw")
    throw new OrderRefused(
      `an order to run waits until the files of batch ${context.batch} are typed; wait for its run, then give the order again`,
    );
  return {
    ...carryOut(document, id, order, context),
    operations: [...document.operations, id].slice(-rememberedOperations),
  };
}

function carryOut(
  document: LedgerDocument,
  id: string,
  order: OperatorOrder,
  context: TransitionContext,
): LedgerDocument {
  switch (order.operation) {
    case "run":
      return runOrdered(document, id, context);
    case "replay": {
      const { inputs, release, outputs } = wasPublished(document, order.run, context);
      const cause = { kind: "operator", operation: "replay", id } as const;
      // Where no embedded engine is deployed any more, an old release can't have it either.
      const embedded = context.rules.release.embedded && release.embedded;
      const tries = ordersTries(document, inputs, context);
      return claim(document, { inputs, release: { ...release, embedded }, outputs, tries, cause }, context);
    }
    case "rollback": {
      wasPublished(document, order.run, context);
      return pointTo(document, { run: order.run, highWater: document.published!.highWater }, context);
    }
    case "withdraw": {
      const input = own(document.inputs, order.key);
      if (!input) throw new OrderRefused(`batch ${context.batch} knows no file ${order.key}`);
      const versions = input.withdrawn.filter((version) => version !== input.decision.version);
      const withdrawn = { ...input, withdrawn: [...versions, input.decision.version].slice(-rememberedVersions) };
      return { ...document, inputs: { ...document.inputs, [order.key]: withdrawn } };
    }
  }
}

/** Claims the run, or has its files typed for the release first; then the order waits in the document. */
function runOrdered(document: LedgerDocument, id: string, context: TransitionContext): LedgerDocument {
  const { files, inputs } = operatorInputs(document, context);
  if (files.length > 0) return askFor({ ...document, ordered: id }, files, context);
  const { release, outputs } = context.rules;
  const cause = { kind: "operator", operation: "run", id } as const;
  const typed = askFor({ ...document, ordered: null }, [], context);
  return claim(typed, { inputs, release, outputs, tries: ordersTries(document, inputs, context), cause }, context);
}

/** An order counts its tries anew, but what was too much for the embedded engine still is. */
function ordersTries(document: LedgerDocument, inputs: PinnedInputs, { rules }: TransitionContext): Tries {
  const wanted = inputSet(inputs, rules.datasets);
  const last = document.runs.findLast((run) => inputSet(run.inputs, rules.datasets) === wanted);
  return { ...noTries, unfit: last !== undefined && (last.tries.unfit || last.failure?.kind === "unfit") };
}

/** Goes on with an order that waits. It ends when one of its files has turned out to be none that a run can read. */
export function resumeOrder(document: LedgerDocument, context: TransitionContext): LedgerDocument {
  try {
    return runOrdered(document, document.ordered!, context);
  } catch (error) {
    if (!(error instanceof OrderRefused)) throw error;
    return askFor({ ...document, ordered: null }, [], context);
  }
}

function wasPublished(document: LedgerDocument, number: number, { batch }: TransitionContext): Run {
  const run = findRun(document, number);
  if (!run) throw new OrderRefused(`the ledger of batch ${batch} keeps no run ${number}`);
  if (run.publishedAt === null) throw new OrderRefused(`run ${number} of batch ${batch} was never published`);
  return run;
}

/** Chooses the files by `newestGood`. If that leaves the choice to a person, the order is refused. */
function operatorInputs(
  document: LedgerDocument,
  { batch, rules }: TransitionContext,
): { readonly files: readonly FileToType[]; readonly inputs: PinnedInputs } {
  const choices = newestGood(document, rules);
  const files: FileToType[] = [];
  const take = (name: string, required: boolean): PinnedInput | null => {
    const choice = choices[name]!;
    switch (choice.kind) {
      case "file":
        return choice.file;
      case "stale": {
        const { kind: _, ...file } = choice;
        files.push(file);
        return null;
      }
      case "expired":
        throw new OrderRefused(
          `${choice.key} would have to be typed again for the deployed contract, and can't be: upload it again, or replay a run that has read it`,
        );
      case "ambiguous":
        throw new OrderRefused(
          `${name} has ${choice.keys.length} files: ${choice.keys.join(", ")}; withdraw all but one`,
        );
      case "rejected":
        throw new OrderRefused(`${choice.key} was rejected: ${choice.reason}; upload a good one or withdraw it`);
      case "absent":
        if (required) throw new OrderRefused(`${name} is required and batch ${batch} has no file of it`);
        return null;
    }
  };
  const inputs = Object.entries(rules.datasets).map(([name, { required }]) => [name, take(name, required)]);
  return { files, inputs: Object.fromEntries(inputs) };
}
