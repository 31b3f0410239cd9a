import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Answer, AnswerBook, type DatasetCounts } from "./answer.ts";
import { ChunkedFile } from "./chunkedFile.ts";
import { EventRows } from "./events.ts";
import { Lines, type Rows } from "./lines.ts";
import { OrderRows } from "./orders.ts";
import { createRandom } from "./random.ts";
import type { DatasetName } from "./rows.ts";
import { defaultShares, type Shares } from "./shares.ts";
import { UserRows } from "./users.ts";

export interface GenerateOptions {
  /** Lines of each file. */
  readonly records: number;
  readonly seed: number;
  readonly directory: string;
  readonly shares?: Shares;
  readonly onProgress?: (dataset: DatasetName, lines: number) => void;
}

export const answerFile = "answer.json";

/** With 16 sessions for each user, the session numbers still fit into 32 bits. */
export const maximumRecords = 100_000_000;

/**
 * Writes users.json, events.json, orders.json and finally answer.json, so a folder with an answer is complete. The same
 * options give the same bytes.
 */
export async function generate(options: GenerateOptions): Promise<Answer> {
  const { records, seed, directory, shares = defaultShares } = options;
  await mkdir(directory, { recursive: true });
  await rm(join(directory, answerFile), { force: true });

  const book = new AnswerBook(records);
  const files: Record<string, { bytes: number }> = {};
  /** Each dataset draws from its own two streams: one for the rows, one for the changes to the lines. */
  const write = async <Row>(name: DatasetName, rows: Rows<Row>, stream: number): Promise<DatasetCounts> => {
    const lines = new Lines(rows, createRandom(seed, stream), shares, records);
    const bytes = await writeLines(join(directory, `${name}.json`), lines, records, (line) =>
      options.onProgress?.(name, line),
    );
    files[`${name}.json`] = { bytes };
    return lines.finish();
  };

  const userRows = new UserRows(createRandom(seed, 0), shares, book);
  const users = await write("users", userRows, 1);
  const count = userRows.count;
  const events = await write("events", new EventRows(createRandom(seed, 2), shares, count, book), 3);
  const orders = await write("orders", new OrderRows(createRandom(seed, 4), shares, count, book), 5);
  const answer = book.answer({ records, seed, files }, { users, events, orders });
  await writeWhole(join(directory, answerFile), `${JSON.stringify(answer, null, 2)}\n`);
  return answer;
}

async function writeLines<Row>(
  path: string,
  lines: Lines<Row>,
  records: number,
  onChunk: (line: number) => void,
): Promise<number> {
  const file = await ChunkedFile.create(path);
  try {
    for (let line = 0; line < records; onChunk(line)) {
      const { buffer, limit } = file;
      let at = 0;
      while (line < records && at < limit) at = lines.write(line++, buffer, at);
      await file.flush(at);
    }
  } finally {
    await file.close();
  }
  return file.bytes;
}

/** Writes the file in one step, so that a reader never finds half of it. */
async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.part`;
  await writeFile(draft, text);
  await rename(draft, path);
}
