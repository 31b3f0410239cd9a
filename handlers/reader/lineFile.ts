import { closeSync, ftruncateSync, openSync, writevSync } from "node:fs";

/** A file that is written again for each part: the system keeps its pages, whose making costs more than their writing. */
export class LineFile {
  readonly path: string;
  private readonly file: number;
  private bytes = 0;

  /** @param path where nothing is yet */
  constructor(path: string) {
    this.path = path;
    this.file = openSync(path, "wx");
  }

  append(pieces: readonly Buffer[]): void {
    let rest = pieces;
    // The system may take a part of what it is given.
    while (rest.length > 0) {
      let written = writevSync(this.file, rest, this.bytes);
      this.bytes += written;
      let done = 0;
      while (done < rest.length && written >= rest[done]!.length) written -= rest[done++]!.length;
      rest = done < rest.length ? [rest[done]!.subarray(written), ...rest.slice(done + 1)] : [];
    }
  }

  /** Leaves what was appended since the last end, and nothing else. */
  end(): void {
    ftruncateSync(this.file, this.bytes);
    this.bytes = 0;
  }

  close(): void {
    closeSync(this.file);
  }
}
