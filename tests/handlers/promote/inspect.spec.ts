import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { parseColumnType } from "../../../config/columnType.ts";
import { type Expected, inspect, type Source } from "../../../handlers/promote/inspect.ts";

/** The inspection on bytes in memory, with a small sample; reading ranges from a bucket is proven with the handler. */
describe("file inspection", () => {
  const limits = { sampleBytes: 1024, sampleRecords: 10, maxArrayBytes: 4096, maxUnpackedBytes: 100_000 };
  const expected: Expected = {
    format: "json",
    primaryKey: ["id"],
    columns: [
      { name: "id", type: parseColumnType("string") },
      { name: "amount", type: parseColumnType("decimal(12,2)") },
      { name: "at", type: parseColumnType("timestamp") },
      { name: "tags", type: parseColumnType("array<string>") },
      { name: "active", type: parseColumnType("boolean") },
      { name: "count", type: parseColumnType("long") },
    ],
  };

  interface Reads {
    ranges: number;
    bytes: number;
  }
  const source = (bytes: Buffer, reads: Reads = { ranges: 0, bytes: 0 }): Source => ({
    bytes: bytes.length,
    range: async (start, end) => {
      reads.ranges++;
      reads.bytes += end - start + 1;
      return bytes.subarray(start, end + 1);
    },
    stream: async () => Readable.from([bytes.subarray(0, 10), bytes.subarray(10)]),
  });
  const check = (content: string | Buffer, overrides: Partial<Expected> = {}) =>
    inspect(source(Buffer.from(content)), { ...expected, ...overrides }, limits);
  const good = (layout: string, compression = "none") => ({ outcome: "good", layout, compression });
  const line = (id: number) => `{"id":"${id}","amount":1.5,"at":"2026-01-01T00:00:00Z"}\n`;
  const many = Array.from({ length: 200 }, (_, id) => line(id)).join("");

  it("accepts JSON Lines, with and without a last newline, with CRLF and blank lines", async () => {
    expect(await check(line(1))).to.deep.equal(good("jsonl"));
    expect(await check(line(1).trim())).to.deep.equal(good("jsonl"));
    expect(await check(`${line(1).trim()}\r\n\r\n${line(2).trim()}\r\n\n`)).to.deep.equal(good("jsonl"));
    expect(await check(many)).to.deep.equal(good("jsonl"));
  });

  it("accepts a JSON array of objects, also one longer than the sample, and gzips of both", async () => {
    const array = `[\n${many.trim().split("\n").slice(0, 40).join(",\n")}\n]`;
    expect(array.length).to.be.within(limits.sampleBytes, limits.maxArrayBytes);
    expect(await check(array)).to.deep.equal(good("array"));
    const packed = { format: "json.gz" } as const;
    expect(await check(gzipSync(many), packed)).to.deep.equal(good("jsonl", "gzip"));
    expect(await check(gzipSync(array), packed)).to.deep.equal(good("array", "gzip"));
    expect(await check(Buffer.concat([gzipSync(line(1)), gzipSync(line(2))]), packed)).to.deep.equal(
      good("jsonl", "gzip"),
    );
  });

  it("reads two samples at most, however large the file", async () => {
    const reads = { ranges: 0, bytes: 0 };
    await inspect(source(Buffer.from(many.repeat(50)), reads), expected, limits);
    expect(reads).to.deep.equal({ ranges: 2, bytes: 2 * limits.sampleBytes });
  });

  it("lets single bad rows pass: the engine rejects those", async () => {
    expect(await check(`${line(1)}{"id": broken\n${line(2)}${line(3)}`)).to.deep.equal(good("jsonl"));
    expect(await check(`${line(1)}{"id":null}\n{"id":"2","count":"x"}\n${line(3)}`)).to.deep.equal(good("jsonl"));
  });

  const half = Buffer.from(many);
  const bad: [string, string | Buffer, string, RegExp, Partial<Expected>?][] = [
    ["no bytes", "", "empty", /no bytes/],
    ["blanks only", " \n\t\r\n", "blank", /nothing but blanks/],
    ["more blanks than the sample, then data", `${" ".repeat(5000)}${line(1)}`, "not_json_lines", /blank/],
    ["HTML", "<html><body>502</body></html>", "not_json", /HTML/],
    ["CSV", "id,amount\n1,2\n", "not_json", /does not begin with a JSON object/],
    ["a number", "42", "not_json", /does not begin/],
    ["pretty-printed JSON", '{\n  "id": "1"\n}\n', "not_json_lines", /line 1 is not a whole JSON object/],
    ["a cut last line", `${line(1)}${line(2)}{"id":"3","am`, "truncated", /last record/],
    ["a cut last line beyond the sample", half.subarray(0, half.length - 5), "truncated", /last record/],
    ["one endless line", `{"id":"${"x".repeat(5000)}"}`, "record_too_long", /first record is longer than 1024/],
    ["an endless last line", `${many}{"id":"${"x".repeat(5000)}"}`, "record_too_long", /last record is longer/],
    [
      "a UTF-8 byte order mark",
      Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(line(1))]),
      "encoding",
      /byte order mark/,
    ],
    ["UTF-16", Buffer.from(`\ufeff${line(1)}`, "utf16le"), "encoding", /UTF-16/],
    ["Latin-1", Buffer.from('{"id":"Müller"}\n', "latin1"), "encoding", /not valid UTF-8/],
    ["a gzip named .json", gzipSync(line(1)), "compressed", /name it .json.gz/],
    ["an empty array", "[]", "empty", /array is empty/],
    ["an array of numbers", "[1,2]", "not_json", /element 1 .* not an object/],
    ["a nested array", `[[${line(1).trim()}]]`, "not_json", /element 1/],
    ["a broken array", `[${line(1).trim()}`, "not_json", /begins like a JSON array/],
    ["a large array", `[${many.repeat(2).trim().split("\n").join(",")}]`, "array_too_large", /may have 4096 bytes/],
    [
      "records without the key",
      '{"name":"a"}\n{"name":"b"}\n',
      "contract",
      /2 of the first 2 records .* line 1 has no id/,
    ],
    ["a wrong type", '{"id":"1","amount":"abc"}\n', "contract", /has a string in amount, which is declared decimal/],
    ["a fraction in a long", '{"id":"1","count":1.5}\n', "contract", /count, which is declared long/],
    ["a list for a scalar", '{"id":["1"]}\n', "contract", /has a list in id/],
    ["a scalar for a list", '{"id":"1","tags":"a"}\n', "contract", /tags, which is declared array/],
    ["plain text named .json.gz", line(1), "not_gzip", /is no gzip/, { format: "json.gz" }],
    ["a cut gzip", gzipSync(many).subarray(0, 100), "truncated", /gzip ends early/, { format: "json.gz" }],
    [
      "a damaged gzip",
      Buffer.concat([gzipSync(many).subarray(0, 60), Buffer.alloc(200, 7)]),
      "broken_gzip",
      /damaged/,
      { format: "json.gz" },
    ],
    [
      "a gzip bomb",
      gzipSync(Buffer.alloc(10_000_000, " ")),
      "unpacked_too_large",
      /more than 100000 bytes/,
      { format: "json.gz" },
    ],
    ["a gzip of nothing", gzipSync(""), "empty", /holds no bytes/, { format: "json.gz" }],
  ];
  for (const [title, content, code, reason, overrides] of bad)
    it(`rejects ${title} as ${code}`, async () => {
      const inspection = await check(content, overrides);
      expect(inspection).to.deep.include({ outcome: "bad", code });
      expect(inspection.outcome === "bad" && inspection.reason).to.match(reason);
    });

  it("quotes nothing of the file in its reasons", async () => {
    for (const content of ['{"id":"secret"', "[secret", '{"id":"1","amount":"secret"}', '[{"id":"secret"}x]']) {
      const inspection = await check(content);
      expect(inspection.outcome === "bad" && inspection.reason)
        .to.be.a("string")
        .that.does.not.contain("secret");
    }
  });

  it("takes a character that the sample cuts in two for no fault", async () => {
    const text = `{"id":"1"}\n${`{"id":"${"ü".repeat(30)}"}\n`.repeat(40)}`;
    for (let shift = 0; shift < 3; shift++) expect(await check(" ".repeat(shift) + text)).to.deep.equal(good("jsonl"));
  });
});
