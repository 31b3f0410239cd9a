/** `upload` through the real SDK to a local S3, with the settings that are deployed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DeleteObjectCommand, GetObjectCommand, ListMultipartUploadsCommand, type S3Client } from "@aws-sdk/client-s3";
import { expect } from "chai";
import type { Target } from "../../operator/stack/target.ts";
import { partsOf } from "../../operator/upload/send.ts";
import { progressText } from "../../terminal/transferBar.ts";
import { type PipelineUnderTest, startPipelineUnderTest } from "../handlers/pipelineUnderTest.ts";
import { badFiles } from "../handlers/promote/badFiles.ts";
import { operatorOf, targetOf } from "./operator.ts";

const mebibyte = 1024 ** 2;
const line = (number: number) => `{"order_id":"o_${number}","user_id":"u_0","note":"${"x".repeat(1000)}"}\n`;

describe("npm run pipeline -- upload", function () {
  this.timeout(150_000);
  let under: PipelineUnderTest;
  let target: Target;
  let folder: string;
  let call: Awaited<ReturnType<typeof operatorOf>>;
  /** What was asked of S3, by the names of its calls. */
  let asked: string[] = [];
  let batches = 0;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "upload-"));
    under = await startPipelineUnderTest();
    under.s3.middlewareStack.add(
      (next, { commandName }) =>
        (args) => {
          asked.push(commandName!.replace("Command", ""));
          return next(args);
        },
      { step: "initialize" },
    );
    target = targetOf(under);
    call = await operatorOf(target);
  });
  after(async () => {
    await under?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    asked = [];
  });

  const newBatch = () => `2026-03-${String(++batches).padStart(2, "0")}`;
  function write(name: string, content: string | Buffer): string {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  }
  const large = () => write("orders.json", Array.from({ length: 50_000 }, (_, index) => line(index)).join(""));
  const uploads = async () =>
    (await under.s3.send(new ListMultipartUploadsCommand({ Bucket: under.bronze }))).Uploads ?? [];
  const sends = () => asked.filter((name) => /^(Put|Upload|Create|Complete)/.test(name));

  it("puts a file under the key that the layout has, in one piece, checked by its SHA-256", async () => {
    const batch = newBatch();
    const path = write("users.json", '{"user_id":"u_0"}\n');
    const { code, printed } = await call(`upload ${path} --batch ${batch}`);
    expect({ code, printed }).to.deep.equal({
      code: 0,
      printed: `${path} is ${batch}/users.json, 0.0 kB\nnext: npm run pipeline -- watch ${batch}`,
    });
    expect(sends()).to.deep.equal(["PutObject"]);
    const { ChecksumSHA256, Body } = await under.s3.send(
      new GetObjectCommand({ Bucket: under.bronze, Key: `${batch}/users.json`, ChecksumMode: "ENABLED" }),
    );
    expect(await Body!.transformToString()).to.equal('{"user_id":"u_0"}\n');
    expect(ChecksumSHA256).to.match(/^\S{43}=$/);
  });

  it("without a batch puts it at the root, and packs nothing that is packed", async () => {
    const path = write("users.json.gz", gzipSync('{"user_id":"u_0"}\n'));
    const { printed } = await call(`upload ${path} --json`);
    expect(JSON.parse(printed)).to.deep.include({ batch: "current" });
    expect(JSON.parse(printed).files[0]).to.deep.include({ key: "users.json.gz", how: "sent" });
  });

  it("sends the same bytes once: a repeat changes nothing, other bytes are a new version", async () => {
    const batch = newBatch();
    const path = write("users.json", '{"user_id":"u_1"}\n');
    const first = JSON.parse((await call(`upload ${path} --batch ${batch} --json`)).printed).files[0];
    asked = [];
    const again = await call(`upload ${path} --batch ${batch}`);
    expect(again.printed).to.match(/^\S+ is already there as \S+users\.json, so it was not sent\n/);
    expect(sends()).to.deep.equal([]);
    write("users.json", '{"user_id":"u_2"}\n');
    const second = JSON.parse((await call(`upload ${path} --batch ${batch} --json`)).printed).files[0];
    expect(second.how).to.equal("sent");
    expect(second.version).to.not.equal(first.version);
  });

  it("sends bytes again that were withdrawn, as a version that is decided anew, and once", async () => {
    const batch = newBatch();
    const key = `${batch}/users.json`;
    const path = write("users.json", '{"user_id":"u_3"}\n');
    await under.deliver(await under.upload(`${batch}/events.json`, '{"event_id":"e_0","user_id":"u_0"}\n'));
    const first = JSON.parse((await call(`upload ${path} --batch ${batch} --json`)).printed).files[0];
    const told = (versionId: string, sequencer: string) => ({
      eventName: "ObjectCreated:Put",
      s3: { bucket: { name: under.bronze }, object: { key, versionId, sequencer } },
    });
    await under.deliver(told(first.version, "01"));
    expect((await call(`withdraw ${key} --yes`)).code).to.equal(0);
    expect((await call(`upload ${path} --batch ${batch} --dry-run`)).printed).to.equal(
      `would upload ${path} as ${key}, 0.0 kB, again: the same bytes are there but were withdrawn`,
    );
    const { printed } = await call(`upload ${path} --batch ${batch}`);
    expect(printed.split("\n")[0]).to.equal(
      `${path} is ${key}, 0.0 kB, again: the same bytes are there but were withdrawn`,
    );
    const again = JSON.parse((await call(`upload ${path} --batch ${batch} --json`)).printed).files[0];
    expect(again).to.deep.include({ how: "present", withdrawn: null });
    expect(again.version).to.not.equal(first.version);
    await under.deliver(told(again.version, "02"));
    const { decision, withdrawn } = (await under.ledger(batch)).inputs[key]!;
    expect([decision.version, decision.outcome, withdrawn]).to.deep.equal([again.version, "promoted", [first.version]]);
  });

  it("sends bytes again that were deleted", async () => {
    const batch = newBatch();
    const path = write("users.json", '{"user_id":"u_4"}\n');
    const first = JSON.parse((await call(`upload ${path} --batch ${batch} --json`)).printed).files[0];
    await under.s3.send(new DeleteObjectCommand({ Bucket: under.bronze, Key: `${batch}/users.json` }));
    expect((await call(`upload ${path} --batch ${batch} --dry-run`)).printed).to.match(/^would upload /);
    const again = JSON.parse((await call(`upload ${path} --batch ${batch} --json`)).printed).files[0];
    expect(again).to.deep.include({ how: "sent", withdrawn: null });
    expect(again.version).to.not.equal(first.version);
  });

  it("refuses everything that promote would reject, with the same words, before it sends anything", async () => {
    const { files } = under.settings;
    const all = badFiles(files).filter(({ expected }) => expected.outcome === "rejected");
    const small = all.flatMap(({ key, content, expected }) => {
      const made = content();
      return Buffer.isBuffer(made) && expected.outcome === "rejected" ? [{ key, made, expected }] : [];
    });
    expect(small.length).to.be.greaterThan(20);
    for (const { key, made, expected } of small) {
      const path = write(key.split("/").at(-1)!, made);
      const { code, printed } = await call(`upload ${path} --batch ${newBatchName()}`);
      const { reason, fix } = expected;
      expect({ code, printed }).to.deep.equal({
        code: 1,
        printed: `${path} would be rejected: ${reason}; ${fix}\nnothing was sent: 1 of 1 file would be rejected`,
      });
    }
    expect(sends()).to.deep.equal([]);
  });
  const newBatchName = () => "2026-04-01";

  it("sends nothing when one of several would be rejected", async () => {
    const good = write("users.json", '{"user_id":"u_0"}\n');
    const bad = write("events.json", "event_id,user_id\n");
    const { code, printed } = await call(`upload ${good} ${bad} --batch ${newBatch()} --json`);
    expect(code).to.equal(1);
    expect(JSON.parse(printed).refused).to.deep.equal([
      {
        path: bad,
        key: `2026-03-${String(batches).padStart(2, "0")}/events.json`,
        code: "not_json",
        reason: "the file does not begin with a JSON object (it may be CSV or text)",
        fix: "write one JSON object a line",
      },
    ]);
    expect(sends()).to.deep.equal([]);
  });

  it("by a dry run says what it would send", async () => {
    const batch = newBatch();
    const path = write("users.json", '{"user_id":"u_0"}\n');
    expect((await call(`upload ${path} --batch ${batch} --dry-run`)).printed).to.equal(
      `would upload ${path} as ${batch}/users.json, 0.0 kB`,
    );
    expect(sends()).to.deep.equal([]);
    await call(`upload ${path} --batch ${batch}`);
    expect((await call(`upload ${path} --batch ${batch} --dry-run`)).printed).to.equal(
      `${path} is already there as ${batch}/users.json, so nothing would be sent`,
    );
  });

  it("finds a file from where npm was called", async () => {
    const batch = newBatch();
    write("users.json", '{"user_id":"u_0"}\n');
    const { INIT_CWD } = process.env;
    process.env.INIT_CWD = folder;
    try {
      expect((await call(`upload users.json --batch ${batch} --dry-run`)).printed).to.equal(
        `would upload ${join(folder, "users.json")} as ${batch}/users.json, 0.0 kB`,
      );
    } finally {
      if (INIT_CWD === undefined) delete process.env.INIT_CWD;
      else process.env.INIT_CWD = INIT_CWD;
    }
  });

  for (const [args, message] of [
    [
      "order.json",
      /order\.json would be skipped: no dataset has this file name; rename it to orders\.json if that is meant/,
    ],
    [
      "users.json --batch november",
      /would be skipped: the folder's name is not a batch name; name the folder after its batch/,
    ],
    ["none/users.json", /none\/users\.json: no such file$/],
    ["users.json users.json", /users\.json and \S+users\.json are both users\.json; name one$/],
    ["users.json users.json.gz", /are both users, and the batch would wait; name one$/],
  ] as const)
    it(`says in one line what is wrong with ${args}`, async () => {
      for (const name of ["order.json", "users.json", "users.json.gz"]) write(name, '{"user_id":"u_0"}\n');
      const words = args.split(" ").map((word) => (word.includes(".json") ? join(folder, word) : word));
      const { code, errors } = await call(`upload ${words.join(" ")}`);
      expect(errors).to.match(message);
      expect(errors).to.not.include("\n");
      expect({ code, sends: sends() }).to.deep.equal({ code: 2, sends: [] });
    });

  describe("of a large file", () => {
    it("goes up in parts of a size that depends on the file's alone", () => {
      expect(partsOf(0)).to.deep.equal([{ number: 1, start: 0, end: 0 }]);
      expect(partsOf(8 * mebibyte)).to.have.length(1);
      expect(partsOf(8 * mebibyte + 1).map(({ start, end }) => end - start)).to.deep.equal([8 * mebibyte, 1]);
      const most = partsOf(5 * 1024 ** 4);
      expect(most.length).to.be.at.most(10_000);
      expect(most.at(-1)!.end).to.equal(5 * 1024 ** 4);
    });

    it("goes on with its parts after it was killed, and only with parts of the same file", async () => {
      const batch = newBatch();
      const path = large();
      const parts = partsOf(50_000 * line(10_000).length).length;
      await kill(under.s3, under.bronze, path, `${batch}/orders.json`);
      const [begun] = await uploads();
      expect(begun!.Key).to.equal(`${batch}/orders.json`);
      asked = [];
      const { code, printed, errors } = await call(`upload ${path} --batch ${batch}`);
      expect(printed, errors).to.match(/^\S+ is \S+orders\.json, \d\d\.\d MB, resumed\n/);
      expect(code).to.equal(0);
      expect(sends().filter((name) => name === "UploadPart").length).to.be.within(1, parts - 1);
      expect(sends()).to.include("CompleteMultipartUpload").and.not.include("CreateMultipartUpload");
      expect(await uploads()).to.deep.equal([]);
      const { Body } = await under.s3.send(new GetObjectCommand({ Bucket: under.bronze, Key: `${batch}/orders.json` }));
      expect((await Body!.transformToString()).slice(-line(49_999).length)).to.equal(line(49_999));

      const other = newBatch();
      await kill(under.s3, under.bronze, path, `${other}/orders.json`);
      writeFileSync(path, Array.from({ length: 50_000 }, (_, index) => line(index + 1)).join(""));
      asked = [];
      expect((await call(`upload ${path} --batch ${other}`)).printed).to.match(/orders\.json, \d\d\.\d MB\n/);
      expect(sends()).to.include("CreateMultipartUpload");
      expect(await uploads()).to.have.length(1);
    });

    it("completes nothing of a file that changes while it is sent", async () => {
      const batch = newBatch();
      const path = large();
      let isChanged = false;
      const changing: Target = {
        ...target,
        s3: {
          send: async (command: never, ...rest: never[]) => {
            if ((command as object).constructor.name === "UploadPartCommand" && !isChanged) {
              isChanged = true;
              appendFileSync(path, line(1));
            }
            return await under.s3.send(command, ...rest);
          },
        } as unknown as S3Client,
      };
      const { code, errors } = await call(`upload ${path} --batch ${batch}`, { openTarget: () => changing });
      expect(code).to.equal(1);
      expect(errors).to.match(
        /failed: \S+orders\.json changed while it was sent, so the upload was not completed; upload it/,
      );
      expect(sends()).to.not.include("CompleteMultipartUpload");
    });

    it("shows how far it is, the rate of this call and the time that is left", () => {
      expect(progressText(30e6, 100e6, { sent: 10e6, seconds: 5 })).to.equal(
        "██████░░░░░░░░░░░░░░ 30% of 100.0 MB, 2.0 MB/s, 0:35 left",
      );
      expect(progressText(0, 100e6, { sent: 0, seconds: 0 })).to.equal("░░░░░░░░░░░░░░░░░░░░ 0% of 100.0 MB");
      expect(progressText(0, 0, { sent: 0, seconds: 1 })).to.equal("████████████████████ 100% of 0.0 kB");
    });
  });

  it("sends optional files first, and the others once promote has looked at them", async () => {
    const batch = newBatch();
    const deployed = await target.deployed();
    const { contract } = deployed.release;
    const optional: Target = {
      ...target,
      deployed: async () => ({
        ...deployed,
        release: {
          ...deployed.release,
          contract: {
            ...contract,
            datasets: { ...contract.datasets, users: { ...contract.datasets.users!, required: false } },
          },
        },
      }),
    };
    const users = write("users.json", '{"user_id":"u_0"}\n');
    const events = write("events.json", '{"event_id":"e_0","user_id":"u_0"}\n');
    const keysAtPause: string[][] = [];
    const { code, printed } = await call(`upload ${events} ${users} --batch ${batch}`, {
      openTarget: () => optional,
      pause: async () => {
        keysAtPause.push(await under.keys(under.bronze, `${batch}/`));
        await under.deliver(await under.upload(`${batch}/users.json`, '{"user_id":"u_0"}\n'));
      },
    });
    expect(keysAtPause).to.deep.equal([[`${batch}/users.json`]]);
    expect(await under.keys(under.bronze, `${batch}/`)).to.include(`${batch}/events.json`);
    expect({ code, lines: printed.split("\n").length }).to.deep.equal({ code: 0, lines: 3 });
  });
});

