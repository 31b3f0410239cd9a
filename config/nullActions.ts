/** What a null may do beside becoming a default, from the mildest on; `row` follows "a row without it". */
export const nullActions = {
  keep: { row: "is kept", refuses: false },
  reject: { row: "is rejected", refuses: true },
  fail: { row: "fails the run", refuses: true },
} as const;
export type NullAction = keyof typeof nullActions;
export const nullActionNames = Object.keys(nullActions) as NullAction[];
export const refusingNullActions = nullActionNames.filter((name) => nullActions[name].refuses);

/** Whether a row needs a value there. */
export const refusesNull = (rule: NullAction | object): boolean =>
  typeof rule === "string" && nullActions[rule].refuses;
