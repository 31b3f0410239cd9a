import { expect } from "chai";
import { emptyDocument, type LedgerDocument, type RunState } from "../../../handlers/ledger/document.ts";
import { checkMoves, runMoves } from "../../../handlers/ledger/moves.ts";
import { Story } from "./documents.ts";

/** The table of moves: what it forbids, since the transition's own specs show what it allows. */
describe("a run's moves", () => {
  const { document: claimed } = new Story().arriveAll("1").claim();
  const inState = (state: RunState): LedgerDocument => ({ ...claimed!, runs: [{ ...claimed!.runs[0]!, state }] });
  const states: RunState[] = ["claimed", "started", "failed", "published", "superseded"];

  it("lets no run that has ended begin again, whatever happens", () => {
    for (const from of ["failed", "published", "superseded"] as const)
      for (const to of ["claimed", "started", "failed"] as const)
        if (from !== to)
          for (const by of ["claim", "started", "observed", "operate", "sweep"] as const)
            expect(() => checkMoves(inState(from), inState(to), by), `${from} to ${to} by ${by}`).to.throw(
              `run 1 can't go from ${from} to ${to} by ${by}`,
            );
  });

  it("lets a run be entered only as claimed", () => {
    for (const state of states.filter((candidate) => candidate !== "claimed"))
      expect(() => checkMoves(emptyDocument, inState(state), "claim")).to.throw(`from nothing to ${state}`);
    expect(() => checkMoves(emptyDocument, inState("claimed"), "decided")).to.throw("by decided");
    checkMoves(emptyDocument, inState("claimed"), "claim");
  });

  it("can leave every state that is not an end", () => {
    const left = new Set(runMoves.map(({ from }) => from));
    expect(states.filter((state) => !left.has(state))).to.deep.equal(["failed"]);
  });
});
