import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { expect } from "chai";
import type { Input } from "../../handlers/ledger/document.ts";
import { partsOf } from "../../handlers/promote/transfer.ts";
import type { Clients } from "../../local/clients.ts";
import { canSeeProcesses, processesIn } from "../local/processes.ts";
import { environment, writeConfig } from "./chaos/config.ts";
import { type DeployedStack, deployStack } from "./deployedStack.ts";

/**
 * A file that is copied in parts, on the local AWS with the real bundle. LARGE_OBJECT_MIB sets another size: the local
 * AWS puts an object together in memory, so it takes as much as that and a little more. What this does not prove: S3's
 * own limits and its speed; the simulation has a file of 12 GB.
 */
const mebibyte = 1024 ** 2;
const mebibytes = Number(process.env.LARGE_OBJECT_MIB ?? 520);
const memoryLimit = 300 * mebibyte;
/** Sizes in bytes of what is uploaded and read at a time. */
const chunkBytes = 64 * mebibyte;
const batch = "2026-11-23";
const key = `${batch}/events.json`;

/** JSON lines of exactly this many bytes; each chunk says which one it is, so that an exchange of two would be seen. */
function chunk(index: number, bytes: number): Buffer {
  const line = `{"event_id":"e_${String(index).padStart(8, "0")}","user_id":"u_0","event_type":"product_view"}\n`;
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
  let uploaded: { version: string; sha256: string };
  let input: Input;

  before(async function () {
    if (!canSeeProcesses) this.skip();
    // The local AWS takes far longer than S3 to put the parts together, and the function waits for it.
    const overrides = { lambda: { promote: { timeout: "10m" } } };
    deployed = await deployStack({ configIn: (folder) => writeConfig(folder, overrides), environment });
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
    const hash = createHash("sha256");
    const Parts: { PartNumber: number; ETag: string }[] = [];
    const total = mebibytes * mebibyte;
    for (let at = 0; at < total; at += chunkBytes) {
      const PartNumber = Parts.length + 1;
      const Body = chunk(PartNumber, Math.min(chunkBytes, total - at));
      hash.update(Body);
      const { ETag } = await clients.s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber, Body }));
      Parts.push({ PartNumber, ETag: ETag! });
    }
    const { VersionId } = await clients.s3.send(
      new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }),
    );
    return { version: VersionId!, sha256: hash.digest("hex") };
  }

  it("is one that takes several parts", () => {
    expect(partsOf(mebibytes * mebibyte)).to.have.length.at.least(3);
  });

  it("is promoted, to the byte", async () => {
    const { decision } = input;
    if (decision.outcome !== "promoted") throw new Error(`it was rejected: ${decision.reason}`);
    const silver = { Bucket: names.silverBucket, Key: decision.silverKey };
    const { ContentLength, ETag } = await clients.s3.send(new HeadObjectCommand(silver));
    expect(ContentLength).to.equal(mebibytes * mebibyte);
    expect(ETag).to.match(/-\d+"$/, "the ETag of an object that was put together from parts");
    const hash = createHash("sha256");
    for (let at = 0; at < ContentLength!; at += chunkBytes) {
      const Range = `bytes=${at}-${Math.min(at + chunkBytes, ContentLength!) - 1}`;
      hash.update(
        await (await clients.s3.send(new GetObjectCommand({ ...silver, Range }))).Body!.transformToByteArray(),
      );
    }
    expect(hash.digest("hex")).to.equal(uploaded.sha256);
  });

  it("leaves no unfinished upload", async () => {
    const { Uploads = [] } = await clients.s3.send(new ListMultipartUploadsCommand({ Bucket: names.silverBucket }));
    expect(Uploads).to.deep.equal([]);
  });

  it(`is promoted with less than ${memoryLimit / mebibyte} MiB of memory`, () => {
    const peaks = peaksIn(deployed.directory).filter((peak) => peak.function === names.promoteFunction);
    expect(peaks).to.have.length.at.least(1);
    for (const { bytes } of peaks) expect(bytes).to.be.below(memoryLimit);
  });
});
