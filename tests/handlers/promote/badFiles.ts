import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import type { FunctionSettings } from "../../../handlers/settings.ts";

/**
 * What producers upload that is not as declared, and what becomes of it. The test of the deployed function and
 * docs/bad-files.md are made from this table.
 */
export interface BadFile {
  readonly name: string;
  /** `<batch>` stands for a batch of its own, which also gets a good file. */
  readonly key: string;
  readonly content: () => Buffer | Readable;
  readonly expected: Outcome;
}

export type Outcome =
  | { readonly outcome: "promoted"; readonly note: string }
  | { readonly outcome: "rejected"; readonly code: string; readonly reason: string; readonly fix: string }
  | { readonly outcome: "skipped"; readonly reason: string; readonly fix: string };

const order = (number: number, amount = "12.34") =>
  `{"order_id":"o_${number}","user_id":"u_0","order_amount":${amount},"order_timestamp":"2026-01-31T10:00:00Z"}`;
const lines = (count: number) => Array.from({ length: count }, (_, number) => `${order(number)}\n`).join("");
const deep = (levels: number) => `{"order_id":"o_d","user_id":"u_0","note":${"[".repeat(levels)}${"]".repeat(levels)}}`;
const megabyte = 1_000_000;
/** In megabytes. */
const longLine = 200;

/** Larger than memory should be, so made on the way. */
function* endlessLine(pack: (piece: Buffer) => Buffer = (piece) => piece): Generator<Buffer> {
  yield pack(Buffer.from('{"order_id":"'));
  yield* repeated(pack(Buffer.alloc(megabyte, "x")), longLine);
  yield pack(Buffer.from('","user_id":"u_0"}\n'));
}
const repeated = (piece: Buffer, times: number): Buffer[] => Array<Buffer>(times).fill(piece);
/** A gzip may be many, one after the other, so that what repeats is packed once. */
const packed = (pieces: Iterable<Buffer>) => Buffer.concat([...pieces]);

