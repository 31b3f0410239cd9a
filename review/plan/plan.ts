import type { Change } from "../contractDiff/change.ts";
import { diffContracts } from "../contractDiff/diff.ts";
import { type EngineCost, engineCosts } from "./cost.ts";
import { type PermissionChange, permissionChanges } from "./permissions.ts";
import { type ResourceChange, resourceChanges } from "./resources.ts";
import { type Risk, risks } from "./risks.ts";
import type { Snapshot } from "./snapshot/snapshot.ts";
import { type StatementChange, statementChanges } from "./statements.ts";
import { contractIn, isInDuckdb, runPlanIn } from "./uploads.ts";

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
  /** Whether DuckDB can run the outputs as well, and a line for each output that says why it can't. */
  readonly engines: { readonly before: boolean; readonly after: boolean; readonly lines: readonly string[] };
  readonly resources: readonly ResourceChange[];
  readonly costs: { readonly before: readonly EngineCost[]; readonly after: readonly EngineCost[] };
}

/** @param engines the lines of the stack as it would be */
export function planOf(
  { stack, base, engines }: Pick<Plan, "stack" | "base"> & { readonly engines: readonly string[] },
  before: Snapshot,
  after: Snapshot,
): Plan {
  const resources = resourceChanges(before, after);
  const runs = { before: runPlanIn(before), after: runPlanIn(after) };
  return {
    stack,
    base,
    risks: risks(resources),
    permissions: permissionChanges(before, after),
    contract: diffContracts(contractIn(before), contractIn(after)),
    statements: statementChanges(runs.before, runs.after),
    engines: { before: isInDuckdb(runs.before), after: isInDuckdb(runs.after), lines: engines },
    resources,
    costs: { before: engineCosts(before), after: engineCosts(after) },
  };
}
