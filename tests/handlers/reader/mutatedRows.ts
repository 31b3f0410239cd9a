import fc from "fast-check";
import type { ColumnType } from "../../../config/columnType.ts";
import { parseColumnType } from "../../../config/columnType.ts";
import { gateFor } from "../../../handlers/reader/gate.ts";
import { rowsColumns } from "./rowsContract.ts";
import { textOf, typeFile } from "./typed.ts";

/** Decimals of more than 15 places never pass, and then a row of them would not. */
const columns = rowsColumns.map((column) =>
  column.name === "wide" ? { ...column, type: parseColumnType("decimal(38,4)") } : column,
);

/** Tokens on which parsers differ, or at the edge of a type. */
const strangeTokens = [
  ..."0 -0 -0.0 0.0 00 01 1 -1 1.0 1.50 12.34 12.345 0.30000000000000004 0.005 9999999999.99 9999999999.999999999 99999999999".split(
    " ",
  ),
  ..."2147483647 2147483648 -2147483648 999999999 1000000000 9223372036854775807 9223372036854775808 999999999999999999".split(
    " ",
  ),
  ..."1e2 1E+2 1e-7 1e22 1e23 1e99 1e100 1e308 1e309 1e400 -1e400 5e-324 2e-324 4.35 0.1 1.7976931348623157e308 123456789012345.6".split(
    " ",
  ),
  ..."123456789012345 1234567890123456 0.123456789012345 -0.05 -0.00 NaN Infinity nul null true false True .5 5. +1 0x1F".split(
    " ",
  ),
  ...'"" "5" "1.50" "true" "null" "é" "🎉" "\\u00e9" "\\ud83c" "\\ud83c\\udf89" "\\u0000" "\\n" "\\/" "\\x" "a\\\\" "\\""'.split(
    " ",
  ),
  ...'"2024-02-29" "2023-02-29" "0000-01-01" "0001-01-01" "9999-12-31" "2025-04-31" "2025-1-2" "infinity" "epoch" "24:00"'.split(
    " ",
  ),
  ...'"2025-01-02T03:04:05" "2025-01-02T03:04:05Z" "2025-01-02T03:04:05.123456" "2025-01-02T03:04:05.1234567Z"'.split(
    " ",
  ),
  ...'"2025-01-02T24:00:00" "2025-01-02T23:59:60" "2025-01-02T03:04" "2025-01-02T03:04:05+02:00" "9999-12-31T23:59:59-05:00"'.split(
    " ",
  ),
  '"2025-01-02 03:04:05"',
  '"2025-01-02 03:04:05 +0200"',
  '"2025-01-02 03:04:05 UTC"',
  '"2025-01-02  03:04:05"',
  ...'[] [null] ["x"] ["x","y"] [1] [1.5,2.25] {} {"city":"x","zip":7} {"city":null} {"net":1.5} {"net":1.5,"due":"2024-02-29"}'.split(
    " ",
  ),
  ...'{"net":1.5,"due":"2023-02-29"} {"net":12.345,"due":null} [{"place":"x","at":"2025-01-02T03:04:05Z"}] {"a":[1,{"b":2}]}'.split(
    " ",
  ),
];

const text = fc.string({ unit: "grapheme", maxLength: 12 }).map((content) => JSON.stringify(content));
const day = fc
  .date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true })
  .map((date) => date.toISOString());

/** Far more of the first: rows of 14 columns should often pass. */
const usually = <T>(first: fc.Arbitrary<T>, other: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 30, arbitrary: first }, { weight: 1, arbitrary: other });

/** A token that the type takes, as producers write it. */
function tokenOf(type: ColumnType): fc.Arbitrary<string> {
  switch (type.kind) {
    case "string":
      return text;
    case "boolean":
      return fc.boolean().map(String);
    case "integer":
      return usually(fc.integer({ min: -99_999, max: 99_999 }), fc.integer()).map(String);
    case "long":
      return usually(
        fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n }),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      ).map(String);
    case "double":
      return usually(
        fc.double({ min: 1e-5, max: 1e14, noNaN: true }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
      ).map((value) => JSON.stringify(value));
    case "decimal":
      return fc
        .tuple(fc.bigInt({ min: -(10n ** 9n), max: 10n ** 9n }), fc.nat({ max: Math.min(type.scale, 4) }))
        .map(([units, scale]) => decimalText(units, scale));
    case "date":
      return day.map((iso) => `"${iso.slice(0, 10)}"`);
    case "timestamp":
      return fc
        .tuple(day, fc.constantFrom("T", " "), fc.constantFrom("", "Z", ".5", ".123456Z"))
        .map(([iso, between, end]) => `"${iso.slice(0, 10)}${between}${iso.slice(11, 19)}${end}"`);
    case "array":
      return fc.array(tokenOf(type.element), { maxLength: 3 }).map((items) => `[${items.join(",")}]`);
    case "struct":
      return fc
        .tuple(...type.fields.map((field) => tokenOf(field.type)))
        .map((tokens) => `{${tokens.map((token, index) => `"${type.fields[index]!.name}":${token}`).join(",")}}`);
  }
}

