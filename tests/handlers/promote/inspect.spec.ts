import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { parseColumnType } from "../../../config/columnType.ts";
import { type Expected, inspect } from "../../../handlers/promote/inspect.ts";
import type { Source } from "../../../handlers/promote/source.ts";

/** The inspection on bytes in memory, with a small sample; reading ranges from a bucket is proven with the handler. */
describe("file inspection", () => {
  const limits = { sampleBytes: 1024, sampleRecords: 10, maxArrayBytes: 4096, maxUnpackedBytes: 100_000 };
  const expected: Expected = {
    format: "json",
    columns: Object.entries({
      id: "string",
      amount: "decimal(12,2)",
      at: "timestamp",
      tags: "array<string>",
      active: "boolean",
      count: "long",
      ratio: "double",
    }).map(([name, type]) => ({ name, type: parseColumnType(type), rejectsNull: name === "id" })),
  };

  interface Reads {
    ranges: number;
    bytes: number;
  }
  const source = (bytes: Buffer, reads: Reads = { ranges: 0, bytes: 0 }): Source => ({
    bytes: bytes.length,
    range: async (start, end) => {
      // S3 answers such a range with an error, or with the whole object.
      if (start > end || end >= bytes.length) throw new RangeError(`bytes ${start} to ${end} of ${bytes.length}`);
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
  const array = (...elements: string[]) => `[${elements.join(",")}]`;
  const many = Array.from({ length: 200 }, (_, id) => line(id)).join("");

  it("accepts JSON Lines, with and without a last newline, with CRLF and blank lines", async () => {
    expect(await check(line(1))).to.deep.equal(good("jsonl"));
    expect(await check(line(1).trim())).to.deep.equal(good("jsonl"));
    expect(await check(` \t\n${line(1).trim()}\r\n\r\n${line(2).trim()}\r\n\n`)).to.deep.equal(good("jsonl"));
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

  it("accepts files about as long as one sample, and as two", async () => {
    for (let bytes = limits.sampleBytes - 1; bytes <= 2 * limits.sampleBytes + 60; bytes++) {
      const text = many
        .slice(0, many.lastIndexOf("\n", bytes - 1) + 1)
        .trimEnd()
        .padEnd(bytes);
      expect(await check(text), `${bytes} bytes`).to.deep.equal(good("jsonl"));
      expect(await check(gzipSync(text), { format: "json.gz" }), `${bytes} packed`).to.deep.equal(
        good("jsonl", "gzip"),
      );
    }
  });

  it("lets single bad rows pass: the engine rejects those", async () => {
    expect(await check(`${line(1)}{"id": broken\n${line(2)}${line(3)}`)).to.deep.equal(good("jsonl"));
    expect(await check(`${line(1)}{"id":null}\n{"id":"2","count":"x"}\n${line(3)}`)).to.deep.equal(good("jsonl"));
    const long = `{"id":"${"x".repeat(400)}"}\n`;
    expect(
      await check(`${long}${long.replace("id", "no")}${long.repeat(4)}`),
      "nor counts the line that the sample cuts",
    ).to.deep.equal(good("jsonl"));
  });

  it("judges by the first records only, as many as are declared", async () => {
    const records = [...Array<string>(10).fill('{"x":1}'), ...Array<string>(15).fill('{"id":"1"}')];
    for (const text of [records.join("\n"), array(...records)]) {
      const inspection = await check(text);
      expect(inspection).to.deep.include({ outcome: "bad", code: "contract" });
      expect(inspection.outcome === "bad" && inspection.reason).to.match(/^10 of the first 10 records contradict/);
    }
  });

  it("calls a file neither good nor bad that could not be read", async () => {
    const away = new Error("S3 is away");
    const cut = async function* () {
      yield gzipSync(many).subarray(0, 100);
      throw away;
    };
    const broken: Source = { bytes: 1000, range: () => Promise.reject(away), stream: async () => Readable.from(cut()) };
    const begun: Source = { ...broken, range: async (start, end) => gzipSync(many).subarray(start, end + 1) };
    for (const [one, format] of [
      [broken, "json"],
      [begun, "json.gz"],
    ] as const) {
      const outcome = await inspect(one, { ...expected, format }, limits).catch((error: unknown) => error);
      expect(outcome, format).to.equal(away);
    }
  });

  it("stops reading a gzip bomb", async () => {
    const piece = gzipSync(Buffer.alloc(50_000, " "));
    const endless = function* () {
      for (;;) yield piece;
    };
    const stream = Readable.from(endless());
    const bomb: Source = {
      bytes: 1e9,
      range: async (start, end) => piece.subarray(start, end + 1),
      stream: async () => stream,
    };
    const inspection = await inspect(bomb, { ...expected, format: "json.gz" }, limits);
    expect(inspection).to.deep.include({ outcome: "bad", code: "unpacked_too_large" });
    expect(inspection.outcome === "bad" && inspection.reason).to.include("more than 100000 bytes");
    expect(stream.destroyed).to.equal(true);
  });

  const half = Buffer.from(many);
  const deep = (levels: number) => `{"id":"1","x":${"[".repeat(levels)}${"]".repeat(levels)}}`;
  const latin = (text: string) => Buffer.from(text, "latin1");
  // Each reason is followed by its fix.
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
    [
      "more blanks at the end than the sample",
      `${many}${" ".repeat(2000)}`,
      "truncated",
      /last 1024 bytes are blank; upload the file without them/,
    ],
    ["one endless line", `{"id":"${"x".repeat(5000)}"}`, "record_too_long", /first record is longer than 1024/],
    ["an endless last line", `${many}{"id":"${"x".repeat(5000)}"}`, "record_too_long", /last record is longer/],
    [
      "a UTF-8 byte order mark",
      Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(line(1))]),
      "encoding",
      /byte order mark/,
    ],
    ["UTF-16", Buffer.from(`\ufeff${line(1)}`, "utf16le"), "encoding", /UTF-16/],
    ["UTF-16 without a mark", Buffer.from(line(1), "utf16le"), "encoding", /UTF-16/],
    ["Latin-1", latin('{"id":"Müller"}\n'), "encoding", /not valid UTF-8.*; save it as UTF-8/],
    ["Latin-1 in the tail", latin(`${many}{"id":"Müller"}\n`), "encoding", /not valid UTF-8/],
    [
      "Latin-1 in the middle of an array",
      latin(array(...Array(50).fill(line(1)), '{"id":"ü"}', ...Array(20).fill(line(2)))),
      "encoding",
      /not valid UTF-8/,
    ],
    ["a gzip named .json", gzipSync(line(1)), "compressed", /name it .json.gz/],
    ["a zip named .json", Buffer.from("PK\x03\x04rest"), "compressed", /is a zip and/],
    ["an empty zip named .json", Buffer.from("PK\x05\x06rest"), "compressed", /is an empty zip and/],
    ["a bzip2 named .json", Buffer.from("BZh91AY&SY"), "compressed", /is a bzip2 and/],
    ["an xz named .json", latin("\xfd7zXZ\0"), "compressed", /is an xz and/],
    ["a zstd named .json", latin("\x28\xb5\x2f\xfd"), "compressed", /is a zstd and/],
    ["a Parquet file named .json", Buffer.from("PAR1rest"), "compressed", /is a Parquet file and/],
    ["a zip named .json.gz", Buffer.from("PK\x03\x04rest"), "not_gzip", /is a zip; pack it/, { format: "json.gz" }],
    [
      "a gzip in a gzip",
      gzipSync(gzipSync(line(1))),
      "compressed",
      /the gzip holds a gzip; pack/,
      { format: "json.gz" },
    ],
    ["an empty array", "[]", "empty", /array is empty/],
    ["an array of numbers", "[1,2]", "not_json", /element 1 .* not an object/],
    ["an array of nulls", "[null,null]", "not_json", /element 1 .* not an object/],
    ["a nested array", `[[${line(1).trim()}]]`, "not_json", /element 1/],
    ["a cut array", `[${line(1).trim()}`, "truncated", /ends in the middle/],
    ["an array cut behind a record", `[${line(1)}`, "truncated", /ends in the middle/],
    ["an array cut in a record", `[${line(1)},{"id":"2","am`, "truncated", /ends in the middle/],
    ["an array without commas", `[${line(1)} ${line(2)}]`, "not_json", /other than a comma/],
    ["an array with one comma too many", `[${line(1)},]`, "not_json", /element 2 .* is not JSON/],
    ["an array that something follows", `[${line(1)}]x`, "not_json", /follows its end/],
    ["an array with a broken element", array(line(1), '{"id":broken}'), "not_json", /element 2 .* is not JSON/],
    ["an array with crossed brackets", '[{"id":["1"}]]', "not_json", /element 1 .* is not JSON/],
    ["an array with one endless element", array(`{"id":"${"x".repeat(2000)}"}`), "record_too_long", /element 1/],
    ["an array with one deep element", array(line(1), line(2), deep(1000)), "too_deep", /element 3/],
    ["an array of no objects but one", array(line(1), "5", "6", "7"), "contract", /element 2 is not a JSON object/],
    [
      "a large array",
      `[${many.repeat(2).trim().split("\n").join(",")}]`,
      "array_too_large",
      /4096 are allowed; write one JSON object a line instead/,
    ],
    [
      "records without the key",
      '{"name":"a"}\n{"name":"b"}\n',
      "contract",
      /2 of the first 2 records .* line 1 has no id; give/,
    ],
    [
      "a quoted decimal",
      '{"id":"1","amount":"1.50"}\n',
      "contract",
      /the record contradicts .* has a string in amount, which is declared decimal\(12,2\); write amount as a number/,
    ],
    [
      "a decimal with too many digits",
      '{"id":"1","amount":12.345}\n',
      "contract",
      /10 digits before the point and 2 behind it/,
    ],
    [
      "a number for a string",
      '{"id":1}\n',
      "contract",
      /has a number in id, which is declared string; write id as a text in quotes/,
    ],
    ["a key twice in a record", '{"id":"1","id":"2"}\n', "contract", /has id more than once; write each key once/],
    ["a null in a key", '{"id":null}\n', "contract", /has no id; give every record a value in id/],
    ["a wrapper around the records", `{"data":[${line(1).trim()}]}`, "contract", /has no id/],
    ["two records on a line", '{"id":"1"}{"id":"2"}\n', "not_json_lines", /line 1/],
    ["plain text named .json.gz", line(1), "not_gzip", /is no gzip/, { format: "json.gz" }],
    ["a cut gzip", gzipSync(many).subarray(0, 100), "truncated", /gzip ends in the middle/, { format: "json.gz" }],
    [
      "a damaged gzip",
      Buffer.concat([gzipSync(many).subarray(0, 60), Buffer.alloc(200, 7)]),
      "broken_gzip",
      /damaged/,
      { format: "json.gz" },
    ],
    ["a gzip of nothing", gzipSync(""), "empty", /holds no bytes/, { format: "json.gz" }],
  ];
  for (const [title, content, code, reason, overrides] of bad)
    it(`rejects ${title} as ${code}`, async () => {
      const inspection = await check(content, overrides);
      expect(inspection).to.deep.include({ outcome: "bad", code });
      expect(inspection.outcome === "bad" && `${inspection.reason}; ${inspection.fix}`).to.match(reason);
    });

  it("quotes nothing of the file in its reasons", async () => {
    for (const content of ['{"id":"secret"', "[secret", '{"id":"1","amount":"secret"}', '[{"id":"secret"}x]']) {
      const inspection = await check(content);
      expect(inspection.outcome === "bad" && inspection.reason + inspection.fix)
        .to.be.a("string")
        .that.does.not.contain("secret");
    }
  });

  describe("of what the engine reads as it stands", () => {
    const fine: [string, string][] = [
      ["a single object", '{"id":"1"}'],
      ["a pretty-printed array", JSON.stringify([{ id: "1" }, { id: "2" }], null, 2)],
      ["blanks wherever JSON has them", ' { "id" : "1" , "count" : 5 , "active" : true , "tags" : [ ] } '],
      ["an empty text, an empty list, escapes before the key", '{"x":"","tags":[ ],"y":"\\"}\\\\","z":{},"id":"1"}'],
      ["a key twice that is not declared", '{"id":"1","x":1,"x":2,"y":{"id":5}}'],
      ["undeclared numbers beyond double", '{"id":"1","x":1e400}'],
      ["lines that end with a carriage return", '{"id":"1"}\r{"id":"2"}\r'],
      ["some depth", deep(400)],
    ];
    for (const [title, content] of fine)
      it(`promotes ${title}`, async () => {
        expect(await check(content)).to.deep.include({ outcome: "good" });
      });
  });

  /** A type, what the engine reads as it, what it rejects, and what the producer is told. Each value is a file. */
  const types: [string, string[], string[], RegExp][] = [
    ["string", ['""', '"5"'], ["5", "true", "false", "{}", '["1"]'], /write v as a text in quotes/],
    ["boolean", ["true", "false"], ['"true"', "1"], /write v as true or false, without quotes/],
    [
      "int",
      ["0", "2147483647", "-2147483648"],
      ["2147483648", "-2147483649", "5.0", "5e1", '"5"'],
      /(number|string) in v, .*; write v as a whole number of 32 bits/,
    ],
    [
      "bigint",
      ["9223372036854775807", "-9223372036854775808"],
      ["9223372036854775808", "-9223372036854775809", "1.5", '"5"'],
      /(number|string) in v, .*; write v as a whole number of 64 bits/,
    ],
    ["double", ["5", "-0.5e-7", "1E+5", "1e308"], ["1e400", '"1"', "true"], /write v as a number .*below 1\.8e308/],
    [
      "decimal(12,2)",
      ["9999999999.99", "1.5e3", "1E3", "-0.05", "0", "1e-400", "1e-999999999"],
      ["10000000000", "1e10", "1e400", "12.345", "0.30000051", '"1.50"'],
      /10 digits before the point and 2 behind it/,
    ],
    ["array<string>", ["[]"], ['"a"', "{}"], /write v as a list/],
    ["struct<a:int>", ["{}", '{"a":1}'], ["[]", "1"], /write v as an object/],
    [
      "date",
      ['"2024-02-29"'],
      ['"2026-02-30"', '"2026-13-01"', '"2026-1-31"', '"2026-01-31T10:00:00Z"', '"12026-01-31"', "20260131"],
      /write v as a date like/,
    ],
    [
      "timestamp",
      ['"2024-02-29"', '"2026-01-31 23:59:59.5 Europe/Berlin"', '"2026-01-31T23:59:59Z"'],
      ['"2026-02-30"', '"2026-13-01T00:00:00Z"', '"31.01.2026"', '"2026-01-31x"', '"12026-01-31"', "1700000000"],
      /write v as a time like/,
    ],
  ];
  const one = (type: string, value: string) =>
    check(`{"v":${value}}`, { columns: [{ name: "v", type: parseColumnType(type), rejectsNull: false }] });
  for (const [type, fitting, others, told] of types)
    it(`knows what fits in ${type}`, async () => {
      for (const value of ["null", ...fitting]) expect(await one(type, value), value).to.include({ outcome: "good" });
      for (const value of others) {
        const inspection = await one(type, value);
        expect(inspection, value).to.include({ outcome: "bad", code: "contract" });
        expect(inspection.outcome === "bad" && `${inspection.reason}; ${inspection.fix}`, value).to.match(told);
      }
    });

  it("takes the noise of binary fractions for none, where the engine reads no further", async () => {
    for (const [type, ...values] of [
      ["decimal(12,2)", "0.30000000000000004", "0.29999999999999998"],
      ["decimal(17,2)", "0.30000000000000004"],
      ["decimal(38,2)", "12.345"],
      ["decimal(2,2)", "0.05", "0.05e1"],
    ] as const)
      for (const value of values) expect(await one(type, value), `${value} in ${type}`).to.include({ outcome: "good" });
    for (const type of ["decimal(18,2)", "decimal(37,2)"])
      expect(await one(type, "12.345"), type).to.include({ outcome: "bad" });
    expect(await one("decimal(18,2)", "0.30000000000000004")).to.include({ outcome: "bad" });
  });

  it("follows no nesting, however deep", async () => {
    const roomy = { ...limits, sampleBytes: 8_388_608, maxArrayBytes: 8_388_608 };
    const nested = (content: string) => inspect(source(Buffer.from(content)), expected, roomy);
    expect(await nested(`${deep(899)}\n`)).to.deep.equal(good("jsonl"));
    expect(await nested(`${deep(900)}\n`)).to.deep.include({
      code: "contract",
      fix: "nest objects and lists at most 900 levels deep",
    });
    expect(await nested(`${deep(100_000)}\n`)).to.deep.include({ code: "contract" });
    expect(await nested(`${line(1)}${deep(100_000)}\n`)).to.deep.equal(good("jsonl"));
    expect(await nested(array(line(1), deep(899)))).to.deep.equal(good("array"));
    expect(await nested(array(line(1), deep(900)))).to.deep.include({ code: "too_deep" });
    expect(await nested("[".repeat(2_000_000))).to.deep.include({ code: "truncated" });
    expect(await nested(`${"[".repeat(2_000_000)}${"]".repeat(2_000_000)}`)).to.deep.include({ code: "too_deep" });
  });

  it("leaves invalid bytes between the samples to the engine", async () => {
    const packed = { format: "json.gz" } as const;
    for (const lines of [many, many.repeat(30)]) {
      const text = latin(`${lines}{"id":"Müller"}\n${lines}`);
      const roomy = { ...limits, maxUnpackedBytes: 1e6 };
      expect(await check(text)).to.deep.equal(good("jsonl"));
      expect(await inspect(source(gzipSync(text)), { ...expected, ...packed }, roomy)).to.deep.equal(
        good("jsonl", "gzip"),
      );
    }
  });

  it("takes a character that the sample cuts in two for no fault", async () => {
    const text = `{"id":"1"}\n${`{"id":"${"🎉".repeat(30)}"}\n`.repeat(40)}`;
    for (let shift = 0; shift < 4; shift++)
      expect(await check(" ".repeat(shift) + text + " ".repeat(shift))).to.deep.equal(good("jsonl"));
  });
});
