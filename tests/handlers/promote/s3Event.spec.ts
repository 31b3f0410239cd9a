import { expect } from "chai";
import { decodeKey, objectsCreated, UnreadableMessage } from "../../../handlers/promote/s3Event.ts";

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
    const events = objectsCreated(
      body(record(), record({ eventName: "ObjectCreated:CompleteMultipartUpload" }, { key: "e.json" })),
    );
    expect(events).to.deep.equal([
      { bucket: "bronze", key: "users.json", version: "v1", sequencer: "01" },
      { bucket: "bronze", key: "e.json", version: "v1", sequencer: "01" },
    ]);
  });

  it("passes over S3's test event and deletions", () => {
    expect(objectsCreated(JSON.stringify({ Service: "Amazon S3", Event: "s3:TestEvent" }))).to.deep.equal([]);
    expect(objectsCreated(body(record({ eventName: "ObjectRemoved:DeleteMarkerCreated" })))).to.deep.equal([]);
  });

  it("tells of a bucket without versions by a null version", () => {
    expect(objectsCreated(body(record({}, { versionId: undefined })))[0]!.version).to.equal(null);
  });

  for (const [title, text] of [
    ["what is not JSON", "hello"],
    ["what is no notification", '{"a":1}'],
    ["null", "null"],
    ["a record without a key", body(record({}, { key: undefined }))],
  ] as const)
    it(`refuses ${title}`, () => {
      expect(() => objectsCreated(text)).to.throw(UnreadableMessage);
    });
});
