import type { DatasetCounts } from "./answer.ts";
import type { Random } from "./random.ts";
import { duplicateWindow, type Shares, soundLines } from "./shares.ts";

/** What one dataset knows of its rows. A field that is negative is null. */
export interface Rows<Row> {
  /** The rejection rules of the contract, in its order. */
  readonly rules: readonly string[];
  /** The next row; the object is used again by the next call. */
  fresh(): Row;
  copy(row: Row): Row;
  /** Another version of the row: same key, another timestamp. */
  change(row: Row): Row;
  write(row: Row, to: Uint8Array, at: number): number;
  /** The timestamp that decides which version is kept; negative when null. */
  time(row: Row): number;
  /** The index in `rules` of the first rule that the row breaks, or -1. */
  broken(row: Row): number;
  /** Takes the row that is kept of a key, once for each key. */
  settle(row: Row, versions: number): void;
}

/** A key that comes more than once. Its kept row is known only when its last version is out. */
interface Repeated<Row> {
  readonly original: Row;
  readonly isChanged: boolean;
  changed?: Row;
  kept?: Row;
  versions: number;
}

/** Decides line by line what comes next and counts what the contract makes of it. */
export class Lines<Row> {
  private readonly rows: Rows<Row>;
  private readonly random: Random;
  private readonly shares: Shares;
  private readonly records: number;
  private readonly rejected: Float64Array;
  /** What is due at each line of the window ahead. */
  private readonly due: (Repeated<Row> | undefined)[];
  private kept = 0;
  private deduplicated = 0;
  private malformed = 0;

  constructor(rows: Rows<Row>, random: Random, shares: Shares, records: number) {
    this.rows = rows;
    this.random = random;
    this.shares = shares;
    this.records = records;
    this.rejected = new Float64Array(rows.rules.length);
    this.due = new Array(duplicateWindow).fill(undefined);
  }

  write(line: number, to: Uint8Array, at: number): number {
    const repeated = this.due[line % duplicateWindow];
    if (repeated !== undefined) return this.repeat(repeated, line, to, at);

    const row = this.rows.fresh();
    let end = this.rows.write(row, to, at);
    if (this.isSound(line)) this.take(row, line);
    else {
      this.malformed++;
      end = at + 1 + this.random.below(end - at - 1);
    }
    to[end] = 0x0a;
    return end + 1;
  }

  /** The counts, after the last line. */
  finish(): DatasetCounts {
    for (const repeated of this.due) if (repeated !== undefined) this.settle(repeated);
    const rejected: Record<string, number> = { malformed: this.malformed };
    for (const [index, rule] of this.rows.rules.entries()) rejected[rule] = this.rejected[index]!;
    return { read: this.records, kept: this.kept, rejected, deduplicated: this.deduplicated, orphans: {} };
  }

  private isSound(line: number): boolean {
    if (line < soundLines || line >= this.records - soundLines) return true;
    return !this.random.chance(this.shares.malformed);
  }

  private take(row: Row, line: number): void {
    const { exactDuplicates, changedDuplicates } = this.shares;
    if (this.random.chance(exactDuplicates + changedDuplicates)) {
      const isChanged = this.random.chance(changedDuplicates / (exactDuplicates + changedDuplicates));
      const repeated: Repeated<Row> = { original: this.rows.copy(row), isChanged, versions: 0 };
      if (this.schedule(repeated, line)) {
        this.offer(repeated, repeated.original);
        return;
      }
    }
    const rule = this.rows.broken(row);
    if (rule >= 0) this.rejected[rule]!++;
    else {
      this.kept++;
      this.rows.settle(row, 1);
    }
  }

  /** False when its line would be past the end or is taken. */
  private schedule(repeated: Repeated<Row>, line: number): boolean {
    const room = Math.min(duplicateWindow - 1, this.records - 1 - line);
    if (room < 1) return false;
    const slot = (line + 1 + this.random.below(room)) % duplicateWindow;
    if (this.due[slot] !== undefined) return false;
    this.due[slot] = repeated;
    return true;
  }

  private repeat(repeated: Repeated<Row>, line: number, to: Uint8Array, at: number): number {
    this.due[line % duplicateWindow] = undefined;
    let version = repeated.original;
    if (repeated.isChanged && repeated.changed === undefined)
      version = repeated.changed = this.rows.change(repeated.original);
    else if (repeated.changed !== undefined && this.random.chance(0.5)) version = repeated.changed;
    const end = this.rows.write(version, to, at);
    this.offer(repeated, version);
    // Some keys come three times and more, then as copies: two changed versions could tie.
    if (!this.random.chance(0.25) || !this.schedule(repeated, line)) this.settle(repeated);
    to[end] = 0x0a;
    return end + 1;
  }

  /** Rejection comes before deduplication: a rejected version can't win, however late it is. */
  private offer(repeated: Repeated<Row>, version: Row): void {
    const rule = this.rows.broken(version);
    if (rule >= 0) {
      this.rejected[rule]!++;
      return;
    }
    repeated.versions++;
    if (repeated.kept === undefined) repeated.kept = version;
    else {
      this.deduplicated++;
      if (this.rows.time(version) > this.rows.time(repeated.kept)) repeated.kept = version;
    }
  }

  private settle(repeated: Repeated<Row>): void {
    if (repeated.kept === undefined) return;
    this.kept++;
    this.rows.settle(repeated.kept, repeated.versions);
  }
}
