import type { ContractColumn, NullRule, ValueRule } from "../../config/contract.ts";
import { type EvolutionMode, nullActions, refusesNull } from "../../config/schema.ts";
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
            "with schemaEvolution strict, a file that still has it fails the run",
          )
        : producers.compatible(key(column), "removed", "a field of that name is ignored"),
    ),
    ...added.map((column) => addedColumn(key(column), column, mode)),
    ...both.flatMap(([before, after]) => [
      ...diffType(key(after), before.type, after.type),
      ...diffNullRule(`${key(after)}.onNull`, before.onNull, after.onNull),
      ...diffRules(`${key(after)}.rules`, before.rules, after.rules),
    ]),
  ];
}

function addedColumn(key: string, { type, onNull }: ContractColumn, mode: EvolutionMode): Change {
  const what = `added as ${type}, onNull ${nullRuleText(onNull)}`;
  if (mode === "strict")
    return producers.breaking(key, what, "with schemaEvolution strict, a file without it fails the run");
  if (refusesNull(onNull)) return producers.breaking(key, what, withoutIt(onNull));
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
      : producers.breaking(`${key}.type`, what, `a row whose value is not of type ${next} is rejected`),
  ];
}

function diffNullRule(key: string, old: NullRule, next: NullRule): Change[] {
  const [before, after] = [nullRuleText(old), nullRuleText(next)];
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
        ? `a missing value was ${nullValue(old)} and is now ${nullValue(next)}`
        : "a missing value was the default and is now null",
    ),
  ];
}

const nullRuleText = (rule: NullRule) => (typeof rule === "object" ? `default ${JSON.stringify(rule.default)}` : rule);
const nullValue = (rule: NullRule) => (typeof rule === "object" ? JSON.stringify(rule.default) : "null");

// ---- value rules

type Kind = "allowed" | "range" | "pattern";
const kindOf = (rule: ValueRule): Kind => ("allowed" in rule ? "allowed" : "range" in rule ? "range" : "pattern");

function diffRules(place: string, old: readonly ValueRule[], next: readonly ValueRule[]): Change[] {
  const { removed, added, both } = compare(old, next, kindOf);
  return [
    ...removed.map((rule) =>
      producers.compatible(`${place}.${kindOf(rule)}`, `removed (${conditionText(rule)})`, "any value is accepted"),
    ),
    ...added.map((rule) => tightened(`${place}.${kindOf(rule)}`, `added: ${conditionText(rule)}`, rule.onViolation)),
    ...both.flatMap(([before, after]) => [
      ...diffCondition(`${place}.${kindOf(after)}`, before, after),
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

function diffCondition(key: string, old: ValueRule, next: ValueRule): Change[] {
  if (conditionText(old) === conditionText(next)) return [];
  const what = conditionChange(old, next);
  return [
    isLooser(old, next)
      ? producers.compatible(key, what, "every value that was accepted still is")
      : tightened(key, what, next.onViolation),
  ];
}

/** Whether each value that meets `old` also meets `next`. For two patterns this can't be decided. */
function isLooser(old: ValueRule, next: ValueRule): boolean {
  if ("allowed" in old && "allowed" in next) return old.allowed.every((value) => next.allowed.includes(value));
  if ("range" in old && "range" in next)
    return isBelow(next.range.min, old.range.min) && isBelow(old.range.max, next.range.max, true);
  return false;
}

type Bound = number | string | undefined;

/** Whether `one` is not above `other`. A missing bound is below every minimum and above every maximum. */
function isBelow(one: Bound, other: Bound, areMaxima = false): boolean {
  const none = areMaxima ? other : one;
  if (none === undefined) return true;
  if (one === undefined || other === undefined) return false;
  // Dates and times in one text form sort alphabetically.
  return typeof one === "number" && typeof other === "number" ? one <= other : String(one) <= String(other);
}

function conditionChange(old: ValueRule, next: ValueRule): string {
  if (!("allowed" in old && "allowed" in next)) return fromTo(conditionText(old), conditionText(next));
  const { removed, added } = compare(old.allowed, next.allowed, (value) => JSON.stringify(value));
  const values = (word: string, items: readonly unknown[]) =>
    items.length === 0 ? [] : [`${word} ${items.map((item) => JSON.stringify(item)).join(", ")}`];
  return [...values("without", removed), ...values("with", added)].join(" and ");
}

function conditionText(rule: ValueRule): string {
  // Sorted, because another order is not another rule.
  if ("allowed" in rule)
    return rule.allowed
      .map((value) => JSON.stringify(value))
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
