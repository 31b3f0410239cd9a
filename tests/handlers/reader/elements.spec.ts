import { expect } from "chai";
import type { FaultyText } from "../../../handlers/reader/faultyText.ts";
import { rowsColumns } from "./rowsContract.ts";
import { typeFile } from "./typed.ts";

describe("elements of a list", function () {
  this.timeout(60_000);

  const typed = (whole: string) => typeFile(rowsColumns, { layout: "array", whole });

  /** Of each: the typed rows, and how many are malformed. */
  const lists: Readonly<Record<string, readonly [string, number]>> = {
    '[{"id": "a"}, 5, {"id": "b", "whole": "x"}, {"id": "c"}]': ["a@1 c@4", 2],
    '[\n {"id": "a"},\n{"id":\n"b"} ]\n': ["a@1 b@2", 0],
    '[{"id": "a"}, {"id": "b", "id": "b"}, {"id": "\\ud83c"}, {"id": 1e400}, {"id": "c"}]': ["a@1 c@5", 3],
    '[{"id": "a ], }"}, {"id": "b", "x": [{"id": "c"}]}]': ["a ], }@1 b@2", 0],
  };

  it("cost each other nothing", async () => {
    for (const [whole, [ids, malformed]] of Object.entries(lists)) {
      const { rows, findings } = await typed(whole);
      const told = rows.map(({ id, _line }) => `${id}@${_line}`).join(" ");
      expect([told, findings.malformed], whole).to.deep.equal([ids, malformed]);
    }
  });

  it("are none where the list ends early or something follows it", async () => {
    for (const [whole, code] of [
      ['[{"id": "a"}, {"id": "b"', "truncated"],
      ['[{"id": "a"}] {"id": "b"}', "not_json"],
      ['[{"id": "a"},]', "not_json"],
      ['{"id": "a"}', "not_json"],
    ] as const)
      expect(await typed(whole).catch((error: FaultyText) => error.code), whole).to.equal(code);
  });
});
