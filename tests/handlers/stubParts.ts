import type { Text, typeParts } from "../../handlers/reader/file.ts";
import { partBytes } from "../../handlers/reader/lines.ts";

/**
 * Stands in for the reader where neither rows nor time are real: it calls each part one row. A text of a single part is
 * read and kept as it is, its end may be cut, and its first line may have fields that no column declares; of a larger
 * one nothing is read. Not proven there: all that the reader does.
 */
export const stubParts: typeof typeParts = async function* (text, { columns, parts, bytesOfPart = partBytes }) {
  const present = columns.map(({ name }) => name);
  const bytes = (text.layout === "jsonl" && text.bytes) || bytesOfPart;
  const last = Math.max(0, Math.ceil(bytes / bytesOfPart) - 1);
  for (let part = parts.first; part < Math.min(last + 1, parts.first + parts.count); part++) {
    const content = last === 0 ? await contentOf(text) : Buffer.from(`part ${part}`);
    const endsCut = last === 0 && !/[}\]]\s*$/.test(content.toString());
    const [rows, malformed] = endsCut ? [0, 1] : [1, 0];
    const undeclared = last === 0 ? fieldsOf(content.toString()).filter((name) => !present.includes(name)) : [];
    const parquet = { bytes: content.length, read: async () => content };
    yield {
      part,
      findings: {
        ...{ lines: 1, rows, malformed, endsCut, faults: [], present },
        undeclared: undeclared.map((name) => ({ name, rows })),
      },
      typed: parquet,
      malformed: malformed > 0 ? parquet : null,
      isLast: part === last,
    };
  }
};

const fieldsOf = (text: string): string[] =>
  [...(text.split("\n")[0] ?? "").matchAll(/"(\w+)":/g)].map(([, name]) => name!);

async function contentOf(text: Text): Promise<Buffer> {
  if (text.layout === "array") return Buffer.from(text.whole);
  const chunks: Buffer[] = [];
  for await (const chunk of text.from(0)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
