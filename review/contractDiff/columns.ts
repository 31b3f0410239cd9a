import { parseColumnType } from "../../config/columnType.ts";
import type { ContractColumn, NullRule, Scalar, ValueRule } from "../../config/contract.ts";
import { Decimal } from "../../config/decimal.ts";
import { nullActions, refusesNull } from "../../config/nullActions.ts";
import type { EvolutionMode } from "../../config/schema.ts";
import { compareValues, readValue } from "../../config/values.ts";
import { type Change, compare, fromTo, producers, readers, severity } from "./change.ts";
import { isWidened } from "./types.ts";

const nullAction = (rule: NullRule) => (typeof rule === "object" ? "keep" : rule);
const severityOfNull = (rule: NullRule) => Object.keys(nullActions).indexOf(nullAction(rule));
const withoutIt = (rule: NullRule) => `a row without it ${nullActions[nullAction(rule)].row}`;

/** Compares what a producer must send in the columns of a dataset with what it was before. */
export function diffColumns(
  place: string,
  old: readonly ContractColumn[],
  next: readonly ContractColumn[],
  mode: EvolutionMode,
): Change[] {
  const { removed, added, both } = compare(old, next, ({ name }) => name);
  const key = ({ name }: ContractColumn) => `${place}.columns.${name}`;
  return [
    ...removed.map((column) =>
      mode === "strict"
        ? producers.breaking(
            key(column),
            "removed",
            "with schemaEvolution strict, a file that still has it is rejected on arrival",
          )
        : producers.compatible(key(column), "removed", "a field of that name is ignored"),
    ),
    ...added.map((column) => addedColumn(key(column), column, mode)),
    ...both.flatMap(([before, after]) => [
      ...diffType(key(after), before.type, after.type),
      ...diffNullRule(`${key(after)}.onNull`, before, after),
      ...diffRules(`${key(after)}.rules`, before, after),
    ]),
  ];
}

function addedColumn(key: string, column: ContractColumn, mode: EvolutionMode): Change {
  const { type, onNull } = column;
  const what = `added as ${type}, onNull ${nullRuleText(column)}`;
  if (mode === "strict")
    return producers.breaking(key, what, "with schemaEvolution strict, a file without it is rejected on arrival");
  if (refusesNull(onNull)) {
    const ofFiles = "with schemaEvolution ignore-unknown, a file without it is rejected on arrival, and ";
    return producers.breaking(key, what, `${mode === "ignore-unknown" ? ofFiles : ""}${withoutIt(onNull)}`);
  }
  return producers.compatible(
    key,
    what,
    `a file without it is accepted, with ${typeof onNull === "object" ? "the default" : "nulls"}`,
  );
}

function diffType(key: string, old: string, next: string): Change[] {
  if (old === next) return [];
  const what = fromTo(old, next);
  return [
    isWidened(old, next)
      ? producers.compatible(`${key}.type`, what, "every value that was accepted still is")
      : producers.breaking(`${key}.type`, what, `a row whose value is not of type ${next} is malformed`),
  ];
}

function diffNullRule(key: string, oldColumn: ContractColumn, nextColumn: ContractColumn): Change[] {
  const [old, next] = [oldColumn.onNull, nextColumn.onNull];
  const [before, after] = [nullRuleText(oldColumn), nullRuleText(nextColumn)];
  if (before === after) return [];
  const what = fromTo(before, after);
  const rise = severityOfNull(next) - severityOfNull(old);
  if (rise > 0) return [producers.breaking(key, what, withoutIt(next))];
  if (rise < 0) return [producers.compatible(key, what, withoutIt(next))];
  return [
    readers.breaking(
      key,
      what,
      typeof next === "object"
        ? `a missing value was ${nullValue(oldColumn)} and is now ${nullValue(nextColumn)}`
        : "a missing value was the default and is now null",
    ),
  ];
}

const nullRuleText = ({ onNull, type }: ContractColumn) =>
  typeof onNull === "object" ? `default ${shown(onNull.default, type)}` : onNull;
const nullValue = ({ onNull, type }: ContractColumn) =>
  typeof onNull === "object" ? shown(onNull.default, type) : "null";

/** A value of a column of the type, as a config writes it. */
function shown(written: Scalar, type: string): string {
  const value = readValue(written, parseColumnType(type));
  return value instanceof Decimal ? value.toString() : JSON.stringify(value);
}

