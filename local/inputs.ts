import type * as pulumi from "@pulumi/pulumi";
import { isPlain } from "../config/plain.ts";

/** The key with which Pulumi's runtime marks a wrapped value, and the mark of a secret. */
const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** A secret wraps the whole property that contains it. This removes all wrappings, at any depth. */
export function unwrapSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrapSecrets);
  if (!isPlain(value)) return value;
  if (value[signatureKey] === secretSignature) return unwrapSecrets(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, unwrapSecrets(child)]));
}

/** The word as a part of an ARN, a URI or a JSON text. In a sentence or in code it means nothing special. */
const undefinedPart = /(^|[:/",])undefined([:/",]|$)/;

/** Throws when a text contains "undefined": an output that no handler returned appears as this word. */
export function refuseUndefined(value: unknown, path: string): void {
  if (typeof value === "string" && undefinedPart.test(value))
    throw new Error(`${path} contains "undefined", so one of the outputs in it has no value: ${value}`);
  if (Array.isArray(value)) for (const [index, child] of value.entries()) refuseUndefined(child, `${path}[${index}]`);
  if (isPlain(value)) for (const [key, child] of Object.entries(value)) refuseUndefined(child, `${path}.${key}`);
}

export interface Tracked<T> {
  readonly inputs: T;
  /** The properties that nobody has read so far. */
  unread(): string[];
}

/** Lets a handler read `values` and remembers every property that it read, at any depth. */
export function track<T extends object>(values: T): Tracked<T> {
  const read = new Set<string>();
  const watch = (target: object, path: string): object =>
    new Proxy(target, {
      get(object, key) {
        const value: unknown = Reflect.get(object, key);
        if (typeof key === "symbol" || typeof value === "function") return value;
        const childPath = `${path}${path ? "." : ""}${key}`;
        read.add(childPath);
        return isPlain(value) || Array.isArray(value) ? watch(value, childPath) : value;
      },
    });
  const missed = (value: unknown, path: string): string[] => {
    if (path && !read.has(path)) return value === undefined || value === null ? [] : [path];
    if (!isPlain(value) && !Array.isArray(value)) return [];
    return Object.entries(value).flatMap(([key, child]) => missed(child, `${path}${path ? "." : ""}${key}`));
  };
  return { inputs: watch(values, "") as T, unread: () => missed(values, "") };
}

/** Reads every property of `value` and returns a plain copy. */
export const plain = <T>(value: T): T => (value === undefined ? value : JSON.parse(JSON.stringify(value)));

/** Marks `values` as read although they are not used; `_why` says why that is acceptable. */
export function leaveOut(_why: string, ...values: unknown[]): void {
  for (const value of values) plain(value);
}

export type Unwrapped<Args> = pulumi.Unwrap<Args>;
