import { expect } from "chai";
import { atLeast, atMost, type Line, of } from "../../bench/benchmark.ts";
import { mark, withSection } from "../../bench/document.ts";
import { resultOf } from "../../bench/statistics.ts";
import { number, table } from "../../bench/table.ts";

describe("a benchmark's table", () => {
  const time: Line = {
    what: "time",
    unit: "s",
    figure: of("ours", "seconds"),
    baseline: { what: "theirs", figure: of("theirs", "seconds") },
    limit: atMost(0.8),
  };

  it("shows both figures with their spread, the ratio, and whether the limit holds", () => {
    const rounds = [1, 1.1, 1.3].map((ours) => ({ ours: { seconds: ours }, theirs: { seconds: 2 } }));
    const lines = table([
      resultOf(time, rounds),
      resultOf({ ...time, what: "speed", unit: "records/s", limit: atLeast(8) }, rounds.slice(0, 1)),
      resultOf({ what: "size", unit: "MB", figure: () => 0.6, limit: atMost(1, "figure") }, rounds),
    ]);
    expect(lines).to.deep.equal([
      "|       | measured           | baseline |                | ratio               | limit        |               |",
      "| ----- | ------------------ | -------- | -------------- | ------------------- | ------------ | ------------- |",
      "| time  | 1.10 s (1.00–1.30) | theirs   | 2.00 s         | 0.55× (0.50×–0.65×) | at most 0.8× | holds         |",
      "| speed | 1.00 records/s     | theirs   | 2.00 records/s | 0.50×               | at least 8×  | does not hold |",
      "| size  | 0.600 MB           |          |                |                     | at most 1 MB | holds         |",
    ]);
  });

  it("writes numbers with three digits that count", () => {
    const written = [0, 0.01234, 0.5, 9.996, 12.345, 123.4, 1234.5, 1234567].map(number);
    expect(written).to.deep.equal(["0", "0.0123", "0.500", "10.00", "12.3", "123", "1,235", "1,234,567"]);
  });
});

describe("a benchmark's section of a document", () => {
  const command = "npm run bench -- spark";
  const document = `# Speed\n${mark(command)}\nold\n<!-- end -->\nrest\n${mark(`${command} --records 10000000`)}\nother\n<!-- end -->\n`;

  it("is put in place of the last one, and nothing else changes", () => {
    expect(withSection(document, command, ["new", "lines"])).to.equal(document.replace("old", "new\nlines"));
    expect(withSection(document, `${command} --records 10000000`, ["big"])).to.equal(document.replace("other", "big"));
  });

  it("has to be there: what to add is said", () => {
    const missing = "npm run bench -- settle";
    expect(() => withSection(document, missing, [])).to.throw(
      "it has no section for this command: add the lines <!-- npm run bench -- settle --> and <!-- end -->",
    );
    expect(() => withSection(mark(missing), missing, [])).to.throw("it has no section");
  });
});
