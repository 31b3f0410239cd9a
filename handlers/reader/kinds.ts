import { scalarReaders } from "./values.ts";

/** What a value is by itself, whatever its column declares. Never a part of the value. */
export const valueKinds = [
  "text",
  "date",
  "time",
  "whole number",
  "whole number above 32 bits",
  "whole number above 64 bits",
  "number with a point or exponent",
  "number beyond a double",
  "boolean",
  "list",
  "object",
] as const;
export type ValueKind = (typeof valueKinds)[number];

/** @param token a scalar's text, or the bracket with which a list or an object begins */
export function kindOf(token: string): ValueKind {
  if (token === "[") return "list";
  if (token === "{") return "object";
  if (token === "true" || token === "false") return "boolean";
  if (token.startsWith('"')) {
    if (scalarReaders.date(token) !== null) return "date";
    return scalarReaders.timestamp(token) === null ? "text" : "time";
  }
  if (/^-?\d+$/.test(token)) {
    if (scalarReaders.integer(token) !== null) return "whole number";
    return scalarReaders.long(token) === null ? "whole number above 64 bits" : "whole number above 32 bits";
  }
  return scalarReaders.double(token) === null ? "number beyond a double" : "number with a point or exponent";
}
