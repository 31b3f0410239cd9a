/**
 * What `npm start` decides and prints, without a stack: the ledger documents and logs are written by hand here, so that
 * the functions write such ones is not shown.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect } from "chai";
import { loadConfig } from "../../config/load.ts";
import type { Answer } from "../../generator/answer.ts";
import { type Decision, emptyDocument, type LedgerDocument, type Run } from "../../handlers/ledger/document.ts";
import { noTries } from "../../handlers/ledger/retry.ts";
import { inParallel } from "../../handlers/parallel.ts";
import type { DatasetReport } from "../../handlers/run/report.ts";
import { shapesOf } from "../../handlers/shape.ts";
import { clearPublished } from "../../operator/gold/download.ts";
import { openParquet, timeText } from "../../operator/gold/parquet.ts";
import { parseStart } from "../../start/arguments.ts";
import { prepareOut } from "../../start/collect.ts";
import { compareWithAnswer } from "../../start/compare.ts";
import { filesIn, generatedData } from "../../start/data.ts";
import {
  type Evidence,
  isOver,
  knownBatches,
  type LogEntry,
  observe,
  type Snapshot,
  uploadGroups,
  waitForOutcomes,
  watchRules,
} from "../../start/outcomes.ts";
import { filesText, rowsText } from "../../start/print.ts";
import { filesOf, filesOfBatch, reasonOf, resultOf, stateOf, summaryOf } from "../../start/summary.ts";
import { createStatus } from "../../terminal/status.ts";
import { createStyle } from "../../terminal/style.ts";
import { goldText, table } from "../../terminal/table.ts";

const loaded = loadConfig("config/pipeline_config.yaml", "dev");
const rules = watchRules(loaded);
const plain = createStyle({});

const decision = (key: string, rejected?: { code: string; reason: string; fix: string }): Decision => ({
  version: `version of ${key}`,
  sequencer: "1",
  lastModified: 1_000,
  decidedAt: 2_000,
  bytes: 10,
  shape: shapesOf(rules.contract)[key.split(".")[0]!]!,
  ...(rejected
    ? { outcome: "rejected", ...rejected }
    : { outcome: "promoted", report: { key: `files/${key}`, sha256: "" }, silverBytes: 2 }),
});
const input = (key: string, dataset: string, rejected?: { code: string; reason: string; fix: string }) => ({
  [key]: { dataset, decision: decision(key, rejected), read: [] as string[], withdrawn: [], late: false },
});
const promoted = {
  ...input("users.json", "users"),
  ...input("events.json", "events"),
  ...input("orders.json", "orders"),
};
const consumed = Object.fromEntries(
  Object.entries(promoted).map(([key, one]) => [key, { ...one, read: [one.decision.version] }]),
);
const pinned = (dataset: string) => {
  const key = `${dataset}.json`;
  return {
    key,
    version: `version of ${key}`,
    report: { key: "", sha256: "" },
    shape: "",
    bytes: 10,
    silverBytes: 2,
  } as const;
};
const run = (fields: Partial<Run>): Run => ({
  run: 1,
  cause: { kind: "gate" },
  state: "started",
  claimedAt: 3_000,
  startedAt: 3_500,
  engine: "glue",
  inputs: { users: pinned("users"), events: pinned("events"), orders: pinned("orders") },
  release: {
    engine: { uri: "", sha256: "" },
    contract: { uri: "", sha256: "" },
    plan: { uri: "", sha256: "" },
    reader: 1,
    embedded: null,
  },
  outputs: {},
  tries: noTries,
  jobRuns: ["jr_1"],
  twins: [],
  settledAt: null,
  publishedAt: null,
  settledBy: null,
  failure: null,
  ...fields,
});
const document = (fields: Partial<LedgerDocument>): LedgerDocument => ({ ...emptyDocument, revision: 1, ...fields });
const published = document({
  inputs: consumed,
  runs: [run({ state: "published", settledAt: 9_000, publishedAt: 9_000, settledBy: "jr_1" })],
  published: { run: 1, highWater: 1 },
});
const uploaded = (...keys: string[]) => new Map(keys.map((key) => [key, `version of ${key}`]));
const all = ["users.json", "events.json", "orders.json"];
const evidence = (documents: Record<string, LedgerDocument>, log: LogEntry[] = [], deadLetters = 0): Evidence => ({
  ledger: async (batch) => documents[batch] ?? null,
  log: async () => log,
  deadLetters: async () => deadLetters,
});
const look = (keys: string[], ...rest: Parameters<typeof evidence>) =>
  observe(uploaded(...keys), rules, evidence(...rest));

describe("the outcomes of uploads", () => {
  it("are read from the ledger, and skips from the log", async () => {
    const inputs = {
      ...promoted,
      ...input("events.json", "events", { code: "empty", reason: "the file is empty", fix: "upload it again" }),
    };
    const skipped = {
      message: "file.skipped",
      key: "notes.txt",
      reason: "no dataset has this file name",
      fix: "name it users.json",
    };
    const { files, open } = await look([...all, "notes.txt"], { current: document({ inputs }) }, [skipped]);
    expect(open).to.deep.equal([]);
    expect(filesOf(files)).to.deep.equal({
      promoted: [
        { key: "users.json", dataset: "users", bytes: 10 },
        { key: "orders.json", dataset: "orders", bytes: 10 },
      ],
      rejected: [
        { key: "events.json", dataset: "events", code: "empty", reason: "the file is empty", fix: "upload it again" },
      ],
      skipped: [{ key: "notes.txt", reason: "no dataset has this file name", fix: "name it users.json" }],
    });
  });

  it("do not count while the ledger knows another version of the key", async () => {
    const inputs = { ...promoted };
    inputs["users.json"] = { ...inputs["users.json"]!, decision: { ...decision("users.json"), version: "older" } };
    expect((await look(all, { current: document({ inputs }) })).open).to.deep.equal(["users.json"]);
  });

  for (const [what, fields, isEnd] of [
    ["a complete batch whose run is not claimed yet", { inputs: promoted }, false],
    ["a running batch", { inputs: promoted, runs: [run({})] }, false],
    ["a published batch", published, true],
    ["a batch without its orders", { inputs: input("users.json", "users") }, true],
  ] as const)
    it(`${isEnd ? "are final" : "are awaited"} for ${what}`, async () => {
      const batch = document(fields);
      expect(isOver(await look(Object.keys(batch.inputs), { current: batch }))).to.equal(isEnd);
    });

  for (const [kind, isEnd] of [
    ["infrastructure", false],
    ["report", true],
  ] as const)
    it(`${isEnd ? "are final" : "are awaited"} after a failure of the kind ${kind}`, async () => {
      const failed = run({ state: "failed", settledAt: 9_000, failure: { kind, message: "no" } });
      const snapshot = await look(all, { current: document({ inputs: promoted, runs: [failed] }) });
      expect(isOver(snapshot)).to.equal(isEnd);
    });

  it("are awaited for as long as one of several batches goes on", async () => {
    const keys = ["2026-01-01/users.json", "2026-01-02/users.json"];
    const first = document({ inputs: input(keys[0]!, "users") });
    const snapshot = await look(keys, { "2026-01-01": first });
    expect(snapshot.batches.map(({ batch }) => batch)).to.deep.equal(["2026-01-01", "2026-01-02"]);
    expect(snapshot.open).to.deep.equal([keys[1]]);
    expect(isOver(snapshot)).to.equal(false);
  });
});

describe("the order of uploads", () => {
  const keys = ["notes.txt", "orders.json", "users.json", "2026-01-01/users.json"];
  const files = keys.map((key) => ({ key }));
  const groups = (given: typeof rules) => uploadGroups(files, given).map((group) => group.map(({ key }) => key));

  it("puts optional files before those that start a run, in every batch", () => {
    const { users } = rules.contract.datasets;
    const datasets = { ...rules.contract.datasets, users: { ...users!, required: false } };
    expect(groups({ ...rules, contract: { ...rules.contract, datasets } })).to.deep.equal([
      ["users.json", "2026-01-01/users.json"],
      ["notes.txt", "orders.json"],
    ]);
  });

  it("is one group when every dataset is required", () => {
    expect(groups(rules)).to.deep.equal([keys]);
  });
});

describe("waiting for the outcomes", () => {
  const wait = (looks: Promise<Snapshot>[], patience = 1_000, runPatience = 1_000) => {
    let time = 0;
    let index = 0;
    return waitForOutcomes(() => looks[Math.min(index++, looks.length - 1)]!, {
      signal: new AbortController().signal,
      onChange: () => {},
      patience,
      runPatience,
      interval: 1,
      now: () => (time += 100),
    });
  };
  const message = async (waiting: Promise<unknown>) => (await waiting.catch((error: Error) => error)) as Error;

  it("ends with the publication", async () => {
    const running = document({ inputs: promoted, runs: [run({})] });
    const last = look(all, { current: published });
    expect(await wait([look(all, {}), look(all, { current: running }), last])).to.equal(await last);
  });

  it("says which file the promote function gave up on, and why", async () => {
    const log = [{ message: "message.failed", reason: "AccessDenied: no" }];
    const error = await message(wait([look(["users.json"], {}, log, 1)]));
    expect(error.message).to.equal("the promote function gave up on users.json: AccessDenied: no");
  });

  it("gives up when nothing moves", async () => {
    const error = await message(wait([look(["users.json"], {})]));
    expect(error.message).to.equal("there is no outcome for users.json");
  });

  it("is more patient while a run is under way", async () => {
    const running = look(all, { current: document({ inputs: promoted, runs: [run({})] }) });
    const looks = [...Array.from({ length: 20 }, () => running), look(all, { current: published })];
    expect(isOver(await wait(looks, 500, 10_000))).to.equal(true);
    const error = await message(wait(looks, 500, 1_000));
    expect(error.message).to.equal("no more progress in batch current (running)");
  });

  it("stops when it is interrupted", async () => {
    const interrupted = new AbortController();
    const options = {
      signal: interrupted.signal,
      onChange: () => interrupted.abort(),
      patience: 1e6,
      runPatience: 1e6,
    };
    const error = await message(waitForOutcomes(() => look(all, {}), options));
    expect(error.name).to.equal("AbortError");
  });
});

describe("the summary of a start", () => {
  const summarize = async (keys: string[], documents: Record<string, LedgerDocument>, paths = {}, report = null) => {
    const snapshot = await look(keys, documents);
    return snapshot.batches.map((batch) =>
      resultOf(batch, filesOfBatch(batch.batch, snapshot, rules), report, paths, loaded.config),
    );
  };

  it("says what is missing and what was rejected", async () => {
    const empty = { code: "empty", reason: "the file is empty", fix: "upload it again" };
    const inputs = { ...input("users.json", "users"), ...input("events.json", "events", empty) };
    const [result] = await summarize(Object.keys(inputs), { current: document({ inputs }) });
    expect(result).to.include({ state: "waiting", batch: "current", run: null });
    expect(result!.reason).to.equal(
      "orders is missing (orders.json or orders.json.gz); events was rejected (events.json: the file is empty; upload it again)",
    );
  });

  it("names the files between which a dataset can't choose", async () => {
    const inputs = { ...promoted, ...input("users.json.gz", "users") };
    const [result] = await summarize(Object.keys(inputs), { current: document({ inputs }) });
    expect(result!.reason).to.equal("users has several files: users.json, users.json.gz; upload one of them");
  });

  it("tells why a run failed", async () => {
    const failure = { kind: "report", message: "schema_mismatch: revenue is a double" } as const;
    const failed = document({ inputs: promoted, runs: [run({ state: "failed", settledAt: 9_000, failure })] });
    const [result] = await summarize(all, { current: failed });
    expect(result).to.include({
      state: "failed",
      run: 1,
      reason: "run 1 failed (report): schema_mismatch: revenue is a double",
    });
  });

  it("speaks of every required dataset when nothing of ours was uploaded", async () => {
    const skipped = [{ message: "file.skipped", key: "a.txt", reason: "no" }];
    const snapshot = await look(["a.txt"], {}, skipped);
    const [batch] = snapshot.batches;
    expect(stateOf(batch!)).to.equal("waiting");
    expect(reasonOf(batch!, filesOf(snapshot.files), loaded.config)).to.match(/users is missing.*events is.*orders is/);
    expect(knownBatches(snapshot), "the ledger has nothing to report").to.deep.equal([]);
    expect(knownBatches(await look(all, { current: document({ inputs: promoted }) }))).to.deep.equal(["current"]);
  });

  it("leads with the batch that needs attention", async () => {
    const users = "2026-01-02/users.json";
    const batches = await summarize([...all, users], {
      current: published,
      "2026-01-02": document({ inputs: input(users, "users") }),
    });
    const seconds = { setup: 1, generate: 0, upload: 1, uploadToPublished: 1, total: 3 };
    const files = filesOf([]);
    const summary = summaryOf(batches, files, { seconds, answer: null });
    expect(summary).to.include({ state: "waiting", batch: "2026-01-02", files });
    expect(summary.batches!.map(({ batch, state }) => [batch, state])).to.deep.equal([
      ["2026-01-02", "waiting"],
      ["current", "published"],
    ]);
    expect(summary.batches![0]!.files.promoted.map(({ key }) => key)).to.deep.equal([users]);
    expect(summaryOf(batches.slice(1), files, { seconds, answer: null })).not.to.have.property("batches");
  });
});

describe("files on disk", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "start-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("take their paths as keys", () => {
    mkdirSync(join(folder, "2026-01-01/deep"), { recursive: true });
    for (const name of ["users.json", "2026-01-01/users.json", "2026-01-01/deep/a b+c.txt"])
      writeFileSync(join(folder, name), "12");
    expect(filesIn(folder).map(({ key, bytes }) => [key, bytes])).to.deep.equal([
      ["2026-01-01/deep/a b+c.txt", 2],
      ["2026-01-01/users.json", 2],
      ["users.json", 2],
    ]);
  });

  it("are refused when there are none", () => {
    expect(() => filesIn(folder)).to.throw(`--data ${folder} holds no files`);
    expect(() => filesIn(join(folder, "none"))).to.throw(/^--data .*none can't be read as a folder: ENOENT/);
  });

  it("are generated once, and again when one of them is not whole", async () => {
    const request = { records: 50, seed: 1, directory: folder };
    const first = await generatedData(request, () => {});
    expect(first.isReused).to.equal(false);
    expect(await generatedData(request, () => {})).to.deep.equal({ ...first, isReused: true });
    writeFileSync(join(folder, "50-1/orders.json"), "{}");
    expect((await generatedData(request, () => {})).isReused).to.equal(false);
    rmSync(join(folder, "50-1/answer.json"));
    expect((await generatedData(request, () => {})).isReused).to.equal(false);
  });

  it("of an earlier summary are removed, and a folder that can't be one is refused", () => {
    writeFileSync(join(folder, "summary.json"), "{}");
    prepareOut(folder);
    expect(readdirSync(folder)).to.deep.equal([]);
    writeFileSync(join(folder, "taken"), "");
    expect(() => prepareOut(join(folder, "taken"))).to.throw(/^--out .*taken can't be written to: EEXIST/);
  });

  it("of an earlier publication are removed, and others are not", () => {
    mkdirSync(join(folder, "batch=current"));
    for (const name of ["part-0.parquet", "notes.md", "batch=current/part-0.parquet"])
      writeFileSync(join(folder, name), "");
    clearPublished(folder);
    clearPublished(join(folder, "none"));
    expect(readdirSync(folder)).to.deep.equal(["notes.md"]);
  });
});

describe("the published Parquet", () => {
  let folder: string;
  const row = {
    user_id: "u_1",
    country: "IN",
    device_type: "PC",
    marketing_source: "youtube",
    signup_date: null,
    total_events: 2,
    total_sessions: 1,
    product_views: 2,
    product_purchases: 0,
    first_event_at: "2024-05-01T10:00:00Z",
    last_event_at: "2024-05-01T10:00:01Z",
    total_orders: 1,
    successful_orders: 1,
    failed_orders: 0,
    revenue: "90071992547409.93",
    last_order_at: "2024-05-02T10:00:00Z",
  };
  const { user_id: _, country, device_type, marketing_source, signup_date, ...totals } = row;
  const drift = { undeclared: [], absent: [], changed: [] };
  const rows = { lines: 1, malformed: 0, read: 1, kept: 1, rejected: { a_is_null: 0 }, deduplicated: 0 };
  const counts = { ...rows, warned: {}, orphans: {}, drift };
  const reported = { users: counts, events: counts, orders: counts };
  const answer: Answer = {
    format: 3,
    records: 1,
    seed: 1,
    files: {},
    datasets: reported,
    outputs: {
      user_activity: {
        rows: 1,
        totals,
        groups: { country: { IN: 1, US: 0 }, device_type: { PC: 1 }, marketing_source: { youtube: 1 } },
        sample: [{ kind: "ordinary", row }],
      },
    },
  };
  const write = async (changes: Partial<typeof row>) => {
    const path = join(folder, "batch=current", "it's.parquet");
    mkdirSync(join(folder, "batch=current"), { recursive: true });
    const cells = Object.entries({ ...row, ...changes }).map(([column, value]) => {
      const type = /_at$|_date$/.test(column) ? "timestamptz" : column === "revenue" ? "decimal(22,2)" : undefined;
      const literal = value === null ? "null" : typeof value === "number" ? `${value}::bigint` : `'${value}'`;
      return `${type ? `cast(${literal} as ${type})` : literal} as ${column}`;
    });
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    await connection.run(`copy (select ${cells.join(", ")}) to '${path.replaceAll("'", "''")}' (format parquet)`);
    connection.closeSync();
    instance.closeSync();
    return path;
  };
  const compare = async (
    changes: Partial<typeof row>,
    datasets: Readonly<Record<string, DatasetReport>> = reported,
  ) => {
    const parquet = await openParquet([await write(changes)]);
    try {
      return await compareWithAnswer(answer, datasets, parquet);
    } finally {
      parquet.close();
    }
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "start-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("is read as exact text", async () => {
    const parquet = await openParquet([await write({ first_event_at: "2024-05-01T10:00:00.250Z" })]);
    const [first] = await parquet.first(3, ["user_id"]);
    parquet.close();
    expect(Object.keys(first!), "the folder's name is no column").to.deep.equal(Object.keys(row));
    expect(first).to.include({
      signup_date: null,
      total_events: "2",
      revenue: "90071992547409.93",
      first_event_at: "2024-05-01T10:00:00.250000Z",
      last_event_at: "2024-05-01T10:00:01Z",
    });
  });

  it("equals the known answer", async () => {
    const { differences, matches, compared } = await compare({});
    expect(differences).to.deep.equal([]);
    expect(matches).to.equal(true);
    expect(compared).to.be.above(40);
  });

  it("has times of any year whole", () => {
    const year10000 = BigInt(Date.UTC(10_000, 0, 1, 4, 59, 59)) * 1000n;
    expect(timeText(year10000)).to.equal("+010000-01-01T04:59:59Z");
    expect(timeText(year10000 + 5n)).to.equal("+010000-01-01T04:59:59.000005Z");
    expect(timeText(-62_135_596_800_000_000n)).to.equal("0001-01-01T00:00:00Z");
  });

  it("differs by a cent that a double would lose", async () => {
    expect((await compare({ revenue: "90071992547409.92" })).differences).to.deep.equal([
      "all users, revenue: 90071992547409.93 is right, 90071992547409.92 was found",
      "u_1, revenue: 90071992547409.93 is right, 90071992547409.92 was found",
    ]);
  });

  it("differs by a country, a time and a count of rows", async () => {
    const { differences } = await compare(
      { country: "US", signup_date: "2024-01-01T00:00:00Z" as unknown as null },
      { ...reported, events: { ...counts, kept: 2, malformed: 1, rejected: { a_is_null: 2 } } },
    );
    expect(differences).to.deep.equal([
      "events.malformed: 0 is right, 1 was found",
      "events.kept: 1 is right, 2 was found",
      "events.rejected.a_is_null: 0 is right, 2 was found",
      "users of country IN: 1 is right, 0 was found",
      "users of country US: 0 is right, 1 was found",
      "u_1, country: IN is right, US was found",
      "u_1, signup_date: null is right, 2024-01-01T00:00:00Z was found",
    ]);
  });
});

describe("the command line of npm start", () => {
  it("has defaults", () => {
    expect(parseStart([])).to.deep.equal({
      data: { kind: "generated", records: 1_000_000, seed: 42 },
      config: "config/pipeline_config.yaml",
      isShippedConfig: true,
      environment: "dev",
      engine: "config",
      out: "out",
      keep: false,
    });
    expect(parseStart(["--keep"]).keep).to.equal(true);
  });

  for (const [args, message] of [
    [["--recrods", "5"], "unknown flag --recrods; did you mean --records?"],
    [
      ["--xyzzy"],
      "unknown flag --xyzzy; the flags are --records, --seed, --data, --config, --env, --engine, --out, --keep",
    ],
    [["--data", "d", "--seed", "1"], "--data uses existing files, so it can't be combined with --seed"],
    [["--records", "many"], '--records must be a whole number from 1 to 100000000, not "many"'],
  ] as const)
    it(`refuses ${args.join(" ")}`, () => {
      expect(() => parseStart(args)).to.throw(message);
    });
});

describe("what npm start prints", () => {
  it("is aligned", () => {
    expect(
      table([
        ["", "read"],
        ["users", "1,000"],
        ["events", "7"],
      ]),
    ).to.deep.equal(["          read", "users    1,000", "events       7"]);
  });

  it("names every file with its reason, and every rule that was broken", () => {
    const rejected = {
      key: "events.json",
      dataset: "events",
      code: "empty",
      reason: "the file is empty",
      fix: "upload it again",
    };
    const files = {
      promoted: [{ key: "u.json", dataset: "users", bytes: 2_000_000 }],
      rejected: [rejected],
      skipped: [],
    };
    expect(filesText(files, plain)).to.deep.equal([
      "Files",
      "  promoted   u.json        2.0 MB",
      "  rejected   events.json   empty: the file is empty; upload it again",
    ]);
    const counts = {
      lines: 1207,
      malformed: 7,
      read: 1200,
      kept: 1100,
      rejected: { a_is_null: 60 },
      warned: {},
      deduplicated: 40,
      orphans: {},
      drift: { undeclared: [], absent: [], changed: [] },
    };
    expect(rowsText({ users: counts }, plain)).to.deep.equal([
      "Rows",
      "          lines   malformed    kept   rejected   deduplicated   orphans",
      "  users   1,207           7   1,100         60             40         0",
      "  users rejected: a_is_null 60",
    ]);
  });

  it("tells of rules that kept rows broke, and of fields that are not as declared", () => {
    const counts = {
      lines: 3,
      malformed: 0,
      read: 3,
      kept: 3,
      rejected: {},
      warned: { a_out_of_range: 2, a_pattern: 0 },
      deduplicated: 0,
      orphans: {},
      drift: {
        undeclared: [{ name: "more", rows: 1 }],
        absent: ["b", "c"],
        changed: [{ name: "d", found: "text", rows: 3 }],
      },
    };
    expect(rowsText({ users: counts }, plain).slice(3)).to.deep.equal([
      "  users kept in spite of: a_out_of_range 2",
      "  users has fields that are not declared: more 1",
      "  users has values of another type: d 3",
      "  users lacks in every row: b, c",
    ]);
  });

  it("shows rows side by side, and of a long value its beginning", () => {
    const rows = [
      { id: "a", stop: "x".repeat(33) },
      { id: "b", stop: null },
    ];
    expect(goldText(rows, plain)).to.deep.equal([
      `    id     ${"a".padStart(32)}   b`,
      `    stop   ${"x".repeat(31)}…   –`,
    ]);
  });

  it("is coloured on a terminal only, and not where NO_COLOR is set", () => {
    expect(createStyle({ isTTY: true }, {}).red("no")).to.equal("\x1b[31mno\x1b[39m");
    for (const style of [createStyle({}, {}), createStyle({ isTTY: true }, { NO_COLOR: "1" })])
      expect(style.red("no")).to.equal("no");
  });

  it("repeats a step off a terminal only after a while", () => {
    let text = "";
    let time = 20_000;
    const status = createStatus({ write: (part) => (text += part) }, () => time);
    for (const percent of [1, 2, 3]) {
      status.show("upload", `${percent}%`);
      time += 6_000;
    }
    status.done("upload", "3 files");
    expect(text).to.equal("… upload: 1%\n… upload: 3%\n✔ upload: 3 files\n");
  });
});

describe("running in parallel", () => {
  it("keeps to the limit and does everything", async () => {
    let under = 0;
    let most = 0;
    const done: number[] = [];
    await inParallel([1, 2, 3, 4, 5], 2, async (item) => {
      most = Math.max(most, ++under);
      await new Promise((resolve) => setTimeout(resolve, 2));
      under--;
      done.push(item);
    });
    expect(most).to.equal(2);
    expect(done.sort()).to.deep.equal([1, 2, 3, 4, 5]);
  });
});
