import { contractOf } from "../../config/contract.ts";
import { loadConfig } from "../../config/load.ts";
import { fileReportKey, goldPrefix, reasonKey, rejectedKey } from "../../handlers/keys.ts";
import type { Decision, Input, LedgerDocument, PinnedInputs, Run } from "../../handlers/ledger/document.ts";
import { emptyDocument } from "../../handlers/ledger/document.ts";
import { evaluateGate } from "../../handlers/ledger/gate.ts";
import { noTries } from "../../handlers/ledger/retry.ts";
import type { Release } from "../../handlers/release.ts";
import type { DatasetReport, RunReport } from "../../handlers/run/report.ts";
import { shapesOf } from "../../handlers/shape.ts";
import { previewOf } from "../../operator/story/reads.ts";
import type {
  DatasetStory,
  FileFate,
  FileStory,
  JobRunStory,
  Rejection,
  RunStory,
  Story,
} from "../../operator/story/story.ts";
import { rules as ledgerRules } from "../handlers/ledger/documents.ts";

/** Three batches made by hand, of the shipped contract: one that went well, one whose run failed, one that waits. */

const batch = "2026-11-22";
const minute = 60_000;
const begun = Date.UTC(2026, 10, 23, 6, 0, 0);
const at = (minutes: number) => begun + minutes * minute;
const { config } = loadConfig("config/pipeline_config.yaml", "dev");
const contract = contractOf(config);
const gateRules = {
  datasets: contract.datasets,
  shapes: shapesOf(contract),
  maxSpread: config.batching.maxSpread * 1000,
  attempts: config.glue.attempts,
};

const release: Release = {
  engine: { uri: "s3://artifacts/engine/41fa/plan_runner.zip", sha256: "41fa" },
  contract: { uri: "s3://artifacts/contract/77e1.json", sha256: "77e1" },
  plan: { uri: "s3://artifacts/plan/c3b2.json", sha256: "c3b2" },
  reader: 1,
  embedded: null,
};

interface FileOptions {
  readonly version: string;
  readonly bytes: number;
  /** Minutes after the first. */
  readonly uploaded: number;
  readonly fault?: Pick<Rejection, "code" | "reason" | "fix">;
}

const bronzeFile = (dataset: string, version: string) =>
  ({ batch, dataset, format: "json", key: `${batch}/${dataset}.json`, version }) as const;

const reportOn = (dataset: string, version: string) => ({
  key: fileReportKey(bronzeFile(dataset, version), "shape"),
  sha256: "9c11",
});

const decisionOf = (dataset: string, { version, bytes, uploaded, fault }: FileOptions): Decision => ({
  version,
  sequencer: uploaded.toString(16).padStart(8, "0"),
  lastModified: at(uploaded),
  decidedAt: at(uploaded) + 1200,
  bytes,
  shape: shapesOf(contract)[dataset]!,
  ...(fault
    ? { outcome: "rejected", ...fault }
    : {
        outcome: "promoted",
        report: reportOn(dataset, version),
        silverBytes: Math.round(bytes / 5),
      }),
});

const inputOf = (dataset: string, file: FileOptions, read: readonly string[] = []): Input => ({
  dataset,
  decision: decisionOf(dataset, file),
  read,
  withdrawn: [],
  late: false,
});

function fileStory(dataset: string, options: FileOptions, fate: FileFate, runs: readonly number[]): FileStory {
  const file = bronzeFile(dataset, options.version);
  const { fault } = options;
  return {
    key: file.key,
    dataset,
    version: options.version,
    bytes: options.bytes,
    uploadedAt: at(options.uploaded),
    decidedAt: at(options.uploaded) + 1200,
    fate,
    runs,
    report: fault ? null : `s3://commerce-dev-ledger-000000000000/${reportOn(dataset, options.version).key}`,
    rejection: fault
      ? {
          ...fault,
          copy: `s3://commerce-dev-rejected-000000000000/${rejectedKey(file)}`,
          document: `s3://commerce-dev-rejected-000000000000/${reasonKey(file)}`,
        }
      : null,
  };
}

