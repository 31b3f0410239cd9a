import type { LedgerEvent } from "../../../handlers/ledger/event.ts";
import type { GateVerdict } from "../../../handlers/ledger/gate.ts";
import { type RunMove, runMoves } from "../../../handlers/ledger/moves.ts";

/**
 * The picture of the states of a run and of a batch. The run's arrows and their labels come from the table that the
 * ledger enforces, the batch's from `batchMoves`, which the spec holds against the ledger. Only where they are drawn is
 * written here; a state or a move without a place, or a place without one, is an error.
 */

type EventKind = LedgerEvent["kind"];
type BatchState = GateVerdict["state"];

/** Every state but `running`: what the files and the runs say of a batch while no run of it is unsettled. */
export const atRest = "at rest";

export interface BatchMove {
  readonly from: BatchState | typeof atRest;
  readonly to: BatchState | typeof atRest;
  readonly by: readonly EventKind[];
}

/** What moves a batch. A batch's state is no field of its document: the gate reads it off. */
export const batchMoves: readonly BatchMove[] = [
  { from: "waiting", to: "ready", by: ["decided"] },
  { from: "ready", to: "running", by: ["claim"] },
  { from: "running", to: "published", by: ["observed"] },
  { from: "published", to: "waiting", by: ["decided"] },
  { from: "waiting", to: "late", by: ["sweep"] },
  { from: "late", to: "ready", by: ["decided"] },
  { from: "running", to: "failed", by: ["observed", "refused"] },
  { from: atRest, to: atRest, by: ["decided", "operate"] },
  { from: atRest, to: "running", by: ["operate"] },
  { from: "running", to: atRest, by: ["observed", "refused"] },
];

/** What the code guards against although nothing is known to lead there, as long as a batch has one unsettled run. */
export const guards = {
  runs: ["claimed > superseded", "started > superseded"],
  batches: ["superseded"],
} as const;

const events: Partial<Record<EventKind, string>> = {
  decided: "a file was promoted or rejected",
  claim: "the gate enters a run, its files and its code",
  started: "the engine told the job run's id",
  refused: "the engine will never start it",
  observed: "how its job runs stand, told or looked up",
  operate: "an operator's run, replay, rollback or withdraw",
  sweep: "every few minutes: the deadline has passed",
};

interface Place {
  readonly x: number;
  readonly y: number;
  readonly means: string;
}

const box = { width: 144, height: 56 };

const runPlaces: Readonly<Record<string, Place>> = {
  claimed: { x: 206, y: 112, means: "files pinned" },
  started: { x: 530, y: 112, means: "begun" },
  published: { x: 856, y: 112, means: "readers see it" },
  failed: { x: 530, y: 292, means: "says why" },
  superseded: { x: 856, y: 292, means: "seen no more" },
};

const batchPlaces: Readonly<Record<string, Place>> = {
  waiting: { x: 84, y: 510, means: "missing or bad" },
  ready: { x: 620, y: 510, means: "all are here" },
  running: { x: 970, y: 510, means: "one run only" },
  late: { x: 84, y: 610, means: "and overdue" },
  failed: { x: 620, y: 610, means: "its run failed" },
  retrying: { x: 412, y: 610, means: "again, later" },
  conflict: { x: 84, y: 710, means: "a file too many" },
  mixed: { x: 248, y: 710, means: "too far apart" },
  superseded: { x: 412, y: 710, means: "too late" },
  published: { x: 620, y: 710, means: "all is read" },
};

/** The way of an arrow, and where its label stands. */
interface Route {
  readonly way: string;
  readonly label: readonly [x: number, y: number, anchor: "start" | "middle" | "end"];
}

const runRoutes: Readonly<Record<string, Route>> = {
  "null > claimed": { way: "56,140 206,140", label: [40, 79, "start"] },
  "claimed > started": { way: "350,140 530,140", label: [440, 132, "middle"] },
  "started > published": { way: "674,140 856,140", label: [765, 132, "middle"] },
  "claimed > published": { way: "278,112 278,86 928,86 928,112", label: [603, 79, "middle"] },
  "claimed > failed": { way: "278,168 278,320 530,320", label: [404, 312, "middle"] },
  "started > failed": { way: "570,168 570,292", label: [560, 236, "end"] },
  "claimed > superseded": { way: "242,168 242,378 928,378 928,348", label: [585, 370, "middle"] },
  "started > superseded": { way: "638,168 638,246 806,246 806,320 856,320", label: [722, 238, "middle"] },
  "published > superseded": { way: "894,168 894,292", label: [884, 206, "end"] },
  "superseded > published": { way: "962,292 962,168", label: [972, 236, "start"] },
};

