import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { GetPartitionsCommand } from "@aws-sdk/client-glue";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import {
  GetBucketNotificationConfigurationCommand,
  GetObjectCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from "@aws-sdk/client-sqs";
import { createRandom, type Random } from "../../../generator/random.ts";
import { ledgerKeys } from "../../../handlers/keys.ts";
import type { LedgerDocument } from "../../../handlers/ledger/document.ts";
import { inParallel } from "../../../handlers/parallel.ts";
import type { RedriveAnswer } from "../../../handlers/settle/redrive.ts";
import type { Clients } from "../../../local/clients.ts";
import type { LocalStack } from "../../../local/index.ts";
import { toldBy } from "../../local/toldBy.ts";
import { type Repeated, repeatOrders } from "./courier.ts";
import { type Kills, letLoose, type MonkeyOptions } from "./monkey.ts";

/** One batch's uploads: Bronze key to content. */
export interface Batch {
  readonly name: string;
  readonly files: Readonly<Record<string, Buffer>>;
}

export interface ChaosOptions {
  readonly batches: readonly Batch[];
  readonly seed: number;
  /** The stack's folder. */
  readonly directory: string;
  readonly monkey: Pick<MonkeyOptions, "every" | "runs">;
  /**
   * How long a message hides whose function was killed, in seconds; in AWS six times the function's timeout. And how
   * often it is received in vain before it is a dead letter.
   */
  readonly queue: { readonly visibility: number; readonly receives: number };
  /** Milliseconds between two uploads, on average. */
  readonly pace: number;
  /** Milliseconds that everything may take. */
  readonly patience: number;
}

export interface Outcome {
  /** Bronze key to the version that was uploaded. */
  readonly uploaded: ReadonlyMap<string, string>;
  readonly documents: ReadonlyMap<string, LedgerDocument>;
  /** Where the catalog's partitions of `user_activity` point, by batch. */
  readonly locations: ReadonlyMap<string, string>;
  /** Messages left: in the queue, and in both dead-letter queues. */
  readonly messages: Readonly<Record<"queue" | "promoteDeadLetters" | "settleDeadLetters", number>>;
  readonly kills: Kills & { readonly died: number };
  readonly duplicates: number;
  /** Orders to the embedded engine that were sent once more. */
  readonly repeated: Repeated;
  /** Dead letters that a redrive gave another try. */
  readonly redriven: number;
  /** What the functions failed at and did again later: the log's words, each once. */
  readonly troubles: readonly string[];
  readonly seconds: number;
}

const duplicateShare = 0.1;
/** Files of a batch are uploaded within this many others, so that some tens of batches are open at a time. */
const disorder = 40;
const sweepEvery = 8000;
/** Milliseconds for which the killing goes on, at most, when all is uploaded. */
const aftershock = 60_000;

type Names = Readonly<
  Record<
    | "bronzeBucket"
    | "ledgerBucket"
    | "promoteQueueUrl"
    | "promoteDeadLetterQueueUrl"
    | "settleDeadLetterQueueUrl"
    | "settleFunction"
    | "catalogDatabase",
    string
  >
>;

/** Lets the batches stream in while processes are killed, then leaves the stack in peace until it is done. */
export async function wreakHavoc(stack: LocalStack, clients: Clients, options: ChaosOptions): Promise<Outcome> {
  const begun = Date.now();
  const deadline = begun + options.patience;
  const names = stack.outputs as Names;
  const { batches, seed } = options;
  await hurryQueue(clients, names, options.queue);

  const order = shuffled(
    batches.flatMap(({ files }) => Object.entries(files)),
    createRandom(seed, 0),
  );
  const repeated = new Set(
    shuffled(order, createRandom(seed, 1), order.length)
      .slice(0, Math.round(order.length * duplicateShare))
      .map(([key]) => key),
  );
  const echo = await startEcho(clients, names, order.length, repeated, createRandom(seed, 2));
  const chaos = new AbortController();
  const sweeps = sweepUntil(clients, names, chaos.signal);
  const monkey = letLoose({
    ...options.monkey,
    stack: options.directory,
    random: createRandom(seed, 3),
    signal: chaos.signal,
  });

  const patience = AbortSignal.timeout(options.patience);
  const courier = repeatOrders(clients, names.ledgerBucket, batches.length, createRandom(seed, 5), patience);

  const ledger = openLedger(clients, names);
  let kills: Kills;
  let uploaded: Map<string, string>;
  try {
    uploaded = await produce(clients, names.bronzeBucket, order, options.pace, createRandom(seed, 4));
    await echo.ended;
    // The runs of what was uploaded last are to be hit too.
    const end = Date.now() + aftershock;
    while ((await ledger.unfinished(batches)).length > batches.length / 4 && Date.now() < end) await sleep(1000);
  } finally {
    chaos.abort();
    echo.stop();
    await sweeps;
    kills = await monkey;
  }

  const redriven = await leaveInPeace(clients, names, () => ledger.unfinished(batches), deadline);
  const orders = await courier;
  const documents = new Map<string, LedgerDocument>();
  await inParallel(batches, 8, async ({ name }) => {
    const document = await ledger.read(name);
    if (document) documents.set(name, document);
  });
  return {
    uploaded,
    documents,
    locations: await locationsOf(clients, names),
    messages: await messagesOf(clients, names),
    kills: { ...kills, died: diedInvocations(stack.logFile) },
    duplicates: repeated.size,
    repeated: orders,
    redriven,
    troubles: troublesIn(stack.logFile),
    seconds: Math.round((Date.now() - begun) / 1000),
  };
}

async function hurryQueue(
  { sqs }: Clients,
  { promoteQueueUrl: QueueUrl }: Names,
  { visibility, receives }: ChaosOptions["queue"],
): Promise<void> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["RedrivePolicy"] }),
  );
  const redrive = JSON.parse(Attributes.RedrivePolicy!) as object;
  const RedrivePolicy = JSON.stringify({ ...redrive, maxReceiveCount: receives });
  await sqs.send(
    new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout: String(visibility), RedrivePolicy } }),
  );
}

