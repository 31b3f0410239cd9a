/** How often each defect of real data occurs in the generated files, as shares of the lines. */
export interface Shares {
  /** Lines cut off in the middle. */
  readonly cut: number;
  /** Rows with one value of another type, an impossible time or amount, or a key that occurs twice. */
  readonly mistyped: number;
  /** Rows that occur again, byte for byte. */
  readonly exactDuplicates: number;
  /** Rows whose key occurs again with other values and a later, earlier or equal time. */
  readonly changedDuplicates: number;
  /** Nulls in each column whose null rejects the row. */
  readonly nullKeys: number;
  /** Nulls in each other column that may be null. */
  readonly nulls: number;
  /** The share of rows with nulls whose null fields are left out. */
  readonly absent: number;
  /** Values that are not among the declared ones, such as another event type; in each column that declares values. */
  readonly notAllowed: number;
  /** Amounts below the declared minimum or above the declared maximum. */
  readonly outOfRange: number;
  /** Currencies that don't match the declared pattern. */
  readonly patterns: number;
  /** Rows with a field that no column declares. */
  readonly undeclared: number;
  /** Times in another form: with a zone, with fractions, or only a date. */
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

/** This many lines at each end are never malformed, because the pipeline refuses a file with a broken end. */
export const soundLines = 500;

/** The share of changed duplicates whose time is equal. */
export const ties = 0.1;

/** A duplicate follows within this many lines, a power of two. This limits what the generator has to remember. */
export const duplicateWindow = 65_536;

/** The number of a user decides whether it is special, so a reader can find a user of each kind. */
export const heavyUser = 7;
/** Has neither events nor orders. */
export const isQuiet = (user: number): boolean => user % 20 === 3;
/** Every payment fails. */
export const isUnpaid = (user: number): boolean => user % 20 === 11;
