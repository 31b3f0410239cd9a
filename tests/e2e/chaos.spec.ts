import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { expect } from "chai";
import type { Answer } from "../../generator/answer.ts";
import { generate } from "../../generator/generate.ts";
import { attemptPrefix, goldPrefix, ledgerKeys } from "../../handlers/keys.ts";
import { listStart, type VersionMarker, versionPage } from "../../handlers/versions.ts";
import type { LocalStackOptions } from "../../local/index.ts";
import { download } from "../../operator/gold/download.ts";
import { openParquet } from "../../operator/gold/parquet.ts";
import { compareWithAnswer } from "../../start/compare.ts";
import { readReport } from "../../start/evidence.ts";
import { canSeeProcesses, processesIn, waitForNone } from "../local/processes.ts";
import { type Batch, type ChaosOptions, type Outcome, wreakHavoc } from "./chaos/chaos.ts";
import { environment, writeConfig } from "./chaos/config.ts";
import { type DeployedStack, deployStack } from "./deployedStack.ts";

/**
 * The deployed program on the local AWS, with its bundle in processes of its own, while batches stream in out of order,
 * one message in ten comes twice, and functions and batches' first Glue runs are killed with `kill -9` at random moments.
 * Where the embedded engine computes, its workers are killed as well, and orders to it come twice and late.
 * The moments follow from a seed, which CHAOS_SEED sets; what they hit is up to the machine, so a replay is alike and not the same.
 *
 * Changed for the tests' sake: a message whose function was killed comes back after seconds instead of the queue's
 * minutes, so some come back while they are still worked on; with the stub engine it is a dead letter at once, so that
 * there is something to redrive; functions have the shortest timeouts that the config allows, since the sweep takes over
 * after them, and the sweep comes every few seconds. The local AWS asks a failed asynchronous call again after one and
 * two seconds instead of minutes, and may end a function's other processes along with one that was killed. It asks the
 * embedded engine again too, which AWS is told not to do: there, one that dies before its lease is given up after an hour.
 *
 * What this does not prove: that AWS behaves like the local one. What the stub engine does not prove: anything about
 * Spark, its reads and its commits, or the rows of an output; it takes the counts of the file reports (see
 * chaos/stubEngine.mjs), so it shows which files a run was given and which run was published.
 */
const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000);
const stubEngine = fileURLToPath(new URL("./chaos/stubEngine.mjs", import.meta.url));
const output = "user_activity";

/** Days from 2026-01-01 on. */
const day = (index: number) => new Date(Date.UTC(2026, 0, 1 + index)).toISOString().slice(0, 10);

const open = (
  engine: "glue" | { embeddedUpTo: number; memory: number; timeout: string },
  runsAtOnce: number,
  options: Pick<LocalStackOptions, "spark" | "engine">,
): Promise<DeployedStack> =>
  deployStack({
    // What a killed function leaves undone is taken over once its timeout is over, so that is as short as can be; and more
    // attempts are granted than there are kills.
    configIn: (folder) =>
      writeConfig(folder, {
        lambda: { promote: { timeout: "30s", concurrency: 4 }, settle: { timeout: "30s" } },
        engine,
        glue: { attempts: 10, maxConcurrentRuns: runsAtOnce },
        retention: { runs: 20 },
      }),
    environment,
    ...options,
  });

/** What went wrong, by what it is called where it is printed. */
function faultsOf({ kills, duplicates, repeated, documents, redriven }: Outcome) {
  const runs = [...documents.values()].flatMap((document) => document.runs);
  return {
    "kills of functions": kills.functions,
    "kills of workers": kills.workers,
    "calls that died": kills.died,
    "kills of Glue runs": kills.jobs,
    "messages doubled": duplicates,
    "orders doubled": repeated.doubled,
    "orders late": repeated.late,
    "runs handed to Glue": runs.filter(({ failure }) => failure?.kind === "unfit").length,
    claims: runs.length,
    "dead letters redriven": redriven,
  };
}

