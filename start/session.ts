import { join, relative } from "node:path";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import { own } from "../config/plain.ts";
import type { Answer } from "../generator/answer.ts";
import type { Run } from "../handlers/ledger/document.ts";
import { type LocalStack, startLocalStack } from "../local/index.ts";
import { stackDirectory } from "../local/running.ts";
import { writeReports } from "../operator/report/write.ts";
import { localTarget } from "../operator/stack/open.ts";
import { comparisonRecords } from "../plan/ownSql.ts";
import { localDirectory } from "../setup/paths.mjs";
import { clock, megabytes, type Status, whole } from "../terminal/status.ts";
import type { Style } from "../terminal/style.ts";
import { goldText } from "../terminal/table.ts";
import type { StartOptions } from "./arguments.ts";
import { type Uploaded, upload } from "./bronze.ts";
import { type Collected, collect, prepareOut, writeSummary } from "./collect.ts";
import { filesIn, generatedData, type UploadFile } from "./data.ts";
import { bringSpark, deploymentsOf, needsSpark } from "./engines.ts";
import { createEvidence } from "./evidence.ts";
import { knownBatches, observe, type Snapshot, uploadGroups, waitForOutcomes, watchRules } from "./outcomes.ts";
import { agreementText, answerText, filesText, rowsText, secondsText, stateText } from "./print.ts";
import { areAgreed, recordComparisons } from "./record.ts";
import { computeAgain, engineTitles } from "./secondEngine.ts";
import { createClients, type StackClients, type StackNames, stackNames } from "./stack.ts";
import { filesOf, type Summary, summaryOf } from "./summary.ts";

export interface Session {
  readonly options: StartOptions;
  readonly status: Status;
  readonly style: Style;
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
  /** Called before the stack is ready, so that the caller can end it in any case. */
  readonly onStack: (stack: Promise<LocalStack>) => void;
}

interface Data {
  readonly files: readonly UploadFile[];
  readonly answer: Answer | undefined;
}

interface Timed<T> {
  readonly value: T;
  readonly seconds: number;
}

/** Milliseconds. If nothing changes for this long and no run is active, something is stuck. */
const patience = 120_000;

/** Runs the whole pipeline once. Returns whether everything is published and equals the generator's known answer. */
export async function runSession(session: Session): Promise<boolean> {
  const { options, signal } = session;
  const begun = Date.now();
  const loaded = loadConfig(options.config, options.environment);
  // Problems with the folders are found before anything starts.
  prepareOut(options.out);
  const [firstEngine, secondEngine] = deploymentsOf(options.engine);
  const isSparkNeeded = needsSpark(loaded, options.engine);
  // A file that is edited meanwhile is not what was compared.
  const records = secondEngine ? comparisonRecords(loaded) : {};
  const given = options.data.kind === "folder" ? filesIn(options.data.path) : undefined;
  const [[stack, data]] = await both(
    both(
      timed(() => bringUp(session, given, firstEngine)),
      timed(() => (given ? Promise.resolve({ files: given, answer: undefined }) : makeData(session))),
    ),
    isSparkNeeded ? bringSpark(session.status) : Promise.resolve(),
  );
  signal.throwIfAborted();

  const names = stackNames(stack.value);
  const clients = createClients(stack.value);
  try {
    const uploaded = await timed(() => uploadAll(session, clients, names, loaded, data.value.files));
    const uploadedAt = Date.now();
    const goOn = () => follow(session, clients, names, loaded, uploaded.value);
    const first = await goOn();
    const around = { stack: stack.value, clients, names, outputs: loaded.config.outputs };
    const { snapshot, agreements } = secondEngine
      ? await computeAgain(first, secondEngine, around, goOn)
      : { snapshot: first, agreements: [] };
    const collected = await collect(snapshot, {
      s3: clients.s3,
      names,
      config: loaded.config,
      rules: watchRules(loaded),
      answer: data.value.answer,
      out: options.out,
    });
    const comparison = collected.find((batch) => batch.comparison)?.comparison ?? null;
    const results = collected.map(({ result }) => result);
    const summary = summaryOf(results, filesOf(snapshot.files), {
      seconds: {
        setup: round(stack.seconds),
        generate: round(data.seconds),
        upload: round(uploaded.seconds),
        uploadToPublished: round(Math.max(0, publishedAt(first) - uploadedAt) / 1000),
        total: round((Date.now() - begun) / 1000),
      },
      answer: comparison && { matches: comparison.matches, differences: comparison.differences },
      ...(secondEngine && { agreements }),
    });
    writeSummary(options.out, summary);
    const reports = await reportsOf(session, stack.value, knownBatches(snapshot));
    const recorded = recordComparisons(records, agreements, results);
    printResult(session, collected, summary, [...recorded, ...reports, stack.value.logFile]);
    const isWrong = comparison?.matches === false && options.isShippedConfig;
    if (secondEngine && !areAgreed(agreements, results)) return false;
    return results.every(({ state }) => state === "published") && !isWrong;
  } finally {
    for (const client of Object.values(clients)) client.destroy();
  }
}

