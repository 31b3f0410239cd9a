import { expect } from "chai";
import { maxLineBytes } from "../../../handlers/reader/lines.ts";
import { rowsColumns } from "./rowsContract.ts";
import { textOf, typeFile } from "./typed.ts";

const ids = async (bytes: Buffer, options: { chunk?: number; bytesOfPart?: number; isSeekable?: boolean } = {}) => {
  const { chunk, bytesOfPart = 1 << 30, isSeekable } = options;
  const typed = await typeFile(rowsColumns, textOf(bytes, chunk, isSeekable), { bytesOfPart });
  return { ...typed, rows: typed.rows.map(({ id, _part, _line }) => `${id}@${_part}:${_line}`) };
};

describe("lines of a text", function () {
  this.timeout(60_000);

  it("end at a line feed, with or without a carriage return; the last one needs no end, and blank ones are no rows", async () => {
    const bytes = Buffer.from('\n{"id":"a"}\r\n  \t\r\n{"id":\r"b"}\n\n{"id":"c"}');
    const { rows, findings } = await ids(bytes);
    expect(rows).to.deep.equal(["a@0:2", "b@0:4", "c@0:6"]);
    expect(findings).to.include({ lines: 6, rows: 3, malformed: 0 });
  });

  it("of one file are the same rows however its bytes come", async () => {
    const bytes = Buffer.from(Array.from({ length: 50 }, (_, id) => `{"id":"é${id}","whole":${id}}\n`).join(""));
    const { rows } = await ids(bytes);
    expect(rows).to.have.length(50);
    for (const chunk of [1, 2, 7, 20, 1000]) expect((await ids(bytes, { chunk })).rows, `${chunk}`).to.deep.equal(rows);
  });

  for (const isSeekable of [true, false])
    it(`belong to the part in which they begin, ${isSeekable ? "entered at any byte" : "read from the beginning"}`, async () => {
      const lines = Array.from({ length: 20 }, (_, id) => `{"id":"${"x".repeat(id % 7)}${id}"}\n`);
      const bytes = Buffer.from(lines.join(""));
      for (const bytesOfPart of [5, 16, 100]) {
        const expected: string[] = [];
        let at = 0;
        for (const line of lines) {
          const part = Math.floor(at / bytesOfPart);
          const before = expected.filter((row) => row.includes(`@${part}:`)).length;
          expected.push(`${JSON.parse(line).id}@${part}:${before + 1}`);
          at += line.length;
        }
        const { rows } = await ids(bytes, { bytesOfPart, isSeekable, chunk: 13 });
        expect(rows, `${bytesOfPart}`).to.deep.equal(expected);
      }
    });

  it("are taken part by part, as many as were asked for, whichever comes first", async () => {
    const bytes = Buffer.from(
      Array.from({ length: 30 }, (_, id) => `{"id":"${String(id).padStart(2, "0")}"}\n`).join(""),
    );
    const whole = await ids(bytes, { bytesOfPart: 39 });
    for (const isSeekable of [true, false]) {
      const parts = [4, 0, 2].map((first) =>
        typeFile(rowsColumns, textOf(bytes, 10, isSeekable), { bytesOfPart: 39, parts: { first, count: 2 } }),
      );
      const rows = (await Promise.all(parts)).flatMap((part) =>
        part.rows.map(({ id, _part, _line }) => `${id}@${_part}:${_line}`),
      );
      expect(rows.sort()).to.deep.equal(whole.rows.filter((row) => Number(row.split(/[@:]/)[1]) < 6).sort());
    }
  });

  it("that are too long are malformed, and cost no other row", async () => {
    const long = (bytes: number) => `{"id":"${"x".repeat(bytes - 9)}"}`;
    const text = [
      long(maxLineBytes),
      '{"id":"a"}',
      long(maxLineBytes + 1),
      '{"id":"b"}',
      long(3 * maxLineBytes),
      '{"id":"c"}',
    ];
    const { rows, malformed, findings } = await ids(Buffer.from(`${text.join("\n")}\n`));
    expect(rows.map((row) => row.slice(-5))).to.deep.equal(
      ["x@0:1", "a@0:2", "b@0:4", "c@0:6"].map((row) => row.padStart(5, "x").slice(-5)),
    );
    expect(malformed).to.deep.equal(
      ["3", "5"].map((_line) => ({ _part: "0", _line, why: "is longer than 16 MiB", text: null })),
    );
    expect(findings).to.deep.include({ lines: 6, rows: 4, malformed: 2 });
  });
});
