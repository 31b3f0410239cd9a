import type { z } from "zod";
import { isPlain } from "./plain.ts";
import { type Problem, problemsOf } from "./problems.ts";

/** What a schema makes of settings: `data` when there is no problem. */
export interface Parsed<T> {
  readonly data: T | undefined;
  readonly problems: readonly Problem[];
}

/**
 * Parses settings, whatever names they have. zod leaves out an entry named `__proto__` without a word, so it reads such
 * names with one more `_` at the end.
 */
export function parseSettings<T>(schema: z.ZodType<T>, settings: unknown): Parsed<T> {
  const result = schema.safeParse(renamed(settings, (name) => (/^__proto__+$/.test(name) ? `${name}_` : name)));
  if (result.success) return { data: renamed(result.data, written) as T, problems: [] };
  const issues = result.error.issues.map((issue) => ({
    ...issue,
    path: issue.path.map((key) => (typeof key === "string" ? written(key) : key)),
    ...(issue.code === "unrecognized_keys" && { keys: issue.keys.map(written) }),
  }));
  return { data: undefined, problems: problemsOf(issues as z.core.$ZodIssue[], schema, settings) };
}

const written = (name: string) => (/^__proto___+$/.test(name) ? name.slice(0, -1) : name);

function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [rename(name), renamed(child, rename)]));
}
