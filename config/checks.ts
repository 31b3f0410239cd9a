import { catalogType, parseColumnType } from "./columnType.ts";
import { suggestion } from "./nearest.ts";
import { refusesNull, refusingNullActions } from "./nullActions.ts";
import { parseSettings } from "./parse.ts";
import { isPlain, own, type Plain } from "./plain.ts";
import type { Problem } from "./problems.ts";
import { type DatasetConfig, datasetSchema, type OutputConfig, outputSchema } from "./schema.ts";
import { silverColumns, silverPrefix } from "./tables.ts";
import { compareValues, misfit, type Value } from "./values.ts";
import { listed } from "./words.ts";

/** The table in which `balances` find a dataset's orphans, and its column that names the reference. */
export const orphanTable = (dataset: string) => `${dataset}_orphans`;
export const orphanColumn = "orphan_column";

/** The columns that Silver's table has beside the declared ones. */
const reservedColumns = [...silverColumns.map(({ name }) => name), "batch"];

type Report = (path: readonly PropertyKey[], message: string, isKey?: boolean) => void;

/**
 * Checks that concern more than one field. They run on the settings as written and on every part that has the right
 * shape. So one report can have problems of shape and of content.
 */
export function crossChecks(settings: unknown): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (path, message, isKey = false) => problems.push({ path, message, isKey });
  const section = (name: string): Plain => {
    const value = isPlain(settings) ? settings[name] : undefined;
    return isPlain(value) ? value : {};
  };
  const names = Object.keys(section("datasets"));
  const datasets = Object.entries(section("datasets")).flatMap(([name, value]) => {
    const { data } = parseSettings(datasetSchema, value);
    return data ? [[name, data] as const] : [];
  });
  const outputs = Object.entries(section("outputs")).flatMap(([name, value]) => {
    const { data } = parseSettings(outputSchema, value);
    return data ? [[name, data] as const] : [];
  });

  if (datasets.length > 0 && datasets.length === names.length && !datasets.some(([, { required }]) => required))
    report(["datasets"], "at least one dataset must be required: true");
  for (const [name, dataset] of datasets) checkDataset(name, dataset, names, new Map(datasets), report);
  checkFiles(datasets, report);
  for (const [name, output] of outputs) checkOutput(name, output, report);
  for (const name of Object.keys(section("outputs")))
    if (name.startsWith(silverPrefix))
      report(
        ["outputs", name],
        `tables whose name begins with "${silverPrefix}" are Silver's; rename this output`,
        true,
      );
  checkAdministrators(section("encryption").administrators, report);
  checkReaders(section("iam").goldReaders, Object.keys(section("outputs")), report);
  for (const name of names)
    if (Object.hasOwn(section("outputs"), name))
      report(["outputs", name], `"${name}" is also a dataset; SQL could not tell them apart`, true);
  for (const [name, { references = {}, columns }] of datasets) {
    const orphans = orphanTable(name);
    if (Object.keys(references).length === 0) continue;
    for (const group of ["datasets", "outputs"])
      if (Object.hasOwn(section(group), orphans))
        report([group, orphans], `"${orphans}" is the table of the orphans of ${name}`, true);
    if (Object.hasOwn(columns, orphanColumn))
      report(
        ["datasets", name, "columns", orphanColumn],
        `"${orphanColumn}" is a column of ${orphans}; rename this one`,
        true,
      );
  }
  checkRejectingReferences(new Map(datasets), report);
  return problems;
}

