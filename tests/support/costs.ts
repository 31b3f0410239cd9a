import { loadConfig } from "../../config/load.ts";
import { measures, metrics } from "../../handlers/log.ts";
import { price as gluePrice, type JobCost, jobCosts, runsPerMonth } from "../../scripts/plan/cost.ts";
import { snapshotOf } from "../../scripts/plan/snapshot/snapshot.ts";
import { regenerate } from "./generatedFile.ts";
import { runPipeline } from "./pipelineRun.ts";

/** The worked example of docs/costs.md: what a stack declares, times what a workload is said to be, times prices. */

interface Price {
  readonly what: string;
  /** US dollars for so many units. */
  readonly amount: number;
  readonly units: number;
  readonly per: string;
  readonly region: string;
  readonly asOf: string;
  /** AWS's own page; their tables are filled in by scripts, so the numbers came from copies of what they show. */
  readonly source: string;
}

const s3List = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonS3/current/eu-central-1/index.json";
const cloudWatch = "https://aws.amazon.com/cloudwatch/pricing/";
const lambda = "https://aws.amazon.com/lambda/pricing/";
const kms = "https://aws.amazon.com/kms/pricing/";
const s3 = { region: "eu-central-1", asOf: "31 August 2026", source: s3List };

const prices = {
  dpuHour: {
    what: "Glue",
    amount: gluePrice.usdPerDpuHour,
    units: 1,
    per: "DPU hour, by the second, at least a minute",
    region: "most",
    asOf: gluePrice.asOf,
    source: gluePrice.source,
  },
  gbSecond: {
    what: "Lambda, arm64",
    amount: 0.0000133334,
    units: 1,
    per: "GB second",
    region: "most",
    asOf: "2025",
    source: lambda,
  },
  call: {
    what: "Lambda",
    amount: 0.2,
    units: 1e6,
    per: "million calls",
    region: "us-east-1",
    asOf: "September 2026",
    source: lambda,
  },
  gbMonth: { what: "S3 Standard", amount: 0.0245, units: 1, per: "GB and month", ...s3 },
  put: { what: "S3: PUT, COPY, LIST", amount: 0.0054, units: 1000, per: "1,000 requests", ...s3 },
  get: { what: "S3: GET, HEAD", amount: 0.0043, units: 10_000, per: "10,000 requests", ...s3 },
  key: { what: "KMS", amount: 1, units: 1, per: "key and month", region: "not said", asOf: "2019", source: kms },
  keyCall: {
    what: "KMS",
    amount: 0.03,
    units: 10_000,
    per: "10,000 requests",
    region: "not said",
    asOf: "2019",
    source: kms,
  },
  metric: {
    what: "CloudWatch",
    amount: 0.3,
    units: 1,
    per: "metric and month",
    region: "us-east-1",
    asOf: "May 2026",
    source: cloudWatch,
  },
  alarm: {
    what: "CloudWatch",
    amount: 0.1,
    units: 1,
    per: "alarm and month",
    region: "us-east-1",
    asOf: "May 2026",
    source: cloudWatch,
  },
  dashboard: {
    what: "CloudWatch",
    amount: 3,
    units: 1,
    per: "dashboard and month",
    region: "all",
    asOf: "January 2025",
    source: cloudWatch,
  },
  logGb: {
    what: "CloudWatch Logs",
    amount: 0.63,
    units: 1,
    per: "GB taken in",
    region: "eu-central-1",
    asOf: "January 2025",
    source: cloudWatch,
  },
} as const satisfies Record<string, Price>;

const usd = Object.fromEntries(
  Object.entries(prices).map(([name, { amount, units }]) => [name, amount / units]),
) as Readonly<Record<keyof typeof prices, number>>;

/** What is uploaded, and what is assumed because only AWS could tell. */
interface Workload {
  readonly batchesPerMonth: number;
  readonly recordsPerDataset: number;
  /** Of the three generated files, and of the Parquet that came of them. */
  readonly bronzeGb: number;
  readonly goldGb: number;
  /** Assumed: of a run, with all its workers. */
  readonly runMinutes: number;
  /** Assumed: of a call. */
  readonly promoteSeconds: number;
  readonly settleSeconds: number;
  readonly sweepSeconds: number;
  /** Assumed: of Glue, by run. */
  readonly glueLogMb: number;
  /** Assumed: of Spark, by run. */
  readonly sparkGets: number;
  readonly sparkPuts: number;
}

const assumed = { promoteSeconds: 2, settleSeconds: 3, sweepSeconds: 0.5, glueLogMb: 5, sparkGets: 300, sparkPuts: 60 };
export const workloads = {
  dev: {
    ...assumed,
    batchesPerMonth: 20,
    recordsPerDataset: 20_000,
    bronzeGb: 0.0094,
    goldGb: 0.0006,
    runMinutes: 3,
  },
  prod: {
    ...assumed,
    batchesPerMonth: runsPerMonth,
    recordsPerDataset: 1_000_000,
    bronzeGb: 0.4804,
    goldGb: 0.032,
    runMinutes: 6,
  },
} as const satisfies Record<string, Workload>;
export type Stack = keyof typeof workloads;

