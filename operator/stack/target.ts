import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { GetJobCommand, GetJobRunCommand, GlueClient, type JobRun } from "@aws-sdk/client-glue";
import { KMSClient } from "@aws-sdk/client-kms";
import { GetFunctionCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { S3Client } from "@aws-sdk/client-s3";
import { GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { strFromU8, unzipSync } from "fflate";
import { physicalNames } from "../../config/naming.ts";
import type { Run } from "../../handlers/ledger/document.ts";
import { type CurrentRelease, createReleases, type Releases } from "../../handlers/release.ts";
import type { FunctionSettings } from "../../handlers/settings.ts";
import type { SettleAnswer, SettleEvent } from "../../handlers/settle/handler.ts";
import { createDocumentStore, type DocumentStore } from "../../handlers/storage.ts";
import { UsageError } from "../../terminal/flags.ts";
import { type JobLine, readAttemptLog, readJobLog, readLocalLog } from "./jobLog.ts";

/** What the functions judge by: the `settings.json` beside promote's code, and the release that the stack points to. */
export interface Deployed extends FunctionSettings {
  readonly release: CurrentRelease;
}

/** A deployed pipeline, as far as the operator's commands use it. */
export interface Target {
  /** `stack dev`, or `the local stack`. */
  readonly title: string;
  readonly names: OperatorOutputs;
  readonly s3: S3Client;
  readonly ledger: Pick<DocumentStore, "get" | "list">;
  readonly rejected: Pick<DocumentStore, "get" | "list">;
  /** Invokes the settle function and waits for its answer. */
  settle(event: SettleEvent): Promise<SettleAnswer>;
  /** Read once. */
  deployed(): Promise<Deployed>;
  /** The contract that a run was claimed with. */
  readonly contractOf: Releases["contractOf"];
  /** A job run of Glue as Glue describes it; null when Glue no longer keeps it. */
  jobRun(id: string): Promise<JobRun | null>;
  /** How many runs Glue allows at the same time. */
  maxConcurrentRuns(): Promise<number>;
  /** Messages in the queues, roughly: uploads that promote has yet to look at, and what each function gave up on. */
  messages(): Promise<{ readonly uploads: number; readonly deadUploads: number; readonly deadEvents: number }>;
  /** Clients for questions about the stack itself. */
  readonly clients: Clients;
  /** The lines that a job run of the run printed, oldest first. */
  jobLog(run: Pick<Run, "engine" | "claimedAt">, jobRun: string): Promise<readonly JobLine[]>;
  close(): void;
}

export interface Clients {
  readonly sqs: SQSClient;
  readonly lambda: LambdaClient;
  readonly glue: GlueClient;
  readonly logs: CloudWatchLogsClient;
  readonly events: EventBridgeClient;
  readonly kms: KMSClient;
}

const wanted = [
  "bronzeBucket",
  "silverBucket",
  "rejectedBucket",
  "goldBucket",
  "ledgerBucket",
  "artifactsBucket",
  "promoteQueueUrl",
  "promoteFunction",
  "settleFunction",
  "glueJob",
  "promoteDeadLetterQueueUrl",
  "settleDeadLetterQueueUrl",
  "catalogDatabase",
  "keyArn",
] as const;
/** The outputs of the Pulumi program that an operator needs. */
export type OperatorOutputs = Readonly<Record<(typeof wanted)[number], string>>;

/** @param from where the outputs come from, for the message. @throws UsageError that names what is missing. */
export function operatorOutputs(outputs: unknown, from: string): OperatorOutputs {
  const given = (outputs ?? {}) as Record<string, unknown>;
  const missing = wanted.filter((name) => typeof given[name] !== "string");
  if (missing.length > 0) throw new UsageError(`${from} has no ${missing.join(", ")}; deploy the stack again`);
  return given as OperatorOutputs;
}

export interface ClientOptions {
  readonly region: string;
  /** Left out in AWS, where the SDK finds endpoints and credentials by itself. */
  readonly local?: {
    readonly endpoint: string;
    readonly glueEndpoint: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
    /** The folder that holds a folder for each job run. */
    readonly runs: string;
  };
}

export function createTarget(title: string, outputs: OperatorOutputs, { region, local }: ClientOptions): Target {
  const options = { region, ...(local && { endpoint: local.endpoint, credentials: local.credentials }) };
  const s3 = new S3Client({ ...options, ...(local && { forcePathStyle: true }) });
  const sqs = new SQSClient(options);
  const lambda = new LambdaClient(options);
  const glue = new GlueClient({ ...options, ...(local && { endpoint: local.glueEndpoint }) });
  const count = async (QueueUrl: string) => {
    const AttributeNames = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"] as const;
    const { Attributes = {} } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...AttributeNames] }),
    );
    return AttributeNames.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
  };
  const logs = new CloudWatchLogsClient(options);
  const clients: Clients = {
    sqs,
    lambda,
    glue,
    logs,
    events: new EventBridgeClient(options),
    kms: new KMSClient(options),
  };
  const releases = createReleases(s3, outputs, new Map());
  let known: Promise<Deployed> | undefined;
  const deployed = () => {
    known ??= Promise.all([readSettings(lambda, outputs.promoteFunction), releases.current()]).then(
      ([settings, release]) => ({ ...settings, release }),
    );
    return known;
  };
  const jobRun: Target["jobRun"] = async (RunId) => {
    try {
      return (await glue.send(new GetJobRunCommand({ JobName: outputs.glueJob, RunId }))).JobRun ?? null;
    } catch (error) {
      if ((error as Error).name === "EntityNotFoundException") return null;
      throw error;
    }
  };
  return {
    title,
    names: outputs,
    s3,
    ledger: createDocumentStore(s3, outputs.ledgerBucket, outputs.keyArn),
    rejected: createDocumentStore(s3, outputs.rejectedBucket, outputs.keyArn),
    settle: (event) => invoke(lambda, outputs.settleFunction, event),
    deployed,
    contractOf: releases.contractOf,
    jobRun,
    async maxConcurrentRuns() {
      const { Job } = await glue.send(new GetJobCommand({ JobName: outputs.glueJob }));
      return Job?.ExecutionProperty?.MaxConcurrentRuns ?? 1;
    },
    messages: async () => ({
      uploads: await count(outputs.promoteQueueUrl),
      deadUploads: await count(outputs.promoteDeadLetterQueueUrl),
      deadEvents: await count(outputs.settleDeadLetterQueueUrl),
    }),
    clients,
    async jobLog({ engine, claimedAt }, id) {
      const { pipeline, environment } = await deployed();
      const { embeddedLogs, glueLogPrefix } = physicalNames(pipeline, environment, "");
      if (engine === "embedded") return await readAttemptLog(logs, embeddedLogs, id, claimedAt);
      return local ? readLocalLog(local.runs, id, await jobRun(id)) : await readJobLog(logs, glueLogPrefix, id);
    },
    close() {
      for (const client of [s3, ...Object.values(clients)]) client.destroy();
    },
  };
}

async function invoke(lambda: LambdaClient, name: string, event: SettleEvent): Promise<SettleAnswer> {
  const { FunctionError, Payload } = await lambda.send(
    new InvokeCommand({ FunctionName: name, Payload: Buffer.from(JSON.stringify(event)) }),
  );
  const text = Payload ? Buffer.from(Payload).toString("utf8") : "";
  const answer = text === "" ? undefined : JSON.parse(text);
  if (FunctionError) throw new Error(`function ${name} failed: ${answer?.errorType}: ${answer?.errorMessage}`);
  return answer ?? undefined;
}

async function readSettings(lambda: LambdaClient, name: string): Promise<FunctionSettings> {
  const { Code } = await lambda.send(new GetFunctionCommand({ FunctionName: name }));
  const answer = await fetch(Code!.Location!);
  if (!answer.ok) throw new Error(`the code of function ${name} can't be read: HTTP ${answer.status}`);
  const { "settings.json": packed } = unzipSync(new Uint8Array(await answer.arrayBuffer()), {
    filter: ({ name: file }) => file === "settings.json",
  });
  if (!packed) throw new Error(`function ${name} has no settings.json; deploy the stack again`);
  return JSON.parse(strFromU8(packed)) as FunctionSettings;
}
