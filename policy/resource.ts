/** Stands for a value that only the deployment will know, such as the ARN of a key that does not exist yet. */
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
  /** Plain values; `unknown` where a value does not exist yet. */
  readonly props: Value;
  readonly protect: boolean;
  /** For each property, the URNs of the resources that its value comes from; empty when a rule sees one resource. */
  readonly sources: Readonly<Record<string, readonly string[]>>;
}

/** A plain copy with `unknown` for each value that is not known yet: the policy SDK throws when one is read. */
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

/** Whether `value` equals `given` of `source`. While one of them is unknown: whether it comes from `source` at all. */
export function comesFrom(resource: Resource, property: string, value: Value, source: Resource, given: Value): boolean {
  if (value === undefined) return false;
  if (value === unknown || given === unknown || given === undefined)
    return resource.sources[property]?.includes(source.urn) ?? false;
  return value === given;
}
