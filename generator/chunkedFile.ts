import { type FileHandle, open } from "node:fs/promises";

const chunkBytes = 1 << 20;
/** More than the longest line. */
const lineRoom = 1 << 10;

/**
 * A file written in chunks from two buffers: one is filled while the other is written to disk. A flush waits for the
 * previous write. So memory never holds more than two chunks, even when the disk is slow.
 */
export class ChunkedFile {
  /** Fill while `at < limit`, then `flush(at)`. Changes with each flush. */
  buffer: Uint8Array = Buffer.allocUnsafeSlow(chunkBytes);
  readonly limit = chunkBytes - lineRoom;
  private spare: Uint8Array = Buffer.allocUnsafeSlow(chunkBytes);
  private writing: Promise<void> = Promise.resolve();
  private written = 0;
  private readonly handle: Pick<FileHandle, "writeFile" | "close">;

  constructor(handle: Pick<FileHandle, "writeFile" | "close">) {
    this.handle = handle;
  }

  static async create(path: string): Promise<ChunkedFile> {
    return new ChunkedFile(await open(path, "w"));
  }

  get bytes(): number {
    return this.written;
  }

  async flush(length: number): Promise<void> {
    await this.writing;
    const full = this.buffer;
    this.writing = this.handle.writeFile(full.subarray(0, length));
    // The error is thrown where the write is awaited: in the next flush or in close.
    this.writing.catch(() => {});
    this.written += length;
    this.buffer = this.spare;
    this.spare = full;
  }

  async close(): Promise<void> {
    try {
      await this.writing;
    } finally {
      await this.handle.close();
    }
  }
}
