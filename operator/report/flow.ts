import { fit } from "./fit.ts";
import { type Html, html } from "./html.ts";

/** The state of one part of the flow: completed, in progress, stopped by a fault, or not yet begun. */
export type Progress = "done" | "moving" | "blocked" | "ahead";

/** A file, or a dataset without any file so far. */
export interface Source {
  readonly name: string;
  readonly note: string;
  readonly fate: "promoted" | "rejected" | "pending" | "missing" | "withdrawn";
}

export const stations = ["bronze", "promote", "silver", "rejected", "refine", "gold", "catalog"] as const;
export type Station = (typeof stations)[number];

export const ways = [
  "sources-bronze",
  "bronze-promote",
  "promote-silver",
  "promote-rejected",
  "silver-refine",
  "refine-rejected",
  "refine-gold",
  "gold-catalog",
] as const;
export type Way = (typeof ways)[number];

/** What is drawn: files on the left, stations, and the ways between them with their states and counts. */
export interface Flow {
  readonly sources: readonly Source[];
  readonly stations: Readonly<
    Record<Station, { readonly name: string; readonly kind: string; readonly state: Progress }>
  >;
  readonly ways: Readonly<Record<Way, { readonly state: Progress; readonly counts: readonly string[] }>>;
  /** The same in sentences. */
  readonly words: readonly string[];
}

type Point = readonly [x: number, y: number];

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface Drawn {
  readonly line: string;
  /** Where the counts stand, and how they are aligned. */
  readonly label: { readonly at: Point; readonly anchor: "start" | "middle" | "end"; readonly split: boolean };
}

interface Layout {
  readonly width: number;
  readonly height: number;
  readonly sources: readonly Place[];
  /** Lines from each file to the point where they join. */
  readonly feeders: readonly string[];
  readonly stations: Readonly<Record<Station, Place>>;
  readonly ways: Readonly<Record<Way, Drawn>>;
}

const line = (...points: readonly Point[]) => `M${points.map(([x, y]) => `${x},${y}`).join(" L")}`;
const middle = ({ y, height }: Place) => y + height / 2;
const centre = ({ x, width }: Place) => x + width / 2;
const right = ({ x, width }: Place) => x + width;
const bottom = ({ y, height }: Place) => y + height;

/** From left to right, for screens and paper. */
function wide(count: number): Layout {
  const card = { width: 152, height: 44, gap: 10 };
  const node = { width: 110, height: 60 };
  const gap = 100;
  const meet = 44;
  const column = (index: number) => card.width + meet + 72 + index * (node.width + gap);
  const stack = count * (card.height + card.gap) - card.gap;
  const top = Math.max(8, (stack - node.height) / 2 + 8);
  const below = top + node.height + 70;
  const at = (index: number, y: number): Place => ({ x: column(index), y, ...node });
  const places: Layout["stations"] = {
    bronze: at(0, top),
    promote: at(1, top),
    silver: at(2, top),
    rejected: at(2, below),
    refine: at(3, top),
    gold: at(4, top),
    catalog: at(4, below),
  };
  const axis = top + node.height / 2;
  const start = axis - stack / 2;
  const sources = Array.from({ length: count }, (_, index) => ({
    x: 1,
    y: start + index * (card.height + card.gap),
    width: card.width,
    height: card.height,
  }));
  const meeting = card.width + meet;
  const across = (from: Place, to: Place, left = right(from)): Drawn => ({
    line: line([left, axis], [to.x - 2, axis]),
    label: { at: [(left + to.x) / 2, axis], anchor: "middle", split: true },
  });
  const { bronze, promote, silver, rejected, refine, gold, catalog } = places;
  const low = middle(rejected);
  return {
    width: right(gold) + 8,
    height: Math.max(bottom(rejected), start + stack) + 8,
    sources,
    feeders: sources.map((source) => {
      const y = middle(source);
      const bend = right(source) + meet / 2;
      return `M${right(source)},${y} C${bend},${y} ${bend},${axis} ${meeting},${axis}`;
    }),
    stations: places,
    ways: {
      "sources-bronze": across(bronze, bronze, meeting),
      "bronze-promote": across(bronze, promote),
      "promote-silver": across(promote, silver),
      "promote-rejected": {
        line: line([centre(promote), bottom(promote)], [centre(promote), low], [rejected.x - 2, low]),
        label: { at: [(centre(promote) + rejected.x) / 2, low], anchor: "middle", split: true },
      },
      "silver-refine": across(silver, refine),
      "refine-rejected": {
        line: line([centre(refine), bottom(refine)], [centre(refine), low], [right(rejected) + 2, low]),
        label: { at: [(centre(refine) + right(rejected)) / 2, low], anchor: "middle", split: true },
      },
      "refine-gold": across(refine, gold),
      "gold-catalog": {
        line: line([centre(gold), bottom(gold)], [centre(gold), catalog.y - 2]),
        label: { at: [centre(gold) - 10, (bottom(gold) + catalog.y) / 2], anchor: "end", split: false },
      },
    },
  };
}

