import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { problemsOf } from "../../config/validate.ts";

/** One pipeline with one bad thing of each refused kind: one report has them all, each at its line and column. */
describe("a config with one mistake of each kind", () => {
  /** What is replaced, by what, the text at which the report has to point, and what it has to say there. */
  const mistakes: [from: string, to: string, at: string, says: string][] = [
    [
      "  maxSpread:",
      "  maxSpred:",
      "maxSpred",
      'batching.maxSpred: unknown key "maxSpred" (did you mean "maxSpread"?); allowed: keyPattern, maxSpread, deadline',
    ],
    [
      "    file: events\n",
      "    file: users\n",
      "users\n    formats: [json, json.gz]\n    primaryKey: [evnt_id]",
      "datasets.events.file: users.json is already the file of users",
    ],
    [
      "primaryKey: [event_id]",
      "primaryKey: [evnt_id]",
      "evnt_id",
      'datasets.events.primaryKey.0: "evnt_id" is not a column of events (did you mean "event_id"?); columns: event_id, user_id, event_type, product_id, event_timestamp, session_id, device_type',
    ],
    [
      "      marketing_source: {",
      "      COUNTRY: {",
      "COUNTRY",
      'datasets.users.columns.COUNTRY: "COUNTRY" and "country" differ only in case; rename one',
    ],
    [
      "order_timestamp: { type: timestamp,",
      "order_timestamp: { type: datetime,",
      "datetime",
      'datasets.orders.columns.order_timestamp.type: "datetime" is not a column type; allowed: string, boolean, integer, long, double, date, timestamp, decimal(precision,scale), array<type>, struct<name:type,...>',
    ],
    [
      "workerType: G.1X",
      "workerType: G1X",
      "G1X",
      'glue.workerType: must be one of G.1X, G.2X, G.4X, G.8X (did you mean "G.1X"?)',
    ],
    ["  attempts: 3", "  attempts: 0", "0 # total runs", "glue.attempts: must be at least 1"],
    [
      "  rotation: true",
      "  rotation: maybe",
      "maybe",
      'encryption.rotation: must be true or false, not the text "maybe"',
    ],
  ];
  const original = readFileSync("config/pipeline_config.yaml", "utf8").replace(
    "../glue/sql/user_activity.sql",
    "user_activity.sql",
  );
  const changed = (from: RegExp, to: string): string => {
    expect(original).to.match(from);
    return original.replace(from, to);
  };
  const write = (text: string, sql: string) => {
    const folder = mkdtempSync(join(tmpdir(), "report-"));
    writeFileSync(join(folder, "pipeline.yaml"), text);
    writeFileSync(join(folder, "user_activity.sql"), sql);
    return join(folder, "pipeline.yaml");
  };
  const place = (text: string, at: string): string => {
    const before = text.slice(0, text.indexOf(at)).split("\n");
    return `${before.length}:${before.at(-1)!.length + 1}`;
  };

  it("reports all of them, in the order of the file", async () => {
    const text = mistakes.reduce((changed, [from, to]) => {
      expect(changed, from).to.contain(from);
      return changed.replace(from, to);
    }, original);
    const path = write(text, "select 1");
    const expected = mistakes.map(([, , at, says]) => `${path}:${place(text, at)} ${says}`);
    const missing = [`${path}:${place(text, "batching:")} batching.maxSpread: is missing; it is a text`];
    const line = (problem: string) =>
      problem
        .slice(path.length + 1)
        .split(":")
        .slice(0, 2)
        .map(Number);
    const inOrder = [...expected, ...missing].sort((a, b) => line(a)[0]! - line(b)[0]! || line(a)[1]! - line(b)[1]!);
    expect(await problemsOf(path)).to.deep.equal(inOrder);
  });

  it("reports a key written twice, a missing file, and SQL that reads an unknown table", async () => {
    const twice = changed(/^name: commerce.*$/m, "$&\nname: other");
    expect(await problemsOf(write(twice, "select 1")).catch((error: Error) => error.message)).to.match(
      new RegExp(`pipeline\\.yaml:${place(twice, "name: other")} .*unique`, "i"),
    );
    const absent = changed(/sql: user_activity\.sql/, "sql: activity.sql");
    const [problem] = await problemsOf(write(absent, "select 1"));
    expect(problem).to.match(
      new RegExp(`:${place(absent, "activity.sql")} outputs\\.user_activity\\.sql: no such file: activity\\.sql$`),
    );
    const [unknown] = await problemsOf(write(original, "select user_id from customers"));
    expect(unknown).to.match(
      /user_activity\.sql:1:21 outputs\.user_activity\.sql: Unknown table 'customers'; tables: users, events, orders$/,
    );
  });

  it("reports a name too long for AWS", async () => {
    const long = changed(/^name: commerce/m, `name: ${"c".repeat(21)}`);
    const problems = await problemsOf(write(long, "select 1"));
    expect(problems).to.have.length(1);
    expect(problems[0]).to.match(
      new RegExp(`:${place(long, "ccc")} name: lower case letters, digits and -, 2 to 20 long$`),
    );
  });
});
