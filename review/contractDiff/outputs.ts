import type { BalanceContract, OutputContract } from "../../config/contract.ts";
import { type Change, compare, fromTo, list, readers } from "./change.ts";

type Outputs = Readonly<Record<string, OutputContract>>;
type OutputColumn = OutputContract["columns"][number];

export function diffOutputs(old: Outputs, next: Outputs): Change[] {
  const { removed, added, both } = compare(Object.entries(old), Object.entries(next), ([name]) => name);
  return [
    ...removed.map(([name]) =>
      readers.breaking(`outputs.${name}`, "removed", "it is no longer published and its table is removed"),
    ),
    ...added.map(([name]) => readers.compatible(`outputs.${name}`, "added", "a table of its own")),
    ...both.flatMap(([[name, before], [, after]]) => diffOutput(`outputs.${name}`, before, after)),
  ];
}

function diffOutput(place: string, old: OutputContract, next: OutputContract): Change[] {
  return [
    ...diffGrain(`${place}.grain`, old.grain, next.grain),
    ...diffColumns(`${place}.columns`, old.columns, next.columns),
    ...(list(old.clusterBy) === list(next.clusterBy)
      ? []
      : [
          readers.compatible(
            `${place}.clusterBy`,
            fromTo(list(old.clusterBy), list(next.clusterBy)),
            "the same rows, sorted into files in another order",
          ),
        ]),
    ...diffBalances(`${place}.balances`, old.balances, next.balances),
  ];
}

function diffGrain(key: string, old: readonly string[], next: readonly string[]): Change[] {
  const { removed, added } = compare(old, next, (column) => column);
  return removed.length + added.length === 0
    ? []
    : [readers.breaking(key, fromTo(list(old), list(next)), "a row means something else, so joins and sums differ")];
}

const names = (columns: readonly OutputColumn[]) => columns.map(({ name }) => name);

function diffColumns(place: string, old: readonly OutputColumn[], next: readonly OutputColumn[]): Change[] {
  const { removed, added, both } = compare(old, next, ({ name }) => name);
  const isKept = ({ name }: OutputColumn) => both.some(([, after]) => after.name === name);
  const lastKept = next.findLastIndex(isKept);
  const orders = [old.filter(isKept), next.filter(isKept)].map(names).map(list) as [string, string];
  return [
    ...removed.map(({ name }) => readers.breaking(`${place}.${name}`, "removed", "a query that names it fails")),
    ...added.map((column) => {
      const key = `${place}.${column.name}`;
      return next.indexOf(column) > lastKept
        ? readers.compatible(key, `added as ${column.type} at the end`, "null in batches published before")
        : readers.breaking(
            key,
            `added as ${column.type} in the middle`,
            "the columns after it move; at the end it would be compatible",
          );
    }),
    ...both.flatMap(([before, after]) =>
      before.type === after.type
        ? []
        : [
            readers.breaking(
              `${place}.${after.name}`,
              fromTo(before.type, after.type),
              `batches published before keep ${before.type}, but the table declares ${after.type} for them too`,
            ),
          ],
    ),
    ...(orders[0] === orders[1]
      ? []
      : [readers.breaking(place, `order: ${fromTo(...orders)}`, "a query that reads by position gets another column")]),
  ];
}

function diffBalances(place: string, old: readonly BalanceContract[], next: readonly BalanceContract[]): Change[] {
  const { removed, added, both } = compare(old, next, ({ name }) => name);
  const checked = "if the two sides differ, a run publishes nothing";
  return [
    ...removed.map(({ name }) =>
      readers.compatible(`${place}.${name}`, "removed", "it is no longer checked before a publication"),
    ),
    ...added.map(({ name }) => readers.compatible(`${place}.${name}`, "added", checked)),
    ...both.flatMap(([before, after]) =>
      before.input === after.input && before.output === after.output
        ? []
        : [readers.compatible(`${place}.${after.name}`, "changed", checked)],
    ),
  ];
}
