export type Plain = Readonly<Record<string, unknown>>;

/** Whether it is an object of keys and values, as JSON and YAML have it: no list, and no object of a class. */
export const isPlain = (value: unknown): value is Plain =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