export function badFiles(limits: FunctionSettings["files"]): BadFile[] {
  const { maxArrayBytes, maxUnpackedBytes } = limits;
  const many = lines(Math.ceil(megabyte / order(0).length));
  const aLine = "write one JSON object a line";
  const asJson = "write one JSON object a line, with a JSON library";
  const asObjects = "write every record as a JSON object";
  const asUtf8 = "save it as UTF-8 without a byte order mark";
  const again = "upload it again with its records";
  const whole = "upload the whole file";
  const declared = "users.json, users.json.gz, events.json, events.json.gz, orders.json, orders.json.gz";

  const rejects = (name: string, content: BadFile["content"] | string, code: string, reason: string, fix: string) =>
    make(name, "<batch>/orders.json", content, { outcome: "rejected", code, reason, fix });
  const rejectsPacked = (...[name, content, code, reason, fix]: Parameters<typeof rejects>) =>
    make(name, "<batch>/orders.json.gz", content, { outcome: "rejected", code, reason, fix });
  const malformed = (name: string, content: BadFile["content"] | string, share: string, reason: string, fix: string) =>
    rejects(name, content, "contract", `${share}, and at most 5% may be): ${reason}`, fix);
  const promotes = (name: string, content: BadFile["content"] | string, note: string, key = "<batch>/orders.json") =>
    make(name, key, content, { outcome: "promoted", note });
  const skips = (name: string, key: string, reason: string, fix: string) =>
    make(name, key, lines(3), { outcome: "skipped", reason, fix });
  const misnamed = (name: string, key: string, near: string | null) =>
    skips(
      name,
      key,
      "no dataset has this file name",
      near ? `rename it to ${near} if that is meant; declared: ${declared}` : `name it as declared: ${declared}`,
    );
  const one = "1 of 1 rows are malformed (100%";
  const all = "3 of 3 rows are malformed (100%";
  const third = "1 of 3 rows are malformed (33.3%";
  const everyLine = (reason: string) => `lines 1, 2 and 3: each ${reason}`;
  const amount = "write order_amount as a number without quotes, at most 10 digits before the point and 2 behind it";

  return [
    rejects("no bytes", "", "empty", "the file has no bytes", again),
    rejects("blanks only", " \n\t\r\n", "blank", "the file holds no record", again),
    rejects(
      "a last line that is cut",
      lines(3).slice(0, -9),
      "truncated",
      "the last record is not a whole JSON object",
      whole,
    ),
    rejects(
      "a last line that is cut, in a large file",
      many.slice(0, -9),
      "truncated",
      "the last record is not a whole JSON object",
      whole,
    ),
    rejects(
      "an error page in HTML",
      "<html><body>502 Bad Gateway</body></html>\n",
      "not_json",
      "the file is HTML or XML, perhaps an error page",
      "upload the JSON itself",
    ),
    rejects(
      "CSV",
      "order_id,user_id\no_0,u_0\n",
      "not_json",
      "the file does not begin with a JSON object (it may be CSV or text)",
      aLine,
    ),

    misnamed("a misspelt ending", "<batch>/orders.jsn", "orders.json"),
    misnamed("another spelling", "<batch>/Orders.json", "orders.json"),
    misnamed("a misspelt name", "<batch>/order.json", "orders.json"),
    misnamed("another format", "<batch>/orders.json.zip", "orders.json.gz"),
    misnamed("CSV by name", "<batch>/orders.csv", "orders.json"),
    misnamed("a foreign file", "<batch>/notes.txt", null),
    misnamed("a key with spaces", "<batch>/all the orders.json", null),
    misnamed("a key with `+`", "<batch>/orders+1.json", "orders.json"),
    misnamed("a key with `%`", "<batch>/100%.json", null),
    misnamed("a key with `%2B`", "<batch>/a%2Bb%.json", null),
    misnamed("a key with an emoji", "<batch>/🎉 ✓.json", null),
    misnamed("a key of 1,024 bytes", `<batch>/${"é".repeat(504)}.json`, null),
    skips(
      "a folder that is no batch",
      "monday/orders.json",
      "the folder's name is not a batch name",
      "name the folder after its batch, matching [0-9]{4}-[0-9]{2}-[0-9]{2}",
    ),
    skips(
      "a folder named after the rolling batch",
      "current/orders.json",
      'the folder "current" is the name of the rolling batch, whose files lie at the root',
      "upload it to the root",
    ),
    skips(
      "a folder in a folder",
      "<batch>/eu/orders.json",
      "the file lies 2 folders deep",
      "upload it to the root or to one folder named after its batch",
    ),
    make("a folder marker", "<batch>/", "", {
      outcome: "skipped",
      reason: "the key is a folder marker, not a file",
      fix: "nothing; folders need no marker",
    }),

    rejects("a byte order mark", `\ufeff${lines(3)}`, "encoding", "the file begins with a byte order mark", asUtf8),
    rejects(
      "UTF-16",
      () => Buffer.from(`\ufeff${lines(3)}`, "utf16le"),
      "encoding",
      "the file is UTF-16 or binary, not UTF-8",
      asUtf8,
    ),
    malformed(
      "Latin-1",
      () => Buffer.from('{"order_id":"Müller","user_id":"u_0"}\n', "latin1"),
      one,
      "line 1 is not UTF-8",
      "save the file as UTF-8",
    ),
    promotes(
      "Latin-1 in one line of many",
      () => Buffer.from(`${many}{"order_id":"Müller","user_id":"u_0"}\n${many}`, "latin1"),
      "one malformed row",
    ),

    malformed("one line of 200 MB", () => Readable.from(endlessLine()), one, "line 1 is longer than 16 MiB", aLine),
    make("one line of 200 MB, packed", "<batch>/orders.json.gz", () => packed(endlessLine(gzipSync)), {
      outcome: "rejected",
      code: "contract",
      reason: `${one}, and at most 5% may be): line 1 is longer than 16 MiB`,
      fix: aLine,
    }),
    promotes("a JSON array", `[${order(0)},${order(1)}]`, "read as it is"),
    promotes(
      "a pretty-printed JSON array",
      JSON.stringify([JSON.parse(order(0)), JSON.parse(order(1))], null, 2),
      "read as it is",
    ),
    promotes("a single object on one line", order(0), "one record"),
    malformed(
      "a pretty-printed object",
      `${JSON.stringify(JSON.parse(order(0)), null, 2)}\n`,
      "6 of 6 rows are malformed (100%",
      "lines 1, 2, 3 and others: each is no JSON",
      asJson,
    ),
    malformed("an array in an array", `[[${order(0)}]]`, one, "element 1 is no JSON object", asObjects),
    rejects("an empty array", "[]\n", "blank", "the file holds no record", "upload it again with its records"),
    rejects(
      "an array that is cut",
      `[${order(0)},${order(1).slice(0, 9)}`,
      "truncated",
      "the file begins like a JSON array and ends in the middle",
      whole,
    ),
    rejects(
      "an array with a broken element",
      `[${order(0)},{"order_id":o_1}]`,
      "not_json",
      `the file begins like a JSON array and is no JSON from character ${order(0).length + 15} on`,
      "write it with a JSON library",
    ),
    rejects(
      "an array of more than files.maxArrayBytes",
      () => Buffer.concat([Buffer.from("["), Buffer.alloc(maxArrayBytes, `${order(0)},`)]),
      "array_too_large",
      `the JSON array has more than ${maxArrayBytes} bytes`,
      `${aLine} instead of an array`,
    ),
    promotes(
      "an array of very many empty objects",
      `[${"{},".repeat(maxArrayBytes / 3 - 2)}{}]`,
      "the run rejects the rows, by the rules for nulls",
    ),
    promotes(
      "an object around the records",
      `{"orders":[${order(0)}]}\n`,
      "the run rejects the row, by the rules for nulls; `orders` is told as drift",
    ),

    malformed(
      "quoted decimals in every record",
      [0, 1, 2].map((number) => order(number, '"12.34"')).join("\n"),
      all,
      everyLine("has a text in order_amount, which is declared decimal(12,2)"),
      `${amount}, or declare it string`,
    ),
    malformed(
      "numbers for texts in every record",
      [0, 1, 2].map((number) => `{"order_id":${number},"user_id":"u_0"}`).join("\n"),
      all,
      everyLine("has a whole number in order_id, which is declared string"),
      "write order_id as a text in quotes, or declare it long",
    ),
    malformed(
      "numbers for times in every record",
      [0, 1, 2].map(() => '{"order_id":"o","user_id":"u_0","order_timestamp":1769853600}').join("\n"),
      all,
      everyLine("has a whole number in order_timestamp, which is declared timestamp"),
      'write order_timestamp as a time like "2026-01-31T23:59:59Z"',
    ),
    malformed(
      "a number that is too large in one record of three",
      `${lines(2)}${order(2, "1e400")}\n`,
      third,
      "line 3 has a number beyond a double in order_amount, which is declared decimal(12,2)",
      amount,
    ),
    promotes("a number that is too large in one record of many", `${many}${order(2, "1e400")}\n`, "one malformed row"),
    malformed(
      "a key twice",
      '{"order_id":"o_0","user_id":"u_0","order_id":"o_1"}\n',
      one,
      "line 1 has order_id more than once",
      "write each key once in a record",
    ),
    promotes("100,000 levels in a field that is not declared", `${deep(100_000)}\n`, "read as it is"),
    rejects(
      "brackets only",
      () => Buffer.alloc(maxArrayBytes, "["),
      "truncated",
      "the file begins like a JSON array and ends in the middle",
      whole,
    ),

    promotes("a gzip", () => gzipSync(lines(3)), "read as it is", "<batch>/orders.json.gz"),
    rejectsPacked(
      "a gzip that is cut",
      () => gzipSync(many).subarray(0, -100),
      "truncated",
      "the gzip ends in the middle",
      whole,
    ),
    rejectsPacked(
      "a gzip that is damaged",
      () => Buffer.concat([gzipSync(many).subarray(0, 60), Buffer.alloc(200, 7)]),
      "broken_gzip",
      "the gzip is damaged (invalid distance too far back)",
      "pack and upload it again",
    ),
    rejectsPacked(
      "a gzip bomb",
      () => packed(repeated(gzipSync(Buffer.alloc(megabyte, " ")), Math.floor(maxUnpackedBytes / megabyte) + 1)),
      "unpacked_too_large",
      `the gzip unpacks to more than ${maxUnpackedBytes} bytes`,
      "upload fewer records in one batch, or have files.maxUnpackedBytes raised",
    ),
    rejects(
      "a gzip named .json",
      () => gzipSync(lines(3)),
      "compressed",
      "the file is a gzip and is named .json",
      "name it .json.gz, or upload it unpacked",
    ),
    rejectsPacked(
      "JSON named .json.gz",
      lines(3),
      "not_gzip",
      "the file is named .json.gz and is no gzip",
      "pack it with gzip, or name it .json",
    ),
    rejectsPacked(
      "a gzip in a gzip",
      () => gzipSync(gzipSync(lines(3))),
      "compressed",
      "the gzip holds a gzip",
      "pack the JSON once, with gzip",
    ),
    rejects(
      "a zip named .json",
      zip,
      "compressed",
      "the file is a zip and is named .json",
      "upload the JSON that it was made from",
    ),
    rejectsPacked(
      "a zip named .json.gz",
      zip,
      "not_gzip",
      "the file is named .json.gz and is a zip",
      "pack it with gzip, or name it .json",
    ),
  ];
}