const pinned = (files: Readonly<Record<string, FileOptions>>): PinnedInputs =>
  Object.fromEntries(
    Object.entries(files).map(([dataset, { version, bytes }]) => [
      dataset,
      {
        key: `${batch}/${dataset}.json`,
        version,
        shape: shapesOf(contract)[dataset]!,
        report: reportOn(dataset, version),
        bytes,
        silverBytes: Math.round(bytes / 5),
      },
    ]),
  );

const datasetReport = (counts: Partial<DatasetReport> & Pick<DatasetReport, "read" | "kept">): DatasetReport => ({
  lines: counts.read + (counts.malformed ?? 0),
  malformed: 0,
  rejected: {},
  deduplicated: 0,
  warned: {},
  orphans: {},
  drift: { undeclared: [], absent: [], changed: [] },
  ...counts,
});

const jobRunId = (run: number) => `jr_${String(run).padStart(4, "0").repeat(16)}`;

const goldUri = (run: number) =>
  `s3://commerce-dev-gold-000000000000/${goldPrefix("user_activity", batch, run, jobRunId(run))}`;

const ordersRows = (run: number) =>
  `s3://commerce-dev-rejected-000000000000/rows/orders/batch=${batch}/run=${run}/${jobRunId(run)}`;

/** Run 1 of all three stories that have one: sixty users, a bad order, a repeated event, an order of nobody. */
const goodReport: RunReport = {
  format: 1,
  batch,
  run: 1,
  jobRun: jobRunId(1),
  manifest: {
    uri: `s3://commerce-dev-ledger-000000000000/manifests/${batch}/1.json`,
    sha256: "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
  },
  plan: { sha256: "c3b2" },
  state: "succeeded",
  failure: null,
  datasets: {
    users: datasetReport({ read: 60, kept: 60 }),
    events: datasetReport({
      read: 482,
      kept: 480,
      deduplicated: 1,
      rejected: { user_id_is_null: 1 },
      warned: { event_type_not_allowed: 3 },
      orphans: { user_id: 2 },
      drift: {
        undeclared: [{ name: "utm_<campaign>", rows: 12 }],
        absent: [],
        changed: [],
      },
    }),
    orders: datasetReport({
      malformed: 2,
      read: 119,
      kept: 118,
      rejected: { order_id_is_null: 1, user_id_is_null: 0 },
      orphans: { user_id: 1 },
    }),
  },
  outputs: {
    user_activity: { rows: 60, files: 1, uri: goldUri(1), columns: contract.outputs.user_activity!.columns },
  },
  checks: [
    { name: "users.max_rejected", passed: true, detail: "expected at most 5%, actual 0% (0 of 60 rows)" },
    { name: "events.max_rejected", passed: true, detail: "expected at most 5%, actual 0.207% (1 of 482 rows)" },
    { name: "orders.max_rejected", passed: true, detail: "expected at most 5%, actual 2.48% (3 of 121 rows)" },
    { name: "user_activity.balance_revenue", passed: true, detail: "expected 9529.87, actual 9529.87" },
  ],
  seconds: { datasets: 6.204, outputs: 3.871, total: 11.94 },
  engine: { name: "spark", version: "3.5.6" },
};

/** Run 2 read an orders file whose ids are gone, which is more than the contract allows. */
const failedReport: RunReport = {
  ...goodReport,
  run: 2,
  jobRun: jobRunId(2),
  manifest: { ...goodReport.manifest, uri: `s3://commerce-dev-ledger-000000000000/manifests/${batch}/2.json` },
  state: "failed",
  failure: {
    code: "too_many_rejected",
    message: `orders.max_rejected failed: expected at most 5%, actual 25% (30 of 120 rows): order_id_is_null 30; see ${ordersRows(2)}`,
  },
  datasets: {
    ...goodReport.datasets,
    orders: datasetReport({
      read: 120,
      kept: 90,
      rejected: { malformed: 0, order_id_is_null: 30, user_id_is_null: 0 },
    }),
  },
  outputs: {},
  checks: [
    ...goodReport.checks.slice(0, 2),
    {
      name: "orders.max_rejected",
      passed: false,
      detail: `expected at most 5%, actual 25% (30 of 120 rows): order_id_is_null 30; see ${ordersRows(2)}`,
    },
  ],
  seconds: { datasets: 6.011, total: 7.43 },
};

