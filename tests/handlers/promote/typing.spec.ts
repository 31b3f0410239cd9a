import { gzipSync } from "node:zlib";
import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { expect } from "chai";
import type { PartRange } from "../../../handlers/bronze/s3Event.ts";
import type { S3 } from "../../../handlers/clients.ts";
import type { BronzeFile } from "../../../handlers/keys.ts";
import type { FileReport } from "../../../handlers/promote/fileReport.ts";
import { s3Source } from "../../../handlers/promote/source.ts";
import { textOf } from "../../../handlers/promote/text.ts";
import { reportOf, type Typed, typeVersion } from "../../../handlers/promote/typing.ts";
import { typeParts } from "../../../handlers/reader/file.ts";
import { createDocumentStore } from "../../../handlers/storage.ts";
import { type PipelineUnderTest, startPipelineUnderTest } from "../pipelineUnderTest.ts";
import { readParquet } from "./parquetRows.ts";

/** Over HTTP, with real conditional writes. */
describe("the typing of a version", function () {
  this.timeout(120_000);
  let pipeline: PipelineUnderTest;
  before(async () => {
    pipeline = await startPipelineUnderTest();
  });
  after(() => pipeline?.stop());

  const bytesOfPart = 300;
  const limits = { maxArrayBytes: 100_000, maxUnpackedBytes: 1_000_000 };
  const all: PartRange = { first: 0, count: 1000 };
  const order = (id: number, more = "") => `{"order_id":"o_${id}","user_id":"u_1","order_amount":${id}.50${more}}`;
  const orders = (count: number) => Array.from({ length: count }, (_, id) => `${order(id)}\n`).join("");

  async function upload(key: string, body: string | Buffer) {
    const { s3 } = await pipeline.upload(key, body);
    const [batch, name] = key.split("/") as [string, string];
    const [dataset, ...format] = name.split(".");
    const file = {
      batch,
      dataset: dataset!,
      format: format.join("."),
      key,
      version: s3.object.versionId,
    } as BronzeFile;
    return { file, bytes: Buffer.byteLength(body) };
  }

  interface Options {
    readonly parts?: PartRange;
    readonly layout?: "jsonl" | "array";
    readonly s3?: S3;
    readonly remainingTime?: () => number;
    readonly bytesOfPart?: number;
  }

  async function type({ file, bytes }: Awaited<ReturnType<typeof upload>>, options: Options = {}): Promise<Typed> {
    const { s3 = pipeline.s3, parts = all, layout = "jsonl", remainingTime = () => 120_000 } = options;
    const { names, contract } = pipeline;
    const source = s3Source(s3, { bucket: pipeline.bronze, key: file.key, version: file.version, bytes });
    const compression = file.format === "json.gz" ? "gzip" : "none";
    const documents = createDocumentStore(s3, names.ledgerBucket, names.keyArn);
    const known = await reportOf({ file, contract }, documents);
    if (known) return { kind: "whole", ...known };
    return await typeVersion(
      { file, bytes, contract, parts, text: await textOf(source, { layout, compression }, limits) },
      {
        s3,
        typeParts,
        names,
        documents,
        remainingTime,
        bytesOfPart: options.bytesOfPart ?? bytesOfPart,
      },
    );
  }

  const reportIn = (typed: Typed): FileReport => {
    if (typed.kind !== "whole") throw new Error(`cut at ${typed.next}`);
    return typed.report;
  };
  const placeIn = (silver: string) => silver.slice(`s3://${pipeline.names.silverBucket}/`.length);
  const idsIn = async ({ silver, parts }: FileReport) => {
    const place = placeIn(silver);
    const keys = parts.map((_, part) => `${place}part-${part}.parquet`);
    const rows = await readParquet(pipeline.s3, pipeline.names.silverBucket, keys);
    return rows.map(({ order_id, _part, _line }) => `${order_id}@${_part}:${_line}`);
  };

  it("leaves one part, its malformed rows and a report of a small file", async () => {
    const lines = [order(1), order(2).slice(0, -5), "", order(3, ',"colour":"red"'), '{"order_id":4}'];
    const uploaded = await upload("2026-02-01/orders.json", `${lines.join("\n")}\n`);
    const report = reportIn(await type(uploaded, { bytesOfPart: 1 << 20 }));
    const { key, version } = uploaded.file;
    expect(report).to.deep.equal({
      format: 1,
      dataset: "orders",
      batch: "2026-02-01",
      source: { key, version, bytes: uploaded.bytes },
      shape: report.shape,
      silver: report.silver,
      fault: report.fault,
      rows: 2,
      malformed: 2,
      faults: [
        { why: "not JSON", rows: 1, lines: [2] },
        { why: "wrong type", place: "order_id", declared: "string", found: "whole number", rows: 1, lines: [5] },
      ],
      drift: {
        undeclared: [{ name: "colour", rows: 1 }],
        absent: ["product_id", "currency", "order_timestamp", "payment_status"],
        changed: [],
      },
      parts: [{ lines: 5, rows: 2, bytes: report.parts[0]!.bytes }],
    });
    expect(placeIn(report.silver)).to.match(/^orders\/batch=2026-02-01\/v-[0-9a-f]{32}\/$/);
    expect(report.fault).to.deep.equal({
      code: "contract",
      reason:
        "2 of 4 rows are malformed (50%, and at most 5% may be): line 2 is no JSON; line 5 has a whole number in order_id, which is declared string",
      fix: "write one JSON object a line, with a JSON library; write order_id as a text in quotes, or declare it long",
    });
    expect(await idsIn(report)).to.deep.equal(["o_1@0:1", "o_3@0:4"]);
    const malformed = await readParquet(pipeline.s3, pipeline.names.rejectedBucket, [
      `rows/${placeIn(report.silver)}part-0.parquet`,
    ]);
    expect(malformed).to.deep.equal([
      { _part: "0", _line: "2", why: "is no JSON from character 50 on", text: lines[1]! },
      { _part: "0", _line: "5", why: "has a whole number in order_id, which is declared string", text: lines[4]! },
    ]);
    expect(await pipeline.keys(pipeline.names.ledgerBucket, "parts/")).to.deep.equal([]);
    // Asked again, it reads nothing but the report.
    const none: S3 = {
      send: ((command: { input: { Bucket: string } }) =>
        command.input.Bucket === pipeline.names.ledgerBucket
          ? pipeline.s3.send(command as never)
          : Promise.reject(new Error("read"))) as S3["send"],
    };
    expect(reportIn(await type(uploaded, { s3: none }))).to.deep.equal(report);
  });

  for (const [name, body] of [
    ["orders.json", (text: string) => text],
    ["orders.json.gz", (text: string) => gzipSync(text)],
  ] as const)
    it(`of ${name} is the same from one invocation and from several, in any order and at the same time`, async () => {
      const text = orders(40);
      const whole = reportIn(await type(await upload(`2026-02-02/${name}`, body(text))));
      expect(whole.parts.length).to.be.above(5);
      expect(whole.rows).to.equal(40);
      const expected = await idsIn(whole);
      expect(expected).to.have.length(40);

      const uploaded = await upload(`2026-02-03/${name}`, body(text));
      const groups = Array.from({ length: Math.ceil(whole.parts.length / 2) }, (_, index) => ({
        first: 2 * index,
        count: 2,
      }));
      const answers = await Promise.all(
        [...groups.reverse(), ...groups].map((parts) => type(uploaded, { parts }).catch((error: Error) => error.name)),
      );
      const report = reportIn(await type(uploaded));
      expect(answers.some((answer) => typeof answer === "object" && answer.kind === "whole")).to.equal(true);
      expect(await idsIn(report)).to.deep.equal(expected);
      expect(report.parts.map(({ lines, rows }) => [lines, rows])).to.deep.equal(
        whole.parts.map(({ lines, rows }) => [lines, rows]),
      );
    });

  it("types one part at least, however little time there is, and says where it has stopped", async () => {
    const uploaded = await upload("2026-02-04/orders.json", orders(20));
    const seen: (number | null)[] = [];
    let parts: PartRange = all;
    for (;;) {
      const typed = await type(uploaded, { parts, remainingTime: () => 0 });
      if (typed.kind === "whole") break;
      seen.push(typed.next);
      parts = { first: typed.next!, count: 1000 };
    }
    expect(seen).to.deep.equal(seen.map((_, index) => index + 1));
    expect(await idsIn(reportIn(await type(uploaded)))).to.have.length(20);
  });

  it("goes on after it was killed at any write, and writes nothing twice", async () => {
    const text = orders(12).replace('"order_amount":3.50', '"order_amount":"x"');
    const whole = reportIn(await type(await upload("2026-02-05/orders.json", text)));
    for (let writes = 0; ; writes++) {
      const uploaded = await upload(`2026-02-06/orders.json`, text);
      let left = writes;
      const killed: S3 = {
        send: (async (command: unknown) => {
          if (command instanceof PutObjectCommand && left-- <= 0) throw new Error("killed");
          return await (pipeline.s3 as S3Client).send(command as never);
        }) as S3["send"],
      };
      const first = await type(uploaded, { s3: killed }).catch((error: Error) => error.message);
      let [puts, refusedPuts] = [0, 0];
      const counted: S3 = {
        send: (async (command: unknown) => {
          try {
            const answer = await (pipeline.s3 as S3Client).send(command as never);
            if (command instanceof PutObjectCommand) puts++;
            return answer;
          } catch (error) {
            if (command instanceof PutObjectCommand) refusedPuts++;
            throw error;
          }
        }) as S3["send"],
      };
      const report = reportIn(await type(uploaded, { s3: counted }));
      expect(report).to.deep.equal({ ...whole, batch: "2026-02-06", source: report.source, silver: report.silver });
      if (first !== "killed") {
        expect([puts, refusedPuts]).to.deep.equal([0, 0]);
        // Rows of each part, its report, one part's malformed rows, the file's report.
        expect(writes).to.equal(2 * whole.parts.length + 2);
        break;
      }
      expect(puts).to.equal(2 * whole.parts.length + 2 - writes);
      expect(refusedPuts).to.be.below(3);
    }
  });

  it("reads the elements of a list, whatever they are", async () => {
    const uploaded = await upload("2026-02-07/orders.json", `[${order(1)},\n 5, ${order(2)}]`);
    const report = reportIn(await type(uploaded, { layout: "array" }));
    expect(await idsIn(report)).to.deep.equal(["o_1@0:1", "o_2@0:3"]);
    expect(report.fault!.reason).to.contain("element 2 is no JSON object");
  });
});
