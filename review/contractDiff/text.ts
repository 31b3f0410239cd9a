import type { Change } from "./change.ts";

/** The changes of one environment. */
export interface EnvironmentChanges {
  readonly environment: string;
  readonly changes: readonly Change[];
}

/** A change, and the environments in which it occurs; null for all compared environments. */
export interface MergedChange extends Change {
  readonly environments: readonly string[] | null;
}

/** Merges changes that are the same in several environments. Breaking changes come first. */
export function merge(compared: readonly EnvironmentChanges[]): MergedChange[] {
  const merged = new Map<string, { change: Change; environments: string[] }>();
  for (const { environment, changes } of compared)
    for (const change of changes) {
      const same = JSON.stringify(change);
      const { environments } = merged.get(same) ?? { environments: [] };
      merged.set(same, { change, environments: [...environments, environment] });
    }
  const all = [...merged.values()].map(({ change, environments }) => ({
    ...change,
    environments: environments.length === compared.length ? null : environments,
  }));
  const isBreaking = ({ verdict }: Change) => verdict === "breaking";
  return [...all.filter(isBreaking), ...all.filter((change) => !isBreaking(change))];
}

/** One line per change, then a summary line. */
export function lines(changes: readonly MergedChange[]): string[] {
  if (changes.length === 0) return ["no change in the contract"];
  const said = changes.map(({ verdict, audience, key, what, why, environments }) => {
    const where = environments === null ? "" : ` (in ${environments.join(", ")})`;
    return `${verdict.padEnd("compatible".length)}  ${audience.padEnd("producers".length)}  ${key}: ${what}; ${why}${where}`;
  });
  return [...said, summary(changes)];
}

function summary(changes: readonly MergedChange[]): string {
  const breaking = changes.filter(({ verdict }) => verdict === "breaking");
  const count = `${changes.length} ${changes.length === 1 ? "change" : "changes"}`;
  if (breaking.length === 0) return `${count}, compatible for producers and readers`;
  const audiences = (["producers", "readers"] as const).filter((one) =>
    breaking.some(({ audience }) => audience === one),
  );
  return `${count}, ${breaking.length} breaking for ${audiences.join(" and ")}`;
}
