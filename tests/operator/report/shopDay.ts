import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { DatasetReport } from "../../../handlers/run/report.ts";
import { literal } from "../../../operator/gold/parquet.ts";
import { type OutputProfile, profile } from "../../../operator/report/profile.ts";
import type { FileStory, RunStory, Story } from "../../../operator/story/story.ts";
import { goodStory } from "../stories.ts";

/** A day of a shop as large as a person's first look at a picture deserves: the good story with other numbers. */

const users = 19_455;

const drift = (undeclared: readonly [name: string, rows: number][]): DatasetReport["drift"] => ({
  undeclared: undeclared.map(([name, rows]) => ({ name, rows })),
  absent: [],
  changed: [],
});

const datasets: Readonly<Record<string, DatasetReport>> = {
  users: {
    lines: 20_000,
    malformed: 15,
    read: 19_985,
    kept: users,
    rejected: { user_id_is_null: 47 },
    deduplicated: 483,
    warned: {},
    orphans: {},
    drift: drift([["app_version", 12]]),
  },
  events: {
    lines: 20_000,
    malformed: 15,
    read: 19_985,
    kept: 19_423,
    rejected: { event_id_is_null: 34, user_id_is_null: 59 },
    deduplicated: 469,
    warned: { event_type_not_allowed: 16 },
    orphans: { user_id: 440 },
    drift: drift([["debug", 9]]),
  },
  orders: {
    lines: 20_000,
    malformed: 13,
    read: 19_987,
    kept: 19_373,
    rejected: { order_id_is_null: 45, user_id_is_null: 55 },
    deduplicated: 514,
    warned: { order_amount_out_of_range: 19, currency_pattern: 19, payment_status_not_allowed: 24 },
    orphans: { user_id: 433 },
    drift: drift([["referrer", 7]]),
  },
};

const balances = ["users", "events", "orders", "revenue"];
const checks = [
  ...Object.entries(datasets).flatMap(([name, { read, kept, rejected, deduplicated }]) => {
    const bad = Object.values(rejected).reduce((sum, rows) => sum + rows, 0);
    return [
      {
        name: `${name}.rows_balance`,
        passed: true,
        detail: `${read} read = ${kept} kept + ${bad} rejected + ${deduplicated} deduplicated`,
      },
      {
        name: `${name}.max_rejected`,
        passed: true,
        detail: `expected at most 5%, actual ${((100 * bad) / read).toFixed(2)}% (${bad} of ${read} rows)`,
      },
    ];
  }),
  { name: "user_activity.schema", passed: true, detail: "16 columns as declared" },
  { name: "user_activity.one_row_per_user_id", passed: true, detail: `${users} rows, ${users} keys` },
  ...balances.map((balance) => ({
    name: `user_activity.balance_${balance}`,
    passed: true,
    detail:
      balance === "revenue"
        ? "expected 4172903.51, actual 4172903.51"
        : `expected ${datasets[balance]!.kept}, actual ${datasets[balance]!.kept}`,
  })),
];

const sizes: Readonly<Record<string, number>> = { users: 2_528_257, events: 3_534_549, orders: 3_364_357 };
const begun = Date.UTC(2026, 10, 23, 6, 0, 0);
/** Seconds after the first upload. */
const at = (seconds: number) => begun + seconds * 1000;
const uploads: Readonly<Record<string, readonly [uploaded: number, decided: number]>> = {
  users: [0, 3.1],
  events: [9, 13.2],
  orders: [12, 15.4],
};

export const shopDay: Story = (() => {
  const [first] = goodStory.runs as [RunStory];
  const [jobRun] = first.jobRuns as [RunStory["jobRuns"][number]];
  const report = jobRun.report!;
  const run = {
    ...first.run,
    claimedAt: at(16.1),
    settledAt: at(104.6),
    publishedAt: at(104.6),
    inputs: Object.fromEntries(
      Object.entries(first.run.inputs).map(([name, input]) => [name, input && { ...input, bytes: sizes[name]! }]),
    ),
  };
  const files = goodStory.files.map((file): FileStory => {
    const [uploaded, decided] = uploads[file.dataset]!;
    return { ...file, bytes: sizes[file.dataset]!, uploadedAt: at(uploaded), decidedAt: at(decided) };
  });
  return {
    ...goodStory,
    readAt: at(3600),
    document: { ...goodStory.document, runs: [run] },
    files,
    runs: [
      {
        ...first,
        run,
        jobRuns: [
          {
            ...jobRun,
            job: { ...jobRun.job!, startedAt: at(24.5), endedAt: at(101), seconds: 77 },
            report: {
              ...report,
              datasets,
              checks,
              outputs: { user_activity: { ...report.outputs.user_activity!, rows: users } },
              seconds: { datasets: 31.4, outputs: 22.8, total: 58.9 },
            },
          },
        ],
      },
    ],
  };
})();

/** What looks drawn by lot is a hash of the row's number, so that it is the same each time. */
const chance = (salt: string) => `(hash(i, ${literal(salt)}) % 10000 / 10000.0)`;
const pick = (salt: string, values: readonly string[]) =>
  `(array[${values.map(literal).join(", ")}])[1 + floor(${chance(salt)} * ${chance(`${salt}2`)} * ${values.length})::integer]`;
const time = (days: string) => `timestamptz '2025-01-01 00:00:00+00' + to_seconds(floor(${days} * 86400))`;

/** As many rows as the story tells of, of the output's columns. */
const activity = (rows: number) => `
select
  'u_' || i as user_id,
  ${pick("country", ["US", "DE", "GB", "FR", "IN", "BR", "unknown"])} as country,
  ${pick("device", ["mobile", "PC", "tablet", "unknown"])} as device_type,
  ${pick("source", ["ads", "organic", "referral", "email", "unknown"])} as marketing_source,
  ${time(`300 * ${chance("signup")}`)} as signup_date,
  events as total_events,
  least(events, floor(events * ${chance("sessions")})::bigint + 1) as total_sessions,
  floor(events * 0.7)::bigint as product_views,
  events - floor(events * 0.7)::bigint as product_purchases,
  case when events > 0 then ${time(`300 + 20 * ${chance("first")}`)} end as first_event_at,
  case when events > 0 then ${time(`320 + 6 * ${chance("last")}`)} end as last_event_at,
  orders as total_orders,
  least(orders, ceil(orders * ${chance("good")})::bigint) as successful_orders,
  orders - least(orders, ceil(orders * ${chance("good")})::bigint) as failed_orders,
  (orders * 214.49 * ${chance("amount")})::decimal(22, 2) as revenue,
  case when orders > 0 then ${time(`326 * ${chance("order")}`)} end as last_order_at
from (
  select i, floor(-ln(1 - ${chance("events")}) * 1.5)::bigint as events, floor(-ln(1 - ${chance("orders")}) * 1.5)::bigint as orders
  from range(${rows}) as t(i)
)`;

/** Writes the published rows into the folder, and looks at them as the command does. */
export async function goldOf(story: Story, folder: string): Promise<OutputProfile[]> {
  const rows = story.runs[0]!.jobRuns[0]!.report!.outputs.user_activity!.rows;
  const path = join(folder, `${story.batch}-${rows}.parquet`);
  await writeParquet(path, activity(rows));
  const files = [{ table: "user_activity", batch: story.batch, files: [path] }];
  return [await profile("user_activity", story.contract.outputs.user_activity!, { tables: ["user_activity"], files })];
}

export async function writeParquet(path: string, select: string): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    await connection.run("set timezone = 'UTC'; set threads = 1");
    await connection.run(`copy (${select}) to ${literal(path)} (format parquet)`);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