/** Uploads in a process of its own, which is killed once two parts are there. */
async function kill(s3: S3Client, bucket: string, path: string, key: string): Promise<void> {
  const endpoint = (await s3.config.endpoint!()) as { hostname: string; port?: number; protocol: string };
  const script = `
    import { S3Client } from "@aws-sdk/client-s3";
    import { digest } from "./operator/upload/localFile.ts";
    import { send } from "./operator/upload/send.ts";
    import { statSync } from "node:fs";
    const [path, key, bucket, endpoint] = process.argv.slice(1);
    const { size, mtimeMs } = statSync(path);
    const s3 = new S3Client({ endpoint, region: "eu-central-1", forcePathStyle: true, maxAttempts: 1,
      credentials: { accessKeyId: "test", secretAccessKey: "test" } });
    const file = { path, key, bytes: size, changedAt: mtimeMs };
    let parts = 0;
    await send(s3, file, { bucket, sha256: await digest(path, () => {}), withdrawn: [], signal: new AbortController().signal,
      onBytes: () => { if (++parts === 2) process.kill(process.pid, "SIGKILL"); } });
  `;
  const url = `${endpoint.protocol}//${endpoint.hostname}${endpoint.port ? `:${endpoint.port}` : ""}`;
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "--eval", script, path, key, bucket, url],
    { stdio: "inherit" },
  );
  const [, signal] = (await once(child, "exit")) as [number, string];
  expect(signal).to.equal("SIGKILL");
}