function checkDataset(
  name: string,
  { columns, primaryKey, latestBy, references = {} }: DatasetConfig,
  names: readonly string[],
  datasets: ReadonlyMap<string, DatasetConfig>,
  report: Report,
): void {
  const at = (...path: PropertyKey[]) => ["datasets", name, ...path];
  const known = Object.keys(columns);
  checkCase(columns, at("columns"), report);
  const isColumn = (column: string, path: PropertyKey[], isKey = false) => {
    if (Object.hasOwn(columns, column)) return true;
    report(
      path,
      `"${column}" is not a column of ${name}${suggestion(column, known)}; columns: ${known.join(", ")}`,
      isKey,
    );
    return false;
  };
  for (const [index, column] of primaryKey.entries()) {
    if (!isColumn(column, at("primaryKey", index))) continue;
    if (!refusesNull(columns[column]!.onNull))
      report(
        at("columns", column, "onNull"),
        `"${column}" is in the primary key, so its null rule must be ${refusingNullActions.join(" or ")}`,
      );
    if (primaryKey.indexOf(column) < index) report(at("primaryKey", index), `"${column}" is named twice`);
  }
  isColumn(latestBy, at("latestBy"));
  for (const [column, { dataset: target }] of Object.entries(references)) {
    isColumn(column, at("references", column), true);
    const path = at("references", column, "dataset");
    if (!names.includes(target))
      report(path, `"${target}" is not a dataset${suggestion(target, names)}; datasets: ${names.join(", ")}`);
    const referenced = datasets.get(target);
    if (referenced && referenced.primaryKey.length > 1)
      report(path, `"${target}" has a primary key of several columns; one column can't refer to it`);
    else if (referenced) checkReferenceType(column, own(columns, column)?.type, target, referenced, path, report);
  }
  for (const [column, { type, onNull, rules = [] }] of Object.entries(columns)) {
    if (reservedColumns.includes(column.toLowerCase()))
      report(
        at("columns", column),
        `${listed(reservedColumns)} are Silver's own columns; leave "${column}" out, or have the field renamed`,
        true,
      );
    if (typeof onNull === "object")
      checkValue("default", onNull.default, type, at("columns", column, "onNull", "default"), report);
    for (const [index, rule] of rules.entries())
      checkRule(rule, rules.slice(0, index), type, at("columns", column, "rules", index), report);
  }
}

/** A value of another type names no row: `7` is not `"7"`. */
function checkReferenceType(
  column: string,
  type: string | undefined,
  target: string,
  { primaryKey: [key = ""], columns }: DatasetConfig,
  path: readonly PropertyKey[],
  report: Report,
): void {
  const keyType = own(columns, key)?.type;
  const spell = (text: string) => catalogType(parseColumnType(text));
  if (type !== undefined && keyType !== undefined && spell(type) !== spell(keyType))
    report(
      path,
      `"${column}" is of type ${type} and the primary key of ${target}, "${key}", of type ${keyType}; declare both alike`,
    );
}

type Rule = NonNullable<DatasetConfig["columns"][string]["rules"]>[number];

function checkRule(
  rule: Rule,
  earlier: readonly Rule[],
  type: string,
  path: readonly PropertyKey[],
  report: Report,
): void {
  const kind = (["allowed", "range", "pattern"] as const).find((candidate) => rule[candidate] !== undefined)!;
  const parsed = parseColumnType(type);
  if (earlier.some((other) => other[kind] !== undefined))
    report([...path, kind], `the column has a rule "${kind}" already; put both into one`, true);
  if (rule.allowed)
    for (const [index, value] of rule.allowed.entries())
      checkValue("allowed value", value, type, [...path, kind, index], report);
  if (rule.range && !rangedKinds.includes(parsed.kind))
    report([...path, kind], `a column of type ${type} can't have a range; numbers, dates and timestamps can`, true);
  else if (rule.range) {
    const { min, max } = rule.range;
    const fit = Object.entries({ min, max }).map(
      ([side, value]) => value === undefined || checkValue("bound", value, type, [...path, kind, side], report),
    );
    if (min !== undefined && max !== undefined && !fit.includes(false) && compareValues(min, max, parsed) > 0)
      report([...path, kind], "min is greater than max, so no value could be in the range");
  }
  if (rule.pattern !== undefined && parsed.kind !== "string")
    report([...path, kind], `a column of type ${type} can't have a pattern; texts can`, true);
}

const isNested = (type: string | undefined) =>
  type !== undefined && ["array", "struct"].includes(parseColumnType(type).kind);
const rangedKinds = ["integer", "long", "double", "decimal", "date", "timestamp"];

/** A value that the config gives for a column must be of the column's type. @returns whether it is */
function checkValue(what: string, value: Value, type: string, path: readonly PropertyKey[], report: Report): boolean {
  const problem = misfit(value, parseColumnType(type));
  if (problem !== undefined) report(path, `the ${what} of a column of type ${type} ${problem}`);
  return problem === undefined;
}