// ---- value rules

type Kind = "allowed" | "range" | "pattern";
const kindOf = (rule: ValueRule): Kind => ("allowed" in rule ? "allowed" : "range" in rule ? "range" : "pattern");

function diffRules(place: string, old: ContractColumn, next: ContractColumn): Change[] {
  const { removed, added, both } = compare(old.rules, next.rules, kindOf);
  return [
    ...removed.map((rule) =>
      producers.compatible(
        `${place}.${kindOf(rule)}`,
        `removed (${conditionText(rule, old.type)})`,
        "any value is accepted",
      ),
    ),
    ...added.map((rule) =>
      tightened(`${place}.${kindOf(rule)}`, `added: ${conditionText(rule, next.type)}`, rule.onViolation),
    ),
    ...both.flatMap(([before, after]) => [
      ...diffCondition(`${place}.${kindOf(after)}`, before, after, next.type),
      ...diffAction(`${place}.${kindOf(after)}.onViolation`, before.onViolation, after.onViolation),
    ]),
  ];
}

/** The effect of a stricter condition depends on the action when a value breaks it. */
function tightened(key: string, what: string, action: ValueRule["onViolation"]): Change {
  switch (action) {
    case "warn":
      return producers.compatible(key, what, "a value that breaks it is only counted");
    case "reject":
      return producers.breaking(key, what, "a row whose value breaks it is rejected");
    case "fail":
      return producers.breaking(key, what, "a row whose value breaks it fails the run");
  }
}

function diffCondition(key: string, old: ValueRule, next: ValueRule, type: string): Change[] {
  if (conditionText(old, type) === conditionText(next, type)) return [];
  const what = conditionChange(old, next, type);
  return [
    isLooser(old, next, type)
      ? producers.compatible(key, what, "every value that was accepted still is")
      : tightened(key, what, next.onViolation),
  ];
}

/** Whether each value that meets `old` also meets `next`. For two patterns this can't be decided. */
function isLooser(old: ValueRule, next: ValueRule, type: string): boolean {
  if ("allowed" in old && "allowed" in next) {
    const allowed = next.allowed.map((value) => shown(value, type));
    return old.allowed.every((value) => allowed.includes(shown(value, type)));
  }
  if (!("range" in old && "range" in next)) return false;
  return isBelow(next.range.min, old.range.min, type) && isBelow(old.range.max, next.range.max, type, true);
}

/** Whether `one` is not above `other`. A missing bound is below every minimum and above every maximum. */
function isBelow(one: string | undefined, other: string | undefined, type: string, areMaxima = false): boolean {
  const none = areMaxima ? other : one;
  if (none === undefined) return true;
  if (one === undefined || other === undefined) return false;
  const parsed = parseColumnType(type);
  return compareValues(readValue(one, parsed), readValue(other, parsed), parsed) <= 0;
}

function conditionChange(old: ValueRule, next: ValueRule, type: string): string {
  if (!("allowed" in old && "allowed" in next)) return fromTo(conditionText(old, type), conditionText(next, type));
  const { removed, added } = compare(old.allowed, next.allowed, (value) => shown(value, type));
  const values = (word: string, items: readonly Scalar[]) =>
    items.length === 0 ? [] : [`${word} ${items.map((item) => shown(item, type)).join(", ")}`];
  return [...values("without", removed), ...values("with", added)].join(" and ");
}

function conditionText(rule: ValueRule, type: string): string {
  // Sorted, because another order is not another rule.
  if ("allowed" in rule)
    return rule.allowed
      .map((value) => shown(value, type))
      .sort()
      .join(", ");
  if ("pattern" in rule) return rule.pattern;
  const { min, max } = rule.range;
  if (min === undefined) return `at most ${max}`;
  return max === undefined ? `at least ${min}` : `${min} to ${max}`;
}

function diffAction(key: string, old: ValueRule["onViolation"], next: ValueRule["onViolation"]): Change[] {
  if (old === next) return [];
  const what = fromTo(old, next);
  if (severity[next] > severity[old]) return [tightened(key, what, next)];
  return [
    producers.compatible(
      key,
      what,
      next === "warn"
        ? "a row whose value breaks the rule is kept"
        : "a row whose value breaks the rule is rejected and no longer fails the run",
    ),
  ];
}
