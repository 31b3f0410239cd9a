import { article } from "../../config/words.ts";
import type { DatasetReport } from "../../handlers/run/report.ts";
import { type Html, html } from "./html.ts";
import { ruleColours } from "./palette.ts";
import { counted, share, whole } from "./units.ts";

/** One fate of a dataset's rows, and the class that colours it. */
interface Part {
  readonly name: string;
  readonly rows: number;
  readonly fill: string;
}

export const sum = (counts: Readonly<Record<string, number>> = {}): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

const broken = (counts: Readonly<Record<string, number>> = {}) => Object.entries(counts).filter(([, rows]) => rows > 0);

/** In the order in which they are drawn; every row that was read is in one of them. */
function partsOf({ kept, deduplicated, rejected }: DatasetReport): Part[] {
  return [
    { name: "kept", rows: kept, fill: "fill-kept" },
    { name: "deduplicated", rows: deduplicated, fill: "fill-duplicate" },
    ...broken(rejected).map(([rule, rows], index) => ({ name: rule, rows, fill: `fill-rule${index % ruleColours}` })),
  ];
}

const scale = 1000;

/** Bars side by side, as wide as their share of the rows, but never too thin to be seen. */
function bars(parts: readonly Part[], y: number, height: number): Html[] {
  const total = parts.reduce((rows, part) => rows + part.rows, 0);
  const least = 3;
  const shown = parts.filter(({ rows }) => rows > 0);
  const thin = shown.filter(({ rows }) => (rows / total) * scale < least);
  const rest = total - thin.reduce((rows, part) => rows + part.rows, 0);
  let x = 0;
  return shown.map((part) => {
    const width = thin.includes(part) ? least : (part.rows / rest) * (scale - thin.length * least);
    const left = x;
    x += width;
    const gap = x < scale - 0.01 && width > least ? 1.5 : 0;
    return html`<rect class="${part.fill}" x="${left.toFixed(2)}" y="${y}" width="${(width - gap).toFixed(2)}" height="${height}"><title>${part.name}: ${counted(part.rows, "row")}</title></rect>`;
  });
}

/** If less than this share of the rows was not kept, a lens shows the rules, which are too thin to tell apart. */
const lensBelow = 0.25;

function picture(name: string, report: DatasetReport): Html {
  const [kept, ...others] = partsOf(report) as [Part, ...Part[]];
  const lost = others.reduce((rows, part) => rows + part.rows, 0);
  const isSmall = lost > 0 && lost < lensBelow * report.read;
  const from = Math.min(scale - 3, (kept.rows / report.read) * scale);
  return html`<svg class="bar rows ${isSmall && "magnified"}" viewBox="0 0 ${scale} ${isSmall ? 54 : 20}" preserveAspectRatio="none" role="img" aria-label="${name}: ${sentence(report)}">
${bars([kept, ...others], 0, 20)}${isSmall && html`<path class="lens" d="M${from.toFixed(2)},21 L${scale},21 L${scale},33 L0,33 z"/>${bars(others, 34, 20)}`}
</svg>`;
}

/** `20,000 read = 19,423 kept + 469 deduplicated + 108 rejected` */
export const sentence = ({ read, kept, deduplicated, rejected }: DatasetReport): string =>
  `${whole(read)} read = ${whole(kept)} kept + ${whole(deduplicated)} deduplicated + ${whole(sum(rejected))} rejected`;

const swatch = (fill: string) =>
  html`<svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><rect class="${fill}" width="10" height="10" rx="3"/></svg>`;

