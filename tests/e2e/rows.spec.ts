import { expect } from "chai";
import { differencesOf, mutatedRows } from "../handlers/reader/mutatedRows.ts";

describe("a million mutated rows", function () {
  this.timeout(900_000);

  it("are the same read strictly and with the gate", async () => {
    const [seeds, rows] = [50, 20_000];
    let passed = 0;
    for (let seed = 1; seed <= seeds; seed++) {
      const found = await differencesOf(mutatedRows(rows, 1000 + seed));
      expect(found.differences, `seed ${1000 + seed}`).to.deep.equal([]);
      passed += found.passed;
    }
    expect(passed).to.be.above(100_000);
  });
});
