import type { RunReport } from "../../handlers/run/report.ts";
import { badge } from "./files.ts";
import { type Html, html } from "./html.ts";
import { counted } from "./units.ts";

/** The checks that the run had to pass before publication, failed ones first. */
export function checksSection(report: RunReport | null, why: string): Html {
  const checks = [...(report?.checks ?? [])].sort((a, b) => Number(a.passed) - Number(b.passed));
  const failed = checks.filter(({ passed }) => !passed).length;
  return html`<section id="checks" aria-labelledby="checks-heading">
<h2 id="checks-heading">Checks</h2>
${
  checks.length === 0
    ? html`<p class="soft">${why}</p>`
    : html`<div class="scroll" role="region" aria-labelledby="checks-caption" tabindex="0"><table class="stack">
<caption id="checks-caption">${failed === 0 ? `All ${counted(checks.length, "check")} passed` : `${failed} of ${counted(checks.length, "check")} failed, so nothing was published`}</caption>
<thead><tr><th scope="col">Check</th><th scope="col">Result</th><th scope="col">What was found</th></tr></thead>
<tbody>${checks.map(
        ({ name, passed, detail }) =>
          html`<tr><th scope="row" class="text">${name}</th><td>${passed ? badge("good", "passed") : badge("bad", "failed")}</td><td class="text">${detail}</td></tr>`,
      )}</tbody>
</table></div>`
}
</section>`;
}