const make = (name: string, key: string, content: BadFile["content"] | string, expected: Outcome): BadFile => ({
  name,
  key,
  content: typeof content === "string" ? () => Buffer.from(content) : content,
  expected,
});

const zip = () => Buffer.from(zipSync({ "orders.json": Buffer.from(lines(3)) }));

export interface BadEvent {
  readonly name: string;
  /** What the queue is handed, for a file that is there. */
  readonly body: (bucket: string, key: string) => object;
  readonly event: string;
  readonly reason: string;
  readonly fix: string;
}

export const badEvents: readonly BadEvent[] = [
  {
    name: "S3's test event",
    body: (Bucket) => ({ Service: "Amazon S3", Event: "s3:TestEvent", Bucket }),
    event: "s3:TestEvent",
    reason: "S3 tests the notification; it is about no file",
    fix: "nothing",
  },
  {
    name: "a delete",
    body: (name, key) => ({
      Records: [
        {
          eventName: "ObjectRemoved:DeleteMarkerCreated",
          s3: { bucket: { name }, object: { key, versionId: "any", sequencer: "FFFFFFFFFFFFFFFFFF" } },
        },
      ],
    }),
    event: "ObjectRemoved:DeleteMarkerCreated",
    reason: "only new objects count: a delete leaves the batch as it is",
    fix: "withdraw the file if the batch must not use it",
  },
];
