import type { DatasetCounts } from "./answer.ts";
import { drawBits } from "./bits.ts";
import { addField, leaveOutNulls, mistype, rewriteTime, undeclaredFields } from "./oddities.ts";
import type { Random } from "./random.ts";
import type { DatasetName } from "./rows.ts";
import { duplicateWindow, type Shares, soundLines } from "./shares.ts";

/** The oddities that are drawn for each line, as bits. */
const oddity = { cut: 1, mistyped: 2, undeclared: 4, wildTime: 8 } as const;

/** How one dataset draws, writes and compares its rows. */
export interface Rows<Row> {
  readonly name: DatasetName;
  /** The field that decides which version of a row is kept. */
  readonly time: string;
  /** The contract's rules that reject a row, in the contract's order, and the rules that only warn. */
  readonly rules: readonly string[];
  readonly warnings: readonly string[];
  /** Whether the last row from `fresh` has a null, and whether its time is only a date. */
  readonly hasNulls: boolean;
  readonly isDate: boolean;
  /** The next row. The next call reuses the object. */
  fresh(): Row;
  copy(row: Row): Row;
  /** Another version of the row: it has the same key and differs in at least one other column. */
  change(row: Row): Row;
  write(row: Row, to: Uint8Array, at: number): number;
  /** Whether the first of two versions is kept: it is later or, at the same time, greater in the other columns. */
  wins(row: Row, other: Row): boolean;
  /** The index in `rules` of the first rule that the row breaks, or -1. */
  broken(row: Row): number;
  /** Which of `warnings` the row breaks, as bits. */
  warned(row: Row): number;
  /** Called once for each key with the row that is kept. */
  settle(row: Row, versions: number): void;
}

/** A key that occurs more than once. Its kept row is known only after its last version is written. */
interface Repeated<Row> {
  readonly original: Row;
  readonly isChanged: boolean;
  changed?: Row;
  kept?: Row;
  versions: number;
}

/** Decides for each line what to write, and counts how the contract treats it. */
export class Lines<Row> {
  private readonly rows: Rows<Row>;
  private readonly random: Random;
  private readonly shares: Shares;
  private readonly records: number;
  private readonly rejected: Float64Array;
  private readonly warned: Float64Array;
  private readonly undeclared: Record<string, number> = {};
  private readonly drawOddities: () => number;
  private readonly rewriteTime: (line: string, random: Random) => string;
  /** The repeated key that is due at each line of the window ahead. */
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
    this.warned = new Float64Array(rows.warnings.length);
    this.drawOddities = drawBits(random, [shares.cut, shares.mistyped, shares.undeclared, shares.wildTimes / 2]);
    this.rewriteTime = rewriteTime(rows.time);
    this.due = new Array(duplicateWindow).fill(undefined);
  }

  write(line: number, to: Uint8Array, at: number): number {
    const repeated = this.due[line % duplicateWindow];
    if (repeated !== undefined) return this.repeat(repeated, line, to, at);

    const row = this.rows.fresh();
    const odd = this.drawOddities();
    let end = this.rows.write(row, to, at);
    if (odd & (oddity.cut | oddity.mistyped) && line >= soundLines && line < this.records - soundLines) {
      this.malformed++;
      end = this.spoil(odd, to, at, end);
    } else {
      this.take(row, line);
      if (odd !== 0 || this.rows.hasNulls || this.rows.isDate) end = this.disguise(odd, line, to, at, end);
    }
    to[end] = 0x0a;
    return end + 1;
  }

  /** The counts, after the last line. */
  finish(): DatasetCounts {
    for (const repeated of this.due) if (repeated !== undefined) this.settle(repeated);
    const rejected: Record<string, number> = {};
    for (const [index, rule] of this.rows.rules.entries()) rejected[rule] = this.rejected[index]!;
    const warned = Object.fromEntries(this.rows.warnings.map((rule, index) => [rule, this.warned[index]!]));
    const undeclared = Object.entries(this.undeclared)
      .map(([name, rows]) => ({ name, rows }))
      .sort((a, b) => b.rows - a.rows || (a.name < b.name ? -1 : 1));
    return {
      lines: this.records,
      malformed: this.malformed,
      read: this.records - this.malformed,
      kept: this.kept,
      rejected,
      warned,
      deduplicated: this.deduplicated,
      orphans: {},
      drift: { undeclared },
    };
  }

  /** Makes a line malformed. Returns where it ends. */
  private spoil(odd: number, to: Uint8Array, at: number, end: number): number {
    const { random, rows } = this;
    if (odd & oddity.cut) return at + 1 + random.below(end - at - 1);
    return rewrite(to, at, end, (line) => mistype[rows.name](line, random));
  }

  /** Rewrites a line in another form with the same meaning. Returns where it ends. */
  private disguise(odd: number, line: number, to: Uint8Array, at: number, end: number): number {
    const { random, rows } = this;
    let until = end;
    // The first row keeps every field, so that no column is absent from all rows.
    if (rows.hasNulls && line > 0 && random.chance(this.shares.absent)) until = rewrite(to, at, until, leaveOutNulls);
    if (odd & oddity.undeclared) {
      const name = undeclaredFields[random.below(undeclaredFields.length)]!;
      this.undeclared[name] = (this.undeclared[name] ?? 0) + 1;
      until = rewrite(to, at, until, (text) => addField(text, name));
    }
    if (odd & oddity.wildTime || rows.isDate) until = rewrite(to, at, until, (text) => this.rewriteTime(text, random));
    return until;
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
    else this.keep(row, 1);
  }

  /** Returns false when the line is past the end of the file or already taken. */
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
    // Some keys occur three times or more. The rest are copies, because two changed versions could tie.
    if (!this.random.chance(0.25) || !this.schedule(repeated, line)) this.settle(repeated);
    to[end] = 0x0a;
    return end + 1;
  }

  /** Rejection comes before deduplication, so a rejected version can't win, however late it is. */
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
      if (this.rows.wins(version, repeated.kept)) repeated.kept = version;
    }
  }

  private settle(repeated: Repeated<Row>): void {
    if (repeated.kept !== undefined) this.keep(repeated.kept, repeated.versions);
  }

  private keep(row: Row, versions: number): void {
    this.kept++;
    const warned = this.rows.warned(row);
    if (warned !== 0) for (let i = 0; i < this.warned.length; i++) if (warned & (1 << i)) this.warned[i]!++;
    this.rows.settle(row, versions);
  }
}

function rewrite(to: Uint8Array, at: number, end: number, change: (line: string) => string): number {
  const room = Buffer.from(to.buffer, to.byteOffset + at);
  return at + room.write(change(room.toString("latin1", 0, end - at)), "latin1");
}
