import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { rollingBatch } from "../../config/batchName.ts";
import { readEvents } from "../stack/jobLog.ts";
import type { Target } from "../stack/target.ts";
import type { Story } from "./story.ts";

export interface LogLine {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** `promote`, `settle` or `run 2`. */
  readonly source: string;
  readonly level: "info" | "warn" | "error";
  readonly text: string;
}

export interface LogQuestion {
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Only the lines of one run. */
  readonly run: number | undefined;
  readonly withJobs: boolean;
}

/** What the functions and the job runs logged about a batch, in the order of time. */
export async function readLogs(target: Target, story: Story, question: LogQuestion): Promise<LogLine[]> {
  const { names, clients } = target;
  const { batch, runs } = story;
  const ofFunctions = await Promise.all(
    (["promote", "settle"] as const).map(async (source) => {
      const group = `/aws/lambda/${source === "promote" ? names.promoteFunction : names.settleFunction}`;
      const entries = await readFunctionLog(clients.logs, group, batch, question.since);
      return entries
        .filter(({ entry }) => belongs(entry, batch, question.run))
        .map(({ at, entry }) => ({ at, source, level: levelOf(entry), text: textOf(entry) }));
    }),
  );
  const lines: LogLine[] = ofFunctions.flat();
  if (question.withJobs)
    for (const { run, jobRuns } of runs.filter(({ run }) => question.run === undefined || run.run === question.run))
      for (const { id } of jobRuns)
        for (const { at, text } of await target.jobLog(run, id))
          if (at >= question.since) lines.push({ at, source: `run ${run.run}`, ...jobLine(text) });
  return lines.sort((a, b) => a.at - b.at);
}

type Entry = Readonly<Record<string, unknown>>;

/**
 * The log lines that name the batch, and those about messages that the function failed on before it knew their batch.
 * These are two queries, because not every log store has an "or" in its filters.
 */
async function readFunctionLog(
  client: CloudWatchLogsClient,
  logGroupName: string,
  batch: string,
  startTime: number,
): Promise<{ at: number; entry: Entry }[]> {
  const found = new Map<string, { at: number; entry: Entry }>();
  // Lines of a file at the root may name no batch.
  const patterns = batch === rollingBatch ? [undefined] : [`"${batch}"`, '"message.failed"'];
  for (const filterPattern of patterns) {
    const asked = { logGroupName, startTime, ...(filterPattern && { filterPattern }) };
    for (const { timestamp, message, eventId } of await readEvents(client, asked)) {
      const entry = parseEntry(message);
      if (entry) found.set(eventId ?? `${timestamp} ${message}`, { at: timestamp ?? 0, entry });
    }
  }
  return [...found.values()];
}

/** The runtime may put its own words before the JSON, and logs lines without any. */
function parseEntry(message = ""): Entry | null {
  const start = message.indexOf('{"level"');
  if (start < 0) return null;
  try {
    return JSON.parse(message.slice(start)) as Entry;
  } catch {
    return null;
  }
}

/** Whether an entry is of the batch, and of the run when one is named. */
export function belongs(
  { message, batch: of, key, run: ofRun }: Entry,
  batch: string,
  run: number | undefined,
): boolean {
  if (run !== undefined) return of === batch && ofRun === run;
  if (of !== undefined) return of === batch;
  if (typeof key === "string") return batch === rollingBatch ? !key.includes("/") : key.startsWith(`${batch}/`);
  return message === "message.failed";
}

const levelOf = ({ level }: Entry): LogLine["level"] => (level === "warn" || level === "error" ? level : "info");

/** A line of Spark, of Lambda itself, or of the log of the embedded engine's function. */
function jobLine(text: string): Pick<LogLine, "level" | "text"> {
  const entry = parseEntry(text);
  return entry
    ? { level: levelOf(entry), text: textOf(entry) }
    : { level: jobLevel(text), text: text.replaceAll("\t", "  ") };
}

const jobLevel = (text: string): LogLine["level"] => {
  if (/^\S* ?(ERROR|FATAL)\b|^Traceback|\tERROR\t|Task timed out|Runtime exited/.test(text)) return "error";
  return /^\S* ?WARN\b/.test(text) ? "warn" : "info";
};

const hidden = ["level", "message", "batch", "_aws"];

interface EmbeddedMetrics {
  readonly CloudWatchMetrics?: readonly {
    readonly Dimensions?: readonly (readonly string[])[];
    readonly Metrics?: readonly { readonly Name: string }[];
  }[];
}

/** The fields that an entry carries only for CloudWatch. */
function metricNames({ _aws }: Entry): string[] {
  const { CloudWatchMetrics = [] } = (_aws ?? {}) as EmbeddedMetrics;
  return CloudWatchMetrics.flatMap(({ Dimensions = [], Metrics = [] }) => [
    ...Dimensions.flat(),
    ...Metrics.map(({ Name }) => Name),
  ]);
}

/** `file.promoted key=2026-11-22/users.json bytes=7812` */
export function textOf(entry: Entry): string {
  const left = new Set([...hidden, ...metricNames(entry)]);
  const fields = Object.entries(entry).filter(([name]) => !left.has(name));
  return [
    String(entry.message),
    ...fields.map(
      ([name, value]) => `${name}=${typeof value === "string" && !/\s/.test(value) ? value : JSON.stringify(value)}`,
    ),
  ].join(" ");
}
