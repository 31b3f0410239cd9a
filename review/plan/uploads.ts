import type { Contract } from "../../config/contract.ts";
import type { Plan as RunPlan } from "../../plan/plan.ts";
import type { Json, Snapshot } from "./snapshot/snapshot.ts";

/** The JSON that a stack uploads under a key that begins so. */
function uploadIn({ resources }: Snapshot, prefix: string): Json | undefined {
  const upload = resources.find(
    ({ type, inputs }) => type === "aws:s3/bucketObjectv2:BucketObjectv2" && `${inputs.key}`.startsWith(prefix),
  );
  return typeof upload?.inputs.content === "object" ? upload.inputs.content : undefined;
}

/** The contract that a stack uploads. */
export function contractIn(snapshot: Snapshot): Contract {
  const contract = uploadIn(snapshot, "contract/");
  if (!contract) throw new Error("the stack uploads no contract");
  return contract as unknown as Contract;
}

/** What a run of the stack executes. A commit from before there were plans has none. */
export const runPlanIn = (snapshot: Snapshot): RunPlan | undefined =>
  uploadIn(snapshot, "plan/") as unknown as RunPlan | undefined;

/** Whether DuckDB can run it as well. */
export const isInDuckdb = (plan: RunPlan | undefined): boolean =>
  plan?.statements.every((statement) => statement.kind === "check" || statement.sql.duckdb !== undefined) ?? false;
