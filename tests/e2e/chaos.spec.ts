import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { expect } from "chai";
import type { Answer } from "../../generator/answer.ts";
import { generate } from "../../generator/generate.ts";
import { goldPrefix } from "../../handlers/keys.ts";
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
 * The moments follow from a seed, which CHAOS_SEED sets; what they hit is up to the machine, so a replay is alike and not the same.
 *
 * Changed for the tests' sake: a message whose function was killed comes back after seconds instead of the queue's
 * minutes, so some come back while they are still worked on; with the stub engine it is a dead letter at once, so that
 * there is something to redrive; functions have the shortest timeouts that the config allows, since the sweep takes over
 * after them, and the sweep comes every few seconds. The local AWS asks a failed asynchronous call again after one and
 * two seconds instead of minutes, and may end a function's other processes along with one that was killed.
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

const open = (runsAtOnce: number, options: Pick<LocalStackOptions, "spark" | "engine">): Promise<DeployedStack> =>
  deployStack({
    // What a killed function leaves undone is taken over once its timeout is over, so that is as short as can be; and more
    // attempts are granted than there are kills.
    configIn: (folder) =>
      writeConfig(folder, {
        lambda: { promote: { timeout: "30s", concurrency: 4 }, settle: { timeout: "30s" } },
        glue: { attempts: 10, maxConcurrentRuns: runsAtOnce },
        retention: { runs: 20 },
      }),
    environment,
    ...options,
  });

/** What must hold whatever the engine was; `differences` tells a batch's gold from its known answer. */
function behaves(
  title: string,
  prepare: () => Promise<{
    stage: DeployedStack;
    batches: readonly Batch[];
    options: Pick<ChaosOptions, "monkey" | "queue" | "pace" | "patience">;
    /** Messages that die at least. */
    deadLetters: number;
    differences: (batch: string, prefix: string, stage: DeployedStack, outcome: Outcome) => Promise<readonly string[]>;
  }>,
): void {
  let stage: DeployedStack | undefined;
  let batches: readonly Batch[];
  let deadLetters: number;
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
    ({ stage, batches, deadLetters, differences } = prepared);
    const { stack, clients, directory } = stage;
    outcome = await wreakHavoc(stack, clients, { ...prepared.options, batches, seed, directory });
    const { kills, duplicates, documents, redriven, seconds } = outcome;
    const claims = [...documents.values()].reduce((sum, { runs }) => sum + runs.length, 0);
    console.log(
      `      ${title}: seed ${seed}, ${kills.functions} kills of functions (${kills.died} calls died), ` +
        `${kills.jobs} of Glue runs, ${duplicates} duplicates, ${claims} claims, ${redriven} dead letters redriven, ${seconds} s`,
    );
    for (const trouble of outcome.troubles) console.log(`        ${trouble}`);
  });
  after(() => stage?.stop());

  it("was havoc: kills have hit work under way", () => {
    expect(outcome.kills.died).to.be.at.least(batches.length / 10);
    expect(outcome.kills.jobs).to.be.at.least(1);
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
    expect(outcome.redriven).to.be.at.least(deadLetters);
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
    const stage = await open(2, { spark: { driverMemory: "1g", shortRuns: true } });
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
        monkey: { every: { function: 500, job: 10_000 }, jobs: 6 },
        queue: { visibility: 4, receives: 5 },
        pace: 500,
        patience: 1_200_000,
      },
      deadLetters: 0,
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

describe("chaos with a stub engine", function () {
  this.timeout(900_000);
  const count = 200;
  const datasets = { users: "user_id", events: "event_id", orders: "order_id" } as const;

  /** Another number of rows for each file. */
  const content = (batch: number, id: string) =>
    Buffer.from(
      Array.from({ length: 1 + ((batch * 7 + id.length) % 11) }, (_, row) =>
        JSON.stringify({ [id]: `${batch}_${row}`, user_id: `${batch}_${row}` }),
      ).join("\n"),
    );

  behaves(`${count} batches on a stub engine`, async () => {
    const batches = Array.from({ length: count }, (_, index): Batch => {
      const files = Object.entries(datasets).map(([file, id]) => [`${day(index)}/${file}.json`, content(index, id)]);
      return { name: day(index), files: Object.fromEntries(files) };
    });
    const stage = await open(8, { engine: [process.execPath, stubEngine] });
    return {
      stage,
      batches,
      options: {
        monkey: { every: { function: 1000, job: 1000 }, jobs: count },
        queue: { visibility: 30, receives: 1 },
        pace: 60,
        patience: 600_000,
      },
      deadLetters: 1,
      differences: async (batch, prefix, { stack, clients }) => {
        const { goldBucket } = stack.outputs as { goldBucket: string };
        const { Body } = await clients.s3.send(
          new GetObjectCommand({ Bucket: goldBucket, Key: `${prefix}part-00000.json` }),
        );
        const found = JSON.parse(await Body!.transformToString()) as Record<string, object>;
        const { files } = batches.find(({ name }) => name === batch)!;
        return Object.keys(datasets).flatMap((dataset) => {
          const key = `${batch}/${dataset}.json`;
          const uploaded = files[key]!;
          const known = { rows: uploaded.toString().split("\n").length, key, bytes: uploaded.length };
          return isDeepStrictEqual(found[dataset], known)
            ? []
            : [`${dataset}: ${JSON.stringify(known)} is right, ${JSON.stringify(found[dataset])} found`];
        });
      },
    };
  });
});
