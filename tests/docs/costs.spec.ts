/**
 * The worked example of docs/costs.md. Written by `UPDATE_GENERATED=1 npm test -- tests/docs/costs.spec.ts`. What a stack
 * declares comes from mocks; prices and assumptions stand in tests/support/costs.ts, and no bill was read.
 */
import { expect } from "chai";
import { costsOf, costsPage, type Stack, type StackCosts, workloads } from "../support/costs.ts";
import { expectGenerated } from "../support/generatedFile.ts";

describe("docs/costs.md", () => {
  let costs: Record<Stack, StackCosts>;
  before(async () => {
    costs = { dev: await costsOf("dev"), prod: await costsOf("prod") };
  });

  it("is what the stacks declare, at the prices it names", () => {
    expectGenerated("docs/costs.md", costsPage(costs));
  });

  it("adds up", () => {
    for (const { lines, batch, month } of Object.values(costs)) {
      expect(lines.reduce((sum, line) => sum + line.batch, 0)).to.be.closeTo(batch, 1e-9);
      expect(lines.reduce((sum, line) => sum + line.month, 0)).to.be.closeTo(month, 1e-9);
    }
  });

  it("stays below the worst case of the plan, by the share of the timeout that a run is said to take", () => {
    for (const [stack, { lines, worstCase }] of Object.entries(costs)) {
      const glue = lines.find(({ what }) => what === "Glue")!;
      const { runMinutes } = workloads[stack as Stack];
      expect(glue.batch, stack).to.be.closeTo((worstCase.perRun * runMinutes) / worstCase.timeout, 1e-9);
    }
  });
});
