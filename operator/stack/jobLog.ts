import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type CloudWatchLogsClient,
  type FilteredLogEvent,
  type FilterLogEventsCommandInput,
  paginateFilterLogEvents,
} from "@aws-sdk/client-cloudwatch-logs";
import type { JobRun } from "@aws-sdk/client-glue";

export interface JobLine {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly text: string;
}

/** What a job run of Glue wrote to the log groups `<prefix>/output` and `<prefix>/error`; empty if it has expired. */
export async function readJobLog(logs: CloudWatchLogsClient, prefix: string, jobRun: string): Promise<JobLine[]> {
  const asked = [`${prefix}/output`, `${prefix}/error`].map((logGroupName) =>
    readEvents(logs, { logGroupName, logStreamNamePrefix: jobRun }),
  );
  return (await Promise.all(asked)).flat().flatMap(linesOf).sort(byTime);
}

/** Milliseconds around a line in which all others of the same request lie: more than Lambda lets a function take. */
const longestRequest = 16 * 60_000;
/** The first line of a request, and of the preparation of the next. */
const begins = /^(INIT_)?START /;

/**
 * What the embedded engine's function logged of a job run: all lines of the requests that name it. An instance serves
 * one request at a time, so what it logs belongs to the request that began last.
 */
export async function readAttemptLog(
  logs: CloudWatchLogsClient,
  logGroupName: string,
  jobRun: string,
  startTime: number,
): Promise<JobLine[]> {
  const named = await readEvents(logs, { logGroupName, startTime, filterPattern: `"${jobRun}"` });
  const streams = new Map(named.map(({ logStreamName, timestamp = 0 }) => [logStreamName!, timestamp]));
  const lines: JobLine[] = [];
  for (const [stream, at] of streams) {
    const requests: JobLine[][] = [[]];
    const around = { startTime: at - longestRequest, endTime: at + longestRequest };
    for (const line of (await readEvents(logs, { logGroupName, logStreamNames: [stream], ...around })).flatMap(
      linesOf,
    )) {
      if (begins.test(line.text)) requests.push([]);
      requests.at(-1)!.push(line);
    }
    lines.push(...requests.filter((request) => request.some(({ text }) => text.includes(jobRun))).flat());
  }
  return lines.sort(byTime);
}

/** @returns nothing where there is no such group yet: its first stream comes with the first invocation */
export async function readEvents(
  client: CloudWatchLogsClient,
  asked: FilterLogEventsCommandInput,
): Promise<FilteredLogEvent[]> {
  const found: FilteredLogEvent[] = [];
  try {
    for await (const { events = [] } of paginateFilterLogEvents({ client }, asked)) found.push(...events);
  } catch (error) {
    if ((error as Error).name !== "ResourceNotFoundException") throw error;
  }
  return found;
}

const linesOf = ({ timestamp = 0, message = "" }: FilteredLogEvent): JobLine[] =>
  message
    .split("\n")
    .filter((text) => text.trim() !== "")
    .map((text) => ({ at: timestamp, text: text.trimEnd() }));

const byTime = (a: JobLine, b: JobLine) => a.at - b.at;

/** The local stack's log of a job run of Glue. A line without a time gets the time of the line before. */
export function readLocalLog(runs: string, jobRun: string, job: Pick<JobRun, "StartedOn"> | null): JobLine[] {
  const file = join(runs, jobRun, "run.log");
  if (!existsSync(file)) return [];
  let at = job?.StartedOn?.getTime() ?? 0;
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
