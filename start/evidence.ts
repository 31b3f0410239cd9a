import { paginateFilterLogEvents } from "@aws-sdk/client-cloudwatch-logs";
import type { S3Client } from "@aws-sdk/client-s3";
import { GetObjectCommand, NoSuchKey } from "@aws-sdk/client-s3";
import { GetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { ledgerKeys } from "../handlers/keys.ts";
import type { LedgerDocument } from "../handlers/ledger/document.ts";
import type { RunReport } from "../handlers/run/report.ts";
import type { Evidence, LogEntry } from "./outcomes.ts";
import type { StackClients, StackNames } from "./stack.ts";

export function createEvidence(
  clients: StackClients,
  names: Pick<StackNames, "ledgerBucket" | "promoteFunction" | "promoteDeadLetterQueueUrl">,
): Evidence {
  const logGroupName = `/aws/lambda/${names.promoteFunction}`;
  return {
    ledger: (batch) => readJson<LedgerDocument>(clients.s3, names.ledgerBucket, ledgerKeys.document(batch)),
    async log() {
      const entries: LogEntry[] = [];
      const pages = paginateFilterLogEvents({ client: clients.logs }, { logGroupName });
      try {
        for await (const { events = [] } of pages) entries.push(...events.flatMap(({ message }) => parseLog(message)));
      } catch (error) {
        // The log group gets its first stream with the first invocation.
        if ((error as Error).name !== "ResourceNotFoundException") throw error;
      }
      return entries;
    },
    async deadLetters() {
      const { Attributes } = await clients.sqs.send(
        new GetQueueAttributesCommand({
          QueueUrl: names.promoteDeadLetterQueueUrl,
          AttributeNames: ["ApproximateNumberOfMessages"],
        }),
      );
      return Number(Attributes?.ApproximateNumberOfMessages ?? 0);
    },
  };
}

/** A run's report, or null when its job run left none. */
export async function readReport(
  s3: S3Client,
  bucket: string,
  batch: string,
  run: number,
  jobRun: string,
): Promise<RunReport | null> {
  return readJson<RunReport>(s3, bucket, ledgerKeys.report(batch, run, jobRun));
}

async function readJson<T>(s3: S3Client, Bucket: string, Key: string): Promise<T | null> {
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    return JSON.parse(await Body!.transformToString()) as T;
  } catch (error) {
    if (error instanceof NoSuchKey) return null;
    throw error;
  }
}

/** The runtime may put its own text before the JSON, and it logs lines without JSON. */
function parseLog(line = ""): LogEntry[] {
  const start = line.indexOf('{"level"');
  if (start < 0) return [];
  try {
    return [JSON.parse(line.slice(start)) as LogEntry];
  } catch {
    return [];
  }
}
