import { readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect } from "chai";
import type { Input } from "../../handlers/ledger/document.ts";
import type { FileReport } from "../../handlers/promote/fileReport.ts";
import { partBytes } from "../../handlers/reader/lines.ts";
import type { Clients } from "../../local/clients.ts";
import { canSeeProcesses, processesIn } from "../local/processes.ts";
import { environment, writeConfig } from "./chaos/config.ts";
import { type DeployedStack, deployStack } from "./deployedStack.ts";

/**
 * A file that is typed in parts, on the local AWS with the real bundle. LARGE_OBJECT_MIB sets another size: the local
 * AWS puts an object together in memory, so it takes as much as that and a little more. What this does not prove: S3's
 * own limits and its speed; the simulation has a file of 12 GB.
 */
const mebibyte = 1024 ** 2;
const mebibytes = Number(process.env.LARGE_OBJECT_MIB ?? 520);
const memoryLimit = 600 * mebibyte;
/** Sizes in bytes of what is uploaded and read at a time. */
const chunkBytes = 64 * mebibyte;
const batch = "2026-11-23";
const key = `${batch}/events.json`;

const idOf = (index: number) => `e_${String(index).padStart(8, "0")}`;
const lineOf = (index: number) => `{"event_id":"${idOf(index)}","user_id":"u_0","event_type":"product_view"}\n`;

/** JSON lines of exactly this many bytes; each chunk says which one it is, so that an exchange of two would be seen. */
function chunk(index: number, bytes: number): Buffer {
  const line = lineOf(index);
  const rest = bytes % line.length;
  const text = Buffer.alloc(bytes, line);
  // The rest of a line would be no JSON: blanks are.
  text.fill(" ", bytes - rest);
  if (rest > 0) text[bytes - 1] = 0x0a;
  return text;
}

interface Peak {
  readonly function: string;
  readonly bytes: number;
}

/** The most memory that each function process has ever held. */
function peaksIn(directory: string): Peak[] {
  return processesIn(join(directory, "aws", "tmp")).map((pid) => ({
    function: /ministack-lambda-(.+)-[^-]+\/code/.exec(readlinkSync(`/proc/${pid}/cwd`))?.[1] ?? "",
    bytes: Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) * 1024,
  }));
}

describe("a large file, on the deployed stack", function () {
  this.timeout(1_200_000);
  let deployed: DeployedStack;
  let clients: Clients;
  let names: DeployedStack["names"];
  /** The version, and how many rows have which id, in their order. */
  let uploaded: { version: string; rows: [string, number][] };
  let input: Input;

  before(async function () {
    if (!canSeeProcesses) this.skip();
    deployed = await deployStack({ configIn: (folder) => writeConfig(folder, {}), environment });
    ({ clients, names } = deployed);
    uploaded = await upload();
    const begun = Date.now();
    const isDecided = (found?: Input) => found?.decision.version === uploaded.version;
    const document = await deployed.until(batch, "the file is decided", ({ inputs }) => isDecided(inputs[key]));
    input = document.inputs[key]!;
    console.log(
      `      ${mebibytes} MiB promoted in ${((Date.now() - begun) / 1000).toFixed(1)} s; most memory: ${peaksIn(
        deployed.directory,
      )
        .map((peak) => `${peak.function} ${Math.round(peak.bytes / mebibyte)} MiB`)
        .join(", ")}`,
    );
  });
  after(() => deployed?.stop());

  async function upload(): Promise<typeof uploaded> {
    const target = { Bucket: names.bronzeBucket, Key: key };
    const { UploadId } = await clients.s3.send(new CreateMultipartUploadCommand(target));
    const rows: [string, number][] = [];
    const Parts: { PartNumber: number; ETag: string }[] = [];
    const total = mebibytes * mebibyte;
    for (let at = 0; at < total; at += chunkBytes) {
      const PartNumber = Parts.length + 1;
      const Body = chunk(PartNumber, Math.min(chunkBytes, total - at));
      rows.push([idOf(PartNumber), Math.floor(Body.length / lineOf(PartNumber).length)]);
      const { ETag } = await clients.s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber, Body }));
      Parts.push({ PartNumber, ETag: ETag! });
    }
    const { VersionId } = await clients.s3.send(
      new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }),
    );
    return { version: VersionId!, rows };
  }

  it("is typed by several calls into parts of bounded size, every row once and in its place", async () => {
    const { decision } = input;
    if (decision.outcome !== "promoted") throw new Error(decision.outcome);
    const { Body } = await clients.s3.send(
      new GetObjectCommand({ Bucket: names.ledgerBucket, Key: decision.report.key }),
    );
    const report = JSON.parse(await Body!.transformToString()) as FileReport;
    expect(report.source).to.deep.equal({ key, version: uploaded.version, bytes: mebibytes * mebibyte });
    expect(report.malformed).to.equal(0);
    expect(report.parts).to.have.length(Math.ceil((mebibytes * mebibyte) / partBytes));
    const place = report.silver.slice(`s3://${names.silverBucket}/`.length);
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    const path = join(deployed.directory, "part.parquet");
    const rows = new Map<string, number>();
    for (const [part, counted] of report.parts.entries()) {
      const silver = { Bucket: names.silverBucket, Key: `${place}part-${part}.parquet` };
      const { Body } = await clients.s3.send(new GetObjectCommand(silver));
      writeFileSync(path, await Body!.transformToByteArray());
      const read = await connection.runAndReadAll(
        `select event_id, count(*)::int as n, min(_line)::int as first, min(_part)::int as part from '${path}' group by all order by first`,
      );
      let total = 0;
      for (const { event_id, n, part: of } of read.getRowObjectsJson() as {
        event_id: string;
        n: number;
        part: number;
      }[]) {
        rows.set(event_id, (rows.get(event_id) ?? 0) + n);
        total += n;
        expect(of).to.equal(part);
      }
      expect(total).to.equal(counted.rows);
    }
    connection.closeSync();
    instance.closeSync();
    expect([...rows]).to.deep.equal(uploaded.rows);
  });

  it(`is promoted with less than ${memoryLimit / mebibyte} MiB of memory`, () => {
    const peaks = peaksIn(deployed.directory).filter((peak) => peak.function === names.promoteFunction);
    expect(peaks).to.have.length.at.least(1);
    for (const { bytes } of peaks) expect(bytes).to.be.below(memoryLimit);
  });
});
