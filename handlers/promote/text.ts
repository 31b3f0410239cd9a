import type { Readable } from "node:stream";
import type { Compression, Layout } from "../ledger/document.ts";
import type { Text } from "../reader/file.ts";
import type { Source } from "./source.ts";
import { unpack } from "./unpack.ts";

/** A file's text as the reader takes it. A list is read whole here; its size was checked before. */
export async function textOf(
  source: Source,
  { layout, compression }: { readonly layout: Layout; readonly compression: Compression },
): Promise<Text> {
  const isPacked = compression === "gzip";
  const from = isPacked ? () => unpack(source) : (byte: number) => chunksOf(source.stream(byte));
  if (layout === "jsonl") return { layout, from, bytes: isPacked ? null : source.bytes };
  const chunks: Buffer[] = [];
  for await (const chunk of from(0)) chunks.push(chunk);
  return { layout, whole: Buffer.concat(chunks).toString("utf8") };
}

async function* chunksOf(opening: Promise<Readable>): AsyncGenerator<Buffer> {
  const stream = await opening;
  try {
    yield* stream as AsyncIterable<Buffer>;
  } finally {
    // What follows the asked part is not read.
    stream.destroy();
  }
}