/** S3 calls for a batch of three files, as docs/reliability.md counts them: uploads, promotion, claim, end of the run. */
const callsPerBatch = { puts: 3 + (2 + 1) + (1 + 1) + (4 + 1) + 2, gets: 4 + 4 + 6 + 5 };
const callsPerSweep = { puts: 1, gets: 1 };
const secondsPerMonth = 30 * 86_400;
/** Bytes of a function's log lines, by call: Lambda's own three and some of ours. */
const logBytesPerCall = 2000;
const monthsOfGold = 12;

interface Line {
  readonly what: string;
  readonly how: string;
  readonly batch: number;
  readonly month: number;
}

export interface StackCosts {
  readonly lines: readonly Line[];
  readonly batch: number;
  readonly month: number;
  readonly worstCase: JobCost;
}

const emitted = new Set([
  ...Object.values(metrics),
  ...Object.values(measures).flatMap((fields) => Object.values(fields).map(({ metric }) => metric)),
]);

export async function costsOf(stack: Stack): Promise<StackCosts> {
  const { config } = loadConfig("config/pipeline_config.yaml", stack);
  const run = await runPipeline({ stack });
  const work = workloads[stack];
  const perMonth = work.batchesPerMonth;
  const files = Object.keys(config.datasets).length;
  const [worstCase] = jobCosts(await snapshotOf(run)) as [JobCost];

  const dpuHours = (config.glue.workers * Number.parseInt(config.glue.workerType.slice(2), 10) * work.runMinutes) / 60;
  const sweeps = secondsPerMonth / config.lambda.settle.schedule;
  const gbSeconds = (mib: number, seconds: number) => (mib / 1024) * seconds;
  const ofBatch =
    files * (gbSeconds(config.lambda.promote.memory, work.promoteSeconds) * usd.gbSecond + usd.call) +
    gbSeconds(config.lambda.settle.memory, work.settleSeconds) * usd.gbSecond +
    usd.call;
  const ofSweeps = sweeps * (gbSeconds(config.lambda.settle.memory, work.sweepSeconds) * usd.gbSecond + usd.call);
  const requests = (puts: number, gets: number) => puts * usd.put + gets * usd.get;
  const requestsOfBatch = requests(callsPerBatch.puts + work.sparkPuts, callsPerBatch.gets + work.sparkGets);
  const kept = (days: number) => (days / 30) * perMonth * work.bronzeGb;
  const { bronze, bronzeVersions, silver } = config.retention;
  const stored = kept(bronze + bronzeVersions) + kept(silver) + monthsOfGold * perMonth * work.goldGb;
  const calls = sweeps + perMonth * (files + 1);
  const logGb = (calls * logBytesPerCall) / 1e9 + (perMonth * work.glueLogMb) / 1000;
  const alarms = run.all("aws:cloudwatch/metricAlarm:MetricAlarm").length;
  const dashboards = run.all("aws:cloudwatch/dashboard:Dashboard").length;
  const keys = run.all("aws-native:kms:Key").length;
  const keyCalls = calls * 2 + perMonth * 100;

  const each = (what: string, how: string, batch: number, besides = 0): Line => ({
    what,
    how,
    batch,
    month: batch * perMonth + besides,
  });
  const standing = (what: string, how: string, month: number): Line => ({ what, how, batch: 0, month });
  const count = (value: number) => Math.round(value).toLocaleString("en");
  const lines = [
    each(
      "Glue",
      `${config.glue.workers} × ${config.glue.workerType} for ${work.runMinutes} minutes: ${dpuHours} DPU hours`,
      dpuHours * usd.dpuHour,
    ),
    each("Lambda", `${files + 1} calls; ${count(sweeps)} sweeps a month`, ofBatch, ofSweeps),
    each(
      "S3 requests",
      `${callsPerBatch.puts} PUT and ${callsPerBatch.gets} GET of the functions, ${work.sparkPuts} and ${work.sparkGets} of Spark; 2 each sweep`,
      requestsOfBatch,
      sweeps * requests(callsPerSweep.puts, callsPerSweep.gets),
    ),
    standing(
      "S3 storage",
      `${stored.toFixed(1)} GB: Bronze ${bronze} and ${bronzeVersions} days, Silver ${silver} days, a year of Gold`,
      stored * usd.gbMonth,
    ),
    standing("KMS", `${keys} key, ${count(keyCalls)} requests`, keys * usd.key + keyCalls * usd.keyCall),
    standing("CloudWatch metrics", `${emitted.size}, as if each were reported`, emitted.size * usd.metric),
    standing("CloudWatch alarms", `${alarms}`, alarms * usd.alarm),
    standing("CloudWatch dashboard", `${dashboards}`, dashboards * usd.dashboard),
    standing("CloudWatch Logs", `${logGb.toFixed(2)} GB taken in`, logGb * usd.logGb),
  ];
  const sum = (read: (line: Line) => number) => lines.reduce((total, line) => total + read(line), 0);
  return { lines, batch: sum(({ batch }) => batch), month: sum(({ month }) => month), worstCase };
}

