/**
 * What each table of the catalog shows of a batch, through both handlers with real typing, over HTTP on real conditional
 * writes. The catalog is a fake: what Glue keeps of it, and what Athena reads, are not shown here.
 */
import { expect } from "chai";
import type { Contract, DatasetContract } from "../../../config/contract.ts";
import type { OperatorOrder } from "../../../handlers/ledger/event.ts";
import { type PipelineUnderTest, startPipelineUnderTest } from "../pipelineUnderTest.ts";

const dataset = (file: string, required: boolean, columns: Record<string, string>): DatasetContract => ({
  required,
  file,
  formats: ["json"],
  columns: Object.entries({ id: "string", ...columns }).map(([name, type]) => ({
    name,
    type,
    onNull: name === "id" ? "reject" : "keep",
    rules: [],
  })),
  primaryKey: ["id"],
  latestBy: "id",
  references: [],
  maxRejected: 5,
});

describe("the tables of the catalog", function () {
  this.timeout(60_000);
  let pipeline: PipelineUnderTest;
  let first: Contract;
  before(async () => {
    pipeline = await startPipelineUnderTest();
    first = {
      ...pipeline.contract,
      datasets: {
        users: dataset("users", true, { Age: "int", Place: "struct<City:string>" }),
        constructor: dataset("constructor", false, {}),
      },
    };
  });
  beforeEach(() => pipeline.deploy(first));
  after(() => pipeline?.stop());

  let day = 0;
  const newBatch = () => `2026-03-${String(++day).padStart(2, "0")}`;
  const upload = async (batch: string, name: string, text: string) =>
    await pipeline.deliver(await pipeline.upload(`${batch}/${name}.json`, text));
  let orders = 0;
  const order = (batch: string, given: OperatorOrder) =>
    pipeline.settle({ kind: "order", id: `order ${++orders}`, batch, order: given });

  /** Ends the run that is on well. */
  async function end(batch: string): Promise<void> {
    const { run, jobRuns } = (await pipeline.ledger(batch)).runs.at(-1)!;
    await pipeline.report(batch, run, jobRuns[0]!);
    pipeline.engine.end(jobRuns[0]!, "succeeded");
    await pipeline.jobEnded(jobRuns[0]!);
    expect((await pipeline.ledger(batch)).published).to.include({ run });
  }

  /** What Silver's tables show of a batch: of each the Parquet files of its partition, and the columns. */
  async function shown(batch: string) {
    const partitions = [...pipeline.catalog.partitions].filter(([name]) => name.endsWith(`/${batch}`));
    const tables: Record<string, { files: string[]; columns: string }> = {};
    for (const [name, { location, columns }] of partitions) {
      const [table = ""] = name.split("/");
      if (table === "user_activity") continue;
      const prefix = location.replace("s3://test-silver/", "");
      const files = (await pipeline.keys("test-silver", prefix)).map((key) => `s3://test-silver/${key}`);
      tables[table] = { files, columns: columns.map(({ name, type }) => `${name} ${type}`).join(", ") };
    }
    return tables;
  }

  /** What a run has read of a dataset, by the file report that it pinned, as the engine reads it. */
  async function read(batch: string, run: number, name: string): Promise<string[]> {
    const pinned = (await pipeline.ledger(batch)).runs.find((one) => one.run === run)!.inputs[name]!;
    const { silver, parts } = JSON.parse(await pipeline.text("test-ledger", pinned.report.key));
    return parts.map((_: unknown, part: number) => `${silver}part-${part}.parquet`);
  }
  const usersColumns = "id string, age int, place struct<city:string>, _part int, _line bigint";

  it("show of Silver the rows that the published run has read, and nothing of a dataset that was absent", async () => {
    const batch = newBatch();
    await upload(batch, "users", '{"id":"a"}\n{"id":"b","Age":7}\n');
    expect(await shown(batch)).to.deep.equal({});
    await end(batch);
    const files = await read(batch, 1, "users");
    expect(files).to.have.length(1);
    expect(await shown(batch)).to.deep.equal({ silver_users: { files, columns: usersColumns } });
  });

  it("follow the pointer: to a newer run, not to an upload, and back", async () => {
    const batch = newBatch();
    await upload(batch, "users", '{"id":"a"}\n');
    await end(batch);
    const old = { silver_users: { files: await read(batch, 1, "users"), columns: usersColumns } };
    await upload(batch, "constructor", '{"id":"c"}\n');
    await upload(batch, "users", '{"id":"a"}\n{"id":"b"}\n');
    expect(await shown(batch)).to.deep.equal(old);
    await end(batch);
    const both = {
      silver_users: { files: await read(batch, 2, "users"), columns: usersColumns },
      silver_constructor: {
        files: await read(batch, 2, "constructor"),
        columns: "id string, _part int, _line bigint",
      },
    };
    expect(both.silver_users.files).to.not.deep.equal(old.silver_users.files);
    expect(await shown(batch)).to.deep.equal(both);

    // A file that is rejected is in Silver too, and nobody is shown it.
    await upload(batch, "users", '{"id":"a"}\n{"id":7}\n');
    await order(batch, { operation: "rollback", run: 1 });
    expect(await shown(batch)).to.deep.equal(old);
    await order(batch, { operation: "rollback", run: 2 });
    expect(await shown(batch)).to.deep.equal(both);
  });

  it("show a run by its own release: the rows of its shape with its columns, whatever is deployed since", async () => {
    const batch = newBatch();
    await upload(batch, "users", '{"id":"a","Age":7}\n');
    await end(batch);
    const old = { silver_users: { files: await read(batch, 1, "users"), columns: usersColumns } };
    await pipeline.deploy({ ...first, datasets: { users: dataset("users", true, { Age: "string" }) } });
    await upload(batch, "users", '{"id":"b","Age":"x"}\n');
    await end(batch);
    expect(await shown(batch)).to.deep.equal({
      silver_users: {
        files: await read(batch, 2, "users"),
        columns: "id string, age string, _part int, _line bigint",
      },
    });
    await order(batch, { operation: "rollback", run: 1 });
    expect(await shown(batch)).to.deep.equal(old);
  });

  it("lose a batch whose new run reads a dataset no more, and go on without a table that went with it", async () => {
    const batch = newBatch();
    await upload(batch, "constructor", '{"id":"c"}\n');
    await upload(batch, "users", '{"id":"a"}\n');
    await end(batch);
    expect(Object.keys(await shown(batch)).sort()).to.deep.equal(["silver_constructor", "silver_users"]);
    await pipeline.deploy({ ...first, datasets: { users: first.datasets.users! } });
    await upload(batch, "users", '{"id":"a"}\n{"id":"b"}\n');
    await end(batch);
    expect(Object.keys(await shown(batch))).to.deep.equal(["silver_users"]);

    pipeline.catalog.missing.add("silver_constructor");
    await order(batch, { operation: "rollback", run: 1 });
    expect(Object.keys(await shown(batch))).to.deep.equal(["silver_users"]);
    expect((await pipeline.ledger(batch)).effects).to.deep.equal([]);
    expect(pipeline.logs.filter(({ message }) => message === "publication.unread")).to.deep.equal([
      {
        level: "warn",
        message: "publication.unread",
        batch,
        table: "silver_constructor",
        run: 1,
        reason: "the table is not deployed any more",
      },
    ]);

    // One that is declared has to be there: the switch stays to be done.
    await pipeline.deploy(first);
    await order(batch, { operation: "rollback", run: 1 });
    expect((await pipeline.ledger(batch)).effects.map(({ id }) => id)).to.deep.equal(["catalog:silver_constructor"]);
    pipeline.catalog.missing.clear();
  });
});
