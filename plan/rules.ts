import type {
  Contract,
  ContractColumn,
  DatasetContract,
  ReferenceContract,
  Scalar,
  ValueRule,
} from "../config/contract.ts";
import type { Dialect } from "./dialect.ts";

export interface Rule {
  readonly name: string;
  readonly column: string;
  readonly action: "reject" | "fail" | "warn";
  /** True for a row that breaks the rule; null or false for one that keeps it. */
  readonly condition: string;
}

/** The given value as a value of the column's type. */
export const typedValue = (dialect: Dialect, given: Scalar, type: string): string =>
  `cast(${dialect.text(String(given))} as ${dialect.type(type)})`;

export const defaultOf = ({ onNull }: ContractColumn): Scalar | undefined =>
  typeof onNull === "object" ? onNull.default : undefined;

/** The whole text must match. With `^` and `$`, a line break at the end would pass. */
export const wholeText = (pattern: string): string => `\\A(?:${pattern})\\z`;

/** The rules that exclude a row, in the order in which they are checked: those that fail the run come first. */
export function excludingRules(dialect: Dialect, { columns }: DatasetContract): readonly Rule[] {
  const declared = [
    ...columns.flatMap((column) => nullRule(dialect, column)),
    ...valueRules(dialect, columns).filter(({ action }) => action !== "warn"),
  ];
  return [...declared.filter(({ action }) => action === "fail"), ...declared.filter(({ action }) => action !== "fail")];
}

/** The rules that are counted and change nothing. */
export const warningRules = (dialect: Dialect, { columns }: DatasetContract): readonly Rule[] =>
  valueRules(dialect, columns).filter(({ action }) => action === "warn");

export const rejectingReferences = ({ references }: DatasetContract): readonly ReferenceContract[] =>
  references.filter(({ orphans }) => orphans === "reject");

export const orphanRule = ({ column }: ReferenceContract): string => `${column}_is_orphan`;

/**
 * The datasets by the step in which their rows can be judged: one whose reference rejects comes after the one that it
 * names.
 * @throws Error when such references lead back to where they began.
 */
export function stepsOf({ datasets }: Contract): readonly (readonly string[])[] {
  const steps: string[][] = [];
  let waiting = Object.keys(datasets);
  while (waiting.length > 0) {
    const step = waiting.filter((name) =>
      rejectingReferences(datasets[name]!).every(({ dataset }) => !waiting.includes(dataset)),
    );
    if (step.length === 0) throw new Error(`rejecting orphans leads from ${waiting[0]} back to itself`);
    steps.push(step);
    waiting = waiting.filter((name) => !step.includes(name));
  }
  return steps;
}

function nullRule(dialect: Dialect, { name, onNull }: ContractColumn): Rule[] {
  if (onNull !== "reject" && onNull !== "fail") return [];
  return [{ name: `${name}_is_null`, column: name, action: onNull, condition: `${dialect.identifier(name)} is null` }];
}

const valueRules = (dialect: Dialect, columns: readonly ContractColumn[]): Rule[] =>
  columns.flatMap((column) =>
    column.rules.map((rule) => ({
      name: `${column.name}_${kindOf(rule)}`,
      column: column.name,
      action: rule.onViolation,
      condition: violation(dialect, column, rule),
    })),
  );

const kindOf = (rule: ValueRule): string =>
  "allowed" in rule ? "not_allowed" : "range" in rule ? "out_of_range" : "pattern";

function violation(dialect: Dialect, { name, type }: ContractColumn, rule: ValueRule): string {
  const column = dialect.identifier(name);
  if ("allowed" in rule)
    return `${column} not in (${rule.allowed.map((value) => typedValue(dialect, value, type)).join(", ")})`;
  if ("pattern" in rule) return `not ${dialect.matches(column, dialect.text(wholeText(rule.pattern)))}`;
  const { min, max } = rule.range;
  const below = min === undefined ? [] : [`${column} < ${typedValue(dialect, min, type)}`];
  const above = max === undefined ? [] : [`${column} > ${typedValue(dialect, max, type)}`];
  return `(${[...below, ...above].join(" or ")})`;
}