const cents = (value: number) => value.toFixed(2);
const fine = (value: number) => (value === 0 ? "" : value.toFixed(4));

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n").replaceAll(" |  |", " | |");
}

const priceTable = (): string =>
  table(
    ["price of", "USD", "per", "region", "as of", "AWS's page"],
    Object.values(prices).map(({ what, amount, per, region, asOf, source }) => [
      what,
      amount < 0.01 ? String(amount.toFixed(10)).replace(/0+$/, "") : String(amount),
      per,
      region,
      asOf,
      `<${source}>`,
    ]),
  );

function example({ lines, batch, month, worstCase }: StackCosts, stack: Stack): string {
  const { batchesPerMonth, recordsPerDataset, bronzeGb } = workloads[stack];
  const { workers, workerType, timeout, attempts, perRun, perMonth, perMonthOfFailures } = worstCase;
  return `## ${stack}
${batchesPerMonth} batches a month of ${recordsPerDataset.toLocaleString("en")} records a dataset, ${(bronzeGb * 1000).toFixed(1)} MB together.

${table(
  ["", "how much", "a batch, USD", "a month, USD"],
  [
    ...lines.map((line) => [line.what, line.how, fine(line.batch), cents(line.month)]),
    ["**together**", "", `**${fine(batch)}**`, `**${cents(month)}**`],
  ],
)}

At worst, with each run at its timeout (${workers} × ${workerType}, ${timeout} minutes), Glue costs ${cents(perRun)} USD a run, ${cents(perMonth)}
for ${runsPerMonth} runs, and ${cents(perMonthOfFailures)} if every batch uses up its ${attempts} attempts: the numbers that \`npm run plan\` shows of a
change. Nothing in the pipeline starts more than that by itself.
`;
}

export function costsPage(costs: Readonly<Record<Stack, StackCosts>>): string {
  return `# Costs

What a batch and a month cost in AWS, worked out from what the two stacks declare and a workload that is said below. The
page is made by \`${regenerate("tests/docs/costs.spec.ts")}\`. It is an estimate: nothing here was
read off a bill. What a stack really uses is on its dashboard, named after it: Glue's DPU hours by day, times the price below.

${example(costs.dev, "dev")}
${example(costs.prod, "prod")}
## What it is made of
- **Sizes** are those of \`npm run generate\`: 9.4 MB for 20,000 records of each dataset, 480.4 MB for a million. Gold is
  0.6 MB for 20,000 users, measured, and scaled to a million.
- **Glue's minutes** are assumed: ${workloads.dev.runMinutes} and ${workloads.prod.runMinutes}, with every worker from start to end. Autoscaling, which prod has on, uses fewer.
  They are the one number that decides, so measure it: \`GlueDpuHours\`.
- **Functions**: promote ${assumed.promoteSeconds} s, settle ${assumed.settleSeconds} s and a sweep ${assumed.sweepSeconds} s a call, assumed. Their S3 calls are counted by a test
  ([reliability.md](reliability.md#s3-calls-per-event)); Spark's ${assumed.sparkGets} GET and ${assumed.sparkPuts} PUT a run are assumed.
- **Logs**: ${logBytesPerCall / 1000} KB a call and ${assumed.glueLogMb} MB a run, assumed.
- **Storage** once the retention is filled. Bronze keeps versions: an upload expires after \`retention.bronze\` and is gone, and
  no longer paid for, \`retention.bronzeVersions\` later. Gold has no age limit and grows on; a year of it is counted.
  Uploads that were replaced, rejected rows and the ledger are too small to show.
- **Free tiers** are not taken off: 10 metrics, 10 alarms, 3 dashboards, 5 GB of logs, a million Lambda calls and 400,000 GB
  seconds an account and month.
- **Not counted**: SQS, SNS and EventBridge, of which no price with a date was at hand; Glue's own metrics
  (\`--enable-metrics\`); the catalog, far below its free million objects; Athena, which bills who asks; data that leaves
  the region.

## What to do about it
| to pay less | set |
| --- | --- |
| for Glue | \`glue.workers\`, \`autoscaling\`; \`timeout\` and \`attempts\` bound the worst case |
| for storage | \`retention.bronze\`, \`bronzeVersions\`, \`silver\`; how long a replay is possible follows from \`silver\` |
| for sweeps | \`lambda.settle.schedule\`; everything that is late is told that much later |
| for CloudWatch | without \`alerts.runAge\` and \`alerts.freshness\` there are no such alarms |

## Prices
In US dollars, without tax. AWS's price pages fill in their tables by script, so the numbers were taken from copies of what
they show, of the dates below; they differ by region and change, so look them up before you decide on them. Those of
us-east-1 stand in where none of eu-central-1 was at hand. \`scripts/plan/cost.ts\` holds Glue's, which the dashboard shows
too, \`tests/support/costs.ts\` the others.

${priceTable()}
`;
}