function jobRunStory(run: number, report: RunReport, started: number): JobRunStory {
  const id = jobRunId(run);
  const total = report.seconds.total!;
  return {
    id,
    job: {
      state: report.state === "succeeded" ? "SUCCEEDED" : "FAILED",
      startedAt: at(started) + 2000,
      endedAt: at(started) + 2000 + Math.round((total + 19) * 1000),
      seconds: Math.round(total + 19),
      dpuSeconds: null,
      message: report.failure?.message ?? null,
    },
    report,
    rejectedRows: Object.entries(report.datasets).flatMap(([dataset, { rejected }]) => {
      const rows = Object.values(rejected).reduce((sum, count) => sum + count, 0);
      const uri = `s3://commerce-dev-rejected-000000000000/rows/${goldPrefix(dataset, batch, run, id)}`;
      return rows === 0 ? [] : [{ dataset, rows, uri }];
    }),
  };
}

const runOf = (run: number, inputs: PinnedInputs, claimed: number, ended: Partial<Run>): Run => ({
  run,
  cause: { kind: "gate" },
  state: "claimed",
  claimedAt: at(claimed) + 1500,
  startedAt: at(claimed) + 2500,
  engine: "glue",
  inputs,
  release,
  outputs: { user_activity: contract.outputs.user_activity!.columns },
  tries: noTries,
  jobRuns: [jobRunId(run)],
  twins: [],
  settledAt: at(claimed) + 36_000,
  publishedAt: null,
  settledBy: jobRunId(run),
  failure: null,
  ...ended,
});

const datasetStories = (document: LedgerDocument): DatasetStory[] =>
  Object.entries(contract.datasets).map(([name, { required, file, formats }]) => ({
    name,
    required,
    keys: formats.map((format) => `${batch}/${file}.${format}`),
    live: Object.entries(document.inputs).flatMap(([key, { dataset, decision, read }]) =>
      dataset === name && !read.includes(decision.version) ? [key] : [],
    ),
  }));

const storyOf = (
  document: LedgerDocument,
  readAt: number,
  told: Pick<Story, "files" | "runs" | "gold" | "dueAt"> & Partial<Story>,
): Story => ({
  format: 1,
  stack: "stack dev",
  environment: "dev",
  batch,
  readAt: at(readAt),
  document,
  verdict: evaluateGate(batch, document, gateRules, at(readAt)),
  rules: {
    maxSpread: gateRules.maxSpread,
    deadline: config.batching.deadline * 1000,
    attempts: gateRules.attempts,
    keyPattern: config.batching.keyPattern,
  },
  contract,
  datasets: datasetStories(document),
  undecided: [],
  messages: { uploads: 0, deadUploads: 0, deadEvents: 0 },
  wouldRead: previewOf(batch, document, { ...ledgerRules, datasets: contract.datasets, shapes: gateRules.shapes }),
  ...told,
});

const first = {
  users: { version: "vU1", bytes: 7_812, uploaded: 0 },
  events: { version: "vE1", bytes: 88_231, uploaded: 1 },
  orders: { version: "vO1", bytes: 24_907, uploaded: 3 },
} as const satisfies Record<string, FileOptions>;

const gold = [
  {
    output: "user_activity",
    uri: goldUri(1),
    files: [{ key: `${goldPrefix("user_activity", batch, 1, jobRunId(1))}part-00000.zstd.parquet`, bytes: 9_120 }],
  },
];

/** Published by its first run. */
export const goodStory: Story = (() => {
  const run = runOf(1, pinned(first), 3, { state: "published", publishedAt: at(3) + 36_000 });
  const document: LedgerDocument = {
    ...emptyDocument,
    revision: 8,
    writer: "settle:2",
    inputs: Object.fromEntries(
      Object.entries(first).map(([dataset, file]) => [
        `${batch}/${dataset}.json`,
        inputOf(dataset, file, [file.version]),
      ]),
    ),
    runs: [run],
    published: { run: 1, highWater: 1 },
  };
  const runs: RunStory[] = [{ run, isKept: true, jobRuns: [jobRunStory(1, goodReport, 3)] }];
  return storyOf(document, 60, {
    files: Object.entries(first).map(([dataset, file]) => fileStory(dataset, file, "published", [1])),
    runs,
    gold,
    dueAt: null,
  });
})();

