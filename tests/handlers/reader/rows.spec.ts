/**
 * What becomes of each of some 1,200 strange rows: rows.golden.txt says it, a line for each of rows.jsonl. Written by
 * `UPDATE_GENERATED=1 npm test -- tests/handlers/reader/rows.spec.ts`.
 */
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { expectGenerated } from "../../docs/generatedFile.ts";
import { rowsColumns } from "./rowsContract.ts";
import { type TypedFile, textOf, typeFile } from "./typed.ts";

const folder = "tests/handlers/reader";
const corpus = readFileSync(`${folder}/rows.jsonl`);

const shown = ({ _part, _line, ...columns }: TypedFile["rows"][number]) =>
  Object.entries(columns)
    .flatMap(([name, value]) => (value === null ? [] : [`${name}=${JSON.stringify(value)}`]))
    .join(" ");

function verdicts({ rows, malformed, findings }: TypedFile): string {
  const verdict = new Map([
    ...rows.map((row): [number, string] => [Number(row._line), `typed ${shown(row)}`.trim()]),
    ...malformed.map(({ _line, why }): [number, string] => [Number(_line), `malformed: ${why}`]),
  ]);
  return Array.from(
    { length: findings.lines },
    (_, index) => `${index + 1} ${verdict.get(index + 1) ?? "blank"}\n`,
  ).join("");
}

describe("strange rows", function () {
  this.timeout(60_000);

  it("are typed or malformed as the golden file says", async () => {
    const typed = await typeFile(rowsColumns, textOf(corpus));
    expectGenerated(`${folder}/rows.golden.txt`, verdicts(typed));
    expect(typed.rows.length + typed.malformed.length).to.equal(typed.findings.rows + typed.findings.malformed);
  });
});
