import type { ContractColumn, NullRule, ValueRule } from "../../config/contract.ts";
import { type EvolutionMode, nullActions, refusesNull } from "../../config/schema.ts";
import { type Change, compare, fromTo, producers, readers, severity } from "./change.ts";
import { isWidened } from "./types.ts";

const nullAction = (rule: NullRule) => (typeof rule === "object" ? "keep" : rule);
const severityOfNull = (rule: NullRule) => Object.keys(nullActions).indexOf(nullAction(rule));
const withoutIt = (rule: NullRule) => `a row without it ${nullActions[nullAction(rule)].row}`;

/** What a producer must send in one column of a dataset, held against what it was. */
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
            "under schemaEvolution strict a file that still has it fails the run",
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
    return producers.breaking(key, what, "under schemaEvolution strict a file without it fails the run");
  if (refusesNull(onNull)) return producers.breaking(key, what, withoutIt(onNull));
  return producers.compatible(
    key,
    what,
    `a file without it is taken, with ${typeof onNull === "object" ? "the default" : "nulls"}`,
  );
}

function diffType(key: string, old: string, next: string): Change[] {
  if (old === next) return [];
  const what = fromTo(old, next);
  return [
    isWidened(old, next)
      ? producers.compatible(`${key}.type`, what, "every value that was taken still is")
      : producers.breaking(`${key}.type`, what, `a row whose value is no ${next} is rejected`),
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
        ? `where it was ${nullValue(old)} it is now ${nullValue(next)}`
        : "where it was the default it is now null",
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
      producers.compatible(`${place}.${kindOf(rule)}`, `removed (${conditionText(rule)})`, "any value is taken"),
    ),
    ...added.map((rule) => tightened(`${place}.${kindOf(rule)}`, `added: ${conditionText(rule)}`, rule.onViolation)),
    ...both.flatMap(([before, after]) => [
      ...diffCondition(`${place}.${kindOf(after)}`, before, after),
      ...diffAction(`${place}.${kindOf(after)}.onViolation`, before.onViolation, after.onViolation),
    ]),
  ];
}

/** What a stricter condition costs depends on what breaking it does. */
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
      ? producers.compatible(key, what, "every value that was taken still is")
      : tightened(key, what, next.onViolation),
  ];
}

/** Whether each value that kept `old` keeps `next`. Of two patterns nobody can tell. */
function isLooser(old: ValueRule, next: ValueRule): boolean {
  if ("allowed" in old && "allowed" in next) return old.allowed.every((value) => next.allowed.includes(value));
  if ("range" in old && "range" in next)
    return isBelow(next.range.min, old.range.min) && isBelow(old.range.max, next.range.max, true);
  return false;
}

type Bound = number | string | undefined;

/** Whether `one` is not above `other`; no bound lies below every minimum, and above every maximum. */
function isBelow(one: Bound, other: Bound, areMaxima = false): boolean {
  const none = areMaxima ? other : one;
  if (none === undefined) return true;
  if (one === undefined || other === undefined) return false;
  // Dates and times as texts of one form are in the order of their letters.
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
  // As a set: another order is no other rule.
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
        : "a row whose value breaks the rule costs that row only",
    ),
  ];
}