function fates(name: string, report: DatasetReport): Html {
  const { read, kept, warned, orphans, rejected } = report;
  const line = (part: Part, of: number) =>
    html`<tr><th scope="row">${part.fill !== "" && swatch(part.fill)}${part.name}</th><td class="num">${whole(part.rows)}</td><td class="num">${share(part.rows, of)}</td></tr>`;
  const [all, repeated, ...rules] = partsOf(report) as [Part, Part, ...Part[]];
  const noted = [
    ...broken(warned).map(([rule, rows]) => ({ name: `${rule} (warned)`, rows, fill: "" })),
    ...broken(orphans).map(([column, rows]) => ({ name: `${column} (orphan)`, rows, fill: "" })),
  ];
  const clean = Object.keys(rejected).filter((rule) => rejected[rule] === 0);
  return html`<table>
<caption class="unseen">What became of the rows of ${name}</caption>
<thead><tr><th scope="col">Fate</th><th scope="col" class="num">Rows</th><th scope="col" class="num">Share</th></tr></thead>
<tbody>${line(all, read)}${line(repeated, read)}</tbody>
<tbody><tr class="sub"><th colspan="3" scope="rowgroup">Rejected by rule: ${whole(sum(rejected))}</th></tr>${rules.map((rule) => line(rule, read))}</tbody>
${noted.length > 0 && html`<tbody><tr class="sub"><th colspan="3" scope="rowgroup">Of the kept rows</th></tr>${noted.map((part) => line(part, kept))}</tbody>`}
</table>
${clean.length > 0 && html`<p class="about">No row broke ${clean.join(", ")}.</p>`}`;
}

function card(name: string, report: DatasetReport): Html {
  return html`<article class="card">
<div class="head"><h3>${name}</h3><span class="soft">${counted(report.read, "row")} read</span></div>
${report.read > 0 ? html`${picture(name, report)}${fates(name, report)}` : html`<p class="about">No row came: the dataset is optional, or its file is empty.</p>`}
</article>`;
}

/**
 * @param why shown instead of the numbers when no run has counted any
 * @param command shows the rows that were rejected
 */
export function rowsSection(datasets: Readonly<Record<string, DatasetReport>>, why: string, command: string): Html {
  const entries = Object.entries(datasets);
  const rejected = entries.reduce((rows, [, dataset]) => rows + sum(dataset.rejected), 0);
  return html`<section id="rows" aria-labelledby="rows-heading">
<h2 id="rows-heading">Rows</h2>
${
  entries.length === 0
    ? html`<p class="soft">${why}</p>`
    : html`<p class="soft">For each dataset, read = kept + deduplicated + rejected. Where only a small part was not kept, the lower bar shows that part alone, magnified.</p>
<div class="cards">${entries.map(([name, report]) => card(name, report))}</div>
${rejected > 0 && html`<p class="note">See the rejected rows, each with its rule: <code>${command}</code></p>`}`
}
</section>`;
}

/** The fields found that differ from the declared ones. */
export function driftSection(datasets: Readonly<Record<string, DatasetReport>>): Html | null {
  const entries = Object.entries(datasets);
  if (entries.length === 0) return null;
  const lines = entries.flatMap(([dataset, { drift }]) => [
    ...(drift?.changed ?? []).map(({ name, found, rows }) => ({
      dataset,
      field: name,
      what: `${article(found)} in ${counted(rows, "row")}`,
    })),
    ...(drift?.absent ?? []).map((field) => ({ dataset, field, what: "absent from every row" })),
    ...(drift?.undeclared ?? []).map(({ name, rows }) => ({
      dataset,
      field: name,
      what: `not declared, in ${counted(rows, "row")}`,
    })),
  ]);
  return html`<section id="drift" aria-labelledby="drift-heading">
<h2 id="drift-heading">Drift</h2>
${
  lines.length === 0
    ? html`<p class="soft">Every field found is declared and has its declared type.</p>`
    : html`<div class="scroll" role="region" aria-labelledby="drift-caption" tabindex="0"><table>
<caption id="drift-caption">Fields that are not as declared</caption>
<thead><tr><th scope="col">Dataset</th><th scope="col">Field</th><th scope="col">What</th></tr></thead>
<tbody>${lines.map(
        ({ dataset, field, what }) =>
          html`<tr><td>${dataset}</td><th scope="row" class="text"><bdi>${field}</bdi></th><td>${what}</td></tr>`,
      )}</tbody>
</table></div>`
}
</section>`;
}
