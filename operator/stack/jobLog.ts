import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type CloudWatchLogsClient, paginateFilterLogEvents } from "@aws-sdk/client-cloudwatch-logs";
import type { JobRun } from "@aws-sdk/client-glue";

export interface JobLine {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly text: string;
}

/** What a job run wrote to the log groups `<prefix>/output` and `<prefix>/error`; empty if it has expired. */
export async function readJobLog(logs: CloudWatchLogsClient, prefix: string, { Id }: JobRun): Promise<JobLine[]> {
  const lines: JobLine[] = [];
  for (const logGroupName of [`${prefix}/output`, `${prefix}/error`]) {
    try {
      const asked = { logGroupName, logStreamNamePrefix: Id! };
      for await (const { events = [] } of paginateFilterLogEvents({ client: logs }, asked))
        for (const { timestamp, message } of events)
          for (const text of (message ?? "").split("\n"))
            if (text.trim() !== "") lines.push({ at: timestamp ?? 0, text: text.trimEnd() });
    } catch (error) {
      if ((error as Error).name !== "ResourceNotFoundException") throw error;
    }
  }
  return lines.sort((a, b) => a.at - b.at);
}

/** The local stack's log of a run. A line without a time gets the time of the line before. */
export async function readLocalLog(runs: string, { Id, StartedOn }: JobRun): Promise<JobLine[]> {
  const file = join(runs, Id!, "run.log");
  if (!existsSync(file)) return [];
  let at = StartedOn?.getTime() ?? 0;
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((text) => text.trim() !== "")
    .map((text) => {
      at = timeOf(text, at);
      return { at, text: text.trimEnd() };
    });
}

const day = 86_400_000;

/** Spark prints `16:55:34` in UTC; the day is that of the line before, or the next one. */
function timeOf(text: string, before: number): number {
  const [, hours, minutes, seconds] = /^(\d\d):(\d\d):(\d\d) /.exec(text) ?? [];
  if (hours === undefined) return before;
  const at = Math.floor(before / day) * day + ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
  return at < before - day / 2 ? at + day : Math.max(at, before);
}