/** What must hold whatever the engine was; `differences` tells a batch's gold from its known answer. */
function behaves(
  title: string,
  prepare: () => Promise<{
    stage: DeployedStack;
    batches: readonly Batch[];
    options: Pick<ChaosOptions, "monkey" | "queue" | "pace" | "patience">;
    /** Without so many faults nothing is shown. */
    least: Partial<ReturnType<typeof faultsOf>>;
    differences: (batch: string, prefix: string, stage: DeployedStack, outcome: Outcome) => Promise<readonly string[]>;
  }>,
): void {
  let stage: DeployedStack | undefined;
  let batches: readonly Batch[];
  let least: Awaited<ReturnType<typeof prepare>>["least"];
  let differences: Awaited<ReturnType<typeof prepare>>["differences"];
  let outcome: Outcome;

  const publishedPrefix = (batch: string) => {
    const document = outcome.documents.get(batch);
    const run = document?.runs.find(({ run }) => run === document.published?.run);
    return run?.settledBy ? goldPrefix(output, batch, run.run, run.settledBy) : undefined;
  };

  before(async function () {
    if (!canSeeProcesses) this.skip();
    const prepared = await prepare();
    ({ stage, batches, least, differences } = prepared);
    const { stack, clients, directory } = stage;
    outcome = await wreakHavoc(stack, clients, { ...prepared.options, batches, seed, directory });
    const faults = Object.entries(faultsOf(outcome)).filter(([, count]) => count > 0);
    const told = faults.map(([fault, count]) => `${count} ${fault}`).join(", ");
    console.log(`      ${title}: seed ${seed}, ${told}, ${outcome.seconds} s`);
    for (const trouble of outcome.troubles) console.log(`        ${trouble}`);
  });
  after(() => stage?.stop());

  it("was havoc: faults have hit work under way", () => {
    const needed = { "calls that died": batches.length / 10, ...least };
    const faults = faultsOf(outcome);
    for (const [fault, count] of Object.entries(needed))
      expect(faults[fault as keyof typeof faults], fault).to.be.at.least(count);
    expect(outcome.duplicates).to.equal(Math.round((batches.length * 3) / 10));
  });

  it("loses no file", () => {
    const decided = [...outcome.documents.values()].flatMap(({ inputs }) =>
      Object.entries(inputs).map(([key, { decision }]) => [key, `${decision.outcome} ${decision.version}`] as const),
    );
    const uploaded = [...outcome.uploaded].map(([key, version]) => [key, `promoted ${version}`] as const);
    expect(Object.fromEntries(decided)).to.deep.equal(Object.fromEntries(uploaded));
    expect(outcome.uploaded.size).to.equal(batches.length * 3);
  });

  it("publishes each batch exactly once, whatever the number of claims", () => {
    const published = batches.map(({ name }) => {
      const { runs = [], published, effects = [] } = outcome.documents.get(name) ?? {};
      const runsPublished = runs.filter(({ publishedAt }) => publishedAt !== null);
      return {
        batch: name,
        runsPublished: runsPublished.length,
        isPublished: runsPublished[0]?.run === published?.run && runsPublished[0]?.state === "published",
        highWater: published?.highWater === published?.run,
        others: runs.filter(({ state }) => state !== "published" && state !== "failed").length,
        effects: effects.length,
      };
    });
    const expected = batches.map(({ name: batch }) => ({
      batch,
      runsPublished: 1,
      isPublished: true,
      highWater: true,
      others: 0,
      effects: 0,
    }));
    expect(published).to.deep.equal(expected);
  });

  it("writes each report once, and one worker's lease for each run that DuckDB began", async () => {
    const { ledgerBucket } = stage!.stack.outputs as { ledgerBucket: string };
    const written = async (prefix: string) => {
      const keys: string[] = [];
      for (let marker: VersionMarker | null = listStart; marker; ) {
        const page = await versionPage(stage!.clients.s3, ledgerBucket, marker, prefix);
        keys.push(...page.versions.map(({ Key }) => Key!));
        marker = page.next;
      }
      return keys.sort();
    };
    const reports = await written("reports/");
    expect(reports).to.deep.equal([...new Set(reports)]);
    const claimed = [...outcome.documents].flatMap(([batch, { runs }]) =>
      runs
        .filter(({ engine }) => engine === "embedded")
        .flatMap(({ run, jobRuns }) =>
          jobRuns.map((id) => ({ lease: ledgerKeys.lease(batch, run, id), report: ledgerKeys.report(batch, run, id) })),
        ),
    );
    expect(await written("attempts/")).to.deep.equal(claimed.map(({ lease }) => lease).sort());
    expect(reports.filter((key) => key.includes(`/${attemptPrefix}`))).to.deep.equal(
      claimed.map(({ report }) => report).sort(),
    );
  });

  it("has the catalog point to the published run of each batch", () => {
    const { goldBucket } = stage!.stack.outputs as { goldBucket: string };
    const expected = batches.map(({ name }) => [name, `s3://${goldBucket}/${publishedPrefix(name)}`] as const);
    expect(Object.fromEntries(outcome.locations)).to.deep.equal(Object.fromEntries(expected));
  });

  it("publishes each batch's known answer", async () => {
    const wrong: string[] = [];
    for (const { name } of batches) {
      const prefix = publishedPrefix(name);
      const found = prefix ? await differences(name, prefix, stage!, outcome) : ["nothing is published"];
      wrong.push(...found.map((difference) => `${name}: ${difference}`));
    }
    expect(wrong).to.deep.equal([]);
  });

  it("has nothing left in the queue or, after a redrive, in the dead letters", () => {
    expect(outcome.messages).to.deep.equal({ queue: 0, promoteDeadLetters: 0, settleDeadLetters: 0 });
  });

  it("leaves no process behind", async () => {
    expect(processesIn(stage!.directory)).to.not.deep.equal([]);
    await stage!.stack.stop();
    expect(await waitForNone(stage!.directory, 5000)).to.deep.equal([]);
  });
}

