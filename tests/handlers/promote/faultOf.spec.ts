import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import type { Contract } from "../../../config/contract.ts";
import type { FileFormat } from "../../../config/schema.ts";
import { faultOf } from "../../../handlers/promote/faultOf.ts";
import type { Source } from "../../../handlers/promote/source.ts";

/** On bytes in memory; reading ranges from a bucket is proven with the handler, single values with the reader. */
describe("what is wrong with a file", () => {
  const limits = { maxArrayBytes: 4096, maxUnpackedBytes: 1_000_000 };
  const column = (name: string, type: string, onNull = "keep") => ({ name, type, onNull, rules: [] });
  const contract = (schemaEvolution = "additive") =>
    ({
      schemaEvolution,
      datasets: {
        things: {
          maxRejected: 40,
          columns: [column("id", "string", "reject"), column("amount", "decimal(12,2)"), column("count", "bigint")],
        },
      },
    }) as unknown as Contract;

  const source = (bytes: Buffer): Source => ({
    bytes: bytes.length,
    range: async (start, end) => {
      // S3 answers such a range with an error, or with the whole object.
      if (start > end || end >= bytes.length) throw new RangeError(`bytes ${start} to ${end} of ${bytes.length}`);
      return bytes.subarray(start, end + 1);
    },
    stream: async (from = 0) => Readable.from([bytes.subarray(from, from + 10), bytes.subarray(from + 10)]),
  });
  const check = (content: string | Buffer, format: FileFormat = "json", evolution?: string) =>
    faultOf(source(Buffer.from(content)), { dataset: "things", format }, contract(evolution), limits);
  const packed = (content: string | Buffer) => check(content, "json.gz");
  const line = (id: number) => `{"id":"${id}","amount":1.5,"count":${id}}\n`;
  const many = Array.from({ length: 200 }, (_, id) => line(id)).join("");
  const array = (...elements: string[]) => `[${elements.join(",")}]`;
  const latin = (text: string) => Buffer.from(text, "latin1");

  const fine: [string, string][] = [
    ["one line", line(1)],
    ["a last line without its end", line(1).trim()],
    ["blank lines and CRLF", ` \t\n${line(1).trim()}\r\n\r\n${line(2).trim()}\r\n\n`],
    ["many blanks before the first line and behind the last", `${" \n".repeat(50_000)}${many}${"\n ".repeat(50_000)}`],
    ["an array", array(line(1), line(2))],
    ["a pretty-printed array", JSON.stringify([{ id: "1" }, { id: "2" }], null, 2)],
    ["few malformed rows", `${line(1)}{"id": broken\n${line(2)}`],
    ["few Latin-1 rows", many + many],
  ];
  for (const [title, content] of fine)
    it(`is nothing with ${title}, packed or not`, async () => {
      expect(await check(content)).to.equal(null);
      expect(await packed(gzipSync(content))).to.equal(null);
    });

  it("is nothing with a gzip of several members", async () => {
    expect(await packed(Buffer.concat([gzipSync(line(1)), gzipSync(line(2))]))).to.equal(null);
  });

  it("is nothing with a gzip that is padded with zeros, as gzip(1) reads it", async () => {
    for (const bytes of [1, 400, 2 * 1024 ** 2])
      expect(await packed(Buffer.concat([gzipSync(many), Buffer.alloc(bytes)])), `${bytes} zeros`).to.equal(null);
  });

  // Each reason is followed by its fix.
  const bad: [string, string | Buffer, string, RegExp, FileFormat?][] = [
    ["no bytes", "", "empty", /no bytes; upload it again/],
    ["blanks only", " \n\t\r\n", "blank", /holds no record/],
    ["HTML", "<html><body>502</body></html>", "not_json", /HTML/],
    ["CSV", "id,amount\n1,2\n", "not_json", /does not begin with a JSON object/],
    ["a number", "42", "not_json", /does not begin/],
    [
      "pretty-printed JSON",
      '{\n  "id": "1"\n}\n',
      "contract",
      /3 of 3 rows .*each is no JSON; write one JSON object a line/,
    ],
    ["a cut last line", `${line(1)}${line(2)}{"id":"3","am`, "truncated", /last record/],
    ["a cut last line with blanks behind it", `${many.slice(0, -5)}\n \n`, "truncated", /last record/],
    ["a cut only line", '{"id":"3","am', "truncated", /last record .*; upload the whole file/],
    ["a UTF-8 byte order mark", `\ufeff${line(1)}`, "encoding", /byte order mark; save it as UTF-8/],
    ["UTF-16", Buffer.from(`\ufeff${line(1)}`, "utf16le"), "encoding", /UTF-16/],
    ["UTF-16 without a mark", Buffer.from(line(1), "utf16le"), "encoding", /UTF-16/],
    ["Latin-1", latin('{"id":"Müller"}\n'), "contract", /line 1 is not UTF-8; save the file as UTF-8/],
    ["a gzip named .json", gzipSync(line(1)), "compressed", /name it .json.gz/],
    ["a zip named .json", Buffer.from("PK\x03\x04rest"), "compressed", /is a zip and/],
    ["an empty zip named .json", Buffer.from("PK\x05\x06rest"), "compressed", /is an empty zip and/],
    ["a bzip2 named .json", Buffer.from("BZh91AY&SY"), "compressed", /is a bzip2 and/],
    ["an xz named .json", latin("\xfd7zXZ\0"), "compressed", /is an xz and/],
    ["a zstd named .json", latin("\x28\xb5\x2f\xfd"), "compressed", /is a zstd and/],
    ["a Parquet file named .json", Buffer.from("PAR1rest"), "compressed", /is a Parquet file and/],
    ["a zip named .json.gz", Buffer.from("PK\x03\x04rest"), "not_gzip", /is a zip; pack it/, "json.gz"],
    ["plain text named .json.gz", line(1), "not_gzip", /is no gzip/, "json.gz"],
    ["a gzip in a gzip", gzipSync(gzipSync(line(1))), "compressed", /the gzip holds a gzip; pack/, "json.gz"],
    ["a gzip of nothing", gzipSync(""), "empty", /holds no bytes/, "json.gz"],
    ["a cut gzip", gzipSync(many).subarray(0, -9), "truncated", /gzip ends in the middle/, "json.gz"],
    [
      "a damaged gzip",
      Buffer.concat([gzipSync(many).subarray(0, 60), Buffer.alloc(200, 7)]),
      "broken_gzip",
      /damaged .*; pack and upload it again/,
      "json.gz",
    ],
    [
      "a gzip that text follows",
      Buffer.concat([gzipSync(many), Buffer.from("text")]),
      "broken_gzip",
      /damaged/,
      "json.gz",
    ],
    [
      "a gzip that zeros and text follow",
      Buffer.concat([gzipSync(many), Buffer.alloc(400), Buffer.from("text")]),
      "broken_gzip",
      /something follows its end/,
      "json.gz",
    ],
    ["an empty array", "[]", "blank", /holds no record/],
    ["an array of numbers", "[1,2]", "contract", /elements 1 and 2: each is no JSON object; write every record/],
    ["a nested array", `[[${line(1).trim()}]]`, "contract", /element 1 is no JSON object/],
    ["a cut array", `[${line(1).trim()}`, "truncated", /ends in the middle/],
    ["an array cut in a record", `[${line(1)},{"id":"2","am`, "truncated", /ends in the middle/],
    ["an array without commas", `[${line(1)} ${line(2)}]`, "not_json", /no JSON from character 37 on/],
    ["an array that something follows", `[${line(1)}]x`, "not_json", /no JSON from character/],
    ["an array with a broken element", array(line(1), '{"id":broken}'), "not_json", /; write it with a JSON library/],
    ["brackets only", "[".repeat(4000), "truncated", /ends in the middle/],
    ["a large array", `[${many.repeat(2).trim().split("\n").join(",")}]`, "array_too_large", /more than 4096 bytes/],
    ["Latin-1 in a list", latin(array(line(1), '{"id":"ü"}')), "encoding", /not UTF-8 .*; save the file as UTF-8/],
    ["a key that is null", '{"id":null}\n{"id":null}\n', "", /^$/],
    [
      "quoted decimals",
      '{"id":"1","amount":"1.50"}\n',
      "contract",
      /1 of 1 rows are malformed \(100%, and at most 40% may be\): line 1 has .* in amount, which is declared decimal\(12,2\); write amount as a number/,
    ],
    ["numbers with a point", '{"id":"1","count":517.0}\n', "contract", /write count as .*, or declare it double/],
    [
      "several columns wrong",
      '{"id":1,"count":"7"}\n{"id":2,"count":"8"}\n',
      "contract",
      /in id, .* in count, .*; write id as a text in quotes, .*; write count as/,
    ],
    ["a key twice in a record", '{"id":"1","id":"2"}\n', "contract", /has id more than once; write each key once/],
    ["two records on a line", '{"id":"1"}{"id":"2"}\n', "truncated", /last record/],
  ];
  for (const [title, content, code, reason, format] of bad)
    it(code ? `is ${code} with ${title}` : `is nothing with ${title}`, async () => {
      const fault = await check(content, format);
      expect(fault?.code ?? "").to.equal(code);
      expect(fault ? `${fault.reason}; ${fault.fix}` : "").to.match(reason);
    });

  it("depends on how the schema may change", async () => {
    const changed = '{"no":"1","count":5,"more":true}\n';
    expect(await check(changed)).to.equal(null);
    for (const [mode, reason] of [
      ["compatible", /^compatible: no row has id$/],
      ["strict", /^strict: fields that no column declares: more \(1 rows\), no \(1 rows\); no row has id, amount$/],
    ] as const)
      expect((await check(changed, "json", mode))?.reason, mode).to.match(reason);
  });

  it("quotes nothing of the file", async () => {
    for (const content of ['{"id":"secret"', "[secret", '{"id":"1","amount":"secret"}', '[{"id":"secret"}x]']) {
      const { reason, fix } = (await check(content))!;
      expect(`${reason} ${fix}`).not.to.contain("secret");
    }
  });

  it("is neither this nor that when the file can't be read", async () => {
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
      const outcome = faultOf(one, { dataset: "things", format }, contract(), limits);
      expect(await outcome.catch((error: unknown) => error), format).to.equal(away);
    }
  });

  it("is told of a gzip bomb before it is unpacked whole", async () => {
    const piece = gzipSync(Buffer.alloc(50_000, " "));
    const streams: Readable[] = [];
    const bomb: Source = {
      bytes: 1e9,
      range: async (start, end) => piece.subarray(start, end + 1),
      stream: async () => {
        const endless = function* () {
          for (;;) yield piece;
        };
        streams.push(Readable.from(endless()));
        return streams.at(-1)!;
      },
    };
    const fault = await faultOf(bomb, { dataset: "things", format: "json.gz" }, contract(), limits);
    expect(fault?.code).to.equal("unpacked_too_large");
    expect(fault?.reason).to.include("more than 1000000 bytes");
    expect(streams.map(({ destroyed }) => destroyed)).to.deep.equal([true, true]);
  });

  it("is the same however deep the nesting", async () => {
    const deep = (levels: number) => `{"id":"1","x":${"[".repeat(levels)}${"]".repeat(levels)}}`;
    expect(await check(`${deep(100_000)}\n`)).to.equal(null);
    expect((await check(`${line(1)}{"id":${"[".repeat(100_000)}\n`))?.code).to.equal("truncated");
  });
});
