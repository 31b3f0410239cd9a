import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { DeleteTableCommand } from "@aws-sdk/client-glue";
import { DeleteRolePolicyCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import {
  DeleteFunctionConcurrencyCommand,
  InvokeCommand,
  ListEventSourceMappingsCommand,
  PutFunctionConcurrencyCommand,
  UpdateEventSourceMappingCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import {
  GetQueueAttributesCommand,
  PurgeQueueCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from "@aws-sdk/client-sqs";
import { expect } from "chai";
import type { Clients } from "../../local/clients.ts";
import { type CloudWatchStandIn, standInForCloudWatch } from "./alarms/standIn.ts";
import { environment, writeConfig } from "./chaos/config.ts";
import { type DeployedStack, deployStack } from "./deployedStack.ts";

/**
 * Each alarm's event is caused on the deployed program, and the alarm's message read from a queue that is subscribed to
 * the topic. The events are real: files, messages, calls, job runs. A stand-in evaluates the alarms as they are deployed
 * (see alarms/standIn.ts), by the rules that AWS documents (tests/components/alarmEvaluation.spec.ts).
 *
 * Changed for the tests' sake: the shortest times that the config allows; one message is a dead letter after its first
 * failure; a reconciliation's start is dated back; the clock is put forward where the event is that nothing happens, and
 * from one sweep to the next; a sweep's time is cut. What this does not prove: that CloudWatch makes metrics of the log lines, that SQS and Lambda report theirs in time, that an
 * alarm may use the encrypted topic, or that a mail arrives.
 */
describe("alarms reach whoever listens to the topic", function () {
  this.timeout(180_000);
  const engine = fileURLToPath(new URL("./alarms/engine.mjs", import.meta.url));
  const prefix = `commerce-${environment}`;
  let deployed: DeployedStack;
  let clients: Clients;
  let names: DeployedStack["names"];
  let cloudWatch: CloudWatchStandIn;

  const files = {
    users: '{"user_id":"u_0","country":"US"}\n',
    events: '{"event_id":"e_0","user_id":"u_0","event_type":"product_view"}\n',
    orders: '{"order_id":"o_0","user_id":"u_0","order_amount":12.34,"payment_status":"success"}\n',
  };
  const put = (key: string, body: string) => deployed.upload(key, body);
  const upload = (batch: string) =>
    Promise.all(Object.entries(files).map(([dataset, text]) => put(`${batch}/${dataset}.json`, text)));
  const invoke = (name: string, event: object) =>
    clients.lambda.send(new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event) }));
  const sweep = () => invoke(names.settleFunction!, { kind: "sweep" });
  /** The next sweep in its time, and not in the same moment as the one before. */
  const nextSweep = async () => {
    cloudWatch.pass(300);
    await sweep();
  };
  /** Takes a right from settle while something is done. */
  const without = async (Action: string, Resource: string, work: () => Promise<unknown>) => {
    const policy = { RoleName: names.settleFunction!, PolicyName: "for-a-test" };
    const PolicyDocument = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Deny", Action, Resource }],
    });
    await clients.iam.send(new PutRolePolicyCommand({ ...policy, PolicyDocument }));
    try {
      await work();
    } finally {
      await clients.iam.send(new DeleteRolePolicyCommand(policy));
    }
  };
  const mapping = async (Enabled: boolean) => {
    const { EventSourceMappings } = await clients.lambda.send(
      new ListEventSourceMappingsCommand({ FunctionName: names.promoteFunction }),
    );
    await clients.lambda.send(new UpdateEventSourceMappingCommand({ UUID: EventSourceMappings![0]!.UUID, Enabled }));
  };
  /** What was told, with the description as it was declared. */
  const expectTold = async (alarm: string, description: RegExp, patience?: number) => {
    const told = await cloudWatch.hear(alarm, "ALARM", patience);
    expect(told.description).to.match(description);
    expect(told.description).to.match(new RegExp(`docs/runbook\\.md#${alarm}$`));
  };

  before(async () => {
    deployed = await deployStack({
      configIn: (folder) =>
        writeConfig(folder, {
          batching: { deadline: "1s" },
          lambda: { promote: { timeout: "30s", concurrency: 4 }, settle: { timeout: "30s", reconciliation: "1h" } },
          glue: { attempts: 1 },
          // The function is there, and Glue gets every run.
          engine: { embeddedUpTo: 0, memory: 512, timeout: "1m" },
          alerts: { queueAge: "1m", runAge: "1m", freshness: "1h" },
        }),
      environment,
      engine: [process.execPath, engine],
    });
    ({ clients, names } = deployed);
    cloudWatch = await standInForCloudWatch(clients, {
      topicArn: names.alertTopicArn!,
      logGroups: [names.promoteFunction, names.settleFunction].map((name) => `/aws/lambda/${name}`),
      prefix,
    });
    await sweep();
    // Its run is to be old once the others are through.
    await upload("2026-02-02");
  });
  after(() => deployed?.stop());

  it("nothing-published, and its end with the first publication", async () => {
    await expectTold("nothing-published", /^Nothing has been published for 60 minutes; /);
    await upload("2026-01-01");
    await cloudWatch.hear("nothing-published", "OK");
  });

  it("file-rejected", async () => {
    await put("2026-01-02/users.json", "this is no JSON\n");
    await expectTold("file-rejected", /^A file was rejected and its batch waits for a good one; /);
  });

  it("batch-late", async () => {
    await put("2026-01-03/users.json", files.users);
    await sleep(1500);
    await sweep();
    await expectTold("batch-late", /^A batch was not complete 1 second after its first file; /);
  });

  it("run-failed", async () => {
    await upload("2026-02-01");
    await expectTold("run-failed", /^A run failed and published nothing; /);
  });

  it("promote-failed and promote-dlq-not-empty, and its end once the queue is empty", async () => {
    const QueueUrl = names.promoteQueueUrl;
    const { Attributes = {} } = await clients.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["RedrivePolicy", "VisibilityTimeout"] }),
    );
    const RedrivePolicy = JSON.stringify({ ...JSON.parse(Attributes.RedrivePolicy!), maxReceiveCount: 1 });
    await clients.sqs.send(
      new SetQueueAttributesCommand({ QueueUrl, Attributes: { RedrivePolicy, VisibilityTimeout: "1" } }),
    );
    await clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "no event of S3" }));
    await expectTold("promote-failed", /^A try to promote a file failed and is repeated after 3 minutes; /);
    await expectTold("promote-dlq-not-empty", /^Files could not be promoted in 22 tries; /);
    await clients.sqs.send(new PurgeQueueCommand({ QueueUrl: names.promoteDeadLetterQueueUrl }));
    await cloudWatch.hear("promote-dlq-not-empty", "OK");
    await clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
  });

  it("settle-dlq-not-empty", async () => {
    await clients.lambda.send(
      new InvokeCommand({ FunctionName: names.settleFunction, InvocationType: "Event", Payload: '{"kind":"?"}' }),
    );
    await expectTold("settle-dlq-not-empty", /^Events could not be settled; /);
  });

  const refusedCall = async (FunctionName: string) => {
    const command = { FunctionName, ReservedConcurrentExecutions: 0 };
    await clients.lambda.send(new PutFunctionConcurrencyCommand(command));
    const refusal = await invoke(FunctionName, { kind: "sweep" }).then(
      () => "answered",
      (error: Error) => error.name,
    );
    await clients.lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
    expect(refusal).to.equal("TooManyRequestsException");
  };

  for (const name of ["promote", "settle", "embedded"])
    it(`${name}-errors`, async () => {
      expect((await invoke(`${prefix}-${name}`, { nobody: "sends this" })).FunctionError).to.equal("Unhandled");
      await expectTold(`${name}-errors`, new RegExp(`^${prefix}-${name} `));
    });

  for (const name of ["promote", "settle"])
    it(`${name}-throttles`, async () => {
      await refusedCall(`${prefix}-${name}`);
      await expectTold(`${name}-throttles`, /^Lambda refused calls of /);
    });

  it("sweep-missing, and its end with the next sweep", async () => {
    expect((await cloudWatch.look()).map(({ alarm }) => alarm)).to.not.include("sweep-missing");
    const [told] = (await cloudWatch.look(3600)).filter(({ alarm }) => alarm === "sweep-missing");
    expect(told).to.deep.include({ state: "ALARM" });
    expect(told!.description).to.match(/^No sweep has finished for 15 minutes; .+#sweep-missing$/);
    await sweep();
    await cloudWatch.hear("sweep-missing", "OK");
  });

  it("reconciliation-overdue, when the last one came to no end for more than two intervals", async () => {
    await invoke(names.settleFunction!, { kind: "reconcile" });
    const object = { Bucket: names.ledgerBucket, Key: "reconciliation.json" };
    const { Body } = await clients.s3.send(new GetObjectCommand(object));
    const progress = JSON.parse(await Body!.transformToString());
    const startedAt = progress.startedAt - 3 * 3_600_000;
    await clients.s3.send(
      new PutObjectCommand({ ...object, Body: JSON.stringify({ ...progress, startedAt, finishedAt: null }) }),
    );
    await sweep();
    await expectTold("reconciliation-overdue", /^No comparison of Bronze with the ledger has finished for 2 hours; /);
  });

  it("batch-failing, and its end once the batch's document is mended", async () => {
    const batch = "2026-01-06";
    await put(`${batch}/users.json`, files.users);
    await deployed.until(batch, "it is open", () => true);
    const object = { Bucket: names.ledgerBucket, Key: `batches/${batch}.json` };
    const { Body } = await clients.s3.send(new GetObjectCommand(object));
    await clients.s3.send(new PutObjectCommand({ ...object, Body: "{" }));
    await sweep();
    await nextSweep();
    await expectTold("batch-failing", /^The sweep fails repeatedly on a batch, which makes no progress; /);
    await clients.s3.send(new PutObjectCommand({ ...object, Body: await Body!.transformToString() }));
    await nextSweep();
    await nextSweep();
    await cloudWatch.hear("batch-failing", "OK");
  });

  it("sweep-too-short, and its end once there is time for every batch", async () => {
    const takes = (Timeout: number) =>
      clients.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: names.settleFunction, Timeout }));
    // Less than settle leaves itself to end what it began, so it begins nothing.
    await takes(15);
    await sweep();
    await nextSweep();
    await expectTold("sweep-too-short", /^The sweep runs out of time before it has reached every open batch; /);
    await takes(30);
    await nextSweep();
    await nextSweep();
    await cloudWatch.hear("sweep-too-short", "OK");
  });

  it("notice-failed", async () => {
    await without("sns:Publish", names.alertTopicArn!, async () => {
      await upload("2026-01-07");
      await expectTold("notice-failed", /^People could not be notified of a run's end and may never be; /);
    });
  });

  it("effect-failed, and its end once nothing fails any more", async () => {
    const run = (batch: string) =>
      invoke(names.settleFunction!, { kind: "order", id: `again-${batch}`, batch, order: { operation: "run" } });
    await without("s3:PutObject", `arn:aws:s3:::${names.ledgerBucket}/manifests/*`, async () => {
      await run("2026-01-01");
      cloudWatch.pass(300);
      await run("2026-01-07");
      await expectTold("effect-failed", /^Starting, stopping or removing a run failed repeatedly, /);
    });
    cloudWatch.pass(1500);
    await sweep();
    await cloudWatch.hear("effect-failed", "OK");
  });

  it("embedded-throttles, once calls have been refused for a while, and its end with the last refusal", async () => {
    for (let period = 0; period < 3; period++) {
      expect((await cloudWatch.look()).map(({ alarm }) => alarm)).to.not.include("embedded-throttles");
      cloudWatch.pass(300);
      // What is reported in the same second would count as passed.
      await sleep(1000);
      await refusedCall(`${prefix}-embedded`);
    }
    await expectTold("embedded-throttles", /^Lambda has refused calls of /);
    cloudWatch.pass(1200);
    await cloudWatch.hear("embedded-throttles", "OK");
  });

  it("publication-failed", async () => {
    const table = { DatabaseName: names.catalogDatabase, Name: "user_activity" };
    await clients.glue.send(new DeleteTableCommand(table));
    await upload("2026-01-04");
    await expectTold("publication-failed", /^Readers could not be given a good run and still see the one before; /);
  });

  it("run-overlong, for as long as the run has not ended", async () => {
    const { claimedAt } = (await deployed.ledger("2026-02-02"))!.runs[0]!;
    await sleep(Math.max(0, claimedAt + 62_000 - Date.now()));
    await sweep();
    await expectTold("run-overlong", /^A run has not ended after 60 seconds; /);
  });

  it("promote-queue-age", async () => {
    await mapping(false);
    await put("2026-01-05/users.json", files.users);
    await expectTold("promote-queue-age", /^A file has been waiting for 60 seconds; /, 120_000);
  });
});
