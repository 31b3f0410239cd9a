import { isUtf8 } from "node:buffer";
import { type Findings, Tally } from "./findings.ts";
import { type Gate, gateFor } from "./gate.ts";
import type { LineFile } from "./lineFile.ts";
import type { Block } from "./lines.ts";
import { malformedRow, type Row, RowReader, type TypedColumn } from "./row.ts";
import { inWords } from "./words.ts";

/** Stands for a line that is no typed row, so that DuckDB's row numbers are the lines' numbers. */
export const noRow = Buffer.from('{"~":1}\n');

/** Lines from which the order of the keys is taken. */
const sampledLines = 100;

/** The files that a part's lines are written to, both as lines of JSON. */
export interface PartFiles {
  /** One line for each of the part's, as DuckDB reads it. */
  readonly typed: LineFile;
  /** One line for each malformed row. */
  readonly malformed: LineFile;
}

/** A line of `PartFiles.malformed`. */
export interface MalformedLine {
  readonly line: number;
  readonly why: string;
  /** Null for a line that is too long. Bytes that are no UTF-8 have become replacement characters. */
  readonly text: string | null;
}

/** Reads the lines of one part of a file. */
export class PartReader {
  private readonly columns: readonly TypedColumn[];
  private readonly gateOf: typeof gateFor;
  private readonly reader: RowReader;
  private readonly files: PartFiles | null;
  private readonly tally: Tally;
  private gate: Gate | null | undefined;

  /**
   * @param files null when only the findings are asked for
   * @param gateOf makes the gate from the first lines; where it makes none, all is read strictly
   */
  constructor(columns: readonly TypedColumn[], files: PartFiles | null, gateOf: typeof gateFor = gateFor) {
    this.columns = columns;
    this.gateOf = gateOf;
    this.reader = new RowReader(columns);
    this.files = files;
    this.tally = new Tally(columns);
  }

  findings(): Findings {
    return this.tally.close();
  }

  /** Reads a block of lines: those that pass the gate stay as they are, all others are read strictly. */
  block({ bytes }: Block): void {
    if (bytes === null) {
      this.write([this.enter(null, malformedRow({ why: "too long" }))]);
      return;
    }
    if (this.gate === undefined) this.gate = this.gateOf(this.columns, firstLines(bytes));
    const { gate } = this;
    const text = bytes.toString("latin1");
    const passing = gate && isUtf8(bytes) ? gate.line : null;
    const pieces: Buffer[] = [];
    let at = 0;
    while (at < text.length) {
      const start = at;
      let passed = 0;
      if (passing) for (passing.lastIndex = at; passing.test(text); passed++) at = passing.lastIndex;
      if (passed > 0) {
        pieces.push(bytes.subarray(start, at));
        this.tally.passed(gate!, passed);
      }
      if (at === text.length) break;
      const end = text.indexOf("\n", at);
      pieces.push(this.line(bytes.subarray(at, end)));
      at = end + 1;
    }
    this.write(pieces);
  }

  /** Elements of a list, whatever is in them. */
  elements(texts: readonly string[]): void {
    this.write(texts.map((text) => this.enter(text, this.reader.read(text))));
  }

  /** @returns what DuckDB reads for a line that is read strictly */
  private line(bytes: Buffer): Buffer {
    if (!isUtf8(bytes)) return this.enter(bytes, malformedRow({ why: "not UTF-8" }));
    const text = bytes.toString("utf8");
    if (!isBlank(text)) return this.enter(bytes, this.reader.read(text));
    this.tally.blank();
    return noRow;
  }

  private enter(text: Buffer | string | null, row: Row): Buffer {
    const line = this.tally.row(row);
    if (row.typed !== null) return Buffer.from(`${row.typed}\n`);
    if (this.files) {
      const entry: MalformedLine = { line, why: inWords(row.malformed), text: text?.toString() ?? null };
      this.files.malformed.append([Buffer.from(`${JSON.stringify(entry)}\n`)]);
    }
    return noRow;
  }

  private write(pieces: readonly Buffer[]): void {
    this.files?.typed.append(pieces);
  }
}

const isBlank = (text: string) => /^[ \t\r\n]*$/.test(text);

const firstLines = (bytes: Buffer): string[] => bytes.toString("utf8").split("\n", sampledLines);
