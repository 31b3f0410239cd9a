import { mkdtempSync, rmSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PartRange } from "../bronze/s3Event.ts";
import { elementsOf } from "./elements.ts";
import { FaultyText, uploadWhole } from "./faultyText.ts";
import type { Findings } from "./findings.ts";
import { gateFor } from "./gate.ts";
import { LineFile } from "./lineFile.ts";
import { blocksOf, byPart, partBytes } from "./lines.ts";
import type { ParquetWriter } from "./parquet.ts";
import { type PartFiles, PartReader } from "./part.ts";
import type { TypedColumn } from "./row.ts";
import { NotJson } from "./scanner.ts";

/** A file's text. */
export type Text =
  | {
      readonly layout: "jsonl";
      /** Its bytes from this one on. */
      readonly from: (byte: number) => AsyncIterable<Buffer>;
      /** How many it has; null for an unpacked text, which can be read only from its beginning. */
      readonly bytes: number | null;
    }
  /** A list is held whole. */
  | { readonly layout: "array"; readonly whole: string };

/** A Parquet file, which is there until the next part is asked for. */
export interface Parquet {
  readonly bytes: number;
  read(): Promise<Uint8Array>;
}

export interface TypedPart {
  /** Counted from 0. */
  readonly part: number;
  readonly findings: Findings;
  /** Parquet of the typed rows, with `_part` and `_line`. Null when only the findings were asked for. */
  readonly typed: Parquet | null;
  /** Parquet of the malformed rows: `_part` and `_line`, why, text. Null without any. */
  readonly malformed: Parquet | null;
  /** Whether the text ends with it. */
  readonly isLast: boolean;
}

export interface TypingOptions {
  readonly columns: readonly TypedColumn[];
  /** The text may end before the last of them. */
  readonly parts: PartRange;
  /** Makes Parquet; null to find out only what is wrong. */
  readonly open: ((columns: readonly TypedColumn[], scratch: string) => Promise<ParquetWriter>) | null;
  readonly bytesOfPart?: number;
  readonly gateOf?: typeof gateFor;
}

/**
 * Types parts of a file, one after the other. A part in which no line begins has no rows. There is none behind the last
 * line's.
 * @throws FaultyText for a text that is not read to its end
 */
export async function* typeParts(
  text: Text,
  { columns, parts, open, bytesOfPart = partBytes, gateOf = gateFor }: TypingOptions,
): AsyncGenerator<TypedPart> {
  const scratch = mkdtempSync(join(tmpdir(), "parts-"));
  const output = open && new PartOutput(await open(columns, scratch), scratch);
  const begin = (part: number) => ({ part, reader: new PartReader(columns, output, gateOf) });
  const close = async ({ part, reader }: ReturnType<typeof begin>, isLast: boolean): Promise<TypedPart> => {
    const findings = reader.findings();
    const { typed, malformed } = (await output?.parquet(part, findings)) ?? { typed: null, malformed: null };
    return { part, findings, typed, malformed, isLast };
  };
  const end = parts.first + parts.count;
  let current = begin(parts.first);
  let isInside = parts.first === 0;
  try {
    for await (const { part, read } of readings(text, parts, bytesOfPart)) {
      if (part < parts.first) continue;
      isInside = true;
      for (; current.part < Math.min(part, end); current = begin(current.part + 1)) yield await close(current, false);
      if (part >= end) return;
      read(current.reader);
    }
    if (isInside) yield await close(current, true);
  } finally {
    output?.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}

interface Reading {
  readonly part: number;
  readonly read: (reader: PartReader) => void;
}

const elementsAtOnce = 1000;

/** @throws FaultyText */
function* listed(text: string): Generator<string[]> {
  try {
    let elements: string[] = [];
    for (const element of elementsOf(text)) {
      if (elements.push(element) < elementsAtOnce) continue;
      yield elements;
      elements = [];
    }
    yield elements;
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    const { at } = error;
    if (at >= text.length)
      throw new FaultyText("truncated", "the file begins like a JSON array and ends in the middle", uploadWhole);
    const reason = `the file begins like a JSON array and is no JSON from character ${at + 1} on`;
    throw new FaultyText("not_json", reason, "write it with a JSON library");
  }
}

async function* readings(text: Text, { first }: PartRange, bytesOfPart: number): AsyncGenerator<Reading> {
  if (text.layout === "array") {
    for (const elements of listed(text.whole)) yield { part: 0, read: (reader) => reader.elements(elements) };
    return;
  }
  if (text.bytes !== null && first > 0 && first * bytesOfPart >= text.bytes) return;
  // The byte before tells whether a line begins with the part.
  const start = text.bytes === null ? 0 : Math.max(0, first * bytesOfPart - 1);
  for await (const { part, block } of byPart(blocksOf(text.from(start), start), bytesOfPart))
    yield { part, read: (reader) => reader.block(block) };
}

const parquetAt = (path: string): Parquet => ({ bytes: statSync(path).size, read: () => readFile(path) });

/** The files of one part after the other. */
class PartOutput implements PartFiles {
  readonly typed: LineFile;
  readonly malformed: LineFile;
  private readonly writer: ParquetWriter;
  private readonly folder: string;

  constructor(writer: ParquetWriter, folder: string) {
    this.writer = writer;
    this.folder = folder;
    this.typed = new LineFile(join(folder, "typed.json"));
    this.malformed = new LineFile(join(folder, "malformed.json"));
  }

  /** Makes Parquet of the lines since the last time. */
  async parquet(part: number, { malformed }: Findings): Promise<Pick<TypedPart, "typed" | "malformed">> {
    return {
      typed: await this.made("typed", part),
      malformed: malformed > 0 ? await this.made("malformed", part) : null,
    };
  }

  private async made(kind: "typed" | "malformed", part: number): Promise<Parquet> {
    const target = join(this.folder, `${kind}.parquet`);
    this[kind].end();
    await this.writer[kind](this[kind].path, part, target);
    return parquetAt(target);
  }

  close(): void {
    this.writer.close();
    this.typed.close();
    this.malformed.close();
  }
}
