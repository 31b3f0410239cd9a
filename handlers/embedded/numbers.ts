import type { Expression, Piece } from "../../plan/plan.ts";

/** Numbers, texts and truths of a run by name. */
export type Numbers = ReadonlyMap<string, Value>;
export type Value = number | string | boolean | null;

/** @throws UnknownNumber */
export function evaluate(expression: Expression, numbers: Numbers): Value {
  if (typeof expression === "string") {
    const value = numbers.get(expression);
    if (value === undefined) throw new UnknownNumber(expression);
    return value;
  }
  if (typeof expression === "number") return expression;
  const [operator, ...terms] = expression;
  const values = terms.map((term) => evaluate(term, numbers));
  const [left, right] = values as [number, number];
  switch (operator) {
    case "+":
      return (values as number[]).reduce((sum, value) => sum + value, 0);
    case "*":
      return (values as number[]).reduce((product, value) => product * value, 1);
    case "=":
      return left === right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
  }
}

/** A number that no statement has counted yet. */
export class UnknownNumber extends Error {}

/** The pieces of a detail as one text. */
export const told = (pieces: readonly Piece[], numbers: Numbers): string =>
  pieces.map((piece) => tell(piece, numbers)).join("");

function tell(piece: Piece, numbers: Numbers): string {
  if (typeof piece === "string") return piece;
  if ("value" in piece) return String(evaluate(piece.value, numbers));
  if ("percent" in piece) {
    const [part, whole] = [piece.percent.part, piece.percent.whole].map((side) => Number(evaluate(side, numbers)));
    return String(whole! > 0 ? Number(((100 * part!) / whole!).toPrecision(3)) : 0);
  }
  if ("nonzero" in piece) {
    const counted = piece.nonzero.map(([label, number]) => [label, evaluate(number, numbers)] as const);
    return counted
      .filter(([, number]) => number !== 0)
      .map(([label, number]) => `${label} ${number}`)
      .join(", ");
  }
  return evaluate(piece.when, numbers) ? told(piece.show, numbers) : "";
}

type Counts = Expression | { readonly [name: string]: Counts };
type Resolved<C> = C extends Expression ? number : { readonly [name in keyof C]: Resolved<C[name]> };

/** Counts with each expression as its number. @throws UnknownNumber */
export function resolved<const C extends object>(counts: C, numbers: Numbers): Resolved<C> {
  const resolve = (each: Counts): unknown =>
    typeof each !== "object" || Array.isArray(each)
      ? evaluate(each as Expression, numbers)
      : Object.fromEntries(Object.entries(each).map(([name, inner]) => [name, resolve(inner)]));
  return resolve(counts as unknown as Counts) as Resolved<C>;
}
