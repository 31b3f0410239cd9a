/** Why a query is not translated. */
export interface Problem {
  /** From 1. */
  readonly line: number;
  /** From 1, in characters as Unicode counts them. */
  readonly column: number;
  /** What stands there, such as `upper(string)`. */
  readonly construct: string;
  readonly why: string;
}

/** A place that has no place in the result. `at` is an index into the query's text. */
export class Refusal extends Error {
  readonly at: number;
  readonly construct: string;

  constructor(at: number, construct: string, why: string) {
    super(why);
    this.at = at;
    this.construct = construct;
  }
}

export function problemOf(text: string, { at, construct, message }: Refusal): Problem {
  const before = text.slice(0, at).split("\n");
  return { line: before.length, column: [...before.at(-1)!].length + 1, construct, why: message };
}
