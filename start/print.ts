import type { DatasetReport } from "../handlers/run/report.ts";
import { megabytes, whole } from "../terminal/status.ts";
import type { Style } from "../terminal/style.ts";
import { table } from "../terminal/table.ts";
import type { Agreement } from "./agreement.ts";
import type { Comparison } from "./compare.ts";
import type { BatchResult, Files, Seconds } from "./summary.ts";

const sum = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((total, count) => total + count, 0);
const indent = (line: string) => `  ${line}`;

export function filesText(files: Files, { green, red, yellow, bold }: Style): string[] {
  const rows = [
    ...files.promoted.map(({ key, bytes }) => ["promoted", key, megabytes(bytes)]),
    ...files.rejected.map(({ key, code, reason, fix }) => ["rejected", key, `${code}: ${reason}; ${fix}`]),
    ...files.skipped.map(({ key, reason, fix }) => ["skipped", key, `${reason}; ${fix}`]),
  ];
  const colours = [
    ...files.promoted.map(() => green),
    ...files.rejected.map(() => red),
    ...files.skipped.map(() => yellow),
  ];
  const lines = table(rows, 3).map((line, index) => {
    const [word] = rows[index]!;
    return indent(colours[index]!(word!) + line.slice(word!.length));
  });
  return [bold("Files"), ...lines];
}

export function rowsText(
  datasets: Readonly<Record<string, DatasetReport>>,
  { bold, dim }: Style,
  before = "",
): string[] {
  const entries = Object.entries(datasets);
  if (entries.length === 0) return [];
  const counts = entries.map(([name, { lines, malformed, kept, rejected, deduplicated, orphans }]) => [
    name,
    ...[lines, malformed, kept, sum(rejected), deduplicated, sum(orphans)].map(whole),
  ]);
  const [head, ...lines] = table([
    ["", "lines", "malformed", "kept", "rejected", "deduplicated", "orphans"],
    ...counts,
  ]);
  const notes = entries.flatMap(([name, report]) => notesOf(report).map((note) => indent(dim(`${name} ${note}`))));
  return [bold(`${before}Rows`), indent(dim(head!)), ...lines.map(indent), ...notes];
}

/** Notes for the producer: rules that rows broke, and fields that differ from the declared ones. */
function notesOf({ rejected, warned, drift }: DatasetReport): string[] {
  const broken = (what: string, counts: Readonly<Record<string, number>>) => {
    const rules = Object.entries(counts).filter(([, count]) => count > 0);
    return rules.length === 0 ? [] : [`${what}: ${rules.map(([rule, count]) => `${rule} ${whole(count)}`).join(", ")}`];
  };
  const undeclared = Object.fromEntries(drift.undeclared.map(({ name, rows }) => [name, rows]));
  const changed = Object.fromEntries(drift.changed.map(({ name, rows }) => [name, rows]));
  return [
    ...broken("rejected", rejected),
    ...broken("kept in spite of", warned),
    ...broken("has fields that are not declared", undeclared),
    ...broken("has values of another type", changed),
    ...(drift.absent.length > 0 ? [`lacks in every row: ${drift.absent.join(", ")}`] : []),
  ];
}

export function stateText(result: BatchResult, { green, red, yellow, bold }: Style): string {
  const run = result.run === null ? "" : `, run ${result.run}`;
  if (result.state === "published") return `${green("✔")} ${bold(`batch ${result.batch}${run} is published`)}`;
  const mark = result.state === "failed" ? red("✖") : yellow("…");
  return `${mark} ${bold(`batch ${result.batch} ${result.state === "failed" ? "failed" : "is waiting"}`)}: ${result.reason}`;
}

export function secondsText({ setup, generate, upload, uploadToPublished, total }: Seconds, { bold }: Style): string[] {
  const rows = Object.entries({
    "set up the local AWS": setup,
    "generate the data": generate,
    upload,
    "from upload to published": uploadToPublished,
    total,
  });
  const spent = rows.filter(([, seconds]) => seconds > 0);
  return [bold("Time"), ...table(spent.map(([what, seconds]) => [what, `${seconds.toFixed(1)} s`])).map(indent)];
}

const shownDifferences = 5;

export function answerText({ matches, differences, compared }: Comparison, { green, red }: Style): string[] {
  if (matches) return [`${green("✔")} equals the known answer of the generator in all ${whole(compared)} values`];
  const more = differences.length - shownDifferences;
  return [
    `${red("✖")} differs from the known answer of the generator in ${differences.length} of ${whole(compared)} values:`,
    ...differences.slice(0, shownDifferences).map(indent),
    ...(more > 0 ? [indent(`and ${more} more in summary.json`)] : []),
  ];
}

/** Whether two engines have made the same of a batch. */
export function agreementText(
  { batch, engines, differences, cells, counts }: Agreement,
  { green, red }: Style,
): string[] {
  const [one, other] = engines;
  if (differences.length === 0)
    return [
      `${green("✔")} batch ${batch}: ${one} and ${other} agree in all ${whole(cells)} values and ${whole(counts)} counts`,
    ];
  return [`${red("✖")} batch ${batch}: ${one} and ${other} differ:`, ...differences.map(indent)];
}
