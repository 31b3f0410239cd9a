import { expect } from "chai";
import { differencesOf, mutatedRows } from "./mutatedRows.ts";

describe("rows that pass the gate", function () {
  this.timeout(120_000);

  it("are what the strict reader makes of them, among 20,000 mutated rows", async () => {
    const found = await differencesOf(mutatedRows(20_000, 1));
    expect(found.differences).to.deep.equal([]);
    // Otherwise nothing was compared.
    expect(found.passed).to.be.above(3000);
    expect(found.malformed).to.be.above(2000);
  });
});
