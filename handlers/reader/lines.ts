/** Bytes of the longest line that is read; a longer one is malformed. */
export const maxLineBytes = 16 * 1024 ** 2;
/** Lines are handed on in blocks of about this many bytes. */
const blockBytes = 256 * 1024;
export const newline = 0x0a;

/** Whole lines with their ends, or a line that is too long, without its bytes. */
export interface Block {
  /** Where its first line begins, in bytes of the unpacked text. */
  readonly at: number;
  /** Null for a line that is too long. */
  readonly bytes: Buffer | null;
}

/**
 * Cuts a text into blocks of whole lines. A last line without an end gets one. Memory is bounded by the longest line.
 * @param from where the first byte of `chunks` stands in the text; if it is not the first of all, the line that it
 *   stands in is left out, unless a line begins right after it
 */
export async function* blocksOf(chunks: AsyncIterable<Buffer>, from: number): AsyncGenerator<Block> {
  let waiting: Buffer[] = [];
  let size = 0;
  let at = from;
  let isSkipping = from > 0;
  for await (const chunk of chunks) {
    let rest = chunk;
    if (isSkipping) {
      const end = rest.indexOf(newline) + 1;
      at += end || rest.length;
      if (end === 0) continue;
      isSkipping = false;
      rest = rest.subarray(end);
    }
    waiting.push(rest);
    size += rest.length;
    if (size < blockBytes || (size <= maxLineBytes && !rest.includes(newline))) continue;
    const bytes = Buffer.concat(waiting);
    const end = bytes.lastIndexOf(newline) + 1;
    if (end > 0) yield* blocksIn(bytes.subarray(0, end), at);
    // A copy, so that the block can go.
    const cut = Buffer.from(bytes.subarray(end));
    at += end;
    isSkipping = cut.length > maxLineBytes;
    if (isSkipping) yield { at, bytes: null };
    if (isSkipping) at += cut.length;
    waiting = isSkipping ? [] : [cut];
    size = isSkipping ? 0 : cut.length;
  }
  if (size === 0) return;
  const last = Buffer.concat(waiting);
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