/** Run 1 is published; the files of the next day's correction made run 2, which its report failed. */
export const failedStory: Story = (() => {
  const second = {
    users: { version: "vU2", bytes: 7_902, uploaded: 120 },
    events: { version: "vE2", bytes: 88_231, uploaded: 121 },
    orders: { version: "vO2", bytes: 23_118, uploaded: 122 },
  } as const satisfies Record<string, FileOptions>;
  const published = runOf(1, pinned(first), 3, { state: "published", publishedAt: at(3) + 36_000 });
  const { code, message } = failedReport.failure!;
  const failed = runOf(2, pinned(second), 122, {
    state: "failed",
    failure: { kind: "report", message: `${code}: ${message}` },
  });
  const document: LedgerDocument = {
    ...emptyDocument,
    revision: 17,
    writer: "settle:5",
    open: 9,
    inputs: Object.fromEntries(
      Object.entries(second).map(([dataset, file]) => [
        `${batch}/${dataset}.json`,
        inputOf(dataset, file, [first[dataset as keyof typeof first].version]),
      ]),
    ),
    runs: [published, failed],
    published: { run: 1, highWater: 1 },
  };
  return storyOf(document, 180, {
    files: Object.entries(second).map(([dataset, file]) => fileStory(dataset, file, "promoted", [2])),
    runs: [
      { run: published, isKept: true, jobRuns: [jobRunStory(1, goodReport, 3)] },
      { run: failed, isKept: true, jobRuns: [jobRunStory(2, failedReport, 122)] },
    ],
    gold,
    dueAt: at(120) + 1200 + config.batching.deadline * 1000,
  });
})();

/** Users are good, orders were rejected, events have not come. No run yet. */
export const waitingStory: Story = (() => {
  const orders: FileOptions = {
    ...first.orders,
    fault: {
      code: "not_json_lines",
      reason: "line 1 is not a whole JSON object",
      fix: "write one JSON object a line",
    },
  };
  const document: LedgerDocument = {
    ...emptyDocument,
    revision: 3,
    writer: "promote:1",
    open: 1,
    inputs: {
      [`${batch}/users.json`]: inputOf("users", first.users),
      [`${batch}/orders.json`]: inputOf("orders", orders),
    },
  };
  return storyOf(document, 90, {
    files: [fileStory("users", first.users, "promoted", []), fileStory("orders", orders, "rejected", [])],
    // A file by another name is none of the pipeline's.
    undecided: [
      {
        key: `${batch}/event.json`,
        version: "vX1",
        bytes: 88_231,
        uploadedAt: at(1),
        skipped: {
          reason: "no dataset has this file name",
          fix: "rename it to events.json if that is meant; declared: users.json, users.json.gz, events.json, events.json.gz, orders.json, orders.json.gz",
        },
      },
    ],
    runs: [],
    gold: [],
    dueAt: at(0) + 1200 + config.batching.deadline * 1000,
  });
})();

const attempt = "em-5f70bf18a0860070";
/** The good story as DuckDB would have made it. */
const byDuckdb = JSON.parse(JSON.stringify(goodStory).replaceAll(jobRunId(1), attempt)) as Story;

