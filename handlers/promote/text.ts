import { isUtf8 } from "node:buffer";
import type { Readable } from "node:stream";
import { FaultyText, oneObjectALine } from "../reader/faultyText.ts";
import type { Text } from "../reader/file.ts";
import type { Form } from "./form.ts";
import type { Source } from "./source.ts";
import { unpack } from "./unpack.ts";

/** In bytes. */
export interface TextLimits {
  readonly maxArrayBytes: number;
  readonly maxUnpackedBytes: number;
}

/**
 * A file's text as the reader takes it. A list is read whole here.
 * @throws FaultyText also while the text is read
 */
export async function textOf(source: Source, { layout, compression }: Form, limits: TextLimits): Promise<Text> {
  const isPacked = compression === "gzip";
  const unpacked = () =>
    upTo(limits.maxUnpackedBytes, unpack(source), () => {
      const reason = `the gzip unpacks to more than ${limits.maxUnpackedBytes} bytes`;
      const fix = "upload fewer records in one batch, or have files.maxUnpackedBytes raised";
      return new FaultyText("unpacked_too_large", reason, fix);
    });
  const from = isPacked ? unpacked : (byte: number) => chunksOf(source.stream(byte));
  if (layout === "jsonl") return { layout, from, bytes: isPacked ? null : source.bytes };
  const chunks: Buffer[] = [];
  const tooLarge = () => {
    const reason = `the JSON array has more than ${limits.maxArrayBytes} bytes`;
    return new FaultyText("array_too_large", reason, `${oneObjectALine} instead of an array`);
  };
  for await (const chunk of upTo(limits.maxArrayBytes, from(0), tooLarge)) chunks.push(chunk);
  const whole = Buffer.concat(chunks);
  if (!isUtf8(whole))
    throw new FaultyText(
      "encoding",
      "the file is not UTF-8 (it may be Latin-1 or Windows-1252)",
      "save the file as UTF-8",
    );
  return { layout, whole: whole.toString("utf8") };
}

async function* upTo(most: number, chunks: AsyncIterable<Buffer>, fault: () => FaultyText): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > most) throw fault();
    yield chunk;
  }
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
