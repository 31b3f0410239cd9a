/**
 * jsonTestSuite.jsonl holds the 318 files of github.com/nst/JSONTestSuite (MIT), by the names that they have there: `y_`
 * is JSON, `n_` is none, and of `i_` parsers may think either. Each is read as a whole file and as a value in a row.
 */
import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect } from "chai";
import { RowReader } from "../../../handlers/reader/row.ts";
import { rowsColumns } from "./rowsContract.ts";
import { textOf, typeFile } from "./typed.ts";

interface Case {
  readonly name: string;
  readonly bytes: Buffer;
}

const cases = readFileSync("tests/handlers/reader/jsonTestSuite.jsonl", "utf8")
  .trim()
  .split("\n")
  .map((line): Case => {
    const { name, text, gzip } = JSON.parse(line);
    return { name, bytes: text === undefined ? gunzipSync(Buffer.from(gzip, "base64")) : Buffer.from(text) };
  });

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString("utf8"));
    return isUtf8(bytes);
  } catch {
    return false;
  }
}

/** Texts with half a surrogate pair are JSON and no Unicode, so we refuse them. */
const isHalf = ({ bytes }: Case) => /\\u[dD][89a-fA-F]/.test(bytes.toString("latin1"));

describe("a public suite of JSON texts", function () {
  this.timeout(60_000);
  const reader = new RowReader(rowsColumns);
  const whyOf = (text: string) => reader.read(text).malformed?.why;

  it("has 318 of them, on which JSON.parse agrees with their names", () => {
    expect(cases).to.have.length(318);
    for (const { name, bytes } of cases)
      if (!name.startsWith("i_")) expect(isJson(bytes), name).to.equal(name.startsWith("y_"));
  });

  it("is JSON to the strict reader where it is JSON, as a row and as a value that no column declares", () => {
    for (const one of cases) {
      if (!isUtf8(one.bytes)) continue;
      const text = one.bytes.toString("utf8");
      const refused: string | undefined = isJson(one.bytes)
        ? isHalf(one)
          ? "half a character"
          : undefined
        : "not JSON";
      const asValue: string | undefined = whyOf(`{"id":"x","undeclared":${text}}`);
      if (refused !== "half a character") expect(asValue, one.name).to.equal(refused);
      const isObject = isJson(one.bytes) && /^\s*\{/.test(text);
      const asRow = whyOf(text);
      if (refused === undefined) expect(asRow, one.name).to.equal(isObject ? undefined : "not an object");
      else expect(asRow, one.name).not.to.equal(undefined);
    }
  });

  it("is typed or malformed line by line as whole files, and leaves the rows between them alone", async () => {
    const between = (index: number) => Buffer.from(`\n{"id":"between ${index}"}\n`);
    const bytes = Buffer.concat(cases.flatMap((one, index) => [one.bytes, between(index)]));
    const { rows, malformed, findings } = await typeFile(rowsColumns, textOf(bytes));
    expect(rows.flatMap(({ id }) => (id?.startsWith("between ") ? [id] : []))).to.deep.equal(
      cases.map((_, index) => `between ${index}`),
    );
    expect(rows.length + malformed.length).to.equal(findings.rows + findings.malformed);
  });
});
