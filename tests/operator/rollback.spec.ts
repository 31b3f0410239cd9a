import { expect } from "chai";
import type { OutputColumns } from "../../handlers/ledger/document.ts";
import { rollbackEffects } from "../../operator/story/rollbackEffects.ts";

/** What `rollback` says before it happens. That readers then get this is the functions' part, and proven there. */
describe("the effects of a rollback", () => {
  const totals = [{ name: "day", type: "date" }];
  const activity = [
    { name: "user_id", type: "string" },
    { name: "revenue", type: "decimal(12,2)" },
  ];
  const effects = (from: OutputColumns, to: OutputColumns, table: OutputColumns) =>
    rollbackEffects({ run: 4, tables: from }, { run: 2, tables: to }, table);

  it("are none where the earlier run made the same outputs with the columns of today's tables", () => {
    const outputs = { activity, totals };
    expect(effects(outputs, outputs, outputs)).to.deep.equal([]);
  });

  it("an output that the earlier run did not make", () => {
    expect(effects({ activity, totals }, { activity }, { activity, totals })).to.deep.equal([
      "takes the partition of totals away: run 2 has none",
    ]);
  });

  it("an output that only the earlier run made", () => {
    expect(effects({ activity }, { activity, totals }, { activity, totals })).to.deep.equal([
      "brings the partition of totals back, which run 4 lacks",
    ]);
  });

  it("columns that came, changed or went since, as they are told apart by name and not by place", () => {
    const today = { activity: [...activity.toReversed(), { name: "is_active", type: "boolean" }] };
    const then = {
      activity: [
        { name: "user_id", type: "string" },
        { name: "revenue", type: "double" },
        { name: "note", type: "string" },
      ],
    };
    expect(effects(today, then, today)).to.deep.equal([
      "shows activity with other columns than its table has today: revenue was written as double and is declared decimal(12,2), is_active is null, as run 2 did not have it, note is not shown",
    ]);
  });

  it("an output that is declared no more: nobody can see it, and nobody loses it", () => {
    expect(effects({ activity }, { activity, totals }, { activity })).to.deep.equal([
      "shows nothing of totals, which has no table today",
    ]);
    expect(effects({ activity, totals }, { activity }, { activity })).to.deep.equal([]);
  });
});
