import { createReadStream, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createGunzip } from "node:zlib";
import type { PutObjectCommand } from "@aws-sdk/client-s3";
import type { Contract } from "../../config/contract.ts";
import type { BronzeFile } from "../../handlers/keys.ts";
import type { FileReport } from "../../handlers/promote/fileReport.ts";
import { typeVersion } from "../../handlers/promote/typing.ts";
import { type Text, typeParts } from "../../handlers/reader/file.ts";
import { memoryDocuments } from "../handlers/memoryDocuments.ts";
import type { RawFile } from "./rawFile.ts";

/** Types a file as promote does, but into folders instead of buckets. */
export async function typeFile(
  raw: RawFile,
  dataset: string,
  contract: Contract,
  folder: string,
  bytesOfPart?: number,
): Promise<FileReport> {
  const file: BronzeFile = { batch: "current", dataset, format: "json", key: `${dataset}.json`, version: "1" };
  const parts = { first: 0, count: Number.MAX_SAFE_INTEGER };
  const typed = await typeVersion(
    { file, bytes: statSync(raw.path).size, text: textOf(raw), contract, parts },
    {
      s3: s3In(folder),
      typeParts,
      documents: memoryDocuments(),
      names: { silverBucket: "silver", rejectedBucket: "rejected", keyArn: "" },
      remainingTime: () => Number.POSITIVE_INFINITY,
      ...(bytesOfPart === undefined ? {} : { bytesOfPart }),
    },
  );
  if (typed.kind !== "whole") throw new Error(`${raw.path} is typed to part ${typed.next}`);
  return { ...typed.report, silver: typed.report.silver.replace("s3:/", folder) };
}

/** Where the malformed rows of a part are, if there are any. */
export const malformedPart = ({ silver }: FileReport, folder: string, part: number) =>
  `${silver.replace(join(folder, "silver"), join(folder, "rejected", "rows"))}part-${part}.parquet`;

function textOf({ path, layout }: RawFile): Text {
  if (layout === "array") return { layout, whole: readFileSync(path, "utf8") };
  const isPacked = path.endsWith(".gz");
  const from = (start: number) => createReadStream(path, { start });
  return isPacked
    ? { layout, from: () => from(0).pipe(createGunzip()), bytes: null }
    : { layout, from, bytes: statSync(path).size };
}

/** Of S3 only what stores a part. */
const s3In = (folder: string) =>
  ({
    async send({ input: { Bucket, Key, Body } }: PutObjectCommand) {
      const path = join(folder, Bucket!, Key!);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, Body as Uint8Array);
    },
  }) as unknown as Parameters<typeof typeVersion>[1]["s3"];
