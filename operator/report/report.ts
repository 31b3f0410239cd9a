import { createHash } from "node:crypto";
import { type Explanation, explain } from "../story/explain.ts";
import { fatesOf } from "../story/fates.ts";
import type { Story } from "../story/story.ts";
import { checksSection } from "./checks.ts";
import { badge, filesSection } from "./files.ts";
import { flowSection } from "./flow.ts";
import { flowOf } from "./flowOf.ts";
import { goldSection } from "./gold.ts";
import { type Html, html } from "./html.ts";
import type { OutputProfile } from "./profile.ts";
import { driftSection, rowsSection, sum } from "./rows.ts";
import { engineText, placesSection, runsSection } from "./runs.ts";
import { style } from "./style.ts";
import { isGood, missingDatasets, pendingUploads, type Subject, subjectOf } from "./subject.ts";
import { timelineSection } from "./timeline.ts";
import { timelineOf } from "./timelineOf.ts";
import { bytes, counted, duration, moment, share, whole } from "./units.ts";
import { whySection } from "./why.ts";

/** What a page shows beside the story itself. */
export interface Extras {
  /** Profiles of the published outputs that were read. */
  readonly gold: readonly OutputProfile[];
  /** Added to each command that is shown: `--stack prod`; empty for the local stack. */
  readonly choice: string;
}

/** One self-contained HTML file: no script, and nothing is requested from anywhere. */
export function renderReport(story: Story, extras: Extras): string {
  const explanation = explain(story, extras.choice);
  const subject = subjectOf(story, explanation);
  const sections = sectionsOf(story, subject, explanation, extras);
  const policy = `default-src 'none'; style-src '${hash(style)}'; base-uri 'none'; form-action 'none'`;
  const title = `${story.batch}: ${subject.word.toLowerCase()}, ${story.contract.pipeline} ${story.environment}`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
`;
  return `${page.text}<style>${style}</style>
</head>
${body(story, subject, sections, extras).text}
</html>
`;
}

const hash = (text: string) => `sha256-${createHash("sha256").update(text).digest("base64")}`;

interface Section {
  readonly id: string;
  readonly title: string;
  readonly content: Html;
}

function body(story: Story, subject: Subject, sections: readonly Section[], { choice }: Extras): Html {
  return html`<body>
<a class="skip" href="#main">Skip to the content</a>
<div class="page">
<header>
<p class="eyebrow">${story.contract.pipeline}, ${story.stack}</p>
<div class="title"><h1>Batch ${story.batch}</h1>${badge(subject.tone, subject.word)}</div>
<p class="lead">${subject.lead}</p>
${figures(story, subject)}
<nav aria-label="On this page"><ul>${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
</header>
<main id="main" tabindex="-1">
${sections.map(({ content }) => content)}
</main>
<footer><p>As of ${moment(story.readAt)}. Made by <code>npm run pipeline -- report ${[story.batch, choice].join(" ").trim()}</code>; times are UTC, sizes decimal.</p></footer>
</div>
</body>`;
}

function sectionsOf(story: Story, subject: Subject, explanation: Explanation, { gold, choice }: Extras): Section[] {
  const { report, run } = subject;
  const datasets = fatesOf(report);
  const uncounted =
    run === null
      ? "No run has read the files yet, so no row was counted."
      : report === null
        ? `Run ${run.run.run} left no report, so no row was counted.`
        : `Run ${run.run.run} ended before it read a row.`;
  const found = whySection(explanation, story);
  const why = found ? [{ id: "why", ...found }] : [];
  const isPublished = story.verdict.state === "published";
  const drift = driftSection(datasets);
  return [
    ...(isPublished ? [] : why),
    { id: "flow", title: "Flow", content: flowSection(flowOf(story, subject)) },
    { id: "files", title: "Files", content: filesSection(story) },
    { id: "rows", title: "Rows", content: rowsSection(datasets, uncounted, rejectsCommand(story, subject, choice)) },
    ...(drift ? [{ id: "drift", title: "Drift", content: drift }] : []),
    ...(isPublished ? why : []),
    { id: "timeline", title: "Timeline", content: timelineSection(timelineOf(story, subject)) },
    { id: "checks", title: "Checks", content: checksSection(report, uncheckedText(subject)) },
    { id: "gold", title: "Gold", content: goldSection(story, gold, choice) },
    { id: "runs", title: "Runs", content: runsSection(story) },
    { id: "places", title: "Where it lies", content: placesSection(story, subject) },
  ];
}

const rejectsCommand = ({ batch }: Story, { run }: Subject, choice: string): string =>
  `npm run pipeline -- rejects ${batch} --run ${run?.run.run} ${choice}`.trim();

const uncheckedText = ({ run, report }: Subject): string =>
  run === null
    ? "No run has ended, so nothing was checked."
    : report === null
      ? `Run ${run.run.run} left no report, so nothing was checked.`
      : `Run ${run.run.run} ended before its first check.`;

/** The numbers that readers look for first. */
function figures(story: Story, { report, run, jobRun }: Subject): Html {
  const { files } = story;
  const good = files.filter(isGood).length;
  const arrived = [...files, ...pendingUploads(story)];
  const expected = arrived.length + missingDatasets(story).length;
  const datasets = Object.values(fatesOf(report));
  const read = datasets.reduce((rows, dataset) => rows + dataset.read, 0);
  const kept = datasets.reduce((rows, dataset) => rows + dataset.kept, 0);
  const rejected = datasets.reduce((rows, dataset) => rows + sum(dataset.rejected), 0);
  const written = Object.values(report?.outputs ?? {}).reduce((rows, output) => rows + output.rows, 0);
  const outputs = Object.keys(report?.outputs ?? {}).length;
  const failed = report?.checks.filter(({ passed }) => !passed).length ?? 0;
  const entries: (readonly [string, string, string | null])[] = [
    ["Good files", `${good} of ${expected}`, bytes(arrived.reduce((size, file) => size + file.bytes, 0))],
    ...deadline(story),
    ...(datasets.length > 0
      ? ([
          ["Rows read", whole(read), `${share(kept, read)} kept`],
          ["Rows rejected", whole(rejected), share(rejected, read)],
          ["Rows written", whole(written), outputs > 0 ? counted(outputs, "output") : null],
          ["Checks passed", `${report!.checks.length - failed} of ${report!.checks.length}`, null],
        ] as const)
      : []),
    ...(run
      ? ([
          [
            `Run ${run.run.run}`,
            run.run.settledAt === null ? "under way" : duration(run.run.settledAt - run.run.claimedAt),
            engineText(run.run, jobRun ? [jobRun] : []),
          ],
        ] as const)
      : ([["Runs", "none", null]] as const)),
  ];
  return html`<dl class="figures">${entries.map(
    ([name, value, note]) =>
      html`<div><dt>${name}</dt><dd>${value}${note !== null && html`<small>${note}</small>`}</dd></div>`,
  )}</dl>`;
}

/** The deadline of a batch that waits for files. */
function deadline({ verdict, dueAt, readAt }: Story): [string, string, string][] {
  if (dueAt === null || (verdict.state !== "waiting" && verdict.state !== "late")) return [];
  const isPast = dueAt <= readAt;
  return [[isPast ? "Late for" : "Late in", duration(Math.abs(dueAt - readAt)), `due ${moment(dueAt)}`]];
}
