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
  const deep = (levels: number) => `{"id":"1","x":${"[".repeat(levels)}${"]".repeat(levels)}}`;
  const array = (...elements: string[]) => `[${elements.join(",")}]`;
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
    ["a nested array", `[[${line(1).trim()}]]`, "not_json", /element 1/],
    ["a cut array", `[${line(1).trim()}`, "truncated", /ends in the middle/],
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
    ["a decimal beyond the declared", '{"id":"1","amount":1e10}\n', "contract", /amount/],
    ["a decimal beyond double", '{"id":"1","amount":1e400}\n', "contract", /amount/],
    ["a double beyond double", '{"id":"1","ratio":1e400}\n', "contract", /ratio, .* below 1.8e308/],
    [
      "a number for a string",
      '{"id":1}\n',
      "contract",
      /has a number in id, which is declared string; write id as a text in quotes/,
    ],
    ["a boolean for a string", '{"id":true}\n', "contract", /boolean in id/],
    ["an object for a string", '{"id":{}}\n', "contract", /object in id/],
    [
      "a number for a timestamp",
      '{"id":"1","at":1700000000}\n',
      "contract",
      /number in at, .*; write at as a time like/,
    ],
    ["a day that is none", '{"id":"1","at":"2026-02-30"}\n', "contract", /string in at/],
    ["a day written otherwise", '{"id":"1","at":"31.01.2026"}\n', "contract", /string in at/],
    ["a quoted boolean", '{"id":"1","active":"true"}\n', "contract", /string in active/],
    ["a float for a long", '{"id":"1","count":5.0}\n', "contract", /number in count, which is declared bigint/],
    ["a number beyond long", '{"id":"1","count":9223372036854775808}\n', "contract", /count/],
    ["a key twice in a record", '{"id":"1","id":"2"}\n', "contract", /has id more than once; write each key once/],
    ["a null in a key", '{"id":null}\n', "contract", /has no id; give every record a value in id/],
    ["a fraction in a long", '{"id":"1","count":1.5}\n', "contract", /count, which is declared bigint/],
    ["a wrapper around the records", `{"data":[${line(1).trim()}]}`, "contract", /has no id/],
    ["two records on a line", '{"id":"1"}{"id":"2"}\n', "not_json_lines", /line 1/],
    ["a list for a scalar", '{"id":["1"]}\n', "contract", /has a list in id/],
    ["a scalar for a list", '{"id":"1","tags":"a"}\n', "contract", /tags, which is declared array/],
    ["plain text named .json.gz", line(1), "not_gzip", /is no gzip/, { format: "json.gz" }],
    ["a cut gzip", gzipSync(many).subarray(0, 100), "truncated", /gzip ends in the middle/, { format: "json.gz" }],
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
      ["an empty list, an empty object, escapes", '{"id":"\\"}\\\\","tags":[ ],"x":{},"y":"\\u005b"}'],
      [
        "the noise of binary fractions",
        '{"id":"1","amount":0.30000000000000004}\n{"id":"2","amount":0.29999999999999998}',
      ],
      [
        "decimals in other spellings",
        '{"id":"1","amount":1.5e3}\n{"id":"2","amount":-0.05}\n{"id":"3","amount":1e-400}',
      ],
      ["the greatest decimal and long", '{"id":"1","amount":9999999999.99,"count":9223372036854775807}'],
      [
        "a day, and a time with a zone",
        '{"id":"1","at":"2024-02-29"}\n{"id":"2","at":"2026-01-31 23:59:59.5 Europe/Berlin"}',
      ],
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
    expect(await check(latin(`${many}{"id":"Müller"}\n${many}`))).to.deep.equal(good("jsonl"));
  });

  it("takes a character that the sample cuts in two for no fault", async () => {
    const text = `{"id":"1"}\n${`{"id":"${"ü".repeat(30)}"}\n`.repeat(40)}`;
    for (let shift = 0; shift < 3; shift++) expect(await check(" ".repeat(shift) + text)).to.deep.equal(good("jsonl"));
  });
});
