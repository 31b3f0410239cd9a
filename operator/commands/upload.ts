import { rollingBatch } from "../../config/batchName.ts";
import type { FileFault } from "../../handlers/reader/faultyText.ts";
import { megabytes } from "../../terminal/status.ts";
import { counted } from "../../terminal/text.ts";
import { progressText } from "../../terminal/transferBar.ts";
import { defineCommand, exitCodes, type Invocation } from "../defineCommand.ts";
import { look } from "../follow.ts";
import { lookEvery } from "../sendOrder.ts";
import { emptyOr, readDocument } from "../stack/ledger.ts";
import { choiceText } from "../stack/open.ts";
import type { Target } from "../stack/target.ts";
import { asTyped, checkLocal, digest, type LocalFile, placeFiles } from "../upload/localFile.ts";
import { findSame, type Sent, send } from "../upload/send.ts";

/** Milliseconds within which promote should have looked at an optional file. */
const decisionPatience = 120_000;

export const command = defineCommand({
  name: "upload",
  summary: "put files into Bronze, if promote would take them",
  words: ["FILE…"],
  flags: { batch: { kind: "text", help: `the batch; without it the rolling one (${rollingBatch})` } },
  about: [
    "Each file is first inspected as promote will inspect it, with the contract that is deployed. If promote would reject one of them, nothing is sent. A file's name says which dataset it belongs to.",
    "S3 checks every part against its SHA-256. If the upload is interrupted, the same command continues with the parts that are missing. A file that is already there with the same bytes is not sent again, unless it was withdrawn: then the same bytes become a new version, which promote decides about anew.",
    "Files of optional datasets are sent first, and the others once promote has looked at these. Otherwise the batch could run without them.",
  ],
  examples: [
    { args: "upload data/users.json data/orders.json --batch 2026-11-22", does: "two files of one batch" },
    { args: "upload *.json.gz --batch 2026-11-22 --dry-run", does: "only check whether they would be taken" },
  ],
  changes: true,
  asks: false,
  async run(invocation) {
    const { words, flags, target: find, isDryRun, status, choice } = invocation;
    const target = await find();
    const deployed = await target.deployed();
    const files = placeFiles(words.map(asTyped), flags.batch, deployed);
    const refused = new Map<LocalFile, FileFault>();
    for (const file of files) {
      status.show("check", file.path);
      const refusal = await checkLocal(file, deployed);
      if (refusal) refused.set(file, refusal);
    }
    status.clear();
    if (refused.size > 0) return refusalOf(refused, files.length);
    const digests = await digestAll(files, invocation);
    const withdrawn = await withdrawnOf(target, files);
    if (isDryRun) return await dryRun(target, files, digests, withdrawn);

    const sent = new Map<LocalFile, Sent>();
    const progress = startProgress(files, invocation);
    try {
      const optional = files.filter(({ required }) => !required);
      const required = files.filter((file) => file.required);
      for (const group of [optional, required].filter(({ length }) => length > 0)) {
        for (const file of group)
          sent.set(
            file,
            await send(target.s3, file, {
              bucket: target.names.bronzeBucket,
              sha256: digests.get(file)!,
              withdrawn: withdrawn.get(file)!,
              signal: invocation.signal,
              onBytes: progress,
            }),
          );
        if (group === optional && required.length > 0) await untilDecided(target, optional, invocation);
      }
    } catch (error) {
      if (invocation.signal.aborted) invocation.print("the same command continues with what is missing");
      throw error;
    } finally {
      status.clear();
    }
    const { batch } = files[0]!;
    const stack = choiceText(choice);
    return {
      exitCode: exitCodes.done,
      lines: [
        ...files.map((file) => sentText(file, sent.get(file)!)),
        `next: npm run pipeline -- watch ${batch}${stack === "" ? "" : ` ${stack}`}`,
      ],
      data: {
        batch,
        files: files.map((file) => ({ ...fileData(file, digests), ...sent.get(file)! })),
      },
    };
  },
});

const fileData = (file: LocalFile, digests: ReadonlyMap<LocalFile, string>) => ({
  path: file.path,
  key: file.key,
  bytes: file.bytes,
  sha256: digests.get(file)!,
});

