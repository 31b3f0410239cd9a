/** The people whom a change concerns: those who upload files, or those who query the published outputs. */
export type Audience = "producers" | "readers";

/**
 * `breaking` for producers: files that were accepted may be refused, lose rows or fail the run. `breaking` for readers:
 * a query that worked may fail, or files that both contracts accept give other rows. Otherwise `compatible`.
 */
export type Verdict = "compatible" | "breaking";

/** One change of a contract, for one audience. All texts are plain and have one line. */
export interface Change {
  readonly verdict: Verdict;
  readonly audience: Audience;
  /** Where it is in the config: `datasets.orders.columns.currency.onNull`. */
  readonly key: string;
  /** `keep → reject`. */
  readonly what: string;
  /** What it means for the audience. */
  readonly why: string;
}

const change =
  (audience: Audience, verdict: Verdict) =>
  (key: string, what: string, why: string): Change => ({ verdict, audience, key, what, why });

export const producers = {
  compatible: change("producers", "compatible"),
  breaking: change("producers", "breaking"),
};
export const readers = { compatible: change("readers", "compatible"), breaking: change("readers", "breaking") };

/** Compares two lists by name: what was removed, what was added, and what is in both. */
export function compare<T>(
  old: readonly T[],
  next: readonly T[],
  nameOf: (item: T) => string,
): { readonly removed: readonly T[]; readonly added: readonly T[]; readonly both: readonly (readonly [T, T])[] } {
  const before = new Map(old.map((item) => [nameOf(item), item]));
  const after = new Map(next.map((item) => [nameOf(item), item]));
  return {
    removed: old.filter((item) => !after.has(nameOf(item))),
    added: next.filter((item) => !before.has(nameOf(item))),
    both: next.flatMap((item) => {
      const earlier = before.get(nameOf(item));
      return earlier === undefined ? [] : [[earlier, item] as const];
    }),
  };
}

/** `a, b`, or `none`. */
export const list = (items: readonly string[]): string => (items.length === 0 ? "none" : items.join(", "));
export const fromTo = (old: string, next: string): string => `${old} → ${next}`;

/** How severe an action is: the row is kept, the row is lost, or the whole run fails. */
export const severity = { keep: 0, warn: 0, reject: 1, fail: 2 } as const;