/** Calls of functions that ended with their process, as the local AWS tells it. */
const diedInvocations = (logFile: string): number =>
  readFileSync(logFile, "utf8").match(/^Worker process died$|Warm worker execution error/gm)?.length ?? 0;

const troublesIn = (logFile: string): string[] => {
  const lines = readFileSync(logFile, "utf8").matchAll(/"message":"(\w+\.failed)".*?"reason":"([^"]*)"/g);
  return [...new Set([...lines].map(([, what, reason]) => `${what}: ${reason}`))];
};

/** Each item moves by less than `reach` places or so. */
function shuffled<T>(items: readonly T[], random: Random, reach = disorder): T[] {
  return items
    .map((item, index) => ({ item, place: index + random.below(reach) }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

async function produce(
  { s3 }: Clients,
  Bucket: string,
  order: readonly (readonly [string, Buffer])[],
  pace: number,
  random: Random,
): Promise<Map<string, string>> {
  const uploaded = new Map<string, string>();
  await inParallel(order, 4, async ([Key, Body]) => {
    uploaded.set(Key, (await s3.send(new PutObjectCommand({ Bucket, Key, Body }))).VersionId!);
    await sleep(4 * random.below(2 * pace));
  });
  return uploaded;
}

/**
 * S3 tells a second queue of each upload as well, from where some of the messages, to the letter, go to the first one
 * once more. AWS refuses two notifications of one object; the local AWS has no such rule.
 */
async function startEcho(
  { s3, sqs }: Clients,
  { bronzeBucket: Bucket, promoteQueueUrl }: Names,
  expected: number,
  repeated: ReadonlySet<string>,
  random: Random,
) {
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({ QueueName: "echo", Attributes: toldBy("s3", "echo", `arn:aws:s3:::${Bucket}`) }),
  );
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }));
  const { QueueConfigurations = [] } = await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
  const copies = QueueConfigurations.map(({ Id: _, ...entry }) => ({ ...entry, QueueArn: Attributes!.QueueArn! }));
  await s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket,
      NotificationConfiguration: { QueueConfigurations: [...QueueConfigurations, ...copies] },
    }),
  );

  let isStopped = false;
  const listen = async () => {
    const sent: Promise<unknown>[] = [];
    const seen = new Set<string>();
    while (seen.size < expected && !isStopped) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
      );
      for (const { Body, ReceiptHandle } of Messages) {
        for (const key of keysIn(Body!)) {
          if (repeated.has(key) && !seen.has(key))
            sent.push(
              sleep(random.below(3000)).then(() =>
                sqs.send(new SendMessageCommand({ QueueUrl: promoteQueueUrl, MessageBody: Body })),
              ),
            );
          seen.add(key);
        }
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      }
    }
    await Promise.all(sent);
  };
  return {
    ended: listen(),
    stop: () => {
      isStopped = true;
    },
  };
}

