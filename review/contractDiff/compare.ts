import { suggestion } from "../../config/nearest.ts";
import { UsageError } from "../../terminal/flags.ts";
import { diffContracts } from "./diff.ts";
import type { ContractSource } from "./read.ts";
import type { EnvironmentChanges } from "./text.ts";

/**
 * Compares one environment, or every environment that both sides have. A contract.json stands for any environment.
 * @throws UsageError when no environment can be compared
 */
export function compareSources(
  old: ContractSource,
  next: ContractSource,
  environment: string | undefined,
): EnvironmentChanges[] {
  return environmentsToCompare(old, next, environment).map((name) => ({
    environment: name,
    changes: diffContracts(old.contract(name), next.contract(name)),
  }));
}

function environmentsToCompare(old: ContractSource, next: ContractSource, wanted: string | undefined): string[] {
  const declared = [old, next].filter(({ environments }) => environments !== null);
  if (declared.length === 0) {
    if (wanted === undefined) return ["contract"];
    throw new UsageError("--environment applies to a config; a contract.json belongs to one environment");
  }
  if (wanted !== undefined) {
    for (const { name, environments } of declared)
      if (!environments!.includes(wanted))
        throw new UsageError(
          `"${wanted}" is not an environment of ${name}${suggestion(wanted, environments!)}; it declares: ${environments!.join(", ")}`,
        );
    return [wanted];
  }
  const [first, ...rest] = declared;
  const common = first!.environments!.filter((name) => rest.every(({ environments }) => environments!.includes(name)));
  if (common.length === 0) throw new UsageError(`${old.name} and ${next.name} have no environment in common`);
  return common;
}
