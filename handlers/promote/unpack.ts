import { createGunzip } from "node:zlib";
import { FaultyText, uploadWhole } from "../reader/faultyText.ts";
import type { Source } from "./source.ts";

/**
 * The bytes that a gzip was made of; all its members. As gzip(1) does, it accepts zeros behind them: tapes are padded so.
 * @throws FaultyText
 */
export async function* unpack(source: Source): AsyncGenerator<Buffer> {
  const packed = await source.stream();
  // Larger pieces than by default halve the time of a file that packs well.
  const gunzip = createGunzip({ chunkSize: 262_144 });
  packed.on("error", (error) => gunzip.destroy(error));
  packed.pipe(gunzip);
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (!code?.startsWith("Z_")) throw error;
    throw code === "Z_BUF_ERROR"
      ? new FaultyText("truncated", "the gzip ends in the middle", uploadWhole)
      : damaged(message);
  } finally {
    packed.destroy();
  }
  await checkPadding(source, gunzip.bytesWritten);
}

const damaged = (why: string) =>
  new FaultyText("broken_gzip", `the gzip is damaged (${why})`, "pack and upload it again");

const paddingBytes = 1024 ** 2;

/** zlib stops in silence at the first byte that begins no further member. */
async function checkPadding(source: Source, from: number): Promise<void> {
  for (let at = from; at < source.bytes; at += paddingBytes) {
    const bytes = await source.range(at, Math.min(source.bytes, at + paddingBytes) - 1);
    if (bytes.some((byte) => byte !== 0)) throw damaged("something follows its end");
  }
}
