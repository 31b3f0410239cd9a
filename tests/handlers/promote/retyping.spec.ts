import { createHash } from "node:crypto";
import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { expect } from "chai";
import type { Contract } from "../../../config/contract.ts";
import type { FileReport } from "../../../handlers/promote/fileReport.ts";
import { nextSecond, type PipelineUnderTest, type S3Record, startPipelineUnderTest } from "../pipelineUnderTest.ts";
import { readParquet } from "./parquetRows.ts";

/** A deployment of another contract while a batch is incomplete; over HTTP, with the real reader and real queues. */
describe("files typed again", function () {
  this.timeout(60_000);
  let pipeline: PipelineUnderTest;
  let first: Contract;

  before(async () => {
    pipeline = await startPipelineUnderTest();
    first = pipeline.contract;
  });
  after(() => pipeline?.stop());
  beforeEach(() => deploy(first));

  async function deploy(contract: Contract): Promise<void> {
    await nextSecond();
    await pipeline.deploy(contract);
  }

  /** The contract with another type of users' column, or more malformed users. */
  const withUsers = (changes: Partial<Contract["datasets"][string]>): Contract => ({
    ...first,
    datasets: { ...first.datasets, users: { ...first.datasets.users!, ...changes } },
  });
  const countryAsNumber = () =>
    withUsers({
      columns: first.datasets.users!.columns.map((column) =>
        column.name === "country" ? { ...column, type: "int", onNull: "keep" } : column,
      ),
    });
  const rows = {
    users: '{"user_id":"u_0","country":7}\n',
    events: '{"event_id":"e_0","user_id":"u_0"}\n',
    orders: '{"order_id":"o_0","user_id":"u_0"}\n',
  };

  async function arrive(batch: string, dataset: keyof typeof rows, text = rows[dataset]): Promise<S3Record> {
    const record = await pipeline.upload(`${batch}/${dataset}.json`, text);
    expect(await pipeline.deliver(record)).to.deep.equal([]);
    return record;
  }
  /** Hands promote what the gate has sent to its queue. */
  async function handle(): Promise<object[]> {
    const bodies = await pipeline.receive(pipeline.names.promoteQueueUrl);
    for (const body of bodies) {
      const { Records } = JSON.parse(body) as { Records: S3Record[] };
      expect(await pipeline.deliver(...Records)).to.deep.equal([]);
    }
    return bodies.map((body) => JSON.parse(body).Records[0]);
  }
  /** All files of a batch arrive, and the contract is deployed before the last of them. */
  async function deployBetween(batch: string, contract: Contract, users = rows.users): Promise<void> {
    await arrive(batch, "users", users);
    await arrive(batch, "events");
    await deploy(contract);
    await arrive(batch, "orders");
  }
  const decisionOf = async (batch: string) => (await pipeline.ledger(batch)).inputs[`${batch}/users.json`]!.decision;

  it("are rejected before and read after a contract that takes them", async () => {
    const batch = "2026-03-01";
    const { s3 } = await arrive(batch, "users");
    await arrive(batch, "events");
    expect(await decisionOf(batch)).to.include({ outcome: "rejected", code: "contract" });
    await deploy(countryAsNumber());
    await arrive(batch, "orders");
    expect((await pipeline.ledger(batch)).runs).to.deep.equal([]);
    const [asked, ...more] = await handle();
    expect(more).to.deep.equal([]);
    expect(asked).to.deep.include({ eventName: "ObjectCreated:Retyped" });

    const { runs, effects } = await pipeline.ledger(batch);
    expect(runs.map(({ state }) => state)).to.deep.equal(["started"]);
    expect(effects).to.deep.equal([]);
    const { version, report: pin } = runs[0]!.inputs.users!;
    expect(version).to.equal(s3.object.versionId);
    const text = await pipeline.text(pipeline.names.ledgerBucket, pin.key);
    expect(createHash("sha256").update(text).digest("hex")).to.equal(pin.sha256);
    const { silver } = JSON.parse(text) as FileReport;
    const key = `${silver.slice(`s3://${pipeline.names.silverBucket}/`.length)}part-0.parquet`;
    const [row] = await readParquet(pipeline.s3, pipeline.names.silverBucket, [key]);
    expect(row).to.include({ user_id: "u_0", country: "7" });
  });

  it("are promoted before and rejected after one that does not, and then the batch waits", async () => {
    const batch = "2026-03-02";
    await deployBetween(batch, countryAsNumber(), '{"user_id":"u_0","country":"US"}\n');
    expect(await handle()).to.have.length(1);
    expect(await decisionOf(batch)).to.include({ outcome: "rejected", code: "contract" });
    const { runs, effects } = await pipeline.ledger(batch);
    expect([runs, effects]).to.deep.equal([[], []]);
  });

  it("keep their rows where only the verdict changes", async () => {
    const batch = "2026-03-03";
    await arrive(batch, "users", '{"user_id":"u_0"}\n{"user_id":1}\n{"user_id":"u_1"}\n');
    await arrive(batch, "events");
    expect(await decisionOf(batch)).to.include({ outcome: "rejected" });
    const silver = await pipeline.keys(pipeline.names.silverBucket, `users/batch=${batch}/`);
    await deploy(withUsers({ maxRejected: 50 }));
    await arrive(batch, "orders");
    expect(await handle()).to.have.length(1);
    expect((await pipeline.ledger(batch)).runs).to.have.length(1);
    expect(await pipeline.keys(pipeline.names.silverBucket, `users/batch=${batch}/`)).to.deep.equal(silver);
  });

  it("expire when Bronze no longer has them, and an upload helps", async () => {
    const batch = "2026-03-04";
    const { s3 } = await arrive(batch, "users");
    await arrive(batch, "events");
    await deploy(countryAsNumber());
    await arrive(batch, "orders");
    const { key: Key, versionId: VersionId } = s3.object;
    await pipeline.s3.send(new DeleteObjectCommand({ Bucket: pipeline.bronze, Key, VersionId }));
    await handle();
    expect(await decisionOf(batch)).to.deep.include({ outcome: "gone", version: VersionId });
    expect(pipeline.logs.filter(({ message }) => message === "file.expired")).to.have.length(1);
    expect((await pipeline.ledger(batch)).runs).to.deep.equal([]);
    await arrive(batch, "users");
    expect((await pipeline.ledger(batch)).runs).to.have.length(1);
  });

  it("are not asked for any more when the request comes after yet another deployment", async () => {
    const batch = "2026-03-05";
    await deployBetween(batch, countryAsNumber(), '{"user_id":"u_0","country":"US"}\n');
    await deploy(first);
    expect(await handle()).to.have.length(1);
    const { runs, effects } = await pipeline.ledger(batch);
    expect(effects).to.deep.equal([]);
    expect(runs.map(({ inputs }) => inputs.users!.shape)).to.deep.equal([(await decisionOf(batch)).shape]);
    expect(await decisionOf(batch)).to.include({ outcome: "promoted" });
  });

  it("wait for a function that has the reader which the release asks for", async () => {
    const batch = "2026-03-06";
    const pointer = JSON.parse(await pipeline.text(pipeline.names.artifactsBucket, "release.json"));
    const record = await pipeline.upload(`${batch}/users.json`, rows.users);
    pointer.release.reader++;
    await nextSecond();
    await pipeline.put(pipeline.names.artifactsBucket, "release.json", JSON.stringify(pointer));
    expect(await pipeline.deliver(record)).to.deep.equal([]);
    expect(await pipeline.keys(pipeline.names.ledgerBucket, `batches/${batch}`)).to.deep.equal([]);
    expect(pipeline.logs.at(-1)).to.include({ level: "warn", message: "file.postponed" });
    const postponed = { ...record, since: Date.now() - 3_600_001 };
    expect(await pipeline.deliver(postponed as S3Record)).to.deep.equal([]);
    expect(pipeline.logs.at(-1)).to.include({ level: "error", message: "message.failed" });
  });
});
