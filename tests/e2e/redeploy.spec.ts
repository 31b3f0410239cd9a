import { createWriteStream, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  CreateTableCommand,
  DeleteTableCommand,
  GetJobRunsCommand,
  GetPartitionsCommand,
  GetTableCommand,
} from "@aws-sdk/client-glue";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect } from "chai";
import type { LedgerDocument } from "../../handlers/ledger/document.ts";
import { explanationText } from "../../operator/commands/explain.ts";
import { localTarget } from "../../operator/stack/open.ts";
import { explain } from "../../operator/story/explain.ts";
import { readStory } from "../../operator/story/story.ts";
import { createStyle } from "../../terminal/style.ts";
import { type DeployedStack, deployStack, isPublished } from "./deployedStack.ts";
import { shopConfig } from "./shopConfig.ts";

/**
 * Deployments on the deployed stack: while Spark is at work, and between a run and the rollback to it. The local AWS makes
 * the resources by the program's own declarations; that Pulumi's engine updates them as it does is not proven here.
 * Readers are DuckDB on what the catalog says: each partition's files, read as its columns.
 */
describe("a deployment, on the deployed stack", function () {
  this.timeout(600_000);
  let deployed: DeployedStack;
  const batch = "2026-11-22";

  const dataset = (name: string, required: boolean, columns: string) => `  ${name}:
    required: ${required}
    file: ${name}
    formats: [json]
    primaryKey: [order_id]
    latestBy: order_id
    maxRejected: 50%
    columns:
      order_id: { type: string, onNull: reject }
${columns}`;
  const orderLines = dataset("orders", true, '      amount: { type: "decimal(12,2)", onNull: keep }\n');
  const config = (outputs: string, datasets = "") => shopConfig({ outputs, datasets: orderLines + datasets });
  const totals = `  totals:
    sql: totals.sql
    description: What each order came to
    grain: [order_id]
    columns: { order_id: string, total: "decimal(12,2)" }
`;
  const newTotals = totals.replace("totals.sql", "texts.sql").replace('total: "decimal(12,2)"', "total: string");
  const counts = `  counts:
    sql: counts.sql
    description: How many orders there were
    grain: [k]
    columns: { k: int, orders: long }
`;
  const returns = dataset("returns", false, "");
  let file: string;
  const write = (text: string) => writeFileSync(file, text);

  before(async () => {
    deployed = await deployStack({
      spark: { driverMemory: "1g", shortRuns: true },
      configIn: (folder) => {
        file = join(folder, "pipeline_config.yaml");
        write(config(totals));
        const sql = {
          totals: "select order_id, amount as total from orders\n",
          texts: "select order_id, concat('EUR ', cast(amount as string)) as total from orders\n",
          counts: "select 1 as k, count(*) as orders from orders\n",
        };
        for (const [name, text] of Object.entries(sql)) writeFileSync(join(folder, `${name}.sql`), text);
        return file;
      },
    });
  });
  after(() => deployed?.stop());

  const jobRuns = async () => {
    const { clients, names } = deployed;
    return (await clients.glue.send(new GetJobRunsCommand({ JobName: names.glueJob }))).JobRuns ?? [];
  };
  const redeploy = async (text: string) => {
    write(text);
    await deployed.stack.redeploy({ configFile: file });
  };
  const settle = async (event: object) => {
    const { clients, names } = deployed;
    const { Payload, FunctionError } = await clients.lambda.send(
      new InvokeCommand({ FunctionName: names.settleFunction, Payload: Buffer.from(JSON.stringify(event)) }),
    );
    expect(FunctionError).to.equal(undefined);
    return JSON.parse(Buffer.from(Payload!).toString() || "null");
  };
  let orders = 0;
  const order = (given: object) => settle({ kind: "order", id: `order-${++orders}`, batch, order: given });

  /** What a reader of a batch gets of a table: rows and the columns that the catalog names; null without a partition. */
  async function readersGet(
    table: string,
    of: string = batch,
  ): Promise<{ columns: string[]; rows: unknown[][] } | null> {
    const { clients, names, folder } = deployed;
    const { Partitions = [] } = await clients.glue.send(
      new GetPartitionsCommand({ DatabaseName: names.catalogDatabase, TableName: table }),
    );
    const partition = Partitions.find(({ Values }) => Values?.[0] === of);
    if (!partition) return null;
    const { Columns = [], Location } = partition.StorageDescriptor!;
    const [, Bucket, Prefix] = /^s3:\/\/([^/]+)\/(.+)$/.exec(Location!)!;
    const { Contents = [] } = await clients.s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
    const files: string[] = [];
    for (const [index, { Key }] of Contents.entries()) {
      const path = join(folder, `${table}-${index}-${Date.now()}.parquet`);
      const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket, Key }));
      await pipeline(Body as Readable, createWriteStream(path));
      files.push(path);
    }
    const connection = await (await DuckDBInstance.create(":memory:")).connect();
    const columns = Columns.map(({ Name }) => Name!);
    const list = files.map((path) => `'${path}'`).join(", ");
    const written = await connection.runAndReadAll(`describe select * from read_parquet([${list}])`);
    const types = new Map(written.getRows().map(([name, type]) => [String(name), String(type).toLowerCase()]));
    // As the catalog says it is, or an error: the files are not read as what they are not.
    for (const { Name, Type } of Columns)
      expect(types.get(Name!), Name).to.equal(Type === "string" ? "varchar" : Type === "int" ? "integer" : Type);
    const reader = await connection.runAndReadAll(
      `select ${columns.map((name) => `cast(${name} as varchar)`).join(", ")} from read_parquet([${list}]) order by 1`,
    );
    return { columns: Columns.map(({ Name, Type }) => `${Name} ${Type}`), rows: reader.getRows() };
  }

  it("in the middle of a Spark run loses nothing, starts nothing, and is not what the run is judged by", async () => {
    await deployed.upload(`${batch}/orders.json`, '{"order_id":"o_0","amount":12.34}\n{"order_id":"o_1","amount":1}\n');
    await deployed.until(batch, "the run has started", (document) => document?.runs[0]?.state === "started");
    // A new output, another column type, a new optional dataset: each of them alone made such a run fail.
    await redeploy(config(newTotals + counts, returns));
    const before = (await deployed.ledger(batch))!;
    expect(before.runs[0]!.state, "the run is still on").to.equal("started");
    const document = await deployed.until(batch, "run 1 is published", isPublished(1));
    expect(document.runs.map(({ run, state, failure }) => [run, state, failure])).to.deep.equal([
      [1, "published", null],
    ]);
    expect(await jobRuns()).to.have.length(1);
    expect(await readersGet("totals")).to.deep.equal({
      columns: ["order_id string", "total decimal(12,2)"],
      rows: [
        ["o_0", "12.34"],
        ["o_1", "1.00"],
      ],
    });
    expect(await readersGet("counts")).to.equal(null);
    // Silver's table has the rows that the run read.
    expect(await readersGet("silver_orders")).to.deep.equal({
      columns: ["order_id string", "amount decimal(12,2)", "_part int", "_line bigint"],
      rows: [
        ["o_0", "12.34", "0", "1"],
        ["o_1", "1.00", "0", "2"],
      ],
    });
    expect(await readersGet("silver_returns")).to.equal(null);
  });

  it("makes the next run its own, with new outputs and columns", async () => {
    expect(await order({ operation: "run" })).to.include({ run: 2 });
    await deployed.until(batch, "run 2 is published", isPublished(2));
    expect(await readersGet("totals")).to.deep.equal({
      columns: ["order_id string", "total string"],
      rows: [
        ["o_0", "EUR 12.34"],
        ["o_1", "EUR 1.00"],
      ],
    });
    expect(await readersGet("counts")).to.deep.equal({ columns: ["k int", "orders bigint"], rows: [["1", "2"]] });
  });

  it("is gone behind by a rollback: the older columns, and no partition of what was not made", async () => {
    expect(await order({ operation: "rollback", run: 1 })).to.include({ published: 1 });
    await deployed.until(batch, "the catalog has followed", isPublished(1));
    expect((await readersGet("totals"))!.columns).to.deep.equal(["order_id string", "total decimal(12,2)"]);
    expect((await readersGet("totals"))!.rows[0]).to.deep.equal(["o_0", "12.34"]);
    expect(await readersGet("counts")).to.equal(null);
  });

  it("is replayed over by a run of the release of then", async () => {
    expect(await order({ operation: "replay", run: 1 })).to.include({ run: 3 });
    const { runs } = await deployed.until(batch, "run 3 is published", isPublished(3));
    expect(runs[2]!.release).to.deep.equal(runs[0]!.release);
    expect((await readersGet("totals"))!.rows[0]).to.deep.equal(["o_0", "12.34"]);
    expect(await readersGet("counts")).to.equal(null);
  });

  it("leaves a good table to readers while the one next to it refuses, and the next run starts all the same", async () => {
    const { clients, names } = deployed;
    const table = { DatabaseName: names.catalogDatabase, Name: "totals" };
    const { Table } = await clients.glue.send(new GetTableCommand(table));
    // A declared table that is not there refuses every switch.
    await clients.glue.send(new DeleteTableCommand(table));
    await order({ operation: "run" });
    await deployed.until(batch, "run 4 is published", (document) => document?.published?.run === 4);
    const left = await deployed.until(
      batch,
      "all is done but the refused table",
      (document) => document!.published?.run === 4 && document!.effects.every(({ id }) => id === "catalog:totals"),
    );
    expect(left.effects.map(({ id }) => id)).to.deep.equal(["catalog:totals"]);
    expect((await readersGet("counts"))!.rows).to.deep.equal([["1", "2"]]);
    expect(await order({ operation: "run" })).to.include({ run: 5 });
    await deployed.until(batch, "run 5 is published", (document) => document?.published?.run === 5);

    const { Name, StorageDescriptor, PartitionKeys } = Table!;
    await clients.glue.send(
      new CreateTableCommand({
        DatabaseName: names.catalogDatabase,
        TableInput: { Name, StorageDescriptor, PartitionKeys },
      }),
    );
    // The lease of the switch that failed has to end before a sweep takes it over.
    await deployed.until(batch, "its lease is over", (document) =>
      document!.effects.every(({ until }) => until < Date.now()),
    );
    await settle({ kind: "sweep" });
    await deployed.until(batch, "the table has followed", isPublished(5));
    expect((await readersGet("totals"))!.rows[0]).to.deep.equal(["o_0", "EUR 12.34"]);
  });

  it("has files that came before it typed again for its runs, and says of one that is gone that it can't be", async () => {
    const { clients, names } = deployed;
    const [typed, expired] = ["2026-11-23", "2026-11-24"] as const;
    // No row is one to the first contract, and one of three to the second, which is enough for its bound alone.
    const rows = ["7.00", true, true]
      .map((amount, id) => `${JSON.stringify({ order_id: `o_${id}`, amount })}\n`)
      .join("");
    const outcomeIs = (outcome: string) => (document: LedgerDocument) =>
      Object.values(document.inputs).some(
        ({ dataset, decision }) => dataset === "orders" && decision.outcome === outcome,
      );
    const versions = new Map<string, string>();
    for (const name of [typed, expired]) versions.set(name, await deployed.upload(`${name}/orders.json`, rows));
    for (const name of [typed, expired]) await deployed.until(name, "orders are rejected", outcomeIs("rejected"));

    const corrected = orderLines.replace('"decimal(12,2)"', "string").replace("maxRejected: 50%", "maxRejected: 70%");
    write(shopConfig({ outputs: newTotals + counts, datasets: corrected + returns }));
    await deployed.stack.redeploy({ configFile: file });
    const VersionId = versions.get(expired)!;
    await clients.s3.send(
      new DeleteObjectCommand({ Bucket: names.bronzeBucket, Key: `${expired}/orders.json`, VersionId }),
    );
    for (const name of [typed, expired]) await deployed.upload(`${name}/returns.json`, '{"order_id":"o_0"}\n');

    const { inputs } = await deployed.until(expired, "the file is known to be gone", outcomeIs("gone"));
    expect(inputs[`${expired}/orders.json`]!.decision.version).to.equal(VersionId);
    const target = localTarget(deployed.stack);
    const told = explanationText(explain(await readStory(target, expired), ""), createStyle({})).join(" ");
    target.close();
    expect(told.replaceAll(/\s+/g, " "))
      .to.contain("orders can't be typed for the deployed contract")
      .and.to.match(/orders\.json came under another contract, and Bronze no longer has it.* upload it again/);

    const { runs } = await deployed.until(typed, "run 1 is published", isPublished(1));
    expect(runs[0]!.inputs.orders!.version).to.equal(versions.get(typed));
    expect((await readersGet("totals", typed))!.rows).to.deep.equal([["o_0", "EUR 7.00"]]);
    expect((await deployed.ledger(expired))!.runs).to.deep.equal([]);
  });
});
