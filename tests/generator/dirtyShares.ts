import type { Shares } from "../../generator/shares.ts";

/** Data in which hardly a row is right, and half of what there is belongs to one user: every fault among few rows. */
export const dirtyShares: Shares = {
  cut: 0.05,
  mistyped: 0.05,
  exactDuplicates: 0.1,
  changedDuplicates: 0.15,
  nullKeys: 0.05,
  nulls: 0.1,
  absent: 0.5,
  notAllowed: 0.1,
  outOfRange: 0.1,
  patterns: 0.1,
  undeclared: 0.1,
  wildTimes: 0.2,
  orphans: 0.1,
  heavyUser: 0.5,
};
