import type { Json } from "@duckdb/node-api";
import type { GoldStory, Story } from "../story/story.ts";
import { cut, type Html, html } from "./html.ts";
import type { Chart, Histogram, OutputProfile, TopValues } from "./profile.ts";
import { bytes, counted, share, whole } from "./units.ts";

/** A struct or a long text would make its column as wide as a page. */
const shownLength = 40;

/** An exact number, grouped: `1234567.80` as `1,234,567.80`; any other text as it is. */
export const grouped = (text: string): string =>
  /^-?\d+(\.\d+)?$/.test(text) ? text.replace(/^-?\d+/, (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ",")) : text;

function cell(value: Json, isNumber: boolean): Html {
  if (value === null) return html`<td class="soft ${isNumber && "num"}">null</td>`;
  if (isNumber) return html`<td class="num">${grouped(String(value))}</td>`;
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return html`<td><bdi>${cut(text, shownLength)}</bdi></td>`;
}

function sampleTable({ output, columns, sample }: OutputProfile): Html {
  const id = `sample-${output}`;
  return html`<div class="scroll" role="region" aria-labelledby="${id}" tabindex="0"><table class="sample">
<caption id="${id}">The first ${counted(sample.length, "row")}; times are UTC</caption>
<thead><tr>${columns.map(({ name, isNumber }) => html`<th scope="col" class="${isNumber && "num"}">${name}</th>`)}</tr></thead>
<tbody>${sample.map((row) => html`<tr>${row.map((value, index) => cell(value, columns[index]!.isNumber))}</tr>`)}</tbody>
</table></div>`;
}

function histogram(chart: Histogram): Html {
  const { column, bins, least, median, greatest, below, above } = chart;
  const [from, to] = [grouped(chart.from), grouped(chart.to)];
  const most = Math.max(...bins);
  const height = 76;
  const width = 1000 / bins.length;
  const gap = Math.min(4, width / 8);
  const text = `Histogram of ${column} in ${counted(bins.length, "bin")} from ${from} to ${to}, median ${grouped(median)}: ${bins.map(whole).join(", ")} rows.`;
  const outliers = [
    ...(below > 0 ? [`${counted(below, "row")} below, down to ${grouped(least)}`] : []),
    ...(above > 0 ? [`${counted(above, "row")} above, up to ${grouped(greatest)}`] : []),
  ];
  return html`<svg class="bar histogram" viewBox="0 0 1000 ${height}" preserveAspectRatio="none" role="img" aria-label="${text}">${bins.map(
    (rows, index) => {
      const tall = rows === 0 ? 0 : Math.max(1.5, (rows / most) * height);
      return html`<rect x="${(index * width).toFixed(2)}" y="${(height - tall).toFixed(2)}" width="${(width - gap).toFixed(2)}" height="${tall.toFixed(2)}"/>`;
    },
  )}</svg>
<p class="ends"><span>${from}</span><span>median ${grouped(median)}</span><span>${to}</span></p>
${outliers.length > 0 && html`<p class="about">${outliers.join("; ")}</p>`}`;
}

function topValues({ column, values, distinct, nulls }: TopValues, rows: number): Html {
  const most = Math.max(...values.map((value) => value.rows));
  const others = rows - nulls - values.reduce((sum, value) => sum + value.rows, 0);
  const more = distinct - values.length;
  return html`<table class="values">
<caption class="unseen">The most frequent values of ${column}</caption>
<thead class="unseen"><tr><th scope="col">Value</th><th scope="col">Bar</th><th scope="col">Rows</th></tr></thead>
<tbody>${values.map(
    ({ value, rows: count }) =>
      html`<tr><th scope="row"><bdi>${value === "" ? "(empty)" : cut(value, shownLength)}</bdi></th><td class="share-cell"><svg class="share" aria-hidden="true"><rect class="track" width="100%" height="10" rx="2"/><rect class="value" width="${((100 * count) / most).toFixed(2)}%" height="10" rx="2"/></svg></td><td class="num">${whole(count)}</td></tr>`,
  )}</tbody>
</table>
${more > 0 && html`<p class="about">${counted(more, "other value")} in ${counted(others, "row")}</p>`}`;
}

function chart(one: Chart, { rows, columns }: OutputProfile): Html {
  const type = columns.find(({ name }) => name === one.column)?.type;
  return html`<figure class="card"><figcaption class="head"><h4>${one.column}</h4><span class="soft">${type}</span></figcaption>
${one.kind === "histogram" ? histogram(one) : topValues(one, rows)}
${one.nulls > 0 && html`<p class="about">null in ${counted(one.nulls, "row")}, ${share(one.nulls, rows)}</p>`}</figure>`;
}

function output(one: OutputProfile, query: (name: string) => string): Html {
  return html`<h3>${one.output}</h3>
<p class="soft">${counted(one.rows, "row")}, ${counted(one.columns.length, "column")}.</p>
${
  one.rows === 0
    ? html`<p>The run found nothing to write: the output is empty.</p>`
    : html`${sampleTable(one)}
${one.charts.length > 0 && html`<div class="cards charts">${one.charts.map((column) => chart(column, one))}</div>`}
<p class="note">Ask for more: <code>${query(one.output)}</code></p>`
}`;
}

function unread({ output: name, files }: GoldStory, query: (name: string) => string): Html {
  const size = files.reduce((sum, file) => sum + file.bytes, 0);
  return html`<h3>${name}</h3>
<p class="soft">Its ${counted(files.length, "file")} of ${bytes(size)} were not read for this page.</p>
<p class="note">Ask for its rows: <code>${query(name)}</code></p>`;
}

/** What readers see of a batch. For an output without a profile it only shows how to query it. */
export function goldSection({ batch, gold }: Story, profiles: readonly OutputProfile[], choice: string): Html {
  const query = (name: string) => `npm run query -- "from ${name} limit 100" --batch ${batch} ${choice}`.trim();
  return html`<section id="gold" aria-labelledby="gold-heading">
<h2 id="gold-heading">Gold</h2>
${gold.length === 0 && html`<p class="soft">Nothing of this batch is published, so readers see no row of it.</p>`}
${gold.map((one) => {
  const found = profiles.find((profile) => profile.output === one.output);
  return found ? output(found, query) : unread(one, query);
})}
</section>`;
}
