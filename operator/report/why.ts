import { own } from "../../config/plain.ts";
import type { Explanation, Finding } from "../story/explain.ts";
import type { Story } from "../story/story.ts";
import { type Html, html } from "./html.ts";

/** Isolates a file's name, since one that is written from right to left must not reorder the words after it. */
const isolated = (text: string, subject: string): Html[] =>
  text.split(subject).map((part, index) => html`${index > 0 && html`<bdi>${subject}</bdi>`}${part}`);

function item({ kind, subject, what, details, steps }: Finding): Html {
  return html`<li class="${kind === "blocks" ? "blocks" : "hint"}"><p>${isolated(what, subject)}</p>
${details.length > 0 && html`<ul class="details">${details.map((detail) => html`<li>${detail}</li>`)}</ul>`}
${steps.map(({ does, command }) => html`<p class="next">${does}${command !== null && html`: <code>${command}</code>`}</p>`)}</li>`;
}

/** The findings of `pipeline explain`, without those that the section on rows shows; null when there are none. */
export function whySection({ findings }: Explanation, { contract }: Story): { title: string; content: Html } | null {
  const shown = findings.filter(
    ({ kind, subject }) => kind === "blocks" || own(contract.datasets, subject) === undefined,
  );
  if (shown.length === 0) return null;
  const isBlocked = shown.some(({ kind }) => kind === "blocks");
  return {
    title: isBlocked ? "Why" : "Notes",
    content: html`<section id="why" aria-labelledby="why-heading">
<h2 id="why-heading">${isBlocked ? "Why nothing new is published" : "Worth knowing"}</h2>
<ul class="findings">${shown.map(item)}</ul>
</section>`,
  };
}