/** From top to bottom, for phones. */
function tall(count: number): Layout {
  const card = { width: 190, height: 44, gap: 8 };
  const node = { width: 118, height: 56 };
  const gap = 46;
  const trunk = card.width + 26;
  const first = count * (card.height + card.gap) + 30;
  const at = (index: number, x = 1): Place => ({ x, y: first + index * (node.height + gap), ...node });
  const places: Layout["stations"] = {
    bronze: at(0),
    promote: at(1),
    silver: at(2),
    rejected: at(2, 208),
    refine: at(3),
    gold: at(4),
    catalog: at(5),
  };
  const sources = Array.from({ length: count }, (_, index) => ({
    x: 1,
    y: 4 + index * (card.height + card.gap),
    width: card.width,
    height: card.height,
  }));
  const down = (from: Place, to: Place): Drawn => ({
    line: line([centre(from), bottom(from)], [centre(from), to.y - 2]),
    label: { at: [centre(from) + 12, (bottom(from) + to.y) / 2], anchor: "start", split: false },
  });
  const { bronze, promote, silver, rejected, refine, gold, catalog } = places;
  const aside = centre(rejected);
  return {
    width: 336,
    height: bottom(catalog) + 6,
    sources,
    feeders: sources.map((source) =>
      line([right(source), middle(source)], [trunk, middle(source)], [trunk, first - 20]),
    ),
    stations: places,
    ways: {
      "sources-bronze": {
        line: line([trunk, first - 20], [trunk, middle(bronze)], [right(bronze) + 2, middle(bronze)]),
        label: { at: [trunk + 10, middle(bronze) - 12], anchor: "start", split: false },
      },
      "bronze-promote": down(bronze, promote),
      "promote-silver": down(promote, silver),
      "promote-rejected": {
        line: line([right(promote), middle(promote)], [aside, middle(promote)], [aside, rejected.y - 2]),
        label: { at: [aside - 10, (middle(promote) + rejected.y) / 2 + 8], anchor: "end", split: false },
      },
      "silver-refine": down(silver, refine),
      "refine-rejected": {
        line: line([right(refine), middle(refine)], [aside, middle(refine)], [aside, bottom(rejected) + 2]),
        label: { at: [aside - 10, (middle(refine) + bottom(rejected)) / 2 - 2], anchor: "end", split: false },
      },
      "refine-gold": down(refine, gold),
      "gold-catalog": down(gold, catalog),
    },
  };
}

const marks: Readonly<Record<Progress, string | null>> = {
  done: "M-3.6,0.2 L-1,2.8 L3.8,-2.8",
  blocked: "M-3,-3 L3,3 M3,-3 L-3,3",
  moving: "M-3.6,0 h0.1 M0,0 h0.1 M3.6,0 h0.1",
  ahead: null,
};

const layers: ReadonlySet<string> = new Set(["bronze", "silver", "gold"]);

const mark = (state: Progress, x: number, y: number): Html | null =>
  marks[state] === null
    ? null
    : html`<g class="mark ${state}" transform="translate(${x} ${y})"><circle r="8"/><path d="${marks[state]}"/></g>`;

