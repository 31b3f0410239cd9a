import { createHash } from "node:crypto";
import type { Contract, OutputContract } from "../../config/contract.ts";
import type {
  Effect,
  FileReportPin,
  Input,
  LedgerDocument,
  PinnedInputs,
  Run,
} from "../../handlers/ledger/document.ts";
import type { FileReport } from "../../handlers/promote/fileReport.ts";
import type { Artifact } from "../../handlers/release.ts";
import { shapesOf } from "../../handlers/shape.ts";
import type { Deployments } from "./deployments.ts";
import type { Transition } from "./faults.ts";
import type { GlueWatch, Partition } from "./glueService.ts";
import type { Invariant } from "./invariants.ts";
import type { Invocation } from "./invocation.ts";
import { goldFolder, goldOf, typedText } from "./job.ts";
import { isAlive, type SimulatedJobRun } from "./jobRun.ts";
import type { Change, MemoryS3 } from "./s3/memoryS3.ts";
import { attempts, deadline, maxSpread } from "./settings.ts";
import { isCopy, isGoodUnder, type Truth, textIn, type Upload } from "./truth.ts";
import { minute, type World } from "./world.ts";

/** What has been seen of one batch. */
export class BatchHistory {
  document: LedgerDocument | null = null;
  readonly writers = new Set<string>();
  epoch = 0;
  /** Number to the run as it was last seen; runs that have moved out stay. */
  readonly runs = new Map<number, Run>();
  /** Runs that were published at some time. */
  readonly published = new Set<number>();
  /** `key\nversion` of what they read. */
  readonly read = new Set<string>();
  readonly withdrawn = new Set<string>();
  readonly operations = new Set<string>();
  /** Effect's id to the nonces of those who were to perform it. */
  readonly owners = new Map<string, Set<string>>();
  readonly manifests = new Set<number>();
  /** Orders to run that had to wait until their files were typed. */
  readonly waited = new Set<string>();
  /** Runs whose end people were told. */
  readonly told = new Set<number>();
}

/** What operators do when they see something. */
export interface Reactions {
  claimed(batch: string, run: number): void;
  started(batch: string, run: number): void;
  published(batch: string, run: number): void;
  crashedHalfWay(batch: string, run: number): void;
}

const fileOf = (key: string, version: string) => `${key}\n${version}`;

/** Key and version of each of these datasets that is there, as one text. */
export const inputsOf = (inputs: PinnedInputs, datasets: readonly string[] = Object.keys(inputs)): string =>
  datasets
    .filter((dataset) => inputs[dataset])
    .sort()
    .map((dataset) => `${dataset}:${inputs[dataset]!.key}@${inputs[dataset]!.version}`)
    .join(" ");

/** `name type` of each column, as one text. */
const columnsOf = ({ columns }: Pick<OutputContract, "columns">): string =>
  columns.map(({ name, type }) => `${name} ${type}`).join();

const spreadOf = (times: readonly number[]): number => Math.max(...times) - Math.min(...times);

const moves: Readonly<Record<Run["state"], readonly Run["state"][]>> = {
  claimed: ["started", "failed", "published", "superseded"],
  started: ["failed", "published", "superseded"],
  failed: [],
  published: ["superseded"],
  superseded: ["published"],
};

export const isUnsettled = ({ state }: Run): boolean => state === "claimed" || state === "started";

/**
 * Checks every change as it happens against its own record of the earlier changes. It shares no rule with the code that
 * it watches.
 */
export class Witness implements GlueWatch {
  readonly batches = new Map<string, BatchHistory>();
  readonly #world: World;
  readonly #s3: MemoryS3;
  readonly #truth: Truth;
  readonly #deployments: Deployments;
  readonly #reactions: Reactions;
  readonly #jobRuns: readonly SimulatedJobRun[];
  /** Nonce to the invocation that has it. */
  readonly #invocations = new Map<string, Invocation>();
  /** Writer to what it was about to write. */
  readonly #writing = new Map<string, Transition>();

