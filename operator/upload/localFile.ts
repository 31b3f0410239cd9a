import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { basename, isAbsolute, join } from "node:path";
import { rollingBatch } from "../../config/batchName.ts";
import { classify } from "../../handlers/bronze/classify.ts";
import { faultOf } from "../../handlers/promote/faultOf.ts";
import type { Source } from "../../handlers/promote/source.ts";
import type { FileFault } from "../../handlers/reader/faultyText.ts";
import { UsageError } from "../../terminal/flags.ts";
import type { Deployed } from "../stack/target.ts";

/** A file of this machine on its way to Bronze. */
export interface LocalFile {
  readonly path: string;
  readonly key: string;
  readonly batch: string;
  readonly dataset: string;
  readonly required: boolean;
  readonly format: "json" | "json.gz";
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly changedAt: number;
}

/** Resolves a path as it was typed: npm changes to the checkout and says where it was called. */
export function asTyped(path: string): string {
  const from = process.env.INIT_CWD ?? process.cwd();
  return isAbsolute(path) || from === process.cwd() ? path : join(from, path);
}

/**
 * Gives each file its key, as the config's layout has it.
 * @throws UsageError for a file that can't be read or is none of the pipeline's, and for a key that is named twice
 */
export function placeFiles(
  paths: readonly string[],
  batch: string | undefined,
  { release: { contract } }: Deployed,
): LocalFile[] {
  const files = paths.map((path): LocalFile => {
    const { bytes, changedAt } = sizeOf(path);
    const key = batch === undefined || batch === rollingBatch ? basename(path) : `${batch}/${basename(path)}`;
    const named = classify(key, contract);
    if (named.kind === "skipped") throw new UsageError(`${path} would be skipped: ${named.reason}; ${named.fix}`);
    const { dataset, format } = named;
    const { required } = contract.datasets[dataset]!;
    return { path, key, batch: named.batch, dataset, required, format, bytes, changedAt };
  });
  for (const [index, { key, path }] of files.entries()) {
    const other = files.findIndex((file) => file.key === key);
    if (other < index) throw new UsageError(`${files[other]!.path} and ${path} are both ${key}; name one`);
  }
  const both = files.find(({ dataset, key }) => files.some((other) => other.dataset === dataset && other.key < key));
  if (both) {
    const keys = files.filter(({ dataset }) => dataset === both.dataset).map(({ path }) => path);
    throw new UsageError(`${keys.join(" and ")} are both ${both.dataset}, and the batch would wait; name one`);
  }
  return files;
}

function sizeOf(path: string): { bytes: number; changedAt: number } {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw new UsageError(`${path} is not a file`);
    return { bytes: stat.size, changedAt: stat.mtimeMs };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(code === "ENOENT" ? `${path}: no such file` : `${path} can't be read: ${code}`);
  }
}

/** Whether the file is still as it was when it was inspected. */
export function isUnchanged({ path, bytes, changedAt }: LocalFile): boolean {
  const now = sizeOf(path);
  return now.bytes === bytes && now.changedAt === changedAt;
}

/** Why promote would reject the file; null when it would take it. */
export const checkLocal = (file: LocalFile, { release, files }: Deployed): Promise<FileFault | null> =>
  faultOf(localSource(file), file, release.contract, files);

const localSource = ({ path, bytes }: LocalFile): Source => ({
  bytes,
  range: (start, end) => readRange(path, start, end + 1),
  stream: async (from = 0) => createReadStream(path, { start: from, highWaterMark: 1 << 18 }),
});

/** The bytes from `start` to before `end`. @throws Error when the file has become shorter */
export async function readRange(path: string, start: number, end: number): Promise<Buffer> {
  const handle = await open(path);
  try {
    const buffer = Buffer.alloc(end - start);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, start + length);
      if (bytesRead === 0) throw new Error(`${path} became shorter while it was read`);
      length += bytesRead;
    }
    return buffer;
  } finally {
    await handle.close();
  }
}

/** SHA-256 of the whole file, in hex. */
export async function digest(path: string, onBytes: (bytes: number) => void): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    onBytes(chunk.length);
  }
  return hash.digest("hex");
}
