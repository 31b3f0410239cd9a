/** In place of what only the deployment will know, such as the ARN of a key that isn't made yet. */
export const unknown = Symbol("unknown");

// Properties have the shape of their type; rules read into it.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Value = any;

/** A resource as a rule sees it. */
export interface Resource {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly stack: string;
  /** Plain values, `unknown` where there is none yet. */
  readonly props: Value;
  readonly protect: boolean;
  /** Property to the URNs of the resources that its value comes from; empty where a rule sees one resource only. */
  readonly sources: Readonly<Record<string, readonly string[]>>;
}

/** The policy SDK throws on reading a value that is not known yet; rules ask instead. */
export function plain(value: Value): Value {
  if (typeof value !== "object" || value === null) return value;
  const read = (key: string | number): Value => {
    try {
      return plain(value[key]);
    } catch (error) {
      if (error instanceof Error && error.message.endsWith("can't be known during preview")) return unknown;
      throw error;
    }
  };
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, index) => read(index));
  return Object.fromEntries(Object.keys(value).map((key) => [key, read(key)]));
}

/** `urn:pulumi:<stack>::<project>::…` */
export const stackOf = (urn: string): string => urn.split("::")[0]!.split(":")[2]!;

/** Whether `value` is what `source` gives as `given`; while that is unknown, whether it is taken from `source` at all. */
export function comesFrom(resource: Resource, property: string, value: Value, source: Resource, given: Value): boolean {
  if (value === undefined) return false;
  if (value === unknown || given === unknown || given === undefined)
    return resource.sources[property]?.includes(source.urn) ?? false;
  return value === given;
}
