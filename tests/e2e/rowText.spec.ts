import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DescribeLogStreamsCommand, GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { GetJobRunsCommand } from "@aws-sdk/client-glue";
import { GetObjectCommand, ListObjectVersionsCommand } from "@aws-sdk/client-s3";
import { SubscribeCommand } from "@aws-sdk/client-sns";
import { CreateQueueCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { expect } from "chai";
import { toldBy } from "../local/toldBy.ts";
import { type DeployedStack, deployStack } from "./deployedStack.ts";
import { shopConfig } from "./shopConfig.ts";

/**
 * No text of a row leaves the data buckets. Rows with a marker fail in every possible way, on the deployed stack with
 * real Spark. Then the test searches for the marker in every version of every ledger document, in notices, in the logs
 * of the functions and the job, and in Glue's error messages. Not proven here: what Spark's executors log on a cluster,
 * where they are separate processes.
 */
describe("a value of a row, on the deployed stack", function () {
  this.timeout(300_000);
  const marker = "x7Qmarker";
  const [rules, statement, arrival] = ["2026-11-20", "2026-11-21", "2026-11-22"] as const;
  let deployed: DeployedStack;
  let noticesUrl: string;

  const config = shopConfig({
    evolution: "additive",
    files: "{ maxArrayBytes: 8388608, maxUnpackedBytes: 1073741824 }",
    datasets: `  orders:
    required: true
    file: orders
    formats: [json]
    primaryKey: [order_id]
    latestBy: order_id
    maxRejected: 60%
    columns:
      order_id: { type: string, onNull: reject }
      state:
        type: string
        onNull: keep
        rules: [{ allowed: [new, paid], onViolation: fail }]
      note: { type: string, onNull: keep }
      day: { type: date, onNull: keep }
`,
    outputs: `  totals:
    sql: totals.sql
    description: Notes as numbers
    grain: [order_id]
    columns: { order_id: string, number: int }
`,
  });
  const good = [
    '{"order_id":"o_0","state":"new","note":"1","day":"2026-01-01"}',
    '{"order_id":"o_1","state":"paid","note":"2"}',
  ];
  const lines = (...more: string[]) => `${[...good, ...more].join("\n")}\n`;

  before(async () => {
    deployed = await deployStack({
      spark: { driverMemory: "1g", shortRuns: true },
      configIn: (folder) => {
        writeFileSync(join(folder, "totals.sql"), "select order_id, cast(note as int) as number from orders\n");
        const file = join(folder, "pipeline_config.yaml");
        writeFileSync(file, config);
        return file;
      },
    });
    const { clients, names } = deployed;
    const topic = names.alertTopicArn!;
    const queue = { QueueName: "notices", Attributes: toldBy("sns", "notices", topic) };
    noticesUrl = (await clients.sqs.send(new CreateQueueCommand(queue))).QueueUrl!;
    const Endpoint = topic.replace(":sns:", ":sqs:").replace(/[^:]+$/, "notices");
    await clients.sns.send(new SubscribeCommand({ TopicArn: topic, Protocol: "sqs", Endpoint }));
  });
  after(() => deployed?.stop());

  const failed = async (batch: string, text: string) => {
    await deployed.upload(`${batch}/orders.json`, text);
    const document = await deployed.until(
      batch,
      "its run has failed and people were told",
      (document) => document?.runs[0]?.state === "failed" && document.effects.length === 0,
    );
    return document.runs[0]!.failure!;
  };

  it("is in no reason of a run that its rules fail, which names rule, count and file", async () => {
    const bad = [
      `{"order_id":"o_2","state":"${marker}","note":"3"}`,
      `{"order_id":"o_3","state":"new","note":"3","day":"${marker}"}`,
      `{"order_id":"o_4","state":"new","${marker} in a name":"${marker}","extra":"${marker}"}`,
      `{"order_id":"o_5"} ${marker}`,
      `{"order_id":null,"note":"${marker}"}`,
    ];
    const { kind, message } = await failed(rules, lines(...bad));
    expect(kind).to.equal("report");
    expect(message).to.match(/orders\.state_not_allowed failed: expected 0 rows, actual 1/);
    expect(message).to.contain(`${rules}/orders.json`);
    expect(message).to.match(/s3:\/\/shop-dev-rejected-\d+\/rows\/orders\//);
    expect(Buffer.byteLength(message)).to.be.at.most(2048);
  });

  it("is in no reason of a run that a statement fails, which keeps Spark's own words", async () => {
    const { kind, message } = await failed(statement, lines(`{"order_id":"o_2","state":"new","note":"${marker}"}`));
    expect(kind).to.equal("report");
    expect(message).to.match(/^sql_failed: .*totals/);
    expect(message).to.contain("CAST_INVALID_INPUT");
  });

  it("is in no reason of a file that is rejected on arrival", async () => {
    await deployed.upload(`${arrival}/orders.json`, `{"order_id":["${marker}"],"state":"${marker}"}\n${marker}\n`);
    const { inputs } = await deployed.until(arrival, "it is decided", (document) => document !== null);
    expect(inputs[`${arrival}/orders.json`]!.decision.outcome).to.equal("rejected");
  });

  /** All texts outside the data buckets, by the place where they were found. */
  async function told(): Promise<Map<string, string>> {
    const { clients, names, directory } = deployed;
    const found = new Map<string, string>();
    const { Versions = [] } = await clients.s3.send(new ListObjectVersionsCommand({ Bucket: names.ledgerBucket }));
    for (const { Key, VersionId } of Versions) {
      const object = { Bucket: names.ledgerBucket, Key, VersionId };
      const { Body } = await clients.s3.send(new GetObjectCommand(object));
      found.set(`ledger ${Key} ${VersionId}`, await Body!.transformToString());
    }
    for (let empty = false; !empty; ) {
      const receive = { QueueUrl: noticesUrl, MaxNumberOfMessages: 10 };
      const { Messages = [] } = await clients.sqs.send(new ReceiveMessageCommand(receive));
      for (const { MessageId, Body } of Messages) found.set(`notice ${MessageId}`, Body!);
      empty = Messages.length === 0;
    }
    for (const name of [names.promoteFunction, names.settleFunction]) {
      const logGroupName = `/aws/lambda/${name}`;
      const { logStreams = [] } = await clients.logs.send(new DescribeLogStreamsCommand({ logGroupName }));
      for (const { logStreamName } of logStreams) {
        const { events = [] } = await clients.logs.send(new GetLogEventsCommand({ logGroupName, logStreamName }));
        found.set(`log ${logStreamName}`, events.map(({ message }) => message).join("\n"));
      }
    }
    const { JobRuns = [] } = await clients.glue.send(new GetJobRunsCommand({ JobName: names.glueJob }));
    for (const { Id, ErrorMessage } of JobRuns) found.set(`job run ${Id}`, ErrorMessage ?? "");
    for (const path of readdirSync(directory, { recursive: true, encoding: "utf8" }))
      if (path.endsWith(".log")) found.set(`file ${path}`, readFileSync(join(directory, path), "utf8"));
    return found;
  }

  it("appears in nothing outside the data buckets", async () => {
    const found = await told();
    const kinds = ["ledger batches/", "ledger reports/", "notice ", "log ", "job run ", "file "];
    for (const kind of kinds)
      expect(
        [...found.keys()].some((place) => place.startsWith(kind)),
        kind,
      ).to.equal(true);
    expect([...found].filter(([, text]) => text.includes("state_not_allowed")).length, "that is searched").to.be.above(
      3,
    );
    expect([...found].filter(([, text]) => text.includes(marker)).map(([place]) => place)).to.deep.equal([]);
  });
});
