import type { CompareContracts, ContractChange } from "./contract.ts";

interface Columns {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}
type Named<T> = Readonly<Record<string, T>>;

const added = (audience: ContractChange["audience"], key: string, why: string): ContractChange => ({
  verdict: "compatible",
  audience,
  key,
  what: "added",
  why,
});
const removed = (audience: ContractChange["audience"], key: string, why: string): ContractChange => ({
  verdict: "breaking",
  audience,
  key,
  what: "removed",
  why,
});

function columnChanges(
  audience: ContractChange["audience"],
  place: string,
  old: Columns,
  next: Columns,
): ContractChange[] {
  const before = new Map(old.columns.map(({ name, type }) => [name, type]));
  const after = new Map(next.columns.map(({ name, type }) => [name, type]));
  const lost = audience === "readers" ? "a query that names it fails" : "what producers send in it is ignored";
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name): ContractChange[] => {
    const key = `${place}.columns.${name}`;
    const [was, is] = [before.get(name), after.get(name)];
    if (was === is) return [];
    if (was === undefined) return [added(audience, key, "what was there stays as it is")];
    if (is === undefined) return [removed(audience, key, lost)];
    return [{ verdict: "breaking", audience, key, what: `${was} → ${is}`, why: "values of the old type may not fit" }];
  });
}

function sectionChanges<T extends Columns>(
  audience: ContractChange["audience"],
  section: string,
  old: Named<T>,
  next: Named<T>,
): ContractChange[] {
  return [...new Set([...Object.keys(old), ...Object.keys(next)])].flatMap((name) => {
    const key = `${section}.${name}`;
    const [was, is] = [old[name], next[name]];
    if (was === undefined) return [added(audience, key, "what was there stays as it is")];
    if (is === undefined) return [removed(audience, key, "it is no longer taken, nor made")];
    return columnChanges(audience, key, was, is);
  });
}

/** The datasets, outputs and columns that two contracts do not share. */
export const compareContracts: CompareContracts = (old, next) => [
  ...sectionChanges("producers", "datasets", old.datasets, next.datasets),
  ...sectionChanges("readers", "outputs", old.outputs, next.outputs),
];