function decimalText(units: bigint, scale: number): string {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, "0");
  const sign = units < 0n ? "-" : "";
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

type Members = readonly (readonly [name: string, token: string])[];

const members: fc.Arbitrary<Members> = fc.tuple(
  ...columns.map(({ name, type }) =>
    fc
      .oneof({ weight: 20, arbitrary: tokenOf(type) }, { weight: 1, arbitrary: fc.constant("null") })
      .map((token): [string, string] => [name, token]),
  ),
  fc.constantFrom("1", '"x"', "null", "2.5").map((token): [string, string] => ["undeclared", token]),
);

const printed = (row: Members, space = "") =>
  `{${row.map(([name, token]) => `"${name}":${space}${token}`).join(`,${space}`)}}`;

const at = <T>(items: readonly T[], position: number) => position % Math.max(1, items.length);

/** One change of a row: of a value, of its keys, or of its characters. */
const mutation = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.nat(), fc.constantFrom(...strangeTokens)).map(
      ([position, token]) =>
        (row: Members) =>
          printed(row.map(([name, old], index) => [name, index === at(row, position) ? token : old])),
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .nat()
      .map((position) => (row: Members) => printed(row.filter((_, index) => index !== at(row, position)))),
  },
  { weight: 1, arbitrary: fc.nat().map((position) => (row: Members) => printed([...row, row[at(row, position)]!])) },
  { weight: 1, arbitrary: fc.constant((row: Members) => printed(row, " ")) },
  { weight: 1, arbitrary: fc.constant((row: Members) => printed(row.toReversed())) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.nat(), fc.nat({ max: 2 }), fc.constantFrom(...'{}[]",:\\ \t0-.eEn\u0000é'.split(""), "\r", "//"))
      .map(([position, removed, inserted]) => (row: Members) => {
        const line = printed(row);
        const start = at([...line], position);
        return line.slice(0, start) + inserted + line.slice(start + removed);
      }),
  },
  { weight: 3, arbitrary: fc.constant((row: Members) => printed(row)) },
);

/** Rows that are usual at first, so that the gate knows their keys, and mutated afterwards. */
export function mutatedRows(count: number, seed: number): string[] {
  const usual = fc.sample(members, { numRuns: 500, seed });
  const mutated = fc.sample(mutation, { numRuns: count, seed }).map((mutate, index) => mutate(usual[index % 500]!));
  return [...usual.map((row) => printed(row)), ...mutated].map((line) => line.replaceAll("\n", " "));
}

export interface Compared {
  /** At most ten, each with its line. */
  readonly differences: readonly string[];
  readonly passed: number;
  readonly malformed: number;
}

/** Reads the rows with the gate and without it. */
export async function differencesOf(rows: readonly string[]): Promise<Compared> {
  const bytes = Buffer.from(`${rows.join("\n")}\n`);
  const [gated, strict] = [
    await typeFile(columns, textOf(bytes)),
    await typeFile(columns, textOf(bytes), { gateOf: () => null }),
  ];
  const byLine = ({ rows, malformed }: typeof gated) =>
    new Map([
      ...rows.map((row) => [row._line, JSON.stringify(row)]),
      ...malformed.map((row) => [row._line, JSON.stringify(row)]),
    ] as [string, string][]);
  const [found, right] = [byLine(gated), byLine(strict)];
  const differences = rows.flatMap((row, index) => {
    const [one, other] = [found.get(String(index + 1)), right.get(String(index + 1))];
    return one === other ? [] : [`${row}\n  with the gate ${one}\n  strictly ${other}`];
  });
  const { line } = gateFor(columns, rows.slice(0, 100))!;
  const passed = rows.filter((row) => {
    line.lastIndex = 0;
    return line.test(`${Buffer.from(row).toString("latin1")}\n`);
  }).length;
  return { differences: differences.slice(0, 10), passed, malformed: strict.malformed.length };
}
