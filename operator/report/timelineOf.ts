import { engineNames } from "../story/engineNames.ts";
import type { FileStory, Story } from "../story/story.ts";
import type { Subject } from "./subject.ts";
import type { Step, Timeline } from "./timeline.ts";

/** When things happened: to the files that the run was given (to all files if there is no run), and to the run. */
export function timelineOf({ files, readAt }: Story, subject: Subject): Timeline {
  const { run } = subject;
  const isGiven = ({ key, version }: FileStory) =>
    Object.values(run?.run.inputs ?? {}).some((input) => input?.key === key && input.version === version);
  return { files: (run ? files.filter(isGiven) : files).map(fileStep), run: runSteps(subject), now: readAt };
}

const fileStep = ({ key, uploadedAt, decidedAt, rejection }: FileStory): Step => ({
  name: key.slice(key.indexOf("/") + 1),
  what: rejection ? "from upload to rejection" : "from upload to promotion",
  from: uploadedAt,
  to: Math.max(uploadedAt, decidedAt),
  fill: rejection ? "bad" : "bronze",
});

function runSteps({ run: story, jobRun }: Subject): Step[] {
  if (!story) return [];
  const { run } = story;
  const name = `run ${run.run}`;
  const engine = engineNames[run.engine];
  const startedAt = jobRun?.job?.startedAt ?? null;
  const endedAt = jobRun?.job?.endedAt ?? null;
  const end = run.settledAt;
  const isFailed = run.state === "failed";
  return [
    { name, what: `claimed, ${engine} begins`, from: run.claimedAt, to: startedAt ?? end, fill: "silver" },
    ...(startedAt === null
      ? []
      : [{ name, what: `${engine} at work`, from: startedAt, to: endedAt ?? end, fill: "kept" } as const]),
    ...(endedAt === null || end === null
      ? []
      : [{ name, what: "ended, being settled", from: endedAt, to: end, fill: "silver" } as const]),
    ...(run.publishedAt === null
      ? []
      : [{ name, what: "published", from: run.publishedAt, to: run.publishedAt, fill: "good" } as const]),
    ...(isFailed && end !== null ? [{ name, what: "failed", from: end, to: end, fill: "bad" } as const] : []),
  ];
}
