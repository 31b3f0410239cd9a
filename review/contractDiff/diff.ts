import type { Contract } from "../../config/contract.ts";
import { shapesOf } from "../../handlers/shape.ts";
import { type Change, compare, fromTo, list, producers, readers } from "./change.ts";
import { diffDatasets } from "./datasets.ts";
import { diffOutputs } from "./outputs.ts";

/** Every change between two contracts, in the order of the config. SQL is not compared. */
export function diffContracts(old: Contract, next: Contract): Change[] {
  return [
    ...diffPipeline(old.pipeline, next.pipeline),
    ...diffEvolution(old.schemaEvolution, next.schemaEvolution),
    ...diffDatasets(old.datasets, next.datasets, next.schemaEvolution),
    ...diffShapes(old, next),
    ...diffOutputs(old.outputs, next.outputs),
  ];
}

/** The names of all buckets, queues and databases begin with the pipeline's name, so all of them are new. */
function diffPipeline(old: string, next: string): Change[] {
  if (old === next) return [];
  const what = fromTo(old, next);
  return [
    producers.breaking("name", what, "files go to another bucket"),
    readers.breaking("name", what, "the outputs are in another database, which begins empty"),
  ];
}

function diffEvolution(old: Contract["schemaEvolution"], next: Contract["schemaEvolution"]): Change[] {
  if (old === next) return [];
  const what = fromTo(old, next);
  return [
    next === "strict"
      ? producers.breaking(
          "schemaEvolution",
          what,
          "a file with a field that is not declared, or without a column, is rejected on arrival",
        )
      : producers.compatible(
          "schemaEvolution",
          what,
          next === "ignore-unknown"
            ? "a field that is not declared is ignored; a file without a column that must not be null is rejected on arrival"
            : "a field that is not declared is ignored",
        ),
  ];
}

/** What was read of a file and decided about it holds for the shape of its dataset only. */
function diffShapes(old: Contract, next: Contract): Change[] {
  const [before, after] = [shapesOf(old), shapesOf(next)];
  const { both } = compare(Object.entries(before), Object.entries(after), ([name]) => name);
  const changed = both.flatMap(([[name, shape], [, other]]) => (shape === other ? [] : [name]));
  if (changed.length === 0) return [];
  return [
    producers.compatible(
      "datasets",
      `typed again: ${list(changed)}`,
      "before its next run, a file is typed under the new contract; one that Bronze no longer has must be uploaded again",
    ),
  ];
}
