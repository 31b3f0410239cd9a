import type * as pulumi from "@pulumi/pulumi";
import { isPlain } from "../config/plain.ts";

/** The key by which the runtime marks a wrapped value, and the mark of a secret. */
const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** One secret wraps the whole property that it is in; this takes the wrapping off, however deep. */
export function unwrapSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrapSecrets);
  if (!isPlain(value)) return value;
  if (value[signatureKey] === secretSignature) return unwrapSecrets(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, unwrapSecrets(child)]));
}

/** As a part of an ARN, a URI or a JSON text; in a sentence, or in code, the word is nothing special. */
const undefinedPart = /(^|[:/",])undefined([:/",]|$)/;

/** An output that no handler returned shows up as this word inside a text. */
export function refuseUndefined(value: unknown, path: string): void {
  if (typeof value === "string" && undefinedPart.test(value))
    throw new Error(`${path} contains "undefined", so an output that it is made of has no value: ${value}`);
  if (Array.isArray(value)) for (const [index, child] of value.entries()) refuseUndefined(child, `${path}[${index}]`);
  if (isPlain(value)) for (const [key, child] of Object.entries(value)) refuseUndefined(child, `${path}.${key}`);
}

export interface Tracked<T> {
  readonly inputs: T;
  /** The properties that nobody has read so far. */
  unread(): string[];
}

/** Lets a handler read `values` and remembers what it read, down to the last property. */
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

/** The whole of `value`, read. */
export const plain = <T>(value: T): T => (value === undefined ? value : JSON.parse(JSON.stringify(value)));

/** Counts `values` as read although nothing is made of them; `why` says what is lost by that. */
export function leaveOut(_why: string, ...values: unknown[]): void {
  for (const value of values) plain(value);
}

export type Unwrapped<Args> = pulumi.Unwrap<Args>;
