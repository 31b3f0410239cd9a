import { expect } from "chai";
import { atLeast, atMost, type Line, of, type Round } from "../../bench/benchmark.ts";
import { measure } from "../../bench/measure.ts";
import { resultOf, spreadOf } from "../../bench/statistics.ts";

const line: Line = {
  what: "time",
  unit: "s",
  figure: of("ours", "seconds"),
  baseline: { what: "theirs", figure: of("theirs", "seconds") },
};
const rounds = (...pairs: [number, number][]): Round[] =>
  pairs.map(([ours, theirs]) => ({ ours: { seconds: ours }, theirs: { seconds: theirs } }));

describe("a benchmark's statistics", () => {
  it("are the median and the ends, whatever the order", () => {
    expect(spreadOf([9, 1, 5])).to.deep.equal({ median: 5, least: 1, greatest: 9 });
    expect(spreadOf([10, 2, 4, 100])).to.deep.equal({ median: 7, least: 2, greatest: 100 });
    expect(spreadOf([3])).to.deep.equal({ median: 3, least: 3, greatest: 3 });
    expect(() => spreadOf([])).to.throw(RangeError, "nothing was measured");
  });

  it("take the ratio of each round, so that a slow moment of the machine counts for both", () => {
    const { figure, baseline, ratio } = resultOf(line, rounds([1, 2], [10, 20], [3, 4]));
    expect(figure).to.deep.equal({ median: 3, least: 1, greatest: 10 });
    expect(baseline).to.deep.equal({ median: 4, least: 2, greatest: 20 });
    expect(ratio).to.deep.equal({ median: 0.5, least: 0.5, greatest: 0.75 });
  });

  it("say whether a limit holds, the bound itself included", () => {
    const holds = (limit: Line["limit"], ...pairs: [number, number][]) =>
      resultOf({ ...line, limit: limit! }, rounds(...pairs)).holds;
    expect(holds(atMost(0.8), [4, 5])).to.equal(true);
    expect(holds(atMost(0.8), [4.1, 5])).to.equal(false);
    expect(holds(atLeast(8), [16, 2])).to.equal(true);
    expect(holds(atLeast(8), [15.9, 2])).to.equal(false);
    expect(holds(atMost(3, "figure"), [3, 100])).to.equal(true);
    expect(holds(atMost(3, "figure"), [3.1, 100])).to.equal(false);
    expect(holds(atMost(0.8), [9, 5], [4, 5], [4, 5])).to.equal(true);
    expect(resultOf(line, rounds([1, 2]))).not.to.have.property("holds");
  });

  it("know no ratio without a baseline, and refuse a limit of one", () => {
    const { baseline: _, ...alone } = line;
    expect(resultOf(alone, rounds([1, 2]))).to.have.all.keys("line", "figure");
    expect(() => resultOf({ ...alone, limit: atMost(1) }, rounds([1, 2]))).to.throw("needs a baseline");
  });
});

describe("a benchmark's rounds", () => {
  it("measure all subjects in turn, and stop at the first that fails", async () => {
    const order: string[] = [];
    const subject = (name: string) => ({
      name,
      measure: async () => ({ count: order.push(name) }),
    });
    const measured = await measure({ rounds: 2, subjects: [subject("a"), subject("b")] }, () => {});
    expect(order).to.deep.equal(["a", "b", "a", "b"]);
    expect(measured).to.deep.equal([
      { a: { count: 1 }, b: { count: 2 } },
      { a: { count: 3 }, b: { count: 4 } },
    ]);
    const broken = { name: "c", measure: () => Promise.reject(new Error("c is broken")) };
    const failure = await measure({ rounds: 2, subjects: [broken, subject("d")] }, () => {}).catch(String);
    expect(failure).to.equal("Error: c is broken");
    expect(order).not.to.include("d");
  });
});
