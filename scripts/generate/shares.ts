/** How much of what is wrong with real data the generated files contain, as shares of the lines. */
export interface Shares {
  /** Lines cut off in the middle. */
  readonly malformed: number;
  /** Rows that come again, byte for byte. */
  readonly exactDuplicates: number;
  /** Rows whose key comes again with another timestamp and other values, later or earlier. */
  readonly changedDuplicates: number;
  /** Nulls in each column whose null rejects the row. */
  readonly nullKeys: number;
  /** Nulls in each other column that may be null. */
  readonly nulls: number;
  /** Events and orders of users that no file names. */
  readonly orphans: number;
  /** Events and orders of the one heavy user. */
  readonly heavyUser: number;
}

export const defaultShares: Shares = {
  malformed: 0.0002,
  exactDuplicates: 0.01,
  changedDuplicates: 0.01,
  nullKeys: 0.002,
  nulls: 0.01,
  orphans: 0.02,
  heavyUser: 0.02,
};

/** Lines at either end that are never malformed: the pipeline refuses a file whose ends are broken. */
export const soundLines = 500;

/** A duplicate follows within this many lines; a power of two. It bounds what the generator remembers. */
export const duplicateWindow = 65_536;

/** What is special about a user follows from its number, so a reader can find one of each kind. */
export const heavyUser = 7;
/** Has neither events nor orders. */
export const isQuiet = (user: number): boolean => user % 20 === 3;
/** Every payment fails. */
export const isUnpaid = (user: number): boolean => user % 20 === 11;
