import { suggestion } from "./nearest.ts";
import type { Problem } from "./problems.ts";
import { type DatasetConfig, datasetSchema, type OutputConfig, outputSchema } from "./schema.ts";

type Report = (path: readonly PropertyKey[], message: string, isKey?: boolean) => void;
type Plain = Readonly<Record<string, unknown>>;

const isPlain = (value: unknown): value is Plain =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * What holds between parts of the settings and so is in no single field. Takes the settings as written: the parts that
 * are of the right shape are checked, so that one report can hold problems of both kinds.
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
    const parsed = datasetSchema.safeParse(value);
    return parsed.success ? [[name, parsed.data] as const] : [];
  });
  const outputs = Object.entries(section("outputs")).flatMap(([name, value]) => {
    const parsed = outputSchema.safeParse(value);
    return parsed.success ? [[name, parsed.data] as const] : [];
  });

  if (datasets.length > 0 && datasets.length === names.length && !datasets.some(([, { required }]) => required))
    report(["datasets"], "at least one dataset must be required: true");
  for (const [name, dataset] of datasets) checkDataset(name, dataset, names, Object.fromEntries(datasets), report);
  checkFiles(datasets, report);
  for (const [name, output] of outputs) checkOutput(name, output, report);
  checkAdministrators(section("encryption").administrators, report);
  checkReaders(section("iam").goldReaders, Object.keys(section("outputs")), report);
  for (const name of names)
    if (name in section("outputs"))
      report(["outputs", name], `"${name}" is also a dataset; SQL could not tell them apart`, true);
  return problems;
}

function checkDataset(
  name: string,
  { columns, primaryKey, latestBy, references = {} }: DatasetConfig,
  names: readonly string[],
  datasets: Readonly<Record<string, DatasetConfig>>,
  report: Report,
): void {
  const at = (...path: PropertyKey[]) => ["datasets", name, ...path];
  const known = Object.keys(columns);
  checkCase(columns, at("columns"), report);
  const isColumn = (column: string, path: PropertyKey[], isKey = false) => {
    if (column in columns) return true;
    report(
      path,
      `"${column}" is not a column of ${name}${suggestion(column, known)}; columns: ${known.join(", ")}`,
      isKey,
    );
    return false;
  };
  for (const [index, column] of primaryKey.entries()) {
    if (!isColumn(column, at("primaryKey", index))) continue;
    if (columns[column]!.onNull !== "reject")
      report(at("columns", column, "onNull"), `"${column}" is in the primary key, so its null must reject the row`);
    if (primaryKey.indexOf(column) < index) report(at("primaryKey", index), `"${column}" is named twice`);
  }
  isColumn(latestBy, at("latestBy"));
  for (const [column, target] of Object.entries(references)) {
    isColumn(column, at("references", column), true);
    if (!names.includes(target))
      report(
        at("references", column),
        `"${target}" is not a dataset${suggestion(target, names)}; datasets: ${names.join(", ")}`,
      );
    else if ((datasets[target]?.primaryKey.length ?? 1) !== 1)
      report(at("references", column), `"${target}" has a primary key of several columns, which one column can't name`);
  }
  for (const [column, { type, onNull }] of Object.entries(columns))
    if (typeof onNull === "object")
      checkDefault(onNull.default, type, at("columns", column, "onNull", "default"), report);
}

function checkDefault(
  value: string | number | boolean,
  type: string,
  path: readonly PropertyKey[],
  report: Report,
): void {
  const base = /^[a-z]+/.exec(type)?.[0] ?? "";
  const isNumber = ["integer", "int", "long", "bigint", "double", "decimal"].includes(base);
  const isWhole = isNumber && !["double", "decimal"].includes(base);
  if (base === "array" || base === "struct") report(path, `a column of type ${type} can't have a default`);
  else if (isNumber && typeof value !== "number")
    report(path, `the default of a column of type ${type} must be a number`);
  else if (isWhole && !Number.isInteger(value))
    report(path, `the default of a column of type ${type} must be a whole number`);
  else if (base === "boolean" && typeof value !== "boolean")
    report(path, "the default of a boolean column must be true or false");
  else if (!isNumber && base !== "boolean" && typeof value !== "string")
    report(path, `the default of a column of type ${type} must be a text`);
}

/** Athena and Hive fold case, so columns that differ in nothing else are one and the same to readers. */
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

/** A file must be one dataset's: two that would claim the same name can't be told apart. */
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

function checkOutput(name: string, { grain, columns }: OutputConfig, report: Report): void {
  const known = Object.keys(columns);
  checkCase(columns, ["outputs", name, "columns"], report);
  for (const [index, column] of grain.entries())
    if (!(column in columns))
      report(
        ["outputs", name, "grain", index],
        `"${column}" is not a column of ${name}${suggestion(column, known)}; columns: ${known.join(", ")}`,
      );
  if ("batch" in columns)
    report(["outputs", name, "columns", "batch"], '"batch" is the partition column; rename this one', true);
}

function checkAdministrators(administrators: unknown, report: Report): void {
  const path = ["encryption", "administrators"];
  if (Array.isArray(administrators) && administrators.length === 0)
    report(
      path,
      "nobody could administer the key any more; name a role or a user, or leave it out for the whole account",
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