/** Up to this many bytes, a run ends before the JVM's optimizing compiler saves any time. */
const shortRunBytes = 100_000_000;
/** The approximate size of a generated record. */
const recordBytes = 160;

function isShort({ data }: StartOptions, given: readonly UploadFile[] | undefined): boolean {
  if (given) return given.reduce((sum, { bytes }) => sum + bytes, 0) < shortRunBytes;
  return data.kind === "generated" && 3 * data.records * recordBytes < shortRunBytes;
}

async function bringUp(
  { options, status, onStack }: Session,
  given: readonly UploadFile[] | undefined,
  engineOf: ReturnType<typeof deploymentsOf>[0],
): Promise<LocalStack> {
  const begun = Date.now();
  const starting = startLocalStack({
    configFile: options.config,
    environment: options.environment,
    engineOf,
    isComparison: options.engine === "both",
    directory: stackDirectory,
    spark: { shortRuns: isShort(options, given) },
    onProgress: (step) => status.show("local AWS", step),
  });
  onStack(starting);
  const stack = await starting;
  status.done("local AWS", `ready in ${secondsSince(begun)}`);
  return stack;
}

async function makeData({ options, status, signal }: Session): Promise<Data> {
  const { data } = options;
  if (data.kind !== "generated") throw new Error("the data is given");
  const begun = Date.now();
  const directory = join(localDirectory, "data");
  const { files, answer, isReused } = await generatedData({ ...data, directory }, (dataset, lines) => {
    signal.throwIfAborted();
    status.show("data", `${dataset} ${Math.floor((lines / data.records) * 100)}%`);
  });
  const what = `3 files of ${whole(data.records)} records, ${megabytes(bytesOf(files))}`;
  status.done("data", isReused ? `${what}, from an earlier run` : `${what}, generated in ${secondsSince(begun)}`);
  return { files, answer };
}

async function uploadAll(
  { status, signal }: Session,
  clients: StackClients,
  names: StackNames,
  loaded: LoadedConfig,
  files: readonly UploadFile[],
): Promise<Uploaded> {
  const rules = watchRules(loaded);
  const evidence = createEvidence(clients, names);
  const begun = Date.now();
  const total = bytesOf(files);
  const groups = uploadGroups(files, rules);
  const uploaded = new Map<string, string>();
  let before = 0;
  for (const group of groups) {
    const versions = await upload(clients.s3, names.bronzeBucket, group, signal, (bytes) =>
      status.show("upload", `${megabytes(before + bytes)} of ${megabytes(total)}`),
    );
    for (const [key, version] of versions) uploaded.set(key, version);
    before += bytesOf(group);
    if (group !== groups.at(-1))
      await waitForOutcomes(() => observe(versions, rules, evidence), {
        signal,
        onChange: () => status.show("upload", "waiting for the optional files"),
        patience,
        runPatience: patience,
      });
  }
  status.done("upload", `${fileCount(files.length)}, ${megabytes(total)} in ${secondsSince(begun)}`);
  return new Map(files.map(({ key }) => [key, uploaded.get(key)!]));
}