function refusalOf(refused: ReadonlyMap<LocalFile, FileFault>, all: number) {
  return {
    exitCode: exitCodes.failed,
    lines: [
      ...[...refused].map(([{ path }, { reason, fix }]) => `${path} would be rejected: ${reason}; ${fix}`),
      `nothing was sent: ${refused.size} of ${counted(all, "file")} would be rejected`,
    ],
    data: { refused: [...refused].map(([{ path, key }, refusal]) => ({ path, key, ...refusal })), sent: [] },
  };
}

async function digestAll(files: readonly LocalFile[], { status, signal }: Invocation): Promise<Map<LocalFile, string>> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const begun = Date.now();
  let done = 0;
  const digests = new Map<LocalFile, string>();
  for (const file of files)
    digests.set(
      file,
      await digest(file.path, (bytes) => {
        signal.throwIfAborted();
        done += bytes;
        status.show("checksum", progressText(done, total, { sent: done, seconds: (Date.now() - begun) / 1000 }));
      }),
    );
  status.clear();
  return digests;
}

/** Maps each file to the versions of its key that were withdrawn, by the ledger. */
async function withdrawnOf(
  { ledger }: Target,
  files: readonly LocalFile[],
): Promise<Map<LocalFile, readonly string[]>> {
  const { inputs } = emptyOr(await readDocument(ledger, files[0]!.batch));
  return new Map(files.map((file) => [file, inputs[file.key]?.withdrawn ?? []]));
}

async function dryRun(
  { s3, names }: Target,
  files: readonly LocalFile[],
  digests: ReadonlyMap<LocalFile, string>,
  withdrawn: ReadonlyMap<LocalFile, readonly string[]>,
) {
  const would: { file: LocalFile; isThere: boolean; isWithdrawn: boolean }[] = [];
  for (const file of files) {
    const same = await findSame(s3, names.bronzeBucket, file.key, digests.get(file)!);
    const isWithdrawn = same !== null && withdrawn.get(file)!.includes(same);
    would.push({ file, isThere: same !== null && !isWithdrawn, isWithdrawn });
  }
  return {
    exitCode: exitCodes.done,
    lines: would.map(({ file: { path, key, bytes }, isThere, isWithdrawn }) =>
      isThere
        ? `${path} is already there as ${key}, so nothing would be sent`
        : `would upload ${path} as ${key}, ${megabytes(bytes)}${isWithdrawn ? `, ${again}` : ""}`,
    ),
    data: {
      dryRun: true,
      batch: files[0]!.batch,
      files: would.map(({ file, isThere }) => ({ ...fileData(file, digests), wouldSend: !isThere })),
    },
  };
}

function startProgress(files: readonly LocalFile[], { status }: Invocation) {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const begun = Date.now();
  let done = 0;
  let sent = 0;
  return (bytes: number, by: "this" | "earlier") => {
    done += bytes;
    if (by === "this") sent += bytes;
    status.show("upload", progressText(done, total, { sent, seconds: (Date.now() - begun) / 1000 }));
  };
}

async function untilDecided(
  target: Target,
  files: readonly LocalFile[],
  { status, pause, signal }: Invocation,
): Promise<void> {
  const deadline = Date.now() + decisionPatience;
  const deployed = await target.deployed();
  const { batch } = files[0]!;
  while (Date.now() < deadline) {
    const { undecided } = await look(target, batch, deployed, 0);
    const open = files.filter(({ key }) => undecided.some((upload) => upload.key === key));
    if (open.length === 0) return;
    status.show("promote", `looks at ${open.map(({ key }) => key).join(", ")}`);
    await pause(lookEvery / 4);
    signal.throwIfAborted();
  }
  throw new Error(
    `promote has not looked at ${files.map(({ key }) => key).join(", ")}, so the required files were not sent; doctor says what is wrong`,
  );
}

const again = "again: the same bytes are there but were withdrawn";

function sentText({ path, key, bytes }: LocalFile, { how, withdrawn }: Sent): string {
  if (how === "present") return `${path} is already there as ${key}, so it was not sent`;
  const sent = `${path} is ${key}, ${megabytes(bytes)}${how === "resumed" ? ", resumed" : ""}`;
  return withdrawn === null ? sent : `${sent}, ${again}`;
}
