import type { Limit, Unit } from "./benchmark.ts";
import type { Result, Spread } from "./statistics.ts";

/** Three significant digits; a larger number keeps its whole digits, in groups. */
export function number(value: number): string {
  if (value === 0) return "0";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

const spread = ({ median, least, greatest }: Spread, text: (value: number) => string, unit = ""): string =>
  `${text(median)}${unit}${least === greatest ? "" : ` (${text(least)}–${text(greatest)})`}`;

const figure = (value: Spread, unit: Unit) => spread(value, number, ` ${unit}`);

const times = (value: number) => `${value >= 9.995 ? number(value) : value.toFixed(2)}×`;

function limitText({ kind, bound, of }: Limit, unit: Unit): string {
  return `${kind} ${of === "ratio" ? `${bound}×` : `${bound} ${unit}`}`;
}

const verdict = (holds: boolean) => (holds ? "holds" : "does not hold");

const heading = ["", "measured", "baseline", "", "ratio", "limit", ""];

/** The lines of a Markdown table, with aligned columns, so that the source is readable too. */
export function table(results: readonly Result[]): string[] {
  const rows = results.map(({ line, figure: value, baseline, ratio, holds }) => [
    line.what,
    figure(value, line.unit),
    line.baseline?.what ?? "",
    baseline ? figure(baseline, line.unit) : "",
    ratio ? spread(ratio, times) : "",
    line.limit ? limitText(line.limit, line.unit) : "",
    holds === undefined ? "" : verdict(holds),
  ]);
  const all = [heading, ...rows];
  const widths = heading.map((_, column) => Math.max(3, ...all.map((row) => row[column]!.length)));
  const text = (row: readonly string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  return [text(heading), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...rows.map(text)];
}