async function follow(
  { status, signal }: Session,
  clients: StackClients,
  names: StackNames,
  loaded: LoadedConfig,
  uploaded: Uploaded,
): Promise<Snapshot> {
  const rules = watchRules(loaded);
  const evidence = createEvidence(clients, names);
  const begun = Date.now();
  const told = new Set<string>();
  const once = (track: string, text: string) => {
    if (!told.has(track)) status.done(track, text);
    told.add(track);
  };
  const onChange = ({ files, open, batches }: Snapshot) => {
    if (open.length > 0) return status.show("promote", `${files.length} of ${fileCount(uploaded.size)} looked at`);
    const promoted = files.filter(({ kind }) => kind === "promoted").length;
    once("promote", `${promoted} of ${fileCount(uploaded.size)} promoted after ${secondsSince(begun)}`);
    for (const { batch, document, verdict, run } of batches) {
      const track = ({ engine }: Run) => `${engineTitles[engine]}, batch ${batch}`;
      const took = ({ claimedAt, settledAt }: Run) => seconds(settledAt! - claimedAt);
      for (const one of document.runs.filter(({ failure }) => failure?.kind === "unfit"))
        once(track(one), `left to Spark after ${took(one)}: ${one.failure!.message}`);
      if (!run) continue;
      if (verdict.state === "running")
        status.show(track(run), `running for ${clock((Date.now() - run.claimedAt) / 1000)}`);
      else if (run.settledAt && (verdict.state === "published" || verdict.state === "failed"))
        once(track(run), `${verdict.state} in ${took(run)}`);
    }
  };
  const snapshot = await waitForOutcomes(() => observe(uploaded, rules, evidence), {
    signal,
    onChange,
    patience,
    runPatience: loaded.config.glue.timeout * 1000 + patience,
  });
  status.clear();
  return snapshot;
}

/** Writes the report of each batch as a file and returns their paths. */
async function reportsOf(
  { options, status }: Session,
  stack: LocalStack,
  batches: readonly string[],
): Promise<string[]> {
  const target = localTarget(stack);
  try {
    return await writeReports(target, batches, options.out, { status, choice: "" });
  } finally {
    status.clear();
    target.close();
  }
}

function printResult(
  { options, style, print }: Session,
  collected: readonly Collected[],
  summary: Summary,
  files: readonly string[],
): void {
  const paragraph = (lines: readonly string[]) => {
    if (lines.length === 0) return;
    print("");
    for (const line of lines) print(line);
  };
  paragraph(filesText(summary.files, style));
  for (const { result, firstRows } of collected) {
    const ofBatch = collected.length > 1 ? `${result.batch}: ` : "";
    paragraph(rowsText(result.datasets, style, ofBatch));
    for (const [name, { rows, path }] of Object.entries(result.outputs))
      paragraph([
        `${style.bold(`${ofBatch}${name}`)}  ${whole(rows)} rows in ${path}`,
        ...goldText(own(firstRows, name) ?? [], style),
      ]);
  }
  paragraph(secondsText(summary.seconds, style));
  const comparison = collected.find((batch) => batch.comparison)?.comparison;
  paragraph([
    ...collected.map(({ result }) => stateText(result, style)),
    ...(comparison ? answerText(comparison, style) : []),
    ...(summary.agreements ?? []).flatMap((agreement) => agreementText(agreement, style)),
    style.dim(
      `  ${[join(options.out, "summary.json"), ...files].map((file) => relative(process.cwd(), file)).join("  ")}`,
    ),
  ]);
}

/** Waits for both even when one fails, so that neither keeps running unnoticed. */
async function both<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  const [a, b] = await Promise.allSettled([first, second]);
  if (a.status === "rejected") throw a.reason;
  if (b.status === "rejected") throw b.reason;
  return [a.value, b.value];
}

async function timed<T>(task: () => Promise<T>): Promise<Timed<T>> {
  const begun = performance.now();
  const value = await task();
  return { value, seconds: (performance.now() - begun) / 1000 };
}

const fileCount = (count: number) => `${count} ${count === 1 ? "file" : "files"}`;
const publishedAt = ({ batches }: Snapshot) => Math.max(0, ...batches.map(({ run }) => run?.publishedAt ?? 0));
const bytesOf = (files: readonly UploadFile[]) => files.reduce((sum, { bytes }) => sum + bytes, 0);
const round = (value: number) => Math.round(value * 100) / 100;
const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;
const secondsSince = (begun: number) => seconds(Date.now() - begun);
