import type { Contract } from "../../config/contract.ts";
import { type Change, fromTo, producers, readers } from "./change.ts";
import { diffDatasets } from "./datasets.ts";
import { diffOutputs } from "./outputs.ts";

/** Every change between two contracts, in the order of the config. SQL is not compared. */
export function diffContracts(old: Contract, next: Contract): Change[] {
  return [
    ...diffPipeline(old.pipeline, next.pipeline),
    ...diffEvolution(old.schemaEvolution, next.schemaEvolution),
    ...diffDatasets(old.datasets, next.datasets, next.schemaEvolution),
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
          "a field that is not declared fails the run, and so does a missing column",
        )
      : producers.compatible("schemaEvolution", what, "a field that is not declared is ignored"),
  ];
}
