import type { DatasetContract, ReferenceContract } from "../../config/contract.ts";
import type { EvolutionMode } from "../../config/schema.ts";
import { type Change, compare, fromTo, list, producers, readers, severity } from "./change.ts";
import { diffColumns } from "./columns.ts";

type Datasets = Readonly<Record<string, DatasetContract>>;

export function diffDatasets(old: Datasets, next: Datasets, mode: EvolutionMode): Change[] {
  const { removed, added, both } = compare(Object.entries(old), Object.entries(next), ([name]) => name);
  return [
    ...removed.map(([name, { file }]) =>
      producers.breaking(`datasets.${name}`, "removed", `a file named ${file} is skipped`),
    ),
    ...added.map(([name, dataset]) => addedDataset(`datasets.${name}`, dataset)),
    ...both.flatMap(([[name, before], [, after]]) => diffDataset(`datasets.${name}`, before, after, mode)),
  ];
}

const fileNames = ({ file, formats }: DatasetContract) => formats.map((format) => `${file}.${format}`);

function addedDataset(key: string, dataset: DatasetContract): Change {
  const names = fileNames(dataset).join(" or ");
  return dataset.required
    ? producers.breaking(key, "added as required", `no batch is complete without ${names}`)
    : producers.compatible(key, "added as optional", `a batch may have ${names}`);
}

function diffDataset(place: string, old: DatasetContract, next: DatasetContract, mode: EvolutionMode): Change[] {
  return [
    ...diffRequired(`${place}.required`, old.required, next.required),
    ...diffFiles(place, old, next),
    ...diffPrimaryKey(`${place}.primaryKey`, old.primaryKey, next.primaryKey),
    ...diffLatestBy(`${place}.latestBy`, old.latestBy, next.latestBy),
    ...diffColumns(place, old.columns, next.columns, mode),
    ...diffReferences(`${place}.references`, old.references, next.references),
    ...diffMaxRejected(`${place}.maxRejected`, old.maxRejected, next.maxRejected),
  ];
}

function diffRequired(key: string, old: boolean, next: boolean): Change[] {
  if (old === next) return [];
  if (next) return [producers.breaking(key, "false → true", "no batch is complete without it")];
  return [
    producers.compatible(key, "true → false", "a batch no longer waits for it"),
    readers.breaking(key, "true → false", "a batch is published without its rows when the file is late"),
  ];
}

function diffFiles(place: string, old: DatasetContract, next: DatasetContract): Change[] {
  if (old.file !== next.file)
    return [producers.breaking(`${place}.file`, fromTo(old.file, next.file), `a file named ${old.file} is skipped`)];
  const { removed, added } = compare(old.formats, next.formats, (format) => format);
  const key = `${place}.formats`;
  return [
    ...removed.map((format) => producers.breaking(key, `${format} removed`, `${old.file}.${format} is skipped`)),
    ...added.map((format) =>
      producers.compatible(key, `${format} added`, `${next.file}.${format} is accepted as well`),
    ),
  ];
}

function diffPrimaryKey(key: string, old: readonly string[], next: readonly string[]): Change[] {
  const { removed, added } = compare(old, next, (column) => column);
  if (removed.length === 0 && added.length === 0) return [];
  const what = fromTo(list(old), list(next));
  return [
    removed.length > 0
      ? producers.breaking(key, what, `rows that differ in ${list(removed)} alone are duplicates, and one is kept`)
      : producers.compatible(key, what, `rows that differ in ${list(added)} are no longer duplicates`),
    readers.breaking(key, what, "other rows are duplicates, so the same files give other rows"),
  ];
}

function diffLatestBy(key: string, old: string, next: string): Change[] {
  if (old === next) return [];
  const what = fromTo(old, next);
  return [
    producers.breaking(
      key,
      what,
      `the row with the greatest ${next} is kept, no longer the one with the greatest ${old}`,
    ),
    readers.breaking(key, what, "another one of the rows with equal keys is kept"),
  ];
}

function diffReferences(
  place: string,
  old: readonly ReferenceContract[],
  next: readonly ReferenceContract[],
): Change[] {
  const { removed, added, both } = compare(old, next, ({ column }) => column);
  return [
    ...removed.map(({ column, dataset }) =>
      producers.compatible(`${place}.${column}`, `removed (to ${dataset})`, "any value is accepted"),
    ),
    ...added.map((reference) =>
      constrained(
        `${place}.${reference.column}`,
        `added: to ${reference.dataset}, orphans ${reference.orphans}`,
        reference,
      ),
    ),
    ...both.flatMap(([before, after]) => {
      const key = `${place}.${after.column}`;
      return [
        ...(before.dataset === after.dataset
          ? []
          : [constrained(`${key}.dataset`, fromTo(before.dataset, after.dataset), after)]),
        ...diffOrphans(`${key}.orphans`, before, after),
      ];
    }),
  ];
}

/** A reference that did not exist before. Its effect depends on the action for orphans. */
function constrained(key: string, what: string, { dataset, orphans }: ReferenceContract): Change {
  switch (orphans) {
    case "keep":
      return producers.compatible(key, what, `a row that names no row of ${dataset} is only counted`);
    case "reject":
      return producers.breaking(key, what, `a row that names no row of ${dataset} is rejected`);
    case "fail":
      return producers.breaking(key, what, `a row that names no row of ${dataset} fails the run`);
  }
}

function diffOrphans(key: string, old: ReferenceContract, next: ReferenceContract): Change[] {
  if (old.orphans === next.orphans) return [];
  const what = fromTo(old.orphans, next.orphans);
  if (severity[next.orphans] > severity[old.orphans]) return [constrained(key, what, next)];
  return [
    producers.compatible(
      key,
      what,
      `a row that names no row of ${next.dataset} ${next.orphans === "keep" ? "is kept" : "is rejected and no longer fails the run"}`,
    ),
  ];
}

function diffMaxRejected(key: string, old: number, next: number): Change[] {
  if (old === next) return [];
  const what = fromTo(`${old}%`, `${next}%`);
  return [
    next < old
      ? producers.breaking(
          key,
          what,
          `a file with more than ${next}% malformed rows is rejected on arrival; with more malformed and rejected ones, the run fails`,
        )
      : producers.compatible(key, what, `up to ${next}% of a file's rows may be malformed or rejected`),
  ];
}
