import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateBucketCommand,
  type Event,
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import type { S3 } from "../../handlers/clients.ts";
import { credentials, type LocalAws, region, startLocalAws } from "../../local/localAws.ts";
import { toldBy } from "../local/toldBy.ts";
import { type Contract, ruleFor, type Subject } from "./s3/contract.ts";
import { events } from "./s3/eventContract.ts";
import { objectListing, versionListing } from "./s3/listingContract.ts";
import { memoryAlone } from "./s3/memoryAlone.ts";
import { encodeKey, MemoryS3, type S3Event } from "./s3/memoryS3.ts";
import { multipart } from "./s3/multipartContract.ts";
import { conditionalWrites, copies, deletes, reads } from "./s3/objectContract.ts";

/**
 * The behaviour of S3 that AWS documents and the functions need. The same SDK commands check it on the simulation's S3
 * and on the local AWS. Nothing here has run against AWS itself: the rules are as good as the pages that they name.
 * Permissions, throttling and the moment of a 409 are in neither.
 */
const contracts: Readonly<Record<string, Contract>> = {
  "conditional writes": conditionalWrites,
  reads,
  deletes,
  copies,
  "listing of objects": objectListing,
  "listing of versions": versionListing,
  "multipart uploads": multipart,
  events,
};

/** Rules that the local AWS breaks, each with the words in which it does. */
const wrongInLocalAws: Readonly<Record<string, string>> = {
  "the ETag of an object under aws:kms is no MD5 of its bytes": "expected 'the MD5' to equal 'another'",
  // Conditions on the target of a copy are ignored.
  "CopyObject with If-None-Match answers 412 for a target that exists":
    "expected '200' to equal '412 PreconditionFailed'",
  "CopyObject with If-Match answers 412 for another ETag": "expected '200' to equal '412 PreconditionFailed'",
  "CopyObject with If-Match answers 404 for a missing target": "expected '200' to equal '404 NoSuchKey'",
  "of eight copies at once with If-None-Match one wins": "expected '8 won' to equal '1 won'",
  // A delete marker that is named as a source counts as missing.
  "a delete marker can't be copied by its version: 400": "expected '404 NoSuchVersion' to equal '400 InvalidRequest'",
  "a part's source that is a delete marker is 404, and 400 by its version":
    "expected '404 NoSuchVersion' to equal '400 InvalidRequest'",
  // MaxKeys of 5,000 is granted.
  "a page holds 1,000 keys at most": "expected 1001 to equal 1000",
  "uploads of one key are listed by initiation": "expected 'id' to equal 'initiation'",
  // No limit of parts is enforced, and their order is put right.
  "parts listed out of order are 400 InvalidPartOrder": "expected '200' to equal '400 InvalidPartOrder'",
  "a part below 5 MiB that is not the last is 400 EntityTooSmall": "expected '200' to equal '400 EntityTooSmall'",
  "part numbers go from 1 to 10,000": "expected '200' to equal '400 InvalidArgument'",
  "a source of 5 MiB or less is copied whole or not at all": "expected '200' to equal '400 InvalidRequest'",
  // It repeats its first answer, as S3 was seen to do for a while, against the documentation.
  "a second completion is 404 NoSuchUpload": "expected '200' to equal '404 NoSuchUpload'",
};

/** A client of S3 that makes its buckets' names. */
async function makeBucket(s3: S3, kind: "versioned" | "unversioned", number: number): Promise<string> {
  const Bucket = `contract-${number}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
  if (kind === "versioned")
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
  return Bucket;
}

function memorySubject(): Subject {
  const memory = new MemoryS3();
  const s3 = memory.client();
  let buckets = 0;
  return {
    s3,
    bucket: (kind) => makeBucket(s3, kind, ++buckets),
    async listen(bucket) {
      const heard: S3Event[] = [];
      memory.onCreated((event) => {
        if (event.bucket === bucket) heard.push({ ...event, key: encodeKey(event.key) });
      });
      return async () => heard;
    },
  };
}

interface NotificationBody {
  readonly Records?: readonly {
    readonly eventName: S3Event["eventName"];
    readonly s3: {
      readonly bucket: { readonly name: string };
      readonly object: { readonly key: string; readonly versionId?: string; readonly sequencer: string };
    };
  }[];
}

function localSubject(s3: S3, sqs: SQSClient): Subject {
  let buckets = 0;
  return {
    s3,
    bucket: (kind) => makeBucket(s3, kind, ++buckets),
    async listen(bucket) {
      const QueueName = `of-${bucket}`;
      const { QueueUrl } = await sqs.send(
        new CreateQueueCommand({ QueueName, Attributes: toldBy("s3", QueueName, `arn:aws:s3:::${bucket}`) }),
      );
      const { Attributes } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: QueueUrl!, AttributeNames: ["QueueArn"] }),
      );
      const told: Event[] = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"];
      await s3.send(
        new PutBucketNotificationConfigurationCommand({
          Bucket: bucket,
          NotificationConfiguration: { QueueConfigurations: [{ QueueArn: Attributes!.QueueArn!, Events: told }] },
        }),
      );
      const heard: S3Event[] = [];
      return async (count) => {
        // One more look than is needed, for what comes twice.
        for (let isDone = false; !isDone; ) {
          isDone = heard.length >= count;
          const { Messages = [] } = await sqs.send(
            new ReceiveMessageCommand({ QueueUrl: QueueUrl!, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
          );
          for (const { Body, ReceiptHandle } of Messages) {
            for (const { eventName, s3: told } of (JSON.parse(Body!) as NotificationBody).Records ?? [])
              heard.push({
                eventName,
                bucket: told.bucket.name,
                key: told.object.key,
                versionId: told.object.versionId ?? null,
                sequencer: told.object.sequencer,
              });
            await sqs.send(new DeleteMessageCommand({ QueueUrl: QueueUrl!, ReceiptHandle: ReceiptHandle! }));
          }
        }
        return heard;
      };
    },
  };
}

describe("S3 by its documentation: memory S3", () => {
  const subject = memorySubject();
  const rule = ruleFor({});
  for (const [name, contract] of Object.entries(contracts)) describe(name, () => contract(rule, () => subject));
});

describe("memory S3", memoryAlone);

describe("S3 by its documentation: the local AWS", () => {
  let directory: string;
  let aws: LocalAws;
  let s3: S3Client;
  let sqs: SQSClient;
  let subject: Subject;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "s3-contract-"));
    aws = await startLocalAws(directory, join(directory, "aws.log"));
    s3 = new S3Client({ endpoint: aws.endpoint, region, credentials, forcePathStyle: true });
    sqs = new SQSClient({ endpoint: aws.endpoint, region, credentials });
    subject = localSubject(s3, sqs);
  });
  after(async () => {
    s3?.destroy();
    sqs?.destroy();
    await aws?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const titles = new Set<string>();
  const rule = ruleFor(wrongInLocalAws);
  for (const [name, contract] of Object.entries(contracts))
    describe(name, () =>
      contract(
        (title, body) => {
          titles.add(title);
          rule(title, body);
        },
        () => subject,
      ),
    );

  const unknown = Object.keys(wrongInLocalAws).filter((title) => !titles.has(title));
  if (unknown.length > 0) throw new Error(`no rule is called ${unknown.join(" or ")}`);
});
