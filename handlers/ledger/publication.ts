import { silverTable } from "../../config/tables.ts";
import type { CatalogEffect, LedgerDocument, Publication, Run } from "./document.ts";
import { catalogId, owned, withEffect } from "./effects.ts";
import { markRead } from "./inputs.ts";
import type { TransitionContext } from "./rules.ts";
import { updateRun } from "./updateRun.ts";

/** Which run readers see. */

export function publish(document: LedgerDocument, run: Run, context: TransitionContext): LedgerDocument {
  const settled: Run = { ...run, settledAt: context.now };
  const highWater = document.published?.highWater ?? 0;
  if (run.run <= highWater) return updateRun(document, run.run, () => ({ ...settled, state: "superseded" }));
  const next = updateRun(document, run.run, () => ({ ...settled, publishedAt: context.now }));
  return pointTo(markRead(next, run.inputs), { run: run.run, highWater: run.run }, context);
}

/** The tables in which a run is shown: those of its outputs, and Silver's of the datasets that it read. */
export const tablesOf = ({ outputs, inputs }: Pick<Run, "outputs" | "inputs">): readonly string[] => [
  ...Object.keys(outputs),
  ...Object.entries(inputs).flatMap(([dataset, input]) => (input ? [silverTable(dataset)] : [])),
];

/**
 * Moves the pointer and enters a catalog effect for each table of the old and the new run, since the new run may lack
 * one of the old one. An invocation that already owns a catalog effect keeps it and performs it again; two owners
 * could leave the older location in the catalog.
 */
export function pointTo(document: LedgerDocument, published: Publication, context: TransitionContext): LedgerDocument {
  const runs = document.runs.map((run): Run => {
    if (run.run === published.run) return { ...run, state: "published" };
    return run.state === "published" ? { ...run, state: "superseded" } : run;
  });
  const shown = document.runs.filter(({ run, state }) => run === published.run || state === "published");
  const tables = new Set(shown.flatMap(tablesOf));
  return [...tables].reduce<LedgerDocument>(
    (next, table) => {
      const isOwned = next.effects.some(({ id, until }) => id === catalogId(table) && until > context.now);
      if (isOwned) return next;
      const effect: CatalogEffect = { kind: "catalog", table, ...owned(catalogId(table), context) };
      return withEffect(next, effect);
    },
    { ...document, runs, published },
  );
}