describe("chaos with Spark", function () {
  this.timeout(1_500_000);
  const count = 20;
  const records = 300;

  behaves(`${count} batches on Spark`, async () => {
    const stage = await open("glue", 2, { spark: { driverMemory: "1g", shortRuns: true } });
    const answers = new Map<string, Answer>();
    const batches: Batch[] = [];
    for (let index = 0; index < count; index++) {
      const name = day(index);
      const directory = join(stage.folder, "data", name);
      const answer = await generate({ records, seed: seed + index, directory });
      answers.set(name, answer);
      const files = Object.keys(answer.files).map((file) => [`${name}/${file}`, readFileSync(join(directory, file))]);
      batches.push({ name, files: Object.fromEntries(files) });
    }
    return {
      stage,
      batches,
      options: {
        monkey: { every: { function: 500, job: 10_000 }, runs: 6 },
        queue: { visibility: 4, receives: 5 },
        pace: 500,
        patience: 1_200_000,
      },
      least: { "kills of Glue runs": 1 },
      differences: async (batch, prefix, { stack, clients, folder }, { documents }) => {
        const { goldBucket, ledgerBucket } = stack.outputs as Record<"goldBucket" | "ledgerBucket", string>;
        const run = documents.get(batch)!.runs.find(({ state }) => state === "published")!;
        const report = await readReport(clients.s3, ledgerBucket, batch, run.run, run.settledBy!);
        const parts = await download(clients.s3, { bucket: goldBucket, prefix }, join(folder, "gold", batch));
        const parquet = await openParquet(parts);
        try {
          return (await compareWithAnswer(answers.get(batch)!, report!.datasets, parquet)).differences;
        } finally {
          parquet.close();
        }
      },
    };
  });
});

/** Files of a few rows, each of another number of them. */
const datasets = { users: "user_id", events: "event_id", orders: "order_id" } as const;
type Dataset = keyof typeof datasets;

const smallCount = 200;
const rowsOf = (batch: number, dataset: Dataset) => 1 + ((batch * 7 + datasets[dataset].length) % 11);