/** The keys that a notification tells of; none in S3's test event. */
const keysIn = (body: string): string[] =>
  ((JSON.parse(body) as { Records?: { s3: { object: { key: string } } }[] }).Records ?? []).map(({ s3 }) =>
    decodeURIComponent(s3.object.key.replaceAll("+", " ")),
  );

/** As the schedule does, only more often. */
async function sweepUntil({ lambda }: Clients, { settleFunction }: Names, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await lambda.send(
      new InvokeCommand({
        FunctionName: settleFunction,
        InvocationType: "Event",
        Payload: Buffer.from('{"kind":"sweep"}'),
      }),
    );
    await sleep(sweepEvery, undefined, { signal }).catch(() => {});
  }
}

/** What settle answers; null when it failed, which the next call makes good. */
async function invoke<T>({ lambda }: Clients, { settleFunction }: Names, event: object): Promise<T | null> {
  const { FunctionError, Payload } = await lambda.send(
    new InvokeCommand({ FunctionName: settleFunction, Payload: Buffer.from(JSON.stringify(event)) }),
  );
  return FunctionError ? null : (JSON.parse(Buffer.from(Payload!).toString() || "null") as T | null);
}

/** Sweeps until all is done, and redrives the dead letters whenever the queue is empty. Returns how many there were. */
async function leaveInPeace(
  clients: Clients,
  names: Names,
  unfinished: () => Promise<readonly string[]>,
  deadline: number,
): Promise<number> {
  let redriven = 0;
  // Once in any case: where there are no dead letters it has to do nothing.
  for (let isRedriven = false; Date.now() < deadline; await sleep(2000)) {
    await invoke(clients, names, { kind: "sweep" });
    const { queue, promoteDeadLetters, settleDeadLetters } = await messagesOf(clients, names);
    if (queue > 0) continue;
    if (promoteDeadLetters + settleDeadLetters > 0 || !isRedriven) {
      const answer = await invoke<RedriveAnswer>(clients, names, { kind: "redrive" });
      if (answer) redriven += answer.promote.sent + answer.settle.handled;
      isRedriven ||= answer !== null;
    } else if ((await unfinished()).length === 0) break;
  }
  return redriven;
}

function openLedger({ s3 }: Clients, { ledgerBucket: Bucket }: Names) {
  const read = async (batch: string): Promise<LedgerDocument | null> => {
    try {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: ledgerKeys.document(batch) }));
      return JSON.parse(await Body!.transformToString()) as LedgerDocument;
    } catch (error) {
      if ((error as Error).name === "NoSuchKey") return null;
      throw error;
    }
  };
  const finished = new Set<string>();
  return {
    read,
    /** Batches that are not published yet, or whose publication is not everywhere yet. */
    async unfinished(batches: readonly Batch[]): Promise<string[]> {
      const open = batches.map(({ name }) => name).filter((name) => !finished.has(name));
      await inParallel(open, 8, async (name) => {
        const document = await read(name);
        if (document?.published && document.open === null) finished.add(name);
      });
      return open.filter((name) => !finished.has(name));
    },
  };
}

async function locationsOf({ glue }: Clients, { catalogDatabase }: Names): Promise<Map<string, string>> {
  const locations = new Map<string, string>();
  let NextToken: string | undefined;
  do {
    const page = await glue.send(
      new GetPartitionsCommand({ DatabaseName: catalogDatabase, TableName: "user_activity", NextToken }),
    );
    for (const { Values, StorageDescriptor } of page.Partitions ?? [])
      locations.set(Values![0]!, StorageDescriptor!.Location!);
    NextToken = page.NextToken;
  } while (NextToken);
  return locations;
}

async function messagesOf({ sqs }: Clients, names: Names): Promise<Outcome["messages"]> {
  const count = async (QueueUrl: string) => {
    const { Attributes = {} } = await sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl,
        AttributeNames: ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
      }),
    );
    return Object.values(Attributes).reduce((sum, messages) => sum + Number(messages), 0);
  };
  return {
    queue: await count(names.promoteQueueUrl),
    promoteDeadLetters: await count(names.promoteDeadLetterQueueUrl),
    settleDeadLetters: await count(names.settleDeadLetterQueueUrl),
  };
}
