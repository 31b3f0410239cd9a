import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { GetJobRunsCommand } from "@aws-sdk/client-glue";
import { DeleteObjectCommand, GetObjectCommand, HeadObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { Upload } from "@aws-sdk/lib-storage";
import { expect } from "chai";
import { contractOf } from "../../../config/contract.ts";
import { loadConfig } from "../../../config/load.ts";
import { classify } from "../../../handlers/bronze/classify.ts";
import { type BronzeFile, reasonKey, rejectedKey } from "../../../handlers/keys.ts";
import type { LedgerDocument } from "../../../handlers/ledger/document.ts";
import { inParallel } from "../../../handlers/parallel.ts";
import type { FileReport } from "../../../handlers/promote/fileReport.ts";
import { type Clients, createClients, destroyClients } from "../../../local/clients.ts";
import { type LocalStack, startLocalStack } from "../../../local/index.ts";
import { localDirectory } from "../../../setup/paths.mjs";
import { createEvidence } from "../../../start/evidence.ts";
import { observe, type Snapshot, waitForOutcomes, watchRules } from "../../../start/outcomes.ts";
import { expectGenerated, regenerate } from "../../docs/generatedFile.ts";
import { canSeeProcesses, processesIn } from "../../local/processes.ts";
import { type BadFile, badEvents, badFiles, type Outcome } from "./badFiles.ts";

const configFile = "config/pipeline_config.yaml";
const spec = "tests/handlers/promote/badFiles.spec.ts";
const megabyte = 1024 ** 2;
const maxMemory = 600 * megabyte;
/** The shipped limit takes a minute to reach. */
const maxUnpackedBytes = 512 * megabyte;

interface Names {
  readonly bronzeBucket: string;
  readonly silverBucket: string;
  readonly rejectedBucket: string;
  readonly ledgerBucket: string;
  readonly promoteFunction: string;
  readonly promoteQueueUrl: string;
  readonly promoteDeadLetterQueueUrl: string;
  readonly glueJob: string;
}

interface Uploaded {
  readonly file: BadFile;
  readonly batch: string;
  readonly key: string;
}

/**
 * The deployed function on the local AWS: the real bundle in its own process, fed by the real queue, all bad files at
 * once. Not proven here: the memory limit of a real function, which the local AWS does not enforce.
 */
describe("bad files, each alone among good ones", function () {
  this.timeout(120_000);
  const { config } = loadConfig(configFile, "dev");
  const limits = { ...config.files, maxUnpackedBytes };
  const files = badFiles(limits);
  let folder: string;
  let stack: LocalStack;
  let clients: Clients;
  let names: Names;
  let snapshot: Snapshot;
  let log: readonly Record<string, unknown>[];
  const memory = new Map<number, number>();
  const versions = new Map<string, string>();
  const deleted = "2026-12-31/users.json";

  const batchOf = (index: number) => new Date(Date.UTC(2026, 0, 1 + index)).toISOString().slice(0, 10);
  const uploads: Uploaded[] = files.map((file, index) => {
    const batch = batchOf(index);
    return { file, batch, key: file.key.replace("<batch>", batch) };
  });
  const good = (batch: string) => `${batch}/users.json`;

  before(async () => {
    mkdirSync(localDirectory, { recursive: true });
    folder = mkdtempSync(join(localDirectory, "bad-files-"));
    stack = await startLocalStack({
      configFile: smallerConfig(folder),
      environment: "dev",
      directory: join(folder, "stack"),
    });
    clients = createClients(stack.endpoint, stack.glueEndpoint);
    names = stack.outputs as unknown as Names;
    const watch = setInterval(() => look(join(folder, "stack")), 200);
    try {
      await uploadAll();
      const loaded = loadConfig(configFile, "dev");
      const evidence = createEvidence(clients, names);
      snapshot = await waitForOutcomes(() => observe(versions, watchRules(loaded), evidence), {
        signal: AbortSignal.timeout(100_000),
        onChange: () => {},
        patience: 30_000,
        runPatience: 30_000,
        interval: 1000,
      });
      log = (await evidence.log()) as unknown as Record<string, unknown>[];
    } finally {
      clearInterval(watch);
    }
  });
  after(async () => {
    if (clients) destroyClients(clients);
    await stack?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Remembers the most memory that each process of the promote function ever held. */
  function look(directory: string): void {
    for (const pid of processesIn(directory)) {
      try {
        if (basename(readlinkSync(`/proc/${pid}/exe`)) !== "node") continue;
        if (!readlinkSync(`/proc/${pid}/cwd`).includes("promote")) continue;
        const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
        if (peak) memory.set(pid, Number(peak) * 1024);
      } catch {
        // It ended while it was looked at.
      }
    }
  }

  async function uploadAll(): Promise<void> {
    const { s3 } = clients;
    const put = async (Key: string, Body: Buffer) => {
      const { VersionId } = await s3.send(new PutObjectCommand({ Bucket: names.bronzeBucket, Key, Body }));
      versions.set(Key, VersionId!);
    };
    const user = Buffer.from('{"user_id":"u_0","country":"US"}\n');
    await put(deleted, user);
    await s3.send(new DeleteObjectCommand({ Bucket: names.bronzeBucket, Key: deleted }));
    for (const { body } of badEvents)
      await clients.sqs.send(
        new SendMessageCommand({
          QueueUrl: names.promoteQueueUrl,
          MessageBody: JSON.stringify(body(names.bronzeBucket, deleted)),
        }),
      );
    await inParallel(uploads, 4, async ({ file, batch, key }) => {
      const content = file.content();
      if (Buffer.isBuffer(content)) await put(key, content);
      else {
        const params = { Bucket: names.bronzeBucket, Key: key, Body: content };
        const { VersionId } = await new Upload({ client: s3, params, partSize: 16 * megabyte, queueSize: 1 }).done();
        versions.set(key, VersionId!);
      }
      await put(good(batch), user);
    });
  }

  const text = async (Bucket: string, Key: string) =>
    (await clients.s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString();
  const bytesOf = async (Bucket: string, Key: string) =>
    (await clients.s3.send(new HeadObjectCommand({ Bucket, Key }))).ContentLength!;
  const outcomeOf = (key: string) => {
    const { kind, ...rest } = snapshot.files.find((one) => one.key === key)!;
    return { outcome: kind, ...rest };
  };
  const bronzeFile = (key: string): BronzeFile => {
    const named = classify(key, contractOf(config));
    if (named.kind === "skipped") throw new Error(`${key} is not ours`);
    return { ...named, key, version: versions.get(key)! };
  };
  const logged = (key: string) => log.filter((line) => line.key === key && line.version === versions.get(key));

  for (const { file, batch, key } of uploads) {
    const { expected } = file;
    it(`${expected.outcome}: ${file.name}`, async () => {
      const { outcome, ...why } = expected;
      if (outcome === "promoted") {
        expect(outcomeOf(key)).to.include({ outcome });
        const { inputs } = JSON.parse(await text(names.ledgerBucket, `batches/${batch}.json`)) as LedgerDocument;
        const { decision } = inputs[key]!;
        if (decision.outcome !== "promoted") throw new Error(`the ledger has ${key} as ${decision.outcome}`);
        const { silver, rows, parts } = JSON.parse(await text(names.ledgerBucket, decision.report.key)) as FileReport;
        expect(rows).to.be.at.least(1);
        const part = silver.slice(`s3://${names.silverBucket}/`.length);
        expect(await bytesOf(names.silverBucket, `${part}part-0.parquet`)).to.equal(parts[0]!.bytes);
        return;
      }
      expect(outcomeOf(key)).to.deep.include({ outcome, ...why });
      const [line, ...more] = logged(key);
      expect(line).to.deep.include({ message: `file.${outcome}`, ...why });
      expect(more).to.deep.equal([]);
      if (outcome === "skipped") return;

      const target = bronzeFile(key);
      const { dataset, version } = target;
      const reason = JSON.parse(await text(names.rejectedBucket, reasonKey(target))) as Record<string, unknown>;
      const bytes = await bytesOf(names.bronzeBucket, key);
      const { decidedAt } = reason;
      expect(decidedAt).to.match(/^\d{4}-\d\d-\d\dT/);
      expect(reason).to.deep.equal({ format: 1, ...why, key, version, batch, dataset, bytes, decidedAt });
      expect(await bytesOf(names.rejectedBucket, rejectedKey(target))).to.equal(bytes);
      const document = JSON.parse(await text(names.ledgerBucket, `batches/${batch}.json`)) as LedgerDocument;
      expect(document.inputs[key]!.decision).to.deep.include({ outcome, ...why, version, bytes });
    });
  }

  for (const { name, event, reason, fix } of badEvents)
    it(`skipped: ${name}`, () => {
      const found = log.filter((line) => line.message === "event.skipped" && line.event === event);
      // S3 sends a test event of its own when the notification is made.
      expect(found).to.have.length.of.at.least(1);
      for (const line of found) expect(line).to.include({ reason, fix });
    });

  it("promotes every good file, also one that is deleted afterwards or before", () => {
    for (const { batch } of uploads) expect(outcomeOf(good(batch)), batch).to.include({ outcome: "promoted" });
    expect(outcomeOf(deleted)).to.include({ outcome: "promoted" });
  });

  it("stops at nothing: no message fails, none is left over, and no run starts", async () => {
    expect(log.filter(({ level, message }) => level === "error" || message === "message.failed")).to.deep.equal([]);
    expect(await createEvidence(clients, names).deadLetters()).to.equal(0);
    const { JobRuns = [] } = await clients.glue.send(new GetJobRunsCommand({ JobName: names.glueJob }));
    expect(JobRuns).to.deep.equal([]);
  });

  it("stays under 600 MB of memory", function () {
    if (!canSeeProcesses) this.skip();
    look(join(folder, "stack"));
    expect(memory.size).to.be.at.least(1);
    const most = Math.max(...memory.values());
    expect(Math.round(most / megabyte), "MiB at the peak").to.be.below(maxMemory / megabyte);
  });

  it("is what docs/bad-files.md says", () => {
    expectGenerated("docs/bad-files.md", documentation(badFiles(config.files)));
  });
});

/** The shipped config with a smaller limit, where its paths still lead to the SQL. */
function smallerConfig(folder: string): string {
  const text = readFileSync(configFile, "utf8")
    .replace(/maxUnpackedBytes: \d+/, `maxUnpackedBytes: ${maxUnpackedBytes}`)
    .replace(/sql: (\.\.\/.*\.sql)/g, (_, path: string) => `sql: ${resolve("config", path)}`);
  const path = join(folder, "pipeline_config.yaml");
  writeFileSync(path, text);
  return path;
}

function documentation(files: readonly BadFile[]): string {
  const cell = (value: string) => value.replaceAll("|", "\\|").replaceAll("<", "&lt;");
  const row = (...cells: string[]) => `| ${cells.map(cell).join(" | ")} |`;
  const cells = (outcome: Outcome): string[] => {
    if (outcome.outcome === "promoted") return ["", outcome.note, ""];
    return [outcome.outcome === "rejected" ? outcome.code : "", outcome.reason, outcome.fix];
  };
  const short = (key: string) => (key.length > 60 ? `${key.slice(0, 20)}…${key.slice(-8)}` : key);
  const rows = files.map(({ name, key, expected }) =>
    row(name, `\`${short(key)}\``.replaceAll("<", "\u0001"), expected.outcome, ...cells(expected)).replaceAll(
      "\u0001",
      "<",
    ),
  );
  const events = badEvents.map(({ name, event, reason, fix }) => row(name, `\`${event}\``, "skipped", reason, fix));
  return `# Bad files

<!-- Generated by ${spec}; bring it up to date with: ${regenerate(spec)} -->

This page shows what happens to a file that is not as declared, with the shipped config. Every row is a test of the
deployed function. In every case the other files of the batch continue, and the function needs less than 600 MB of memory.

- **promoted**: the typed rows go to Silver, the malformed ones to the rejected bucket, each with its line.
- **rejected**: next to the copy in the rejected bucket is a \`.reason.json\` with \`code\`, \`reason\` and \`fix\`. They are
  also in the ledger, in the log and in \`npm start\`'s summary. The dataset waits for a better file.
- **skipped**: the key does not belong to the pipeline. \`reason\` and \`fix\` are in the log and in the summary.

A file with more malformed rows than the dataset's \`maxRejected\` is rejected; here that is 5%. A line may have 16 MiB. A
JSON array is held whole, so \`files.maxArrayBytes\` limits it; a gzip may unpack to \`files.maxUnpackedBytes\`.

| file | key | outcome | code | reason | fix |
| --- | --- | --- | --- | --- | --- |
${rows.join("\n")}

## Events

| event | name | outcome | reason | fix |
| --- | --- | --- | --- | --- |
${events.join("\n")}
`;
}