function embeddedStory(change: Partial<Run>, told: Partial<JobRunStory>, verdict: Story["verdict"], later = 0): Story {
  const [{ run: published, jobRuns }] = byDuckdb.runs as [RunStory];
  const embedded = {
    functionArn: "arn:aws:lambda:eu-central-1:000000000000:function:commerce-dev-embedded:7",
    upTo: 268_435_456,
  };
  const run: Run = { ...published, engine: "embedded", release: { ...release, embedded }, ...change };
  const hasEnded = verdict.state === "published";
  return {
    ...byDuckdb,
    readAt: run.claimedAt + later,
    verdict,
    document: {
      ...byDuckdb.document,
      inputs: hasEnded
        ? byDuckdb.document.inputs
        : Object.fromEntries(
            Object.entries(first).map(([name, file]) => [`${batch}/${name}.json`, inputOf(name, file)]),
          ),
      runs: [run],
      published: hasEnded ? byDuckdb.document.published : null,
    },
    files: hasEnded ? byDuckdb.files : byDuckdb.files.map((file) => ({ ...file, fate: "promoted" })),
    runs: [{ run, isKept: true, jobRuns: [{ ...jobRuns[0]!, ...told }] }],
    gold: hasEnded ? byDuckdb.gold : [],
  };
}

const claimedAt = at(3) + 1500;
const waits = {
  ...{ state: "waiting", startedAt: null, endedAt: null, seconds: 0, dpuSeconds: null, message: null },
} as const;
const unended = { settledAt: null, publishedAt: null, settledBy: null } as const;
const noReport = { report: null, rejectedRows: [] } as const;

/** Published by DuckDB in less than a second. */
export const embeddedPublished = embeddedStory(
  { settledAt: claimedAt + 1900, publishedAt: claimedAt + 1900 },
  {
    job: { ...waits, state: "succeeded", startedAt: claimedAt + 600, endedAt: claimedAt + 1412, seconds: 0.812 },
    report: {
      ...byDuckdb.runs[0]!.jobRuns[0]!.report!,
      seconds: { inputs: 0.1, total: 0.812 },
      engine: { name: "duckdb", version: "v1.5.5" },
    },
  },
  { state: "published", run: 1 },
  60_000,
);

/** Lambda has the order, and no invocation has begun; or one executes the run. */
export const embeddedWaits = embeddedStory(
  { state: "started", ...unended },
  { job: waits, ...noReport },
  { state: "running", run: 1 },
  90_000,
);
export const embeddedAlive = embeddedStory(
  { state: "started", ...unended },
  { job: { ...waits, state: "running", startedAt: claimedAt + 600 }, ...noReport },
  { state: "running", run: 1 },
  4000,
);

/** No invocation has begun for an hour. */
const never = "no invocation began within 60 minutes";
export const embeddedUndelivered = embeddedStory(
  {
    ...{ state: "failed", publishedAt: null, settledAt: claimedAt + 62 * minute },
    failure: { kind: "undelivered", message: never },
  },
  { job: { ...waits, state: "undelivered", message: never }, ...noReport },
  { state: "retrying", run: 1, at: claimedAt + 64 * minute },
  63 * minute,
);

/** What was too much for DuckDB, and what Glue then published as run 2. */
export const unfitStory: Story = (() => {
  const message = "user_activity: DuckDB has no more memory or disk";
  const tried = embeddedStory(
    { state: "failed", publishedAt: null, settledAt: claimedAt + 9000, failure: { kind: "unfit", message } },
    {
      job: { ...waits, state: "failed", startedAt: claimedAt + 600, endedAt: claimedAt + 8600, seconds: 8, message },
      ...noReport,
    },
    { state: "published", run: 2 },
    60 * minute,
  );
  const tries = { executed: 1, undelivered: 0, unfit: true };
  const done = runOf(2, pinned(first), 4, { state: "published", publishedAt: at(4) + 36_000, tries });
  return {
    ...tried,
    document: {
      ...tried.document,
      runs: [tried.runs[0]!.run, done],
      published: { run: 2, highWater: 2 },
    },
    files: tried.files.map((file) => ({ ...file, runs: [1, 2] })),
    runs: [...tried.runs, { run: done, isKept: true, jobRuns: [jobRunStory(2, { ...goodReport, run: 2 }, 4)] }],
  };
})();

export const embeddedStories = {
  ...{ published: embeddedPublished, waits: embeddedWaits, alive: embeddedAlive },
  ...{ undelivered: embeddedUndelivered, unfit: unfitStory },
} as const;

export const stories = { good: goodStory, failed: failedStory, waiting: waitingStory } as const;
