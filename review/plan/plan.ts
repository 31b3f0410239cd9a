import type { Change } from "../contractDiff/change.ts";
import { diffContracts } from "../contractDiff/diff.ts";
import { type JobCost, jobCosts } from "./cost.ts";
import { type PermissionChange, permissionChanges } from "./permissions.ts";
import { type ResourceChange, resourceChanges } from "./resources.ts";
import { type Risk, risks } from "./risks.ts";
import type { Snapshot } from "./snapshot/snapshot.ts";
import { type StatementChange, statementChanges } from "./statements.ts";
import { contractIn, runPlanIn } from "./uploads.ts";

/** Everything that a reviewer must know about a change. */
export interface Plan {
  readonly stack: string;
  /** The commit that it is compared with, as the user named it. */
  readonly base: string;
  readonly risks: readonly Risk[];
  readonly permissions: readonly PermissionChange[];
  readonly contract: readonly Change[];
  /** Of what a run executes. */
  readonly statements: readonly StatementChange[];
  readonly resources: readonly ResourceChange[];
  readonly costs: { readonly before: readonly JobCost[]; readonly after: readonly JobCost[] };
}

export function planOf({ stack, base }: Pick<Plan, "stack" | "base">, before: Snapshot, after: Snapshot): Plan {
  const resources = resourceChanges(before, after);
  return {
    stack,
    base,
    risks: risks(resources),
    permissions: permissionChanges(before, after),
    contract: diffContracts(contractIn(before), contractIn(after)),
    statements: statementChanges(runPlanIn(before), runPlanIn(after)),
    resources,
    costs: { before: jobCosts(before), after: jobCosts(after) },
  };
}
