import type { z } from "zod";
import { Decimal } from "./decimal.ts";
import { suggestion } from "./nearest.ts";
import { isPlain, own } from "./plain.ts";

/** A problem in the settings. `path` leads to the value or, with `isKey`, to the key itself. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly isKey?: boolean;
}

/** Turns zod's issues into messages that say what is allowed and what was probably meant. */
export function problemsOf(issues: readonly z.core.$ZodIssue[], schema: z.ZodType, input: unknown): Problem[] {
  return issues.flatMap((issue) => explain(issue, schema, input));
}

function explain(issue: z.core.$ZodIssue, schema: z.ZodType, input: unknown): Problem[] {
  const { path } = issue;
  switch (issue.code) {
    case "unrecognized_keys": {
      const allowed = keysAt(schema, path);
      return issue.keys.map((key) => ({
        path: [...path, key],
        isKey: true,
        message: `unknown key "${key}"${suggestion(key, allowed)}; allowed: ${allowed.join(", ")}`,
      }));
    }
    case "invalid_key":
      return [{ path, isKey: true, message: issue.issues[0]?.message ?? issue.message }];
    case "invalid_type":
      if (valueAt(input, path) instanceof Decimal && ["int", "number"].includes(issue.expected))
        return [{ path, message: `has too many digits for a setting: ${valueAt(input, path)}` }];
      return valueAt(input, path) === undefined
        ? [{ path, message: `is missing; it is ${article(issue.expected)}` }]
        : [{ path, message: `must be ${article(issue.expected)}, not ${describe(valueAt(input, path))}` }];
    case "invalid_value": {
      const allowed = issue.values.map(String);
      const value = valueAt(input, path);
      if (value === undefined) return [{ path, message: `is missing; allowed: ${allowed.join(", ")}` }];
      return [{ path, message: `must be one of ${allowed.join(", ")}${suggestion(String(value), allowed)}` }];
    }
    case "too_small":
      return [{ path, message: `must be at least ${issue.minimum}${ofWhat(issue.origin)}` }];
    case "too_big":
      return [{ path, message: `must be at most ${issue.maximum}${ofWhat(issue.origin)}` }];
    case "invalid_union":
      return ofUnion(issue, schema, input);
    default:
      return [{ path, message: issue.message }];
  }
}

/** A mapping is meant to be the alternative that is one, so its own problems say more. */
function ofUnion(
  { path, message, errors }: z.core.$ZodIssueInvalidUnion,
  schema: z.ZodType,
  input: unknown,
): Problem[] {
  const value = valueAt(input, path);
  if (value === undefined) return [{ path, message: `is missing; it ${message}` }];
  const within = errors.find((issues) =>
    issues.every((issue) => issue.path.length > 0 || issue.code === "unrecognized_keys"),
  );
  if (!isPlain(value) || !within) return [{ path, message }];
  return within.flatMap((issue) => explain({ ...issue, path: [...path, ...issue.path] }, schema, input));
}

const ofWhat = (origin: string) => (origin === "array" ? " entries" : origin === "string" ? " characters" : "");

const articles: Readonly<Record<string, string>> = {
  object: "a mapping",
  record: "a mapping",
  array: "a list",
  string: "a text",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
};
const article = (expected: string) => articles[expected] ?? expected;

const describe = (value: unknown): string => {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Decimal) return value.toString();
  if (typeof value === "object") return "a mapping";
  return typeof value === "string" ? `the text "${value}"` : String(value);
};

const valueAt = (input: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((value, key) => {
    if (Array.isArray(value)) return value[Number(key)];
    return isPlain(value) ? own(value, String(key)) : undefined;
  }, input);

/** The keys that the schema allows at `path`; empty when there is no mapping of fixed keys. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let candidates: z.core.$ZodType[] = [schema];
  for (const key of path) candidates = candidates.flatMap(alternatives).flatMap((candidate) => child(candidate, key));
  return candidates.flatMap(alternatives).flatMap((candidate) => {
    const { def } = (candidate as z.core.$ZodObject)._zod;
    return def.type === "object" ? Object.keys(def.shape) : [];
  });
}

function alternatives(schema: z.core.$ZodType): z.core.$ZodType[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "optional":
      return alternatives(def.innerType);
    case "pipe":
      return alternatives(def.in);
    case "union":
      return def.options.flatMap(alternatives);
    default:
      return [schema];
  }
}

function child(schema: z.core.$ZodType, key: PropertyKey): z.core.$ZodType[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "object": {
      const found = own(def.shape, String(key));
      return found ? [found] : [];
    }
    case "record":
      return [def.valueType];
    case "array":
      return [def.element];
    default:
      return [];
  }
}
