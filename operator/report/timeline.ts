import { type Html, html } from "./html.ts";
import { duration, moment } from "./units.ts";

/** Something that took time, or happened at one moment. Milliseconds since the epoch. */
export interface Step {
  readonly name: string;
  readonly what: string;
  readonly from: number;
  /** Null while it goes on. */
  readonly to: number | null;
  /** Its colour. */
  readonly fill: "bronze" | "silver" | "kept" | "good" | "bad";
}

export interface Timeline {
  readonly files: readonly Step[];
  readonly run: readonly Step[];
  /** Used as the end of a step that has not ended. */
  readonly now: number;
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const pitches = [
  ...[0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30].map((count) => count * second),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * minute),
  ...[1, 2, 3, 6, 12].map((count) => count * hour),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].map((count) => count * day),
];

/** Times after the beginning at which a line is drawn: five at the most, at round distances. */
export function ticks(span: number): number[] {
  const pitch = pitches.find((length) => span / length <= 4.5) ?? span;
  return Array.from({ length: Math.floor(span / pitch) + 1 }, (_, index) => index * pitch);
}

const percent = (part: number) => `${(100 * part).toFixed(2)}%`;

/** Round: `30 s`, `2 min`, `6 h`. */
const tickText = (milliseconds: number): string => {
  const units = [
    [day, "d"],
    [hour, "h"],
    [minute, "min"],
    [second, "s"],
  ] as const;
  const [length, unit] = units.find(([length]) => milliseconds >= length) ?? [second, "s"];
  return `${Number((milliseconds / length).toFixed(1))} ${unit}`;
};

function axis(span: number): { readonly grid: Html[]; readonly head: Html } {
  const marks = ticks(span).map((at) => ({ at, x: span === 0 ? 0 : at / span }));
  return {
    grid: marks.map(({ x }) => html`<line class="grid" x1="${percent(x)}" x2="${percent(x)}" y2="100%"/>`),
    head: html`<svg aria-hidden="true">${marks.map(
      ({ at, x }) =>
        html`<text class="tick ${x < 0.04 ? "first" : x > 0.93 ? "last" : ""}" x="${percent(x)}" y="21">${at === 0 ? "0" : tickText(at)}</text>`,
    )}</svg>`,
  };
}

function table(id: string, caption: string, steps: readonly Step[], now: number): Html {
  const begin = Math.min(...steps.map(({ from }) => from));
  const end = Math.max(...steps.map(({ from, to }) => to ?? Math.max(from, now)));
  const span = end - begin;
  const { grid, head } = axis(span);
  const bar = ({ from, to, fill }: Step) => {
    const x = span === 0 ? 0 : (from - begin) / span;
    const width = span === 0 ? 0 : ((to ?? Math.max(from, now)) - from) / span;
    if (width < 0.006) return html`<circle class="fill-${fill}" cx="${percent(x)}" cy="50%" r="5.5"/>`;
    return html`<rect class="fill-${fill}" x="${percent(x)}" width="${percent(width)}" y="50%" height="12" rx="3" transform="translate(0 -6)"/>`;
  };
  return html`<div class="scroll"><table class="steps" id="${id}">
<caption>${caption}, from ${moment(begin)}</caption>
<thead><tr><th scope="col">Step</th><td class="chart">${head}</td><th scope="col" class="num">Took</th></tr></thead>
<tbody>${steps.map(
    (step) =>
      html`<tr><th scope="row" class="text"><bdi>${step.name}</bdi><small>+${duration(step.from - begin)}, ${step.what}</small></th><td class="chart"><svg aria-hidden="true">${grid}${bar(step)}</svg></td><td class="num">${took(step)}</td></tr>`,
  )}</tbody>
</table></div>`;
}

const took = ({ from, to }: Step): string => {
  if (to === null) return "goes on";
  return to === from ? "–" : duration(to - from);
};

/** A run that takes less than this part of the whole has an axis of its own. */
const ownAxisBelow = 0.2;

export function timelineSection({ files, run, now }: Timeline): Html {
  const all = [...files, ...run];
  const extent = (steps: readonly Step[]) =>
    Math.max(...steps.map(({ from, to }) => to ?? Math.max(from, now))) - Math.min(...steps.map(({ from }) => from));
  const isApart = files.length > 0 && run.length > 0 && extent(run) < ownAxisBelow * extent(all);
  const body =
    all.length === 0
      ? html`<p class="soft">Nothing has happened yet.</p>`
      : isApart
        ? html`${table("files-time", "The files", files, now)}<p class="note">The run took little of that time, so it has an axis of its own.</p>${table("run-time", "The run", run, now)}`
        : table("time", "Every step", all, now);
  return html`<section id="timeline" aria-labelledby="timeline-heading">
<h2 id="timeline-heading">Timeline</h2>
${body}
</section>`;
}