function drawStation(name: Station, flow: Flow, place: Place): Html {
  const { name: title, kind, state } = flow.stations[name];
  const { x, y, width, height } = place;
  const layer = name === "catalog" ? "gold" : layers.has(name) ? name : "";
  return html`<g class="station ${layer} ${state}"><rect x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/><text class="name" x="${centre(place)}" y="${y + height / 2 - 3}">${title}</text><text class="kind" x="${centre(place)}" y="${y + height / 2 + 16}">${kind}</text>${mark(state, x + width - 3, y + 3)}</g>`;
}

const fateStates: Readonly<Record<Source["fate"], Progress>> = {
  promoted: "done",
  rejected: "blocked",
  pending: "moving",
  missing: "ahead",
  withdrawn: "ahead",
};

/** The width of a file's box that its text does not use, in pixels. */
const padding = 20;

function drawSource({ name, note, fate }: Source, { x, y, width, height }: Place): Html {
  return html`<g class="source ${fate}"><rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/><text class="file" x="${x + 12}" y="${y + 19}">${fit(name, (width - padding) / 13.5)}</text><text class="kind" x="${x + 12}" y="${y + 36}">${fit(note, (width - padding) / 12.5)}</text>${mark(fateStates[fate], x + width - 3, y + 3)}</g>`;
}

function drawLabel({ at: [x, y], anchor, split }: Drawn["label"], counts: readonly string[]): Html[] {
  const pitch = 16;
  return counts.map((text, index) => {
    const offset = split ? (index === 0 ? -7 : 17) : 4.5 + (index - (counts.length - 1) / 2) * pitch;
    return html`<text class="count ${anchor}" x="${x}" y="${y + offset}">${text}</text>`;
  });
}

/** One picture; `id` is unique in the page. */
function draw(flow: Flow, layout: Layout, id: string): Html {
  const arrows = ["done", "moving", "blocked", "ahead"].map(
    (state) =>
      html`<marker id="${id}-${state}" class="${state}" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0 L10,5 L0,10 z"/></marker>`,
  );
  const feeders = layout.feeders.flatMap((way, index) => {
    const { fate } = flow.sources[index]!;
    return fate === "missing" ? [] : [html`<path class="way done" d="${way}"/>`];
  });
  const drawn = ways.map((way) => {
    const { state, counts } = flow.ways[way];
    const { line: path, label } = layout.ways[way];
    return html`<path class="way ${state}" d="${path}" marker-end="url(#${id}-${state})"/>${drawLabel(label, counts)}`;
  });
  return html`<svg id="${id}" class="flow ${id}" viewBox="0 0 ${layout.width} ${layout.height}" role="img" aria-labelledby="${id}-title" aria-describedby="${id}-words">
<title id="${id}-title">How far the batch has come, from its files to the catalog</title>
<desc id="${id}-words">${flow.words.join(" ")}</desc>
<defs>${arrows}</defs>
${feeders}${drawn}
${flow.sources.map((source, index) => drawSource(source, layout.sources[index]!))}
${stations.map((station) => drawStation(station, flow, layout.stations[station]))}
</svg>`;
}

/** How many files are drawn at most; the table below has all. */
const shownSources = 8;

/** The picture in two layouts, of which a screen shows the one that fits, and the same in sentences. */
export function flowSection(flow: Flow): Html {
  const more = flow.sources.length - shownSources;
  const shown: Flow = { ...flow, sources: flow.sources.slice(0, shownSources) };
  const count = shown.sources.length;
  return html`<section id="flow" aria-labelledby="flow-heading">
<h2 id="flow-heading">Flow</h2>
${draw(shown, wide(count), "wide")}
${draw(shown, tall(count), "tall")}
${more > 0 && html`<p class="note">${more} more files are in the table below.</p>`}
<details><summary>The same in words</summary>
<ol>${flow.words.map((sentence) => html`<li>${sentence}</li>`)}</ol>
</details>
</section>`;
}
