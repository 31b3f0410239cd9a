/** Bytes of the longest line that is read; a longer one is malformed. */
export const maxLineBytes = 16 * 1024 ** 2;
/** Lines are handed on in blocks of at most this many bytes, unless a line is longer. V8 keeps larger texts longer. */
const blockBytes = 65_536;
export const newline = 0x0a;

/** Whole lines with their ends, or a line that is too long, without its bytes. */
export interface Block {
  /** Where its first line begins, in bytes of the unpacked text. */
  readonly at: number;
  /** Overwritten when the next block is asked for. Null for a line that is too long. */
  readonly bytes: Buffer | null;
}

/**
 * Cuts a text into blocks of whole lines. A last line without an end gets one. Memory is bounded by the longest line.
 * @param from where the first byte of `chunks` stands in the text; if it is not the first of all, the line that it
 *   stands in is left out, unless a line begins right after it
 */
export async function* blocksOf(chunks: AsyncIterable<Buffer>, from: number): AsyncGenerator<Block> {
  let held = Buffer.allocUnsafeSlow(blockBytes);
  let size = 0;
  let at = from;
  let isSkipping = from > 0;
  for await (const chunk of chunks) {
    for (let done = 0; done < chunk.length; ) {
      if (isSkipping) {
        const end = chunk.indexOf(newline, done) + 1;
        isSkipping = end === 0;
        at += (end || chunk.length) - done;
        done = end || chunk.length;
        continue;
      }
      const copied = chunk.copy(held, size, done);
      done += copied;
      size += copied;
      if (size < held.length) continue;
      const end = held.lastIndexOf(newline) + 1;
      if (end > 0) yield* blocksIn(held.subarray(0, end), at);
      at += end;
      const rest = held.subarray(end);
      size = rest.length;
      isSkipping = size > maxLineBytes;
      if (isSkipping) {
        yield { at, bytes: null };
        at += size;
        size = 0;
      }
      // Room for the rest of a long line.
      const length = Math.max(blockBytes, 2 * size);
      if (length !== held.length) held = Buffer.allocUnsafeSlow(length);
      rest.copy(held);
    }
  }
  if (size === 0) return;
  const last = held.subarray(0, size);
  yield* blocksIn(last.at(-1) === newline ? last : Buffer.concat([last, Buffer.from([newline])]), at);
}

/** A block that has grown to the longest line may hold one that is longer. */
function* blocksIn(bytes: Buffer, at: number): Generator<Block> {
  if (bytes.length <= maxLineBytes) return yield { at, bytes };
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(newline, start) + 1;
    const line = bytes.subarray(start, end);
    yield { at: at + start, bytes: line.length - 1 > maxLineBytes ? null : line };
    start = end;
  }
}

/** Bytes of a text whose lines make one part. Parts depend on nothing else, so that anybody can go on with them. */
export const partBytes = 64 * 1024 ** 2;

export interface PartBlock {
  /** Counted from 0. */
  readonly part: number;
  readonly block: Block;
}

/** Cuts blocks where a part ends: a line belongs to the part in which it begins. */
export async function* byPart(blocks: AsyncIterable<Block>, bytesOfPart = partBytes): AsyncGenerator<PartBlock> {
  for await (let block of blocks) {
    for (;;) {
      const { at, bytes } = block;
      const part = Math.floor(at / bytesOfPart);
      const length = (part + 1) * bytesOfPart - at;
      const cut = bytes && bytes.length > length ? bytes.indexOf(newline, length - 1) + 1 : 0;
      if (cut === 0 || cut === bytes!.length) {
        yield { part, block };
        break;
      }
      yield { part, block: { at, bytes: bytes!.subarray(0, cut) } };
      block = { at: at + cut, bytes: bytes!.subarray(cut) };
    }
  }
}