/** Rejecting orphans needs the kept rows of the referenced dataset, so such references must not form a cycle. */
function checkRejectingReferences(datasets: ReadonlyMap<string, DatasetConfig>, report: Report): void {
  const targets = (name: string) =>
    Object.values(datasets.get(name)?.references ?? {}).flatMap(({ dataset, orphans }) =>
      orphans === "reject" ? [dataset] : [],
    );
  const leadsTo = (from: string, to: string, seen = new Set<string>()): boolean =>
    from === to || (!seen.has(from) && targets(from).some((next) => leadsTo(next, to, seen.add(from))));
  for (const [name, { references = {} }] of datasets)
    for (const [column, { dataset, orphans }] of Object.entries(references))
      if (orphans === "reject" && leadsTo(dataset, name))
        report(
          ["datasets", name, "references", column, "orphans"],
          `rejecting orphans leads from ${name} back to ${name}; keep them, or fail the run`,
        );
}

/** Athena and Hive ignore case, so columns that differ only in case are the same column to readers. */
function checkCase(columns: Readonly<Record<string, unknown>>, path: readonly PropertyKey[], report: Report): void {
  const seen = new Map<string, string>();
  for (const column of Object.keys(columns)) {
    const folded = column.toLowerCase();
    const earlier = seen.get(folded);
    if (earlier !== undefined)
      report([...path, column], `"${column}" and "${earlier}" differ only in case; rename one`, true);
    seen.set(folded, column);
  }
}

/** A file must belong to one dataset, so two datasets can't have the same file name. */
function checkFiles(datasets: readonly (readonly [string, DatasetConfig])[], report: Report): void {
  const owners = new Map<string, string>();
  for (const [name, { file, formats }] of datasets) {
    for (const [index, format] of formats.entries())
      if (formats.indexOf(format) < index) report(["datasets", name, "formats", index], `"${format}" is named twice`);
    const names = formats.map((format) => `${file}.${format}`);
    const taken = names.find((fileName) => owners.has(fileName));
    if (taken !== undefined) report(["datasets", name, "file"], `${taken} is already the file of ${owners.get(taken)}`);
    for (const fileName of names) if (!owners.has(fileName)) owners.set(fileName, name);
  }
}

function checkOutput(name: string, { grain, clusterBy = [], columns }: OutputConfig, report: Report): void {
  const known = Object.keys(columns);
  checkCase(columns, ["outputs", name, "columns"], report);
  for (const [key, named] of Object.entries({ grain, clusterBy }))
    for (const [index, column] of named.entries())
      if (!Object.hasOwn(columns, column))
        report(
          ["outputs", name, key, index],
          `"${column}" is not a column of ${name}${suggestion(column, known)}; columns: ${known.join(", ")}`,
        );
  for (const [index, column] of clusterBy.entries())
    if (isNested(own(columns, column)))
      report(
        ["outputs", name, "clusterBy", index],
        `"${column}" is of type ${own(columns, column)}, which has no order`,
      );
  if (Object.hasOwn(columns, "batch"))
    report(["outputs", name, "columns", "batch"], '"batch" is the partition column; rename this one', true);
}

function checkAdministrators(administrators: unknown, report: Report): void {
  const path = ["encryption", "administrators"];
  if (Array.isArray(administrators) && administrators.length === 0)
    report(
      path,
      "nobody could administer the key; name a role or a user, or omit the setting to allow the whole account",
    );
  checkTwice(administrators, path, report);
}

function checkTwice(names: unknown, path: readonly PropertyKey[], report: Report): void {
  if (!Array.isArray(names)) return;
  for (const [index, name] of names.entries())
    if (names.indexOf(name) < index) report([...path, index], `"${name}" is named twice`);
}

function checkReaders(readers: unknown, outputs: readonly string[], report: Report): void {
  if (!Array.isArray(readers)) return;
  const seen = new Set<unknown>();
  for (const [index, reader] of readers.filter(isPlain).entries()) {
    const at = (...path: PropertyKey[]) => ["iam", "goldReaders", index, ...path];
    if (seen.has(reader.principal)) report(at("principal"), `"${reader.principal}" is named twice`);
    seen.add(reader.principal);
    checkTwice(reader.outputs, at("outputs"), report);
    for (const [place, output] of (Array.isArray(reader.outputs) ? reader.outputs : []).entries())
      if (typeof output === "string" && !outputs.includes(output))
        report(
          at("outputs", place),
          `"${output}" is not an output${suggestion(output, outputs)}; outputs: ${outputs.join(", ")}`,
        );
  }
}
