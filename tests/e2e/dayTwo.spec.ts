import { setTimeout as sleep } from "node:timers/promises";
import { GetJobRunsCommand, GetPartitionsCommand } from "@aws-sdk/client-glue";
import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { type DeployedStack, deployStack, isPublished } from "./deployedStack.ts";

/** Each engine's job runs of the rolling batch. */
const engines = {
  Spark: {
    engineOf: () => "glue" as const,
    async jobRuns({ clients, names }: DeployedStack) {
      const { JobRuns = [] } = await clients.glue.send(new GetJobRunsCommand({ JobName: names.glueJob }));
      return JobRuns.length;
    },
  },
  DuckDB: {
    engineOf: () => ({ embeddedUpTo: 1_000_000, memory: 1024, timeout: 300 }),
    async jobRuns({ clients, names }: DeployedStack) {
      const leases = { Bucket: names.ledgerBucket, Prefix: "attempts/current/" };
      return (await clients.s3.send(new ListObjectsV2Command(leases))).KeyCount!;
    },
  },
} as const;

/**
 * The deployed program on the local AWS: real events, the real bundles in processes of their own, the real engine. Two
 * days of the rolling batch.
 */
for (const [engine, { engineOf, jobRuns: jobRunsOf }] of Object.entries(engines))
  describe(`day two, on the deployed stack, by ${engine}`, function () {
    this.timeout(300_000);
    let deployed: DeployedStack;

    const files = {
      "users.json": '{"user_id":"u_0","country":"US"}\n{"user_id":"u_1"}\n',
      "events.json": '{"event_id":"e_0","user_id":"u_0","event_type":"product_view"}\n',
      "orders.json": '{"order_id":"o_0","user_id":"u_0","order_amount":12.34,"payment_status":"success"}\n',
    } as const;

    before(async () => {
      deployed = await deployStack({ engineOf, spark: { driverMemory: "1g", shortRuns: true } });
    });
    after(() => deployed?.stop());

    const upload = (key: keyof typeof files) => deployed.upload(key, files[key]);
    /** A lease is written when the call comes, soon after the claim. */
    const jobRuns = () => jobRunsOf(deployed);
    const until = (what: string, holds: Parameters<DeployedStack["until"]>[2]) =>
      deployed.until("current", what, holds);
    const decided = (key: string, version: string) =>
      until(`${key} is decided`, (document) => document?.inputs[key]?.decision.version === version);
    const location = async () => {
      const { clients, names } = deployed;
      const { Partitions = [] } = await clients.glue.send(
        new GetPartitionsCommand({ DatabaseName: names.catalogDatabase, TableName: "user_activity" }),
      );
      return Partitions.map(({ Values, StorageDescriptor }) => [Values?.[0], StorageDescriptor?.Location]);
    };

    it("publishes day one with one run", async () => {
      for (const key of Object.keys(files) as (keyof typeof files)[]) await upload(key);
      await until("run 1 is published", isPublished(1));
      expect(await jobRuns()).to.equal(1);
      expect(await location()).to.have.length(1);
    });

    it("starts exactly one more run for day two, after the third file, and switches the partition", async () => {
      const started: number[] = [];
      for (const key of Object.keys(files) as (keyof typeof files)[]) {
        const document = await decided(key, await upload(key));
        // The claim is a write of its own, right after the decision.
        if (document.runs.length === 1) await sleep(1500);
        started.push(await jobRuns());
      }
      const document = await until("run 2 is published", isPublished(2));
      expect(started.slice(0, 2)).to.deep.equal([1, 1]);
      expect(await jobRuns()).to.equal(2);
      expect(document.runs.map(({ run, state }) => [run, state])).to.deep.equal([
        [1, "superseded"],
        [2, "published"],
      ]);
      const [[batch, uri]] = (await location()) as [[string, string]];
      expect(batch).to.equal("current");
      expect(uri).to.match(/\/user_activity\/batch=current\/run=2\/(jr_|em-)\w+\/$/);
    });
  });
