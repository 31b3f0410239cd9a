import { rmSync } from "node:fs";
import { join } from "node:path";
import type { FunctionEnvironment } from "../../handlers/settings.ts";
import { atMost, defineBenchmark, type Figures, type Line, of, type Subject, usualRounds } from "../benchmark.ts";
import { type Deployed, deploy } from "../lambda/bundle.ts";
import { type LargeFile, largeFiles } from "../lambda/files.ts";
import { type Invocations, invoke, namesWith } from "../lambda/invoke.ts";
import { loadLines, loadSubjects } from "../lambda/loading.ts";
import { type Pipeline, sampleBatch, startPipeline } from "../lambda/pipeline.ts";

const ledgers = [10, 100, 1000, 10_000];
const ledgerName = (batches: number) => `ledger of ${batches.toLocaleString("en")} batches`;

const files = {
  "users.json": '{"user_id":"u_0"}\n',
  "events.json": '{"event_id":"e_0","user_id":"u_0"}\n',
  "orders.json": '{"order_id":"o_0","user_id":"u_0"}\n',
};
const warmUpBatches = 20;
const measuredBatches = 40;
const largeEvents = 4;

/** @throws Error when a file was not promoted: the figures would then measure something else */
async function promoted(
  deployed: Deployed,
  { warmUp, events }: Invocations,
  names: FunctionEnvironment,
  { endpoint }: Pipeline,
  folder: string,
): Promise<Figures> {
  const figures = await invoke(deployed, { warmUp, events }, names, folder, endpoint);
  if (figures.promoted !== warmUp.length + events.length)
    throw new Error(`${figures.promoted} of ${warmUp.length + events.length} files were promoted`);
  return figures;
}

/** Returns days from 2000 on, each only once. */
const freshBatch = (
  (day) => () =>
    new Date(Date.UTC(2000, 0, day++)).toISOString().slice(0, 10)
)(1);

/** The events of whole batches; every third event starts a run. */
async function eventsOf({ upload }: Pipeline, batches: readonly string[]): Promise<object[]> {
  const events: object[] = [];
  for (const batch of batches)
    for (const [name, body] of Object.entries(files)) events.push(await upload(`${batch}/${name}`, body));
  return events;
}

async function ledgerSubject(batches: number, sample: string, promote: Deployed, pipeline: Pipeline, folder: string) {
  const names = await pipeline.seedLedger(batches, sample);
  return {
    name: ledgerName(batches),
    async measure(): Promise<Figures> {
      const fresh = Array.from({ length: warmUpBatches + measuredBatches }, freshBatch);
      const warmUp = await eventsOf(pipeline, fresh.slice(0, warmUpBatches));
      const events = await eventsOf(pipeline, fresh.slice(warmUpBatches));
      const figures = await promoted(promote, { warmUp, events }, names, pipeline, folder);
      await pipeline.forget(names, fresh);
      return figures;
    },
  };
}

const fileName = ({ layout, megabytes }: LargeFile) =>
  `${Math.round(megabytes)} MB ${layout === "gzip" ? "in a gzip" : layout === "array" ? "in an array" : "of lines"}`;
const readName = (file: LargeFile) => `read ${fileName(file)}`;

/** The function on a large file, and a bare read of the same one. */
async function fileSubjects(
  file: LargeFile,
  promote: Deployed,
  read: Deployed,
  pipeline: Pipeline,
  folder: string,
): Promise<Subject[]> {
  const names = namesWith("none");
  const keys = Array.from({ length: largeEvents }, () => `${freshBatch()}/${file.key}`);
  for (const key of keys) await pipeline.upload(key, file.body);
  const reads = keys.map((key) => ({ bucket: names.bronzeBucket, key, layout: file.layout }));
  return [
    {
      name: fileName(file),
      async measure() {
        const warmUp = await eventsOf(pipeline, [freshBatch(), freshBatch()]);
        const events: object[] = [];
        for (let index = 0; index < largeEvents; index++)
          events.push(await pipeline.upload(`${freshBatch()}/${file.key}`, file.body));
        return await promoted(promote, { warmUp, events }, names, pipeline, folder);
      },
    },
    {
      name: readName(file),
      measure: () => invoke(read, { warmUp: [], events: reads }, names, folder, pipeline.endpoint),
    },
  ];
}

function ledgerLines(batches: number): Line[] {
  const [name, first] = [ledgerName(batches), ledgerName(ledgers[0]!)];
  const line = (what: string, figure: string, unit: Line["unit"]): Line => ({
    what: `${what}, ${name}`,
    unit,
    figure: of(name, figure),
    ...(name === first ? {} : { baseline: { what: first, figure: of(first, figure) } }),
  });
  const last = batches === ledgers.at(-1);
  return [
    { ...line("CPU per event", "eventCpu", "ms"), ...(last ? { limit: atMost(1.1) } : {}) },
    { ...line("S3 calls per event", "s3Calls", "calls"), ...(last ? { limit: atMost(1) } : {}) },
  ];
}

function fileLines(file: LargeFile): Line[] {
  const [name, read] = [fileName(file), readName(file)];
  return [
    {
      what: `CPU per MB, ${name}`,
      unit: "ms",
      figure: (round) => of(name, "eventCpu")(round) / file.megabytes,
      baseline: { what: "bare read", figure: (round) => of(read, "eventCpu")(round) / file.megabytes },
    },
    {
      what: `peak memory, ${name}`,
      unit: "MB",
      figure: (round) => of(name, "peakMemory")(round) / 1e6,
      baseline: { what: "bare read", figure: (round) => of(read, "peakMemory")(round) / 1e6 },
    },
  ];
}

export const promote = defineBenchmark({
  name: "promote",
  summary: "the promote function as it is deployed: bundle, init, memory, CPU and S3 calls per event",
  about: [
    "The bundle runs on the functions' Node and calls a local AWS over HTTP; only its own CPU counts, not the",
    "server's. An event is one small file. A batch has three files, and the third starts a run. The figures do not",
    "include Lambda's processor, the time of calls to AWS, TLS or KMS.",
  ],
  flags: {},
  async prepare(_, { folder, tell }) {
    rmSync(join(folder, "aws"), { recursive: true, force: true });
    const [bundle, clients, read] = await Promise.all([
      deploy(folder, "promote", "handlers/promote/index.ts"),
      deploy(folder, "clients", "bench/lambda/promoteClients.ts"),
      deploy(folder, "read", "bench/lambda/read.ts"),
    ]);
    tell("the local AWS starts");
    const pipeline = await startPipeline(folder);
    try {
      const names = namesWith("none");
      const events = await eventsOf(pipeline, [sampleBatch]);
      await promoted(bundle, { warmUp: [], events }, names, pipeline, folder);
      const sample = await pipeline.document(names, sampleBatch);
      const ledgerSubjects: Subject[] = [];
      for (const batches of ledgers) {
        tell(`a ${ledgerName(batches)} is made`);
        ledgerSubjects.push(await ledgerSubject(batches, sample, bundle, pipeline, folder));
      }
      tell("large files are made");
      const large = await largeFiles(join(folder, "data"));
      const subjects: Subject[] = [];
      for (const file of large) subjects.push(...(await fileSubjects(file, bundle, read, pipeline, folder)));
      return {
        rounds: usualRounds,
        subjects: [...loadSubjects(bundle, clients, folder), ...ledgerSubjects, ...subjects],
        lines: [...loadLines, ...ledgers.flatMap(ledgerLines), ...large.flatMap(fileLines)],
        close: pipeline.stop,
      };
    } catch (error) {
      await pipeline.stop();
      throw error;
    }
  },
});
