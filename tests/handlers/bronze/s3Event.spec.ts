import { expect } from "chai";
import { decodeKey, readNotification, UnreadableMessage } from "../../../handlers/bronze/s3Event.ts";

describe("S3 event decoding", () => {
  const keys: [string, string][] = [
    ["users.json", "users.json"],
    ["a+b.json", "a b.json"],
    ["a%2Bb.json", "a+b.json"],
    ["a%252Bb.json", "a%2Bb.json"],
    ["100%.json", "100%.json"],
    ["100%25.json", "100%.json"],
    ["%E2%9C%93+%.json", "✓ %.json"],
    ["%F0%9F%8E%89.json", "🎉.json"],
    ["%FF.json", "%FF.json"],
    ["2026-01-01/users.json", "2026-01-01/users.json"],
  ];
  for (const [encoded, key] of keys)
    it(`reads ${encoded} as ${key}`, () => {
      expect(decodeKey(encoded)).to.equal(key);
    });

  const record = (overrides: object = {}, object: object = {}) => ({
    eventName: "ObjectCreated:Put",
    s3: { bucket: { name: "bronze" }, object: { key: "users.json", versionId: "v1", sequencer: "01", ...object } },
    ...overrides,
  });
  const body = (...records: object[]) => JSON.stringify({ Records: records });

  it("reads every record, and multipart uploads like any other", () => {
    const { created } = readNotification(
      body(record(), record({ eventName: "ObjectCreated:CompleteMultipartUpload" }, { key: "e.json" })),
    );
    expect(created).to.deep.equal([
      { bucket: "bronze", key: "users.json", version: "v1", sequencer: "01" },
      { bucket: "bronze", key: "e.json", version: "v1", sequencer: "01" },
    ]);
  });

  it("passes over S3's test event and deletions", () => {
    const test = readNotification(JSON.stringify({ Service: "Amazon S3", Event: "s3:TestEvent" }));
    expect(test.created).to.deep.equal([]);
    expect(test.passed.map(({ event }) => event)).to.deep.equal(["s3:TestEvent"]);
    const removal = record({ eventName: "ObjectRemoved:DeleteMarkerCreated" }, { key: "a+b.json" });
    const { created, passed } = readNotification(body(removal, record()));
    expect(created).to.have.length(1);
    expect(passed.map(({ event, key }) => [event, key])).to.deep.equal([
      ["ObjectRemoved:DeleteMarkerCreated", "a b.json"],
    ]);
  });

  it("tells of a bucket without versions by a null version", () => {
    expect(readNotification(body(record({}, { versionId: undefined }))).created[0]!.version).to.equal(null);
  });

  for (const [title, text] of [
    ["what is not JSON", "hello"],
    ["what is no notification", '{"a":1}'],
    ["null", "null"],
    ["a record without a key", body(record({}, { key: undefined }))],
  ] as const)
    it(`refuses ${title}`, () => {
      expect(() => readNotification(text)).to.throw(UnreadableMessage);
    });
});
