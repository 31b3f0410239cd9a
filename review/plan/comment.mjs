/**
 * `node comment.mjs PULL_REQUEST STACK PLAN PREVIEW`: writes the plan of a stack and the output of `pulumi preview` to
 * one comment of the pull request. Later calls edit this comment. The script needs no installed packages, so the job
 * with write access runs no other code. PREVIEW may be missing.
 */
import { existsSync, readFileSync } from "node:fs";

/** GitHub refuses a body above 65,536 characters. */
const maxLength = 65_000;

/** Of these, what the end of a preview gets in any case: Pulumi's summary is there, and an error. */
const endRoom = 4_000;

const [number, stack, planFile, previewFile] = process.argv.slice(2);
const { GITHUB_API_URL: api, GITHUB_REPOSITORY: repository, GITHUB_TOKEN: token } = process.env;

const marker = `<!-- plan of ${stack} -->`;

/** Characters of a line. A longer value hides the change that it is a part of. */
const longValue = 300;

/** @returns `text` with each long line cut in its middle */
const shortened = (text) =>
  text
    .split("\n")
    .map((line) =>
      line.length <= longValue
        ? line
        : `${line.slice(0, longValue - 100)} … ${line.length - longValue} characters … ${line.slice(-100)}`,
    )
    .join("\n");

/** @returns at most `limit` characters from the end of `text`, where Pulumi's summary is */
const ending = (text, limit) =>
  text.length <= limit ? text : `… the beginning is in the job's log\n${text.slice(-limit)}`;

/** @returns whole lines from the beginning of a Markdown text, at most `limit` characters, with a fence closed again */
function beginning(text, limit) {
  if (text.length <= limit) return text;
  const kept = text.slice(0, text.lastIndexOf("\n", limit - 200) + 1);
  const [fence] = (kept.match(/^(`{3,}|~{3,})/gm) ?? []).reduce(
    (open, line) => (open.length === 0 ? [line] : open[0] === line ? [] : open),
    [],
  );
  return `${kept}${fence ? `${fence}\n` : ""}\n… the rest of the plan is in the summary of the job \`plan (${stack})\`\n`;
}

function body() {
  const plan = existsSync(planFile)
    ? readFileSync(planFile, "utf8")
    : `The plan of \`${stack}\` failed; its job says why.\n`;
  const text = `${marker}\n${beginning(plan, maxLength - endRoom)}`;
  if (!existsSync(previewFile)) return text;
  const [open, close] = ["\n<details><summary>pulumi preview</summary>\n\n~~~~text\n", "\n~~~~\n\n</details>\n"];
  const room = maxLength - text.length - open.length - close.length - 100;
  // A fence inside the preview would end our own fence.
  const preview = shortened(readFileSync(previewFile, "utf8")).replaceAll("~~~~", "~ ~ ~ ~");
  return `${text}${open}${ending(preview, room)}${close}`;
}

async function request(method, path, content) {
  const response = await fetch(`${api}/repos/${repository}${path}`, {
    method,
    headers: { accept: "application/vnd.github+json", authorization: `Bearer ${token}` },
    ...(content && { body: JSON.stringify(content) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** @returns our comment. Anybody can write the marker, so only a bot's comment counts. */
async function find() {
  for (let page = 1; ; page++) {
    const comments = await request("GET", `/issues/${number}/comments?per_page=100&page=${page}`);
    const ours = comments.find((comment) => comment.user?.type === "Bot" && comment.body?.startsWith(marker));
    if (ours || comments.length < 100) return ours;
  }
}

const ours = await find();
if (ours) await request("PATCH", `/issues/comments/${ours.id}`, { body: body() });
else await request("POST", `/issues/${number}/comments`, { body: body() });