  constructor(
    world: World,
    s3: MemoryS3,
    truth: Truth,
    deployments: Deployments,
    jobRuns: readonly SimulatedJobRun[],
    reactions: Reactions,
  ) {
    this.#jobRuns = jobRuns;
    this.#deployments = deployments;
    this.#reactions = reactions;
    this.#world = world;
    this.#s3 = s3;
    this.#truth = truth;
    s3.onChange((change) => this.#changed(change));
  }

  /** What the release of a run makes. */
  outputsOf({ release }: Pick<Run, "release">): Readonly<Record<string, OutputContract>> {
    return this.#deployments.of(release).contract.outputs;
  }

  batch(name: string): BatchHistory {
    const known = this.batches.get(name);
    if (known) return known;
    const history = new BatchHistory();
    this.batches.set(name, history);
    return history;
  }

  /** Called with each nonce that an invocation uses. */
  named(nonce: string, invocation: Invocation): void {
    this.#invocations.set(nonce, invocation);
  }

  /** Called with the decision of a write before it happens. */
  deciding(writer: string, transition: Transition): void {
    this.#writing.set(writer, transition);
  }

  /** Called when an invocation was cut off. */
  lost(invocation: Invocation): void {
    for (const [batch, { document }] of this.batches)
      if (
        document?.effects.some(({ kind, by }) => kind === "catalog" && this.#invocations.get(by) === invocation) &&
        !this.#world.calm
      ) {
        this.#world.hurt("publication crashed half way", batch);
        this.#reactions.crashedHalfWay(batch, document.published!.run);
      }
  }

  #violate(invariant: Invariant, detail: string): void {
    this.#world.violate(invariant, detail);
  }

  #changed(change: Change): void {
    const { bucket, key } = change;
    switch (bucket) {
      case "ledger":
        this.#ledgerChanged(change);
        return;
      case "silver":
        this.#silverChanged(change);
        return;
      case "gold":
        if (change.kind === "removed" && this.#world.actor) {
          this.#goldRemoved(key);
          return;
        }
        if (this.#world.actor && this.#world.actor.kind !== "embedded")
          this.#violate("foreign buckets", `${this.#world.actor.title} wrote gold/${key}`);
        return;
      case "bronze":
        if (this.#world.actor)
          this.#violate("foreign buckets", `${this.#world.actor.title} ${change.kind} ${bucket}/${key}`);
    }
  }

  /** Somebody gets a notice; only its first line is certain to be read. */
  notified(text: string): void {
    if (Buffer.byteLength(text) > 2048) this.#violate("true notice", `a notice of ${Buffer.byteLength(text)} bytes`);
    const [first = ""] = text.split("\n");
    const [, batch = "", number, ended, reason] =
      /^simulated \S+ (\S+): run (\d+) (is published|has failed|has ended well)(?:: (.*)| .*)?$/.exec(first) ?? [];
    const { runs, published, told } = this.batch(batch);
    const run = runs.get(Number(number));
    const isTrue =
      ended === "is published"
        ? published.has(Number(number))
        : ended === "has failed"
          ? run?.state === "failed" && reason !== undefined && run.failure!.message.startsWith(reason.replace(/…$/, ""))
          : run?.state === "superseded" && run.publishedAt === null;
    if (!isTrue) this.#violate("true notice", `${first} (${run?.state})`);
    told.add(Number(number));
  }

  #goldRemoved(key: string): void {
    const [, batch, run, id] = /\/batch=([^/]+)\/run=(\d+)\/([^/]+)\//.exec(key)!;
    const history = this.batch(batch!);
    const owners = [...(history.owners.get(`expire:${run}`) ?? [])].map((nonce) => this.#invocations.get(nonce));
    const isKept = history.document!.runs.some((kept) => kept.run === Number(run));
    const hasEnded = this.#jobRuns.some((jobRun) => jobRun.id === id && !isAlive(jobRun));
    if (isKept || !(hasEnded || owners.some((owner) => owner === this.#world.actor)))
      this.#violate("old output", `${this.#world.actor!.title} deleted gold/${key}`);
  }

  #silverChanged({ kind, key, before }: Change): void {
    if (kind === "marked" || kind === "removed" || before)
      this.#violate("typed once", `silver/${key} was ${before ? "overwritten" : kind}`);
  }

  #ledgerChanged(change: Change): void {
    const { kind, key, after, before, version } = change;
    const isGone = kind === "marked" || kind === "removed";
    const [folder, name = "", last = ""] = key.split("/");
    switch (folder) {
      case "batches": {
        const batch = name.slice(0, -".json".length);
        if (isGone || !this.#world.actor) {
          this.#violate("document stays", `${key} was ${kind}`);
          return;
        }
        this.#written(batch, JSON.parse(version.content.text()) as LedgerDocument);
        return;
      }
      case "open":
        if (isGone && this.batch(name).document?.open === Number(last))
          this.#violate("open mark", `${key} was deleted, and the document is open under it`);
        return;
      case "files":
      case "parts":
        if (isGone || (before && !before.isDeleteMarker))
          this.#violate("typed once", `${key} was ${isGone ? kind : "overwritten"}`);
        return;
      case "manifests":
        if (isGone || (before && !before.isDeleteMarker)) {
          this.#violate("manifest", `${key} was ${isGone ? "deleted" : "written twice"}`);
          return;
        }
        this.#manifestWritten(name, Number(last.slice(0, -".json".length)), after!.content.text());
        return;
    }
  }

  #manifestWritten(batch: string, number: number, text: string): void {
    const history = this.batch(batch);
    const run = history.runs.get(number);
    if (!run) {
      this.#violate("manifest", `the manifest of run ${number} of ${batch} was written before its claim`);
      return;
    }
    history.manifests.add(number);
    const manifest = JSON.parse(text) as {
      batch: string;
      run: number;
      inputs: Record<string, { report: Artifact; source: { key: string; version: string } } | null>;
      release: unknown;
    };
    const isSame =
      manifest.batch === batch &&
      manifest.run === number &&
      JSON.stringify(manifest.release) === JSON.stringify(run.release) &&
      Object.keys(manifest.inputs).join() === Object.keys(run.inputs).join() &&
      Object.keys(run.inputs).every((dataset) => {
        const [stated, claimed] = [manifest.inputs[dataset] ?? null, run.inputs[dataset] ?? null];
        if (!stated || !claimed) return stated === claimed;
        return (
          stated.report.uri === `s3://ledger/${claimed.report.key}` &&
          stated.report.sha256 === claimed.report.sha256 &&
          stated.source.key === claimed.key &&
          stated.source.version === claimed.version
        );
      });
    if (!isSame) this.#violate("manifest", `the manifest of run ${number} of ${batch} is not what was claimed`);
  }

  // ---- the document

  #written(batch: string, document: LedgerDocument): void {
    const history = this.batch(batch);
    const before = history.document;
    if (document.revision !== (before?.revision ?? 0) + 1)
      this.#violate("revision", `${batch} went from revision ${before?.revision ?? 0} to ${document.revision}`);
    if (history.writers.has(document.writer)) this.#violate("revision", `${document.writer} wrote ${batch} twice`);
    history.writers.add(document.writer);

    const orders = this.#checkOperations(batch, history, document);
    this.#checkInputs(batch, history, document);
    this.#checkRuns(batch, history, document, orders);
    this.#checkOrdered(batch, history, document);
    this.#checkPublished(batch, history, document, orders);
    this.#checkReads(batch, history, document);
    this.#checkEffects(history, batch, document);
    this.#checkOpen(batch, history, document);

    history.document = document;
    const transition = this.#writing.get(document.writer);
    if (transition) this.#world.decided(batch, transition);
    if (transition === "rollback" && before?.effects.some(({ kind }) => kind === "catalog"))
      this.#world.hurt("rollback meanwhile", batch);
    this.#world.tell(
      () =>
        `${this.#world.actor?.title ?? "somebody"} writes ${batch} ${document.revision} (${transition}): ${summaryOf(document)}`,
    );
  }

