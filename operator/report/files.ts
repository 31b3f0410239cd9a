import { listed } from "../../config/words.ts";
import type { DatasetStory, FileFate, FileStory, Story, UploadStory } from "../story/story.ts";
import { type Html, html } from "./html.ts";
import { missingDatasets, type Tone } from "./subject.ts";
import { bytes, moment } from "./units.ts";

const fates: Readonly<Record<FileFate, readonly [Tone | "quiet", string]>> = {
  published: ["good", "published"],
  read: ["good", "read earlier"],
  running: ["busy", "being read"],
  promoted: ["good", "promoted"],
  rejected: ["bad", "rejected"],
  withdrawn: ["quiet", "withdrawn"],
  expired: ["bad", "expired"],
};

export const badge = (tone: Tone | "quiet", word: string): Html => html`<span class="badge ${tone}">${word}</span>`;

function line({ key, dataset, fate, bytes: size, uploadedAt, runs, rejection }: FileStory): Html {
  const [tone, word] = fates[fate];
  return html`<tr><th scope="row" class="text"><bdi>${key}</bdi></th><td>${dataset}</td><td>${badge(tone, word)}</td><td class="text">${
    rejection
      ? html`${rejection.reason}; ${rejection.fix} <code>${rejection.code}</code>`
      : runs.length > 0
        ? `given to run ${listed(runs.map(String))}`
        : "waits for the other files of its batch"
  }</td><td class="num">${bytes(size)}</td><td class="num">${moment(uploadedAt)}</td></tr>`;
}

function missing({ name, keys }: DatasetStory): Html {
  return html`<tr><th scope="row" class="text"><bdi>${keys[0]}</bdi></th><td>${name}</td><td>${badge("wait", "not there")}</td><td class="text">${keys.length > 1 ? `expected, or ${listed(keys.slice(1))}` : "expected"}</td><td class="num">–</td><td class="num">–</td></tr>`;
}

function undecided({ key, bytes: size, uploadedAt, skipped }: UploadStory): Html {
  return html`<tr><th scope="row" class="text"><bdi>${key}</bdi></th><td>–</td><td>${skipped ? badge("quiet", "skipped") : badge("busy", "arrived")}</td><td class="text">${skipped ? `${skipped.reason}; ${skipped.fix}` : "promote has yet to look at it"}</td><td class="num">${bytes(size)}</td><td class="num">${moment(uploadedAt)}</td></tr>`;
}

export function filesSection(story: Story): Html {
  const absent = missingDatasets(story);
  return html`<section id="files" aria-labelledby="files-heading">
<h2 id="files-heading">Files</h2>
${
  story.files.length + story.undecided.length + absent.length === 0
    ? html`<p class="soft">No file has come, and none is required.</p>`
    : html`<div class="scroll" role="region" aria-labelledby="files-caption" tabindex="0"><table class="stack">
<caption id="files-caption">Newest version of each file, and what became of it</caption>
<thead><tr><th scope="col">File</th><th scope="col">Dataset</th><th scope="col">Fate</th><th scope="col">Why</th><th scope="col" class="num">Size</th><th scope="col" class="num">Uploaded</th></tr></thead>
<tbody>${story.files.map(line)}${story.undecided.map(undecided)}${absent.map(missing)}</tbody>
</table></div>`
}
</section>`;
}