const smallBatches = Array.from({ length: smallCount }, (_, batch): Batch => {
  const content = (dataset: Dataset) =>
    Array.from({ length: rowsOf(batch, dataset) }, (_, row) =>
      JSON.stringify({ [datasets[dataset]]: `${batch}_${row}`, user_id: `${batch}_${row}` }),
    ).join("\n");
  const names = Object.keys(datasets) as Dataset[];
  const files = names.map((dataset) => [`${day(batch)}/${dataset}.json`, Buffer.from(content(dataset))]);
  return { name: day(batch), files: Object.fromEntries(files) };
});

/** What the stub engine published, next to what was uploaded. */
async function stubDifferences(batch: string, prefix: string, { stack, clients }: DeployedStack): Promise<string[]> {
  const { goldBucket } = stack.outputs as { goldBucket: string };
  const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket: goldBucket, Key: `${prefix}part-00000.json` }));
  const found = JSON.parse(await Body!.transformToString()) as Record<string, object>;
  const { files } = smallBatches.find(({ name }) => name === batch)!;
  return Object.keys(datasets).flatMap((dataset) => {
    const key = `${batch}/${dataset}.json`;
    const uploaded = files[key]!;
    const known = { rows: uploaded.toString().split("\n").length, key, bytes: uploaded.length };
    return isDeepStrictEqual(found[dataset], known)
      ? []
      : [`${dataset}: ${JSON.stringify(known)} is right, ${JSON.stringify(found[dataset])} found`];
  });
}

describe("chaos with a stub engine", function () {
  this.timeout(900_000);

  behaves(`${smallCount} batches on a stub engine`, async () => ({
    stage: await open("glue", 8, { engine: [process.execPath, stubEngine] }),
    batches: smallBatches,
    options: {
      monkey: { every: { function: 1000, job: 1000 }, runs: smallCount },
      queue: { visibility: 30, receives: 1 },
      pace: 60,
      patience: 600_000,
    },
    least: { "kills of Glue runs": 1, "dead letters redriven": 1 },
    differences: stubDifferences,
  }));
});

describe("chaos with the embedded engine", function () {
  this.timeout(900_000);

  /** Each row that DuckDB published, next to what was uploaded. */
  async function rowDifferences(batch: string, prefix: string, { stack, clients, folder }: DeployedStack) {
    const { goldBucket } = stack.outputs as { goldBucket: string };
    const parts = await download(clients.s3, { bucket: goldBucket, prefix }, join(folder, "gold", batch));
    if (parts.length !== 1) return [`${parts.length} files`];
    const parquet = await openParquet(parts);
    try {
      const found = (await parquet.first(1000, ["user_id"])).map(({ user_id, total_events, total_orders }) =>
        [user_id, total_events, total_orders].join(" "),
      );
      const index = smallBatches.findIndex(({ name }) => name === batch);
      const has = (dataset: Dataset, row: number) => Number(row < rowsOf(index, dataset));
      const known = Array.from({ length: rowsOf(index, "users") }, (_, row) =>
        [`${index}_${row}`, has("events", row), has("orders", row)].join(" "),
      ).sort();
      return isDeepStrictEqual(found, known) ? [] : [`${known.join(", ")} is right, ${found.join(", ")} found`];
    } finally {
      parquet.close();
    }
  }

  behaves(`${smallCount} batches on the embedded engine`, async () => ({
    stage: await open({ embeddedUpTo: 1_000_000, memory: 512, timeout: "1m" }, 8, {
      engine: [process.execPath, stubEngine],
    }),
    batches: smallBatches,
    options: {
      monkey: { every: { function: 2000, worker: 1000 }, runs: 40 },
      queue: { visibility: 30, receives: 1 },
      pace: 60,
      patience: 600_000,
    },
    least: { "kills of workers": 20, "orders doubled": 20, "orders late": 20, "runs handed to Glue": 10 },
    // What a killed worker left is done by the stub engine.
    differences: (batch, prefix, stage) =>
      (prefix.includes(`/${attemptPrefix}`) ? rowDifferences : stubDifferences)(batch, prefix, stage),
  }));
});