  /** @returns the ids of the orders that take effect by this write */
  #checkOperations(batch: string, history: BatchHistory, { operations }: LedgerDocument): string[] {
    const fresh = operations.filter((id) => !history.document?.operations.includes(id));
    for (const id of fresh) {
      const order = this.#truth.orders.get(id);
      if (history.operations.has(id)) this.#violate("order is an operator's", `order ${id} took effect a second time`);
      if (order?.batch !== batch) this.#violate("order is an operator's", `nobody gave order ${id} for ${batch}`);
      if (order?.order.operation === "withdraw") {
        const decided = history.document?.inputs[order.order.key]?.decision.version;
        if (decided) history.withdrawn.add(fileOf(order.order.key, decided));
      }
      history.operations.add(id);
    }
    return fresh;
  }

  #checkInputs(batch: string, { document: before }: BatchHistory, { inputs }: LedgerDocument): void {
    for (const key of Object.keys(before?.inputs ?? {}))
      if (!inputs[key]) this.#violate("decision", `${batch} forgot ${key}`);
    for (const [key, input] of Object.entries(inputs)) {
      const earlier = before?.inputs[key];
      if (input.late && !earlier?.late) this.#checkLate(batch, inputs);
      const { version, outcome, shape } = input.decision;
      const known = earlier?.decision;
      if (known?.version === version && known.outcome === outcome && known.shape === shape) continue;
      this.#checkDecision(batch, key, input, earlier);
    }
  }

  #checkLate(batch: string, inputs: LedgerDocument["inputs"]): void {
    const first = Math.min(...Object.values(inputs).map(({ decision }) => decision.decidedAt));
    if (this.#world.now + minute < first + deadline) this.#violate("no late without deadline", batch);
  }

  #checkDecision(batch: string, key: string, { decision, dataset }: Input, earlier: Input | undefined): void {
    const upload = this.#truth.byVersion.get(decision.version);
    if (!upload || upload.key !== key || upload.place?.batch !== batch || upload.place.dataset !== dataset) {
      this.#violate("decision", `${batch} decides on ${key} ${decision.version}, which nobody uploaded there`);
      return;
    }
    const contract = this.#contractOf(dataset, decision.shape);
    const verdict = contract && isGoodUnder(upload, contract) ? "promoted" : "rejected";
    const isAgain = earlier?.decision.version === decision.version;
    if (decision.outcome === "gone") {
      if (!upload.isGone || !isAgain) this.#violate("decision", `${upload.name} is not gone, or was not known before`);
      return;
    }
    if (!contract || decision.outcome !== verdict) {
      this.#violate("decision", `${upload.name} has to be ${verdict} and was ${decision.outcome}`);
      return;
    }
    const previous = earlier && this.#truth.byVersion.get(earlier.decision.version);
    if (previous && previous.order >= upload.order && !isAgain) {
      this.#violate("decision", `${batch} went back from ${previous.name} to ${upload.name}`);
      return;
    }
    if (decision.outcome === "promoted") {
      if (!this.#isTyped(upload, decision))
        this.#violate("decision", `${upload.name} was promoted without its rows in Silver`);
    } else {
      const stored = this.#s3.object("rejected", `${upload.rejectedName}.reason.json`)?.content.text();
      if (!stored || (JSON.parse(stored) as { version: string }).version !== upload.version)
        this.#violate("rejection is explained", `${upload.name} was rejected without a reason object`);
      const copy = this.#s3.object("rejected", `${upload.rejectedName}${key.slice(key.indexOf(".json"))}`);
      if (!copy || !isCopy(copy.content, upload.content))
        this.#violate("rejection is explained", `${upload.name} was rejected without a copy of it`);
    }
  }

  /** A contract that types files of the dataset under the shape; all that do have the same columns. */
  #contractOf(dataset: string, shape: string): Contract | undefined {
    return this.#deployments.all.find(({ contract }) => shapesOf(contract)[dataset] === shape)?.contract;
  }

  /** Whether the report is there and leads to all that the file holds. */
  #isTyped(
    upload: Upload,
    { report: pin, shape }: { readonly report: FileReportPin; readonly shape: string },
  ): boolean {
    const { key, sha256 } = pin;
    const text = this.#s3.object("ledger", key)?.content.text();
    if (!text || createHash("sha256").update(text).digest("hex") !== sha256) return false;
    const report = JSON.parse(text) as FileReport;
    const { source, batch, dataset, fault } = report;
    if (source.key !== upload.key || source.version !== upload.version || fault) return false;
    if (report.shape !== shape) return false;
    if (batch !== upload.place!.batch || dataset !== upload.place!.dataset) return false;
    const typed = typedText(this.#s3, report);
    // Of a large one the parts are stand-ins.
    return upload.content.onDemand ? typed !== null : typed === textIn(upload);
  }

  // ---- runs

  #checkRuns(batch: string, history: BatchHistory, document: LedgerDocument, orders: readonly string[]): void {
    const unsettled = document.runs.filter(isUnsettled);
    if (unsettled.length > 1)
      this.#violate("one unsettled run", `${batch} has runs ${unsettled.map(({ run }) => run).join(" and ")}`);
    const kept = new Set(document.runs.map(({ run }) => run));
    for (const run of history.document?.runs ?? []) if (!kept.has(run.run)) this.#checkMovedOut(batch, run, document);
    for (const run of document.runs) {
      const earlier = history.runs.get(run.run);
      if (!earlier) this.#checkClaim(batch, history, run, orders, document);
      else this.#checkMove(batch, earlier, run, history);
    }
    for (const run of document.runs) history.runs.set(run.run, run);
  }

  #checkMovedOut(batch: string, run: Run, { published }: LedgerDocument): void {
    const kept = this.#s3.object("ledger", `runs/${batch}/${run.run}.json`);
    if (isUnsettled(run) || published?.run === run.run || !kept)
      this.#violate("run numbers", `${batch} lost run ${run.run} while it was ${run.state}`);
  }

  #checkMove(batch: string, earlier: Run, run: Run, history: BatchHistory): void {
    const name = `run ${run.run} of ${batch}`;
    if (earlier.state !== run.state) {
      if (!moves[earlier.state].includes(run.state))
        this.#violate("run states", `${name} went from ${earlier.state} to ${run.state}`);
      if (earlier.state === "superseded" && !history.published.has(run.run))
        this.#violate("run states", `${name} was never published and is shown again`);
      if (run.state === "failed") this.#checkFailure(batch, run);
      if (run.state === "superseded" && isUnsettled(earlier) && run.run > (history.document?.published?.highWater ?? 0))
        this.#violate("run states", `${name} is superseded by no newer run`);
    }
    const isSame =
      inputsOf(earlier.inputs) === inputsOf(run.inputs) &&
      JSON.stringify([earlier.release, earlier.outputs]) === JSON.stringify([run.release, run.outputs]) &&
      JSON.stringify(earlier.cause) === JSON.stringify(run.cause) &&
      earlier.claimedAt === run.claimedAt &&
      (earlier.settledBy === null || earlier.settledBy === run.settledBy) &&
      (earlier.publishedAt === null || earlier.publishedAt === run.publishedAt) &&
      earlier.jobRuns.every((id, index) => run.jobRuns[index] === id);
    if (!isSame) this.#violate("claim stays", `${name} was changed`);
  }

  #checkFailure(batch: string, run: Run): void {
    const name = `run ${run.run} of ${batch}`;
    // Those that were started, or listed, after the writer began could not all be known to it.
    const since = this.#world.actor?.startedAt ?? this.#world.now;
    const jobRuns = this.jobRunsOf(batch, run.run);
    const known = jobRuns.filter(
      ({ id, startedAt, listedAt }) => startedAt < since && (listedAt < since || run.jobRuns.includes(id)),
    );
    const left = known.find((jobRun) => jobRun.endedAt === null || succeededWell(jobRun));
    if (left)
      this.#violate("claim fails late", `${name} failed (${run.failure?.kind}) while ${left.id} was ${left.state}`);

    if (Buffer.byteLength(run.failure?.message ?? "") > 2048)
      this.#violate("failure is named", `${name} failed by a message of ${run.failure!.message.length} characters`);
    const isInfrastructures = (jobRun: SimulatedJobRun) =>
      jobRun.state !== "TIMEOUT" && !jobRun.stoppedByPerson && !this.#reportOf(jobRun);
    // The end of one that was stopped because another was kept says nothing.
    const kept = known.filter(({ id }) => !run.twins.includes(id));
    const own = kept.length > 0 ? kept : known;
    const isRefused = this.#world.refused.has(`${batch}/${run.run}`);
    const isTrue = {
      infrastructure: own.every(isInfrastructures) && jobRuns.some(({ began }) => began),
      undelivered: own.every((jobRun) => isInfrastructures(jobRun) && !jobRun.began),
      report: jobRuns.some((jobRun) => this.#reportOf(jobRun) && !jobRun.reportedWell && !jobRun.isUnfit),
      timeout: jobRuns.some(({ state }) => state === "TIMEOUT"),
      stopped: jobRuns.some(({ stoppedByPerson }) => stoppedByPerson),
      unfit: run.engine === "embedded" && (isRefused || jobRuns.some(({ isUnfit }) => isUnfit)),
      refused: run.engine === "glue" && isRefused,
    };
    if (!run.failure || !isTrue[run.failure.kind])
      this.#violate(
        "failure is named",
        `${name} is said to have failed by ${run.failure?.kind}: ${run.failure?.message}`,
      );
  }

  jobRunsOf(batch: string, run: number): SimulatedJobRun[] {
    return this.#jobRuns.filter((jobRun) => jobRun.batch === batch && jobRun.run === run);
  }

  #reportOf({ batch, run, id }: SimulatedJobRun): boolean {
    return this.#s3.object("ledger", `reports/${batch}/${run}/${id}.json`) !== null;
  }

  #checkClaim(
    batch: string,
    history: BatchHistory,
    run: Run,
    orders: readonly string[],
    document: LedgerDocument,
  ): void {
    const name = `run ${run.run} of ${batch}`;
    const last = Math.max(0, ...history.runs.keys());
    if (run.run !== last + 1 || run.state !== "claimed")
      this.#violate("run numbers", `${name} came as ${run.state} after run ${last}`);
    const { cause } = run;
    const deployment = this.#deployments.of(run.release);
    const { contract, sequence } = deployment;
    const names = Object.fromEntries(
      Object.entries(contract.outputs).map(([output, { columns }]) => [output, columns]),
    );
    if (
      Object.keys(contract.datasets).join() !== Object.keys(run.inputs).join() ||
      JSON.stringify(names) !== JSON.stringify(run.outputs)
    )
      this.#violate("claim stays", `${name} does not carry what its release declares`);
    const isReplay = cause.kind === "operator" && cause.operation === "replay";
    // What was ordered stays as it was when the embedded engine could not do it.
    const previous = document.runs.find((other) => other.run === run.run - 1);
    const isRepeated =
      previous?.failure?.kind === "unfit" &&
      previous.cause.kind === "operator" &&
      cause.kind === "operator" &&
      previous.cause.id === cause.id;
    // The pointer is read once in an invocation, and again when the document knows of a newer one.
    const since = this.#deployments.pointedToAt(this.#world.actor?.startedAt ?? this.#world.now).sequence;
    if (!isReplay && !isRepeated && sequence < Math.max(since, history.document?.judged ?? 0))
      this.#violate("newest release", `${name} was claimed under ${sequence}, after ${since} had been pointed to`);
    this.#checkEngine(name, run, document);
    this.#reactions.claimed(batch, run.run);
    for (const dataset of Object.keys(run.inputs)) this.#checkPinned(name, batch, dataset, run);
    if (cause.kind === "gate") {
      this.#checkGateClaim(name, batch, history, run);
      return;
    }
    const given = this.#truth.orders.get(cause.id);
    // One that waited for its files takes effect later.
    const isOrdered = orders.includes(cause.id) || history.document?.ordered === cause.id || isRepeated;
    if (!isOrdered || given?.order.operation !== cause.operation) {
      this.#violate("order is an operator's", `${name} was claimed for order ${cause.id}`);
      return;
    }
    if (isRepeated) {
      if (inputsOf(previous.inputs) !== inputsOf(run.inputs))
        this.#violate("order is an operator's", `${name} reads other files than run ${previous.run}, which it repeats`);
    } else if (given.order.operation === "replay") {
      const replayed = history.runs.get(given.order.run);
      if (!history.published.has(given.order.run) || inputsOf(replayed!.inputs) !== inputsOf(run.inputs))
        this.#violate("order is an operator's", `${name} does not replay run ${given.order.run}`);
    } else this.#checkOperatorClaim(name, history, run);
  }

  /** What the embedded engine could not do it does not get again, as long as the document remembers. */
  #checkEngine(name: string, { engine, release, run, inputs }: Run, { runs }: LedgerDocument): void {
    const wanted = inputsOf(inputs);
    const wasUnfit = runs.some(
      (other) => other.run < run && other.failure?.kind === "unfit" && inputsOf(other.inputs) === wanted,
    );
    if (engine === "embedded" && (!release.embedded || wasUnfit))
      this.#violate("engine of a claim", `${name} is the embedded engine's`);
  }

  #checkPinned(name: string, batch: string, dataset: string, { inputs, release }: Run): void {
    const pinned = inputs[dataset];
    if (!pinned) {
      if (this.#deployments.of(release).contract.datasets[dataset]!.required)
        this.#violate("claim is complete", `${name} was claimed without ${dataset}`);
      return;
    }
    const upload = this.#truth.byVersion.get(pinned.version);
    const isRight =
      upload &&
      isGoodUnder(upload, this.#deployments.of(release).contract) &&
      upload.key === pinned.key &&
      upload.place?.batch === batch &&
      upload.place.dataset === dataset &&
      pinned.shape === shapesOf(this.#deployments.of(release).contract)[dataset] &&
      this.#isTyped(upload, pinned);
    if (!isRight) this.#violate("claim is complete", `${name} pins ${pinned.key} ${pinned.version} for ${dataset}`);
  }

  /** Live files by dataset, by this witness's own account. */
  live(history: BatchHistory, document: LedgerDocument | null): Map<string, { key: string; input: Input }[]> {
    const { datasets } = this.#deployments.at(document?.judged ?? 0).contract;
    const found = new Map<string, { key: string; input: Input }[]>();
    for (const [key, input] of Object.entries(document?.inputs ?? {})) {
      const file = fileOf(key, input.decision.version);
      if (history.read.has(file) || history.withdrawn.has(file) || !datasets[input.dataset]) continue;
      const files = found.get(input.dataset) ?? [];
      files.push({ key, input });
      found.set(input.dataset, files);
    }
    return found;
  }

  /**
   * What a run of this batch would read, when its required files are fresh, good and unambiguous; null when they are not.
   * `isOver` says that runs of the very same files failed for good, too often, or after a newer one was published; why
   * a run failed was held against Glue when it did. `isDue` says that it is time for another try, if there was one. All of
   * it by the newest release that the document knows.
   */
  ready(
    batch: string,
    history: BatchHistory,
    document: LedgerDocument,
  ): { wanted: string; isOver: boolean; isDue: boolean; isTyped: boolean; datasets: readonly string[] } | null {
    const { contract } = this.#deployments.at(document.judged);
    const { datasets } = contract;
    const datasetNames = Object.keys(datasets);
    const live = this.live(history, document);
    const inputs: Record<string, { key: string; version: string } | null> = {};
    const times: number[] = [];
    for (const dataset of datasetNames) {
      const [file, second] = live.get(dataset) ?? [];
      if (second || (datasets[dataset]!.required && !file)) return null;
      const upload = file && this.#truth.byVersion.get(file.input.decision.version);
      if (upload && !isGoodUnder(upload, contract)) return null;
      const shape = shapesOf(contract)[dataset];
      if (file?.input.decision.outcome === "gone" && file.input.decision.shape === shape) return null;
      if (upload && datasets[dataset]!.required) times.push(upload.lastModified);
      inputs[dataset] = upload ? { key: upload.key, version: upload.version } : null;
    }
    if (batch === "current") {
      if (spreadOf(times) > maxSpread) return null;
      // The newest of them first, as far as they lie together.
      const optional = datasetNames.flatMap((name) => {
        const upload = datasets[name]!.required ? undefined : this.#truth.byVersion.get(inputs[name]?.version ?? "");
        return upload ? [{ name, time: upload.lastModified }] : [];
      });
      for (const { name, time } of optional.sort((one, other) => other.time - one.time))
        if (spreadOf([...times, time]) > maxSpread) inputs[name] = null;
        else times.push(time);
    }
    const wanted = inputsOf(inputs as PinnedInputs, datasetNames);
    const runs = triedBefore([...history.runs.values()], wanted, datasetNames);
    const tries = triesOf(runs);
    const isOver =
      tries.isEnough ||
      runs.some((run) => run.state === "superseded" || (run.state === "failed" && !isTriedAgain(run)));
    const isTyped = !this.#isStale([...live.values()].flat(), document);
    const isDue = this.#world.now > tries.notAfter + 2 * minute;
    return { wanted, isOver, isDue, isTyped, datasets: datasetNames };
  }

  #checkGateClaim(name: string, batch: string, history: BatchHistory, run: Run): void {
    const live = this.live(history, history.document);
    const { datasets } = this.#deployments.of(run.release).contract;
    const datasetNames = Object.keys(datasets);
    for (const dataset of datasetNames) {
      const files = live.get(dataset) ?? [];
      const pinned = run.inputs[dataset];
      if (files.length > 1) this.#violate("claim is complete", `${name} was claimed with two files of ${dataset}`);
      const [file] = files;
      const mayLeaveOut = batch === "current" && !datasets[dataset]!.required;
      if (file ? !pinned && !mayLeaveOut : pinned)
        this.#violate(
          "claim is complete",
          `${name} ${pinned ? "takes a file that is not live" : "leaves out a live file"} of ${dataset}`,
        );
      if (file && pinned && (file.key !== pinned.key || file.input.decision.version !== pinned.version))
        this.#violate("claim is complete", `${name} pins ${pinned.key} ${pinned.version}, which is not the newest`);
      if (file?.input.decision.outcome === "rejected")
        this.#violate("claim is complete", `${name} was claimed while ${file.key} is rejected`);
    }
    if (batch === "current") {
      const times = Object.values(run.inputs).flatMap((pinned) =>
        pinned ? [this.#truth.byVersion.get(pinned.version)!.lastModified] : [],
      );
      if (spreadOf(times) > maxSpread) this.#violate("claim is complete", `${name} mixes files that lie too far apart`);
    }
    const wanted = inputsOf(run.inputs, datasetNames);
    const known = [...history.runs.values()].filter((other) => !isForgotten(other, history.document!));
    const same = triedBefore(known, wanted, datasetNames);
    const tries = triesOf(same);
    if (tries.isEnough) this.#violate("claim is new", `${name} is one attempt too many`);
    if (this.#world.now + minute < tries.notBefore) this.#violate("claim is new", `${name} comes too soon`);
    // What failed for good waits for the operator, whose run is a new beginning.
    for (const other of sinceOrdered(same))
      if (!isTriedAgain(other))
        this.#violate("claim is new", `${name} repeats run ${other.run}, which is ${other.state}`);
  }

  #checkOperatorClaim(name: string, history: BatchHistory, run: Run): void {
    for (const dataset of Object.keys(run.inputs)) {
      const pinned = run.inputs[dataset] ?? null;
      const wanted = this.#ordered(history, dataset, run);
      if (!wanted.includes(pinned && fileOf(pinned.key, pinned.version)))
        this.#violate("claim is complete", `${name} takes for ${dataset} what the order does not say`);
    }
  }

  /**
   * What an order to run has to take of a dataset, by what producers uploaded and what was published and withdrawn here;
   * several where S3 dates two uploads alike, and none where it has to be refused.
   */
  #ordered(history: BatchHistory, dataset: string, { release }: Pick<Run, "release">): readonly (string | null)[] {
    const { contract } = this.#deployments.of(release);
    const known = Object.entries(history.document?.inputs ?? {}).flatMap(([key, { decision }]) => {
      const upload = this.#truth.byVersion.get(decision.version);
      return upload?.place?.dataset === dataset ? [{ upload, file: fileOf(key, decision.version) }] : [];
    });
    const allowed = known.filter(({ file }) => !history.withdrawn.has(file));
    const fresh = allowed.filter(({ file }) => !history.read.has(file));
    if (fresh.length > 0)
      return fresh.length === 1 && isGoodUnder(fresh[0]!.upload, contract) ? fresh.map(({ file }) => file) : [];

    const good = allowed.filter(({ upload }) => isGoodUnder(upload, contract));
    if (good.length > 0) {
      const last = Math.max(...good.map(({ upload }) => upload.lastModified));
      return good.filter(({ upload }) => upload.lastModified === last).map(({ file }) => file);
    }
    const kept = new Set(history.document?.runs.map((one) => one.run));
    for (const number of [...history.published].sort((a, b) => b - a)) {
      const read = kept.has(number) ? history.runs.get(number)?.inputs[dataset] : null;
      const file = read && fileOf(read.key, read.version);
      if (file && !history.withdrawn.has(file)) return [file];
    }
    return [null];
  }

  /** An order that waits ends with its run, or when one of its files turns out to be none that a run can read. */
  #checkOrdered(batch: string, history: BatchHistory, { ordered, runs, judged }: LedgerDocument): void {
    if (ordered !== null) history.waited.add(ordered);
    const earlier = history.document?.ordered ?? null;
    const isClaimed = runs.some(({ cause }) => cause.kind === "operator" && cause.id === earlier);
    if (earlier === null || ordered === earlier || isClaimed) return;
    const { contract, release } = this.#deployments.at(judged);
    const isReadable = (file: string | null, required: boolean): boolean => {
      if (file === null) return !required;
      const [key = "", version] = file.split("\n");
      const decision = history.document!.inputs[key]?.decision;
      return decision?.version === version && decision?.outcome !== "gone";
    };
    const hasAll = Object.entries(contract.datasets).every(([dataset, { required }]) => {
      const wanted = this.#ordered(history, dataset, { release });
      return wanted.length > 0 && wanted.every((file) => isReadable(file, required));
    });
    if (hasAll) this.#violate("orders are kept", `order ${earlier} for ${batch} was ended, and its files can be read`);
  }

  // ---- publication

  #checkPublished(batch: string, history: BatchHistory, document: LedgerDocument, orders: readonly string[]): void {
    const { published } = document;
    const earlier = history.document?.published ?? null;
    if (!published) {
      if (earlier) this.#violate("pointer", `${batch} is not published any more`);
      return;
    }
    const shown = document.runs.filter(({ state }) => state === "published").map(({ run }) => run);
    if (shown.length !== 1 || shown[0] !== published.run)
      this.#violate(
        "pointer",
        `${batch} points to run ${published.run} while ${shown.join(", ") || "none"} is published`,
      );
    if (published.highWater < (earlier?.highWater ?? 0))
      this.#violate("high water", `${batch} fell from ${earlier!.highWater} to ${published.highWater}`);
    if (published.run === earlier?.run && published.highWater === earlier.highWater) return;

    const isNew = published.highWater > (earlier?.highWater ?? 0);
    if (isNew) {
      if (published.run !== published.highWater)
        this.#violate("high water", `${batch} points to ${published.run} and rose to ${published.highWater}`);
      this.#checkPublication(batch, document.runs.find(({ run }) => run === published.run)!);
      this.#reactions.published(batch, published.run);
      history.published.add(published.run);
      for (const pinned of Object.values(history.runs.get(published.run)!.inputs))
        if (pinned) history.read.add(fileOf(pinned.key, pinned.version));
      return;
    }
    const isOrdered = orders.some((id) => {
      const order = this.#truth.orders.get(id)?.order;
      return order?.operation === "rollback" && order.run === published.run;
    });
    if (!isOrdered || !history.published.has(published.run))
      this.#violate("pointer", `${batch} went from run ${earlier?.run} to run ${published.run} without an order`);
  }

  #checkPublication(batch: string, run: Run): void {
    const name = `run ${run.run} of ${batch}`;
    const jobRun = this.#jobRuns.find(({ id }) => id === run.settledBy);
    if (!jobRun || jobRun.batch !== batch || jobRun.run !== run.run || !succeededWell(jobRun)) {
      this.#violate("whole publication", `${name} was published for ${run.settledBy} (${jobRun?.state})`);
      return;
    }
    const fault = this.goldFault(run, jobRun);
    if (fault) this.#violate("whole publication", `${name}: ${fault}`);
  }

  /** What is wrong with the outputs of a run, by the contents of the files that it pinned; or null. */
  goldFault({ inputs, release }: Run, jobRun: SimulatedJobRun): string | null {
    const texts = Object.fromEntries(
      Object.keys(inputs).map((dataset) => {
        const upload = inputs[dataset] && this.#truth.byVersion.get(inputs[dataset].version);
        return [dataset, upload ? textIn(upload) : null];
      }),
    );
    for (const output of Object.keys(this.outputsOf({ release }))) {
      const stored = this.#s3.object("gold", `${goldFolder(output, jobRun)}part-0.parquet`);
      if (stored?.content.text() !== goldOf(output, texts))
        return `${output} of ${jobRun.id} is ${stored ? "wrong" : "missing"}`;
    }
    return null;
  }

  #checkReads(batch: string, history: BatchHistory, { inputs }: LedgerDocument): void {
    for (const [key, { read, withdrawn }] of Object.entries(inputs)) {
      for (const version of read)
        if (!history.read.has(fileOf(key, version)))
          this.#violate("read versions", `${batch} says that a published run read ${key} ${version}`);
      for (const upload of this.#truth.byKey.get(key) ?? [])
        if (history.read.has(fileOf(key, upload.version)) && !read.includes(upload.version))
          this.#violate("read versions", `${batch} forgot that a published run read ${upload.name}`);
      for (const version of withdrawn)
        if (!history.withdrawn.has(fileOf(key, version)))
          this.#violate("read versions", `nobody withdrew ${key} ${version}`);
      for (const upload of this.#truth.byKey.get(key) ?? [])
        if (history.withdrawn.has(fileOf(key, upload.version)) && !withdrawn.includes(upload.version))
          this.#violate("read versions", `${batch} forgot that somebody withdrew ${upload.name}`);
    }
  }

  #checkEffects(history: BatchHistory, batch: string, document: LedgerDocument): void {
    for (const effect of document.effects) {
      if (!this.#invocations.has(effect.by))
        this.#violate("start has an owner", `${effect.id} of ${batch} is ${effect.by}'s`);
      const isNew = !history.document?.effects.some(({ id }) => id === effect.id);
      if (effect.kind === "stop" && isNew) this.#checkStop(batch, document, effect);
      const owners = history.owners.get(effect.id) ?? new Set<string>();
      history.owners.set(effect.id, owners.add(effect.by));
    }
  }

  #checkStop(batch: string, { runs }: LedgerDocument, { jobRun: id }: Effect & { kind: "stop" }): void {
    const jobRun = this.#jobRuns.find((candidate) => candidate.id === id);
    const run = runs.find(({ run }) => run === jobRun?.run);
    if (!jobRun || !run || !isUnsettled(run)) return;
    const since = this.#world.actor?.startedAt ?? this.#world.now;
    const hasOther = this.#jobRuns.some(
      (other) =>
        other !== jobRun &&
        other.batch === batch &&
        other.run === jobRun.run &&
        (other.endedAt === null || other.endedAt > since || succeededWell(other)),
    );
    if (!hasOther) this.#violate("stop spares the last", `${id} of run ${jobRun.run} of ${batch} is to be stopped`);
  }

  #checkOpen(batch: string, history: BatchHistory, document: LedgerDocument): void {
    const live = [...this.live(history, document).values()].flat();
    const isPending =
      document.effects.length > 0 ||
      document.ordered !== null ||
      document.runs.some(isUnsettled) ||
      live.some(({ input }) => !input.late);
    if (document.open === null) {
      const ready = this.ready(batch, history, document);
      if (ready && !ready.isOver) this.#violate("open mark", `${batch} is ready and closed`);
      if (isPending) this.#violate("open mark", `${batch} has something pending and is closed`);
      return;
    }
    // It may have something to type, whether or not it turns out good.
    if (!isPending && !this.ready(batch, history, document) && !this.#isStale(live, document))
      this.#violate("open mark", `${batch} has nothing pending and is open`);
    if (document.open !== history.document?.open) {
      if (document.open <= history.epoch)
        this.#violate("open mark", `${batch} uses epoch ${document.open} after ${history.epoch}`);
      history.epoch = document.open;
    }
    if (!this.#s3.object("ledger", `open/${batch}/${document.open}`))
      this.#violate("open mark", `${batch} is open and has no mark open/${batch}/${document.open}`);
  }

  /** Whether one of the files was decided under another shape than that of the release. */
  #isStale(live: readonly { readonly input: Input }[], { judged }: LedgerDocument): boolean {
    const shapes = shapesOf(this.#deployments.at(judged).contract);
    return live.some(({ input }) => input.decision.shape !== shapes[input.dataset]);
  }

  // ---- engines

  starting(jobRun: SimulatedJobRun): void {
    const { batch, run, arguments: args } = jobRun;
    const name = `run ${run} of ${batch}`;
    const history = this.batch(batch);
    const claim = history.runs.get(run);
    if (!claim) {
      this.#violate("start has an owner", `an engine was started for ${name}, which was never claimed`);
      return;
    }
    const manifest = this.#s3.object("ledger", `manifests/${batch}/${run}.json`)?.content.text();
    if (!manifest || createHash("sha256").update(manifest).digest("hex") !== args["--manifest_sha256"]) {
      this.#violate(
        "manifest",
        `an engine was started for ${name} ${manifest ? "with another" : "without its"} manifest`,
      );
      return;
    }
    if (Object.keys(args).length !== 2)
      this.#violate("start has an owner", `an engine was started for ${name} with more than a manifest`);
    if ((claim.engine === "embedded") !== jobRun.id.startsWith("em-"))
      this.#violate("engine of a claim", `${jobRun.id} was started for ${name}, which is ${claim.engine}'s`);
    const owners = [...(history.owners.get(`start:${run}`) ?? [])].map((nonce) => this.#invocations.get(nonce)!);
    if (!this.#world.actor || !owners.some((owner) => owner === this.#world.actor))
      this.#violate("start has an owner", `${this.#world.actor?.title} started ${name} without being named for it`);
    this.#reactions.started(batch, run);
    const isSecond = this.#jobRuns.some((other) => other.batch === batch && other.run === run);
    if (isSecond && !owners.some(({ wasHurt }) => wasHurt))
      this.#violate("one start", `${claim.engine} was started a second time for ${name} without a fault`);
  }

  stopping({ id, batch }: SimulatedJobRun): void {
    const owners = [...(this.batch(batch).owners.get(`stop:${id}`) ?? [])].map((nonce) => this.#invocations.get(nonce));
    if (!this.#world.actor || !owners.some((owner) => owner === this.#world.actor))
      this.#violate("start has an owner", `${this.#world.actor?.title} stopped ${id} without being named for it`);
  }

  pointing(table: string, batch: string, files: Partition | null): void {
    const history = this.batch(batch);
    const isRight = [...history.published].some((number) => {
      const shown = this.shownOf(table, batch, history.runs.get(number)!);
      return files?.location === shown?.location && files?.columns.join() === shown?.columns;
    });
    if (!isRight) this.#violate("catalog", `${table} of ${batch} leads to ${files?.location} (${files?.columns})`);
  }

  /**
   * Where readers of a table have to find a run: the folder of what it wrote, or of Silver the one that the file's report
   * names, by which the engine reads. Null when the run has nothing there.
   */
  shownOf(table: string, batch: string, { run, release, inputs, settledBy }: Run): Shown | null {
    const { outputs, datasets } = this.#deployments.of(release).contract;
    const output = outputs[table];
    if (output) {
      const folder = goldFolder(table, { batch, run, id: settledBy! });
      return { location: `s3://gold/${folder}`, columns: columnsOf(output) };
    }
    const [dataset, pinned] = Object.entries(inputs).find(([name]) => table === `silver_${name}`) ?? [];
    if (!dataset || !pinned) return null;
    const { silver } = JSON.parse(this.#s3.object("ledger", pinned.report.key)!.content.text()) as FileReport;
    return { location: silver, columns: `${columnsOf(datasets[dataset]!)},_part int,_line bigint` };
  }

  /** What is wrong with the rows that readers of Silver get of a run: the parts that its files have, and no others. */
  silverFault({ inputs }: Pick<Run, "inputs">): string | null {
    for (const pinned of Object.values(inputs)) {
      if (!pinned) continue;
      const report = JSON.parse(this.#s3.object("ledger", pinned.report.key)!.content.text()) as FileReport;
      const folder = report.silver.replace("s3://silver/", "");
      const there = this.#s3.keys("silver").filter((key) => key.startsWith(folder));
      const expected = report.parts.map((_, part) => `${folder}part-${part}.parquet`);
      if (there.sort().join() !== expected.sort().join()) return `silver/${folder} has ${there.join(", ")}`;
    }
    return null;
  }
}

interface Shown {
  readonly location: string;
  /** `name type` of each, as one text. */
  readonly columns: string;
}

/** Only faults that are not the files' are tried again. */
const isTriedAgain = ({ state, failure }: Run): boolean =>
  state === "failed" && ["infrastructure", "undelivered", "unfit"].includes(failure!.kind);

/**
 * The document may drop a failed run when one of its files was replaced. After a deployment that no longer declares that
 * file's dataset the rest of the files count as never tried.
 */
const isForgotten = ({ run, inputs }: Run, document: LedgerDocument): boolean =>
  document.runs.every((kept) => kept.run !== run) &&
  Object.values(inputs).some((pinned) => pinned && document.inputs[pinned.key]?.decision.version !== pinned.version);

/**
 * The runs that have tried these inputs, oldest first: the last one of the same, the last one before it that had the same
 * by what its own release declares, and so on. A release that declares less makes runs of several sets runs of one.
 */
function triedBefore(runs: readonly Run[], wanted: string, datasets: readonly string[]): readonly Run[] {
  const index = runs.findLastIndex(({ inputs }) => inputsOf(inputs, datasets) === wanted);
  if (index < 0) return [];
  const last = runs[index]!;
  const own = Object.keys(last.inputs);
  return [...triedBefore(runs.slice(0, index), inputsOf(last.inputs, own), own), last];
}

/** From the operator's last order on, which is a new beginning. It may have two runs, the second of them Glue's. */
function sinceOrdered(runs: readonly Run[]): readonly Run[] {
  const orderOf = ({ cause }: Run) => (cause.kind === "operator" ? cause.id : null);
  const last = runs.findLast((run) => orderOf(run) !== null);
  return last ? runs.slice(runs.findIndex((run) => orderOf(run) === orderOf(last))) : runs;
}

/** Whether there were enough tries, and when the next may come: after 1, 10, and then every 60 minutes, for Glue at once. */
function triesOf(runs: readonly Run[]): { isEnough: boolean; notBefore: number; notAfter: number } {
  const failed = sinceOrdered(runs).filter(isTriedAgain);
  const last = failed.at(-1);
  const delay = last?.failure?.kind === "unfit" ? 0 : ([1, 10][failed.length - 1] ?? 60);
  return {
    // What the embedded engine could not do Glue gets in any case.
    isEnough:
      last?.failure?.kind !== "unfit" &&
      failed.filter(({ failure }) => failure!.kind !== "undelivered").length >= attempts,
    notBefore: last ? last.settledAt! + delay * minute : 0,
    // A quarter of the delay is added at most.
    notAfter: last ? last.settledAt! + 1.25 * delay * minute : 0,
  };
}

export const succeededWell = ({ state, reportedWell }: SimulatedJobRun): boolean =>
  state === "SUCCEEDED" && reportedWell;

/** A document in a few words. */
function summaryOf({ open, inputs, runs, effects, published }: LedgerDocument): string {
  const files = Object.entries(inputs).map(([key, { decision }]) => `${key} ${decision.outcome}`);
  const states = runs.map(({ run, state }) => `run ${run} ${state}`);
  return [
    ...files,
    ...states,
    ...effects.map(({ id }) => id),
    ...(published ? [`readers see run ${published.run}`] : []),
    open === null ? "closed" : "open",
  ].join(", ");
}
