import type { Contract } from "../../config/contract.ts";
import { refusesNull } from "../../config/nullActions.ts";
import { type FileFault, uploadWhole } from "../reader/faultyText.ts";
import { type Drift, type Findings, rowsByName } from "../reader/findings.ts";
import { faultsInWords } from "../reader/words.ts";

const longestName = 64;
const unshownName = "(a name that is no identifier)";

/** @param findings of the whole file */
export function driftOf(
  { rows, malformed, faults, undeclared, present }: Findings,
  columns: readonly { readonly name: string }[],
): Drift {
  const names = new Map<string, number>();
  for (const { name, rows } of undeclared) {
    const shown = /^[A-Za-z_][\w.-]*$/.test(name) ? name.slice(0, longestName) : unshownName;
    names.set(shown, (names.get(shown) ?? 0) + rows);
  }
  const isColumn = new Set(columns.map(({ name }) => name));
  return {
    undeclared: rowsByName(names),
    absent: columns.flatMap(({ name }) => (present.includes(name) ? [] : [name])),
    changed: faults.flatMap(({ place = "", found, rows: wrong }) =>
      found && isColumn.has(place) && wrong * 2 > rows + malformed ? [{ name: place, found, rows: wrong }] : [],
    ),
  };
}

const percent = (part: number, whole: number) => `${Number(((100 * part) / whole).toPrecision(3))}%`;

/**
 * Decides over a file whose rows were read.
 * @param what what a row is called: `line`, or `element` of a list
 */
export function verdictOn(
  findings: Findings,
  drift: Drift,
  dataset: string,
  { datasets, schemaEvolution }: Pick<Contract, "datasets" | "schemaEvolution">,
  what: "line" | "element",
): FileFault | null {
  const { maxRejected, columns } = datasets[dataset]!;
  const { rows, malformed } = findings;
  const total = rows + malformed;
  if (total === 0)
    return { code: "blank", reason: "the file holds no record", fix: "upload it again with its records" };
  const isTooMuch = 100 * malformed > maxRejected * total;
  if (findings.endsCut && (malformed === 1 || !isTooMuch))
    return { code: "truncated", reason: "the last record is not a whole JSON object", fix: uploadWhole };
  if (isTooMuch) {
    const { reason, fix } = faultsInWords(findings, what);
    const share = `${malformed} of ${total} rows are malformed (${percent(malformed, total)}, and at most ${maxRejected}% may be)`;
    return { code: "contract", reason: `${share}: ${reason}`, fix };
  }
  return schemaEvolution === "additive" ? null : driftFault(drift, columns, schemaEvolution);
}

function driftFault(
  { undeclared, absent, changed }: Drift,
  columns: Contract["datasets"][string]["columns"],
  mode: Exclude<Contract["schemaEvolution"], "additive">,
): FileFault | null {
  const isStrict = mode === "strict";
  const needed = columns.filter(({ name, onNull }) => absent.includes(name) && (isStrict || refusesNull(onNull)));
  const complaints = [
    ...(isStrict && undeclared.length > 0
      ? [
          {
            reason: `fields that no column declares: ${undeclared.map(({ name, rows }) => `${name} (${rows} rows)`).join(", ")}`,
            fix: "leave them out, or have them declared",
          },
        ]
      : []),
    ...(needed.length > 0
      ? [
          {
            reason: `no row has ${needed.map(({ name }) => name).join(", ")}`,
            fix: "write these fields, or have their columns taken out of the contract",
          },
        ]
      : []),
    ...(isStrict && changed.length > 0
      ? [
          {
            reason: `another type in most rows: ${changed.map(({ name, found, rows }) => `${name} (${found} in ${rows} rows)`).join(", ")}`,
            fix: "write the declared types, or have the columns declared otherwise",
          },
        ]
      : []),
  ];
  if (complaints.length === 0) return null;
  return {
    code: "schema_changed",
    reason: `${mode}: ${complaints.map(({ reason }) => reason).join("; ")}`,
    fix: complaints.map(({ fix }) => fix).join("; "),
  };
}
