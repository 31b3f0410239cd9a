import type { Run } from "../../handlers/ledger/document.ts";
import { engineNames } from "../story/engineNames.ts";
import type { JobRunStory, RunStory, Story } from "../story/story.ts";
import { badge } from "./files.ts";
import { type Html, html } from "./html.ts";
import type { Subject, Tone } from "./subject.ts";
import { duration, moment } from "./units.ts";

const tones: Readonly<Record<RunStory["run"]["state"], Tone | "quiet">> = {
  claimed: "busy",
  started: "busy",
  failed: "bad",
  published: "good",
  superseded: "quiet",
};

function causeText({ run: { cause } }: RunStory): string {
  if (cause.kind === "gate") return "the batch was complete";
  return cause.operation === "replay" ? "an operator replayed it" : "an operator ran it";
}

/** The engine, and what it took. Glue's time is what it bills. */
export function engineText({ engine }: Pick<Run, "engine">, jobRuns: readonly JobRunStory[]): string {
  const seconds = jobRuns.reduce((sum, { job }) => sum + (job?.seconds ?? 0), 0);
  if (seconds === 0) return engineNames[engine];
  return `${duration(seconds * 1000)} ${engine === "glue" ? "paid " : ""}in ${engineNames[engine]}`;
}

function line(story: RunStory, readers: number | undefined): Html {
  const { run, jobRuns } = story;
  const isUnfit = run.failure?.kind === "unfit";
  return html`<tr><th scope="row" class="num" data-label="run">${run.run}</th><td>${isUnfit ? badge("quiet", "unfit") : badge(tones[run.state], run.state)}</td><td class="text">${causeText(story)}${run.run === readers && "; readers see it"}${isUnfit && "; DuckDB could not do it, so Glue got its files"}${run.failure && html`; <span class="reason">${run.failure.message}</span>`}</td><td class="num" data-label="claimed">${moment(run.claimedAt)}</td><td class="num" data-label="to its end">${run.settledAt === null ? "goes on" : duration(run.settledAt - run.claimedAt)}</td><td class="num" data-label="engine">${engineText(run, jobRuns)}</td></tr>`;
}

export function runsSection({ runs, document }: Story): Html {
  return html`<section id="runs" aria-labelledby="runs-heading">
<h2 id="runs-heading">Runs</h2>
${
  runs.length === 0
    ? html`<p class="soft">No run has been claimed yet.</p>`
    : html`<div class="scroll" role="region" aria-labelledby="runs-caption" tabindex="0"><table class="stack">
<caption id="runs-caption">Every run of the batch, the newest first</caption>
<thead><tr><th scope="col" class="num">Run</th><th scope="col">State</th><th scope="col">Why</th><th scope="col" class="num">Claimed</th><th scope="col" class="num">To its end</th><th scope="col" class="num">Engine</th></tr></thead>
<tbody>${runs.toReversed().map((story) => line(story, document.published?.run))}</tbody>
</table></div>`
}
</section>`;
}

const codeOf = ({ engine, release }: Run): string =>
  (engine === "embedded" && release.embedded?.functionArn) || release.engine.uri;

/** Where everything is stored, for those who look further. */
export function placesSection({ stack, document, gold }: Story, { run, jobRun, report }: Subject): Html {
  const uri = (text: string) => html`<code>${text}</code>`;
  const entries: (readonly [string, Html | string])[] = [
    ["Ledger document", html`revision ${document.revision}, of ${stack}`],
    ...gold.map(({ output, uri: place }) => [`Published ${output}`, uri(place)] as const),
    ...(report ? [["Manifest", uri(report.manifest.uri)] as const] : []),
    ...(run && jobRun ? [[`Job run of ${engineNames[run.run.engine]}`, uri(jobRun.id)] as const] : []),
    ...(jobRun?.rejectedRows ?? []).map(
      ({ dataset, uri: place }) => [`Rejected rows of ${dataset}`, uri(place)] as const,
    ),
    ...(report ? [["Engine", `${report.engine.name} ${report.engine.version ?? ""}`.trim()] as const] : []),
    ...(run
      ? [
          ["Engine's code", uri(codeOf(run.run))] as const,
          ["Contract", uri(run.run.release.contract.uri)] as const,
          ["Plan", uri(run.run.release.plan.uri)] as const,
        ]
      : []),
  ];
  return html`<section id="places" aria-labelledby="places-heading">
<h2 id="places-heading">Where it lies</h2>
<dl class="places">${entries.map(([name, place]) => html`<dt>${name}</dt><dd>${place}</dd>`)}</dl>
</section>`;
}