const batchRoutes: Readonly<Record<string, Route>> = {
  "waiting > ready": { way: "228,538 620,538", label: [424, 530, "middle"] },
  "ready > running": { way: "764,538 970,538", label: [886, 530, "middle"] },
  "running > published": { way: "1066,566 1066,738 764,738", label: [886, 730, "middle"] },
  "published > waiting": { way: "692,766 692,792 62,792 62,538 84,538", label: [378, 785, "middle"] },
  "waiting > late": { way: "156,566 156,610", label: [166, 593, "start"] },
  "late > ready": { way: "228,638 330,638 330,554 620,554", label: [475, 572, "middle"] },
  "running > failed": { way: "1018,566 1018,638 764,638", label: [886, 630, "middle"] },
  "at rest > at rest": { way: "424,462 424,440 566,440 566,462", label: [580, 451, "start"] },
  "at rest > running": { way: "802,482 1042,482 1042,510", label: [886, 474, "middle"] },
  "running > at rest": { way: "1100,566 1100,800 802,800", label: [886, 792, "middle"] },
};

const inner = { x: 40, y: 462, width: 762, height: 352 };
const size = { width: 1164, height: 980 };

function placed(what: string, found: readonly string[], places: Readonly<Record<string, unknown>>): void {
  const missing = found.filter((name) => !(name in places));
  const stale = Object.keys(places).filter((name) => !found.includes(name));
  if (missing.length + stale.length > 0)
    throw new Error(
      `${what} without a place: ${missing.join("; ") || "none"}; places without one: ${stale.join("; ") || "none"}`,
    );
}

function drawState(name: string, { x, y, means }: Place, isGuard: boolean): string {
  const middle = x + box.width / 2;
  return [
    `<g class="state ${name}${isGuard ? " guard" : ""}">`,
    `<rect x="${x}" y="${y}" width="${box.width}" height="${box.height}" rx="8"/>`,
    `<text class="name middle" x="${middle}" y="${y + 25}">${name}</text>`,
    `<text class="means middle" x="${middle}" y="${y + 45}">${means}</text>`,
    "</g>",
  ].join("");
}

interface Move {
  readonly from: string | null;
  readonly to: string;
  readonly by: readonly EventKind[];
}

const nameOf = ({ from, to }: Move) => `${from} > ${to}`;

function drawMoves(moves: readonly Move[], routes: Readonly<Record<string, Route>>, guarded: readonly string[]) {
  placed("moves", moves.map(nameOf), routes);
  const drawn = moves.map((move) => {
    const { way, label } = routes[nameOf(move)]!;
    const [x, y, anchor] = label;
    return {
      line: `<polyline${guarded.includes(nameOf(move)) ? ' class="guard"' : ""} points="${way}" marker-end="url(#head)"/>`,
      label: `<text class="by ${anchor}" x="${x}" y="${y}">${move.by.join(", ")}</text>`,
    };
  });
  return [
    `<g class="moves">\n${drawn.map(({ line }) => line).join("\n")}\n</g>`,
    `<g>\n${drawn.map(({ label }) => label).join("\n")}\n</g>`,
  ];
}

function drawLegend(moves: readonly Move[]): string {
  const used = new Set(moves.flatMap(({ by }) => by));
  placed("events", [...used], events);
  const rows = Object.entries(events).map(([kind, means], index) => {
    const x = 48 + (index % 2) * 540;
    const y = 858 + Math.floor(index / 2) * 28;
    return `<text class="by start" x="${x}" y="${y}">${kind}</text><text class="key start" x="${x + 88}" y="${y}">${means}</text>`;
  });
  const line = '<polyline class="guard" points="588,937 664,937"/>';
  rows.push(`${line}<text class="key start" x="676" y="942">a guard: nothing is known to lead there</text>`);
  return `<g class="legend moves">\n${rows.join("\n")}\n</g>`;
}

const zone = (title: string, x: number, y: number, width: number, height: number, kind = "") =>
  `<g class="zone ${kind}"><rect x="${x}" y="${y}" width="${width}" height="${height}" rx="14"/>` +
  `<text class="title start" x="${x + 16}" y="${y + 27}">${title}</text></g>`;

interface Palette {
  readonly back: string;
  readonly ink: string;
  readonly soft: string;
  readonly box: string;
  readonly edge: string;
  readonly zone: string;
  /** Edge of what readers see, and of what failed. */
  readonly good: string;
  readonly bad: string;
}

