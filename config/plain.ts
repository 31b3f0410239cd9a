export type Plain = Readonly<Record<string, unknown>>;

/** Whether it is an object of keys and values as in JSON and YAML; not a list and not an instance of a class. */
export const isPlain = (value: unknown): value is Plain =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** The value under a name that people choose, which may be `constructor`: only one of the object's own. */
export const own = <T>(object: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(object, name) ? object[name] : undefined;
