/**
 * docs/states.svg, drawn from the table of moves that the ledger enforces. The moves of a batch are no table of the code,
 * so they are held against a long walk through the ledger, as are those of a run: each is made, and no other is.
 * Written by `UPDATE_GENERATED=1 npm test -- tests/handlers/ledger/stateDiagram.spec.ts`.
 */
import { expect } from "chai";
import { runMoves } from "../../../handlers/ledger/moves.ts";
import { expectGenerated } from "../../docs/generatedFile.ts";
import { walkLedger } from "./ledgerWalk.ts";
import { atRest, type BatchMove, batchMoves, fontSizes, guards, stateDiagram } from "./stateDiagram.ts";

interface Box {
  readonly what: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const overlap = (a: Box, b: Box) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** As wide as the widest of the fonts that viewers put in. */
const characterWidth = 0.62;

function textBoxes(svg: string): Box[] {
  return [...svg.matchAll(/<text class="(\w+) (\w+)" x="(\d+)" y="(\d+)">([^<]*)</g)].map(
    ([, role = "", anchor = "", x, y, text = ""]) => {
      const size = fontSizes[role as keyof typeof fontSizes];
      const width = text.length * size * characterWidth;
      const left = Number(x) - { start: 0, middle: width / 2, end: width }[anchor as "start" | "middle" | "end"];
      return { what: text, left, right: left + width, top: Number(y) - size * 0.8, bottom: Number(y) + size * 0.25 };
    },
  );
}

function arrowBoxes(svg: string): Box[] {
  return [...svg.matchAll(/<polyline[^>]* points="([^"]*)"/g)].flatMap(([, way = ""]) => {
    const points = way.split(" ").map((point) => point.split(",").map(Number) as [number, number]);
    return points.slice(1).map(([x, y], index) => {
      const [fromX, fromY] = points[index]!;
      return {
        what: way,
        left: Math.min(x, fromX) - 1,
        right: Math.max(x, fromX) + 1,
        top: Math.min(y, fromY) - 1,
        bottom: Math.max(y, fromY) + 1,
      };
    });
  });
}

describe("the states' picture", () => {
  const svg = stateDiagram();
  const texts = textBoxes(svg);
  const collisions = (boxes: readonly Box[]) =>
    texts.flatMap((text, index) =>
      boxes
        .filter((box, other) => (boxes !== texts || other > index) && overlap(text, box))
        .map(({ what }) => [text.what, what]),
    );

  it("is docs/states.svg", () => {
    expectGenerated("docs/states.svg", svg);
  });

  it("has a text for every name, no text over another, none crossed by an arrow, and none outside", () => {
    expect(texts).to.have.lengthOf([...svg.matchAll(/<text/g)].length);
    expect(collisions(texts)).to.deep.equal([]);
    expect(collisions(arrowBoxes(svg))).to.deep.equal([]);
    const [width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!.slice(1).map(Number) as [number, number];
    const outside = texts.filter(
      ({ left, right, top, bottom }) => left < 0 || top < 0 || right > width || bottom > height,
    );
    expect(outside).to.deep.equal([]);
  });

  it("keeps the texts of a state inside its box", () => {
    const states = svg.split("\n").filter((line) => line.startsWith('<g class="state'));
    const spilt = states.flatMap((state) => {
      const [x, width] = /<rect x="(\d+)" y="\d+" width="(\d+)"/.exec(state)!.slice(1).map(Number) as [number, number];
      return textBoxes(state).filter(({ left, right }) => left < x || right > x + width);
    });
    expect(states).to.have.length.above(10);
    expect(spilt).to.deep.equal([]);
  });

  it("refuses a move that it has no place for, and a place without its move", () => {
    const [first, ...others] = runMoves;
    const back = { from: "failed", to: "claimed", by: ["observed"] } as const;
    expect(() => stateDiagram([...runMoves, back])).to.throw("moves without a place: failed > claimed");
    expect(() => stateDiagram(others)).to.throw("places without one: claimed");
    expect(first!.to).to.equal("claimed");
  });
});

describe("the moves of runs and batches, in a long walk through the ledger", () => {
  let walked: ReturnType<typeof walkLedger>;
  before(() => {
    walked = walkLedger(600);
  });

  /** One move an event. */
  const single = (moves: readonly { from: string | null; to: string; by: readonly string[] }[]) =>
    moves.flatMap(({ from, to, by }) => by.map((kind) => `${from} > ${to} by ${kind}`)).sort();

  it("makes every move of a run that the table allows, but for the guards", () => {
    const made = walked.runs.map(({ from, to, by }) => `${from} > ${to} by ${by}`).sort();
    const reachable = runMoves.filter(
      ({ from, to }) => !(guards.runs as readonly string[]).includes(`${from} > ${to}`),
    );
    expect(made).to.deep.equal(single(reachable));
  });

  const covers = ({ from, to, by }: BatchMove, step: (typeof walked.batches)[number]) =>
    (from === step.from || (from === atRest && step.from !== "running")) &&
    (to === step.to || (to === atRest && step.to !== "running")) &&
    by.includes(step.by);

  it("makes every declared move of a batch, and none that is not declared", () => {
    const undeclared = walked.batches.filter((step) => !batchMoves.some((move) => covers(move, step)));
    expect(undeclared).to.deep.equal([]);
    const oneEach = batchMoves.flatMap((move) => move.by.map((kind) => ({ ...move, by: [kind] })));
    const unmade = oneEach.filter((move) => !walked.batches.some((step) => covers(move, step)));
    expect(unmade).to.deep.equal([]);
  });

  it("comes to every state of a batch, but for the guard", () => {
    const entered = new Set(walked.batches.map(({ to }) => to));
    expect([...entered].sort()).to.deep.equal(
      ["conflict", "failed", "late", "mixed", "published", "ready", "retrying", "running", "waiting"].sort(),
    );
  });
});
