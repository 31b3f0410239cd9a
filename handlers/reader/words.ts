import { type ColumnType, catalogType, parseColumnType } from "../../config/columnType.ts";
import { article, listed } from "../../config/words.ts";
import type { Fault, Findings } from "./findings.ts";
import type { ValueKind } from "./kinds.ts";
import type { Malformed } from "./row.ts";

/** What people are told of malformed rows. No value of a row is in it. */

interface OfRow {
  /** Follows "the row". */
  readonly is: string;
  readonly fix: string;
}

const ofWholeRow: Readonly<Record<Exclude<Malformed["why"], "key twice" | "wrong type">, OfRow>> = {
  "not JSON": { is: "is no JSON", fix: "write one JSON object a line, with a JSON library" },
  "not an object": { is: "is no JSON object", fix: "write every record as a JSON object" },
  "not UTF-8": { is: "is not UTF-8", fix: "save the file as UTF-8" },
  "half a character": { is: "has half of a surrogate pair", fix: "write whole characters" },
  "too long": { is: "is longer than 16 MiB", fix: "write one JSON object a line" },
};

const wrongType = (found: ValueKind, place: string, declared: string) =>
  `has ${article(found)} in ${place}, which is declared ${declared}`;

/** Why a row is malformed; follows "the row". */
export function inWords(malformed: Malformed): string {
  switch (malformed.why) {
    case "not JSON":
      return `${ofWholeRow["not JSON"].is} from character ${malformed.at + 1} on`;
    case "key twice":
      return `has ${listed(malformed.columns)} more than once`;
    case "wrong type":
      return malformed.values.map(({ found, place, type }) => wrongType(found, place, catalogType(type))).join(" and ");
    default:
      return ofWholeRow[malformed.why].is;
  }
}

/** How many ways to be malformed are told of a file. */
const shownFaults = 5;

/**
 * What is wrong with a file's rows, and what its producer has to do: the ways that concern most rows, each with its
 * first lines.
 * @param what what a row is called: `line`, or `element` of a list
 */
export function faultsInWords(
  { faults, malformed }: Findings,
  what: string,
): { readonly reason: string; readonly fix: string } {
  const shown = faults.slice(0, shownFaults);
  const rest = faults.length - shown.length;
  return {
    reason: [
      ...shown.map((fault) => faultInWords(fault, what, malformed)),
      ...(rest > 0 ? [`${rest} more kinds`] : []),
    ].join("; "),
    fix: [...new Set(shown.map(fixOf))].join("; "),
  };
}

function faultInWords({ why, place, declared, found, rows, lines }: Fault, what: string, malformed: number): string {
  const is =
    why === "wrong type"
      ? wrongType(found!, place!, declared!)
      : why === "key twice"
        ? `has ${place} more than once`
        : ofWholeRow[why].is;
  const where =
    rows === 1
      ? `${what} ${lines[0]} ${is}`
      : `${what}s ${listed(rows > lines.length ? [...lines, "others"] : lines)}: each ${is}`;
  return rows === 1 || rows === malformed ? where : `${rows} rows (${where})`;
}

function fixOf({ why, place, declared, found }: Fault): string {
  if (why === "key twice") return "write each key once in a record";
  if (why !== "wrong type") return ofWholeRow[why].fix;
  const type = parseColumnType(declared!);
  const fitting = place!.includes(".") || place!.includes("[") ? null : fittingType(type, found!);
  return `write ${place} as ${wanted(type)}${fitting ? `, or declare it ${fitting}` : ""}`;
}

/** What a producer has to write. */
function wanted(type: ColumnType): string {
  switch (type.kind) {
    case "boolean":
      return "true or false, without quotes";
    case "integer":
      return "a whole number of 32 bits, without quotes and point";
    case "long":
      return "a whole number of 64 bits, without quotes and point";
    case "double":
      return "a number without quotes, below 1.8e308";
    case "decimal":
      return `a number without quotes, at most ${type.precision - type.scale} digits before the point and ${type.scale} behind it`;
    case "array":
      return "a list";
    case "struct":
      return "an object";
    case "string":
      return "a text in quotes";
    case "date":
      return 'a day like "2026-01-31"';
    case "timestamp":
      return 'a time like "2026-01-31T23:59:59Z"';
  }
}

/** The type that would take such values, where the contract may have meant it. */
function fittingType({ kind }: ColumnType, found: ValueKind): string | null {
  const isNumber = kind === "integer" || kind === "long";
  switch (found) {
    case "whole number":
      return kind === "string" ? "long" : null;
    case "whole number above 32 bits":
      return kind === "integer" || kind === "string" ? "long" : null;
    case "whole number above 64 bits":
      return isNumber || kind === "string" ? "decimal(38,0)" : null;
    case "number with a point or exponent":
      return isNumber || kind === "string" ? "double" : null;
    case "boolean":
      return "boolean";
    case "time":
      return kind === "date" ? "timestamp" : null;
    case "text":
      return kind === "array" || kind === "struct" ? null : "string";
    default:
      return null;
  }
}