const light: Palette = {
  back: "#ffffff",
  ink: "#1f2328",
  soft: "#57606a",
  box: "#ffffff",
  edge: "#8c959f",
  zone: "#f3f5f8",
  good: "#a87900",
  bad: "#cf222e",
};
const dark: Palette = {
  back: "#0d1117",
  ink: "#e6edf3",
  soft: "#9da7b1",
  box: "#161b22",
  edge: "#6e7681",
  zone: "#141a21",
  good: "#e3b341",
  bad: "#ff7b72",
};

/** Plain colours and no variables, which not every viewer of SVG knows. */
const coloursOf = ({ back, ink, soft, box: inside, edge, zone: ground, good, bad }: Palette): string[] => [
  `text, .origin { fill: ${ink}; }`,
  `.back, .zone.inner rect { fill: ${back}; }`,
  `.means, .key, .title { fill: ${soft}; }`,
  `.zone rect { fill: ${ground}; }`,
  `.zone.inner rect { fill: ${back}; stroke: ${edge}; }`,
  `.state rect { fill: ${inside}; stroke: ${edge}; }`,
  `.state.published rect { stroke: ${good}; }`,
  `.state.failed rect { stroke: ${bad}; }`,
  `.moves polyline { stroke: ${soft}; }`,
  `marker path { fill: ${soft}; }`,
];

/** At a README's width the picture is three quarters as large, and its smallest text still 11 pixels. */
export const fontSizes = { name: 17, means: 15, by: 15, key: 15, title: 19 } as const;

const shapes = [
  'text { font-family: system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; }',
  `.title { font-size: ${fontSizes.title}px; font-weight: 700; }`,
  ".zone.inner rect { stroke-width: 1.5; }",
  ".state rect { stroke-width: 1.5; }",
  ".state.published rect, .state.failed rect { stroke-width: 2.5; }",
  ".state.guard rect, polyline.guard { stroke-dasharray: 6 5; }",
  ".middle { text-anchor: middle; }",
  ".end { text-anchor: end; }",
  `.name { font-size: ${fontSizes.name}px; font-weight: 600; }`,
  `.means, .by, .key { font-size: ${fontSizes.means}px; }`,
  ".by { font-style: italic; }",
  ".moves polyline { fill: none; stroke-width: 2; stroke-linejoin: round; }",
];

const style = [
  ...shapes,
  ...coloursOf(light),
  "@media (prefers-color-scheme: dark) {",
  ...coloursOf(dark).map((rule) => `  ${rule}`),
  "}",
].join("\n");

/** Other moves than those of the code are only for showing that one without a place is refused. */
export function stateDiagram(moves: readonly RunMove[] = runMoves): string {
  const runStates = [...new Set(moves.map(({ to }) => to))];
  placed("states of a run", runStates, runPlaces);
  const drawAll = (places: Readonly<Record<string, Place>>, guarded: readonly string[]) =>
    Object.entries(places).map(([name, place]) => drawState(name, place, guarded.includes(name)));
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-labelledby="title description">`,
    '<title id="title">The states of a run and of a batch, and the events that change them</title>',
    `<desc id="description">${describeMoves(moves)}</desc>`,
    "<!-- Made from the ledger's own table by tests/handlers/ledger/stateDiagram.spec.ts -->",
    `<style>\n${style}\n</style>`,
    '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0 L10,5 L0,10 z"/></marker></defs>',
    `<rect class="back" width="${size.width}" height="${size.height}" rx="16"/>`,
    zone("A run", 24, 24, 1116, 374),
    '<circle class="origin" cx="50" cy="140" r="7"/>',
    ...drawMoves(moves, runRoutes, guards.runs),
    ...drawAll(runPlaces, []),
    zone("A batch", 24, 412, 1116, 414),
    zone("at rest: the files and runs say which", inner.x, inner.y, inner.width, inner.height, "inner"),
    ...drawMoves(batchMoves, batchRoutes, []),
    ...drawAll(batchPlaces, guards.batches),
    drawLegend([...moves, ...batchMoves]),
    "</svg>",
  ].join("\n")}\n`;
}

function describeMoves(moves: readonly RunMove[]): string {
  const sentence = ({ from, to, by }: Move) => `${from ?? "nothing"} to ${to} by ${by.join(" or ")}`;
  return `A run goes from ${moves.map(sentence).join(", ")}. A batch goes from ${batchMoves.map(sentence).join(", ")}.`;
}
