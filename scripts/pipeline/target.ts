import { GetJobCommand, GlueClient } from "@aws-sdk/client-glue";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { Contract } from "../../config/contract.ts";
import { createGlueEngine } from "../../handlers/engine/glue.ts";
import type { Release } from "../../handlers/ledger/document.ts";
import type { SettleAnswer, SettleEvent } from "../../handlers/settle/handler.ts";
import { createDocumentStore, type DocumentStore } from "../../handlers/storage.ts";
import { UsageError } from "../flags.ts";

/** A deployed pipeline, as far as its operator speaks to it. */
export interface Target {
  /** `stack dev`, or `the local stack`. */
  readonly title: string;
  readonly goldBucket: string;
  readonly s3: S3Client;
  readonly ledger: Pick<DocumentStore, "get" | "list">;
  /** Has the settle function do something, and waits for its answer. */
  settle(event: SettleEvent): Promise<SettleAnswer>;
  /** The artifacts that a run claimed now executes. */
  release(): Promise<Release>;
  contract(release: Release): Promise<Contract>;
  /** How many runs Glue lets go at the same time. */
  maxConcurrentRuns(): Promise<number>;
  /** Messages in the dead-letter queues, roughly. */
  deadLetters(): Promise<{ readonly promote: number; readonly settle: number }>;
  close(): void;
}

const wanted = [
  "goldBucket",
  "ledgerBucket",
  "settleFunction",
  "glueJob",
  "promoteDeadLetterQueueUrl",
  "settleDeadLetterQueueUrl",
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
  /** Left out in AWS, where the SDK finds its own. */
  readonly local?: {
    readonly endpoint: string;
    readonly glueEndpoint: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
}

export function createTarget(title: string, outputs: OperatorOutputs, { region, local }: ClientOptions): Target {
  const options = { region, ...(local && { endpoint: local.endpoint, credentials: local.credentials }) };
  const s3 = new S3Client({ ...options, ...(local && { forcePathStyle: true }) });
  const sqs = new SQSClient(options);
  const lambda = new LambdaClient(options);
  const glue = new GlueClient({ ...options, ...(local && { endpoint: local.glueEndpoint }) });
  const count = async (QueueUrl: string) => {
    const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["ApproximateNumberOfMessages"] });
    return Number((await sqs.send(asked)).Attributes?.ApproximateNumberOfMessages ?? 0);
  };
  return {
    title,
    goldBucket: outputs.goldBucket,
    s3,
    ledger: createDocumentStore(s3, outputs.ledgerBucket, outputs.keyArn),
    settle: (event) => invoke(lambda, outputs.settleFunction, event),
    release: () => createGlueEngine(glue, outputs.glueJob).release(),
    contract: ({ contract }) => readJson<Contract>(s3, contract),
    async maxConcurrentRuns() {
      const { Job } = await glue.send(new GetJobCommand({ JobName: outputs.glueJob }));
      return Job?.ExecutionProperty?.MaxConcurrentRuns ?? 1;
    },
    deadLetters: async () => ({
      promote: await count(outputs.promoteDeadLetterQueueUrl),
      settle: await count(outputs.settleDeadLetterQueueUrl),
    }),
    close() {
      for (const client of [s3, sqs, lambda, glue]) client.destroy();
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

async function readJson<T>(s3: S3Client, uri: string): Promise<T> {
  const { host, pathname } = new URL(uri);
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: host, Key: decodeURIComponent(pathname.slice(1)) }));
  return JSON.parse(await Body!.transformToString()) as T;
}
