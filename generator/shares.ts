/** How much of what is wrong with real data the generated files contain, as shares of the lines. */
export interface Shares {
  /** Lines cut off in the middle. */
  readonly cut: number;
  /** Rows with one value of another type, a time or an amount that does not exist, or a key that comes twice. */
  readonly mistyped: number;
  /** Rows that come again, byte for byte. */
  readonly exactDuplicates: number;
  /** Rows whose key comes again with other values: later, earlier or at the same time. */
  readonly changedDuplicates: number;
  /** Nulls in each column whose null rejects the row. */
  readonly nullKeys: number;
  /** Nulls in each other column that may be null. */
  readonly nulls: number;
  /** Rows with a null of which the nulls are left out. */
  readonly absent: number;
  /** Values that are none of those declared, such as another event type: in each column that declares them. */
  readonly notAllowed: number;
  /** Amounts below the least and above the greatest that is declared. */
  readonly outOfRange: number;
  /** Currencies that don't look like one. */
  readonly patterns: number;
  /** Rows with a field that no column declares. */
  readonly undeclared: number;
  /** Times written otherwise: with a zone, with fractions, as a date only. */
  readonly wildTimes: number;
  /** Events and orders of users that no file names. */
  readonly orphans: number;
  /** Events and orders of the one heavy user. */
  readonly heavyUser: number;
}

export const defaultShares: Shares = {
  cut: 0.0002,
  mistyped: 0.0005,
  exactDuplicates: 0.01,
  changedDuplicates: 0.01,
  nullKeys: 0.002,
  nulls: 0.01,
  absent: 0.1,
  notAllowed: 0.001,
  outOfRange: 0.001,
  patterns: 0.001,
  undeclared: 0.001,
  wildTimes: 0.005,
  orphans: 0.02,
  heavyUser: 0.02,
};

/** Lines at either end that are never malformed: the pipeline refuses a file whose ends are broken. */
export const soundLines = 500;

/** A changed duplicate that is neither later nor earlier, as a share of the changed ones. */
export const ties = 0.1;

/** A duplicate follows within this many lines; a power of two. It bounds what the generator remembers. */
export const duplicateWindow = 65_536;

/** What is special about a user follows from its number, so a reader can find one of each kind. */
export const heavyUser = 7;
/** Has neither events nor orders. */
export const isQuiet = (user: number): boolean => user % 20 === 3;
/** Every payment fails. */
export const isUnpaid = (user: number): boolean => user % 20 === 11;
