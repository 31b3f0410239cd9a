import { InvokeCommand } from "@aws-sdk/client-lambda";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import type { Contract } from "../../config/contract.ts";
import { RunFailure } from "../../handlers/embedded/failure.ts";
import { attemptId, type Lease, unfit } from "../../handlers/run/attempt.ts";
import type { EmbeddedOrder } from "../../handlers/run/embedded.ts";
import type { RunReport } from "../../handlers/run/report.ts";
import { lambdaError } from "./errors.ts";
import type { GlueWatch } from "./glueService.ts";
import type { Invocation, Service } from "./invocation.ts";
import { goldFolder, goldOf, type Manifest, pinnedTexts } from "./job.ts";
import { claimOf, type SimulatedJobRun, startingJobRun } from "./jobRun.ts";
import type { Parts } from "./parts.ts";
import { minute, second } from "./world.ts";

/** What an order to the function is bound to come to. */
const deliveries = ["once", "lost", "twice", "late"] as const;

const orderFaults = {
  lost: "order lost",
  twice: "order delivered twice",
  late: "order late",
} as const satisfies Partial<Record<(typeof deliveries)[number], string>>;

/** What an execution is bound to come to, if nobody ends it. */
const fates = ["good", "fails", "out of memory", "too slow", "killed", "surroundings fail"] as const;
type Fate = (typeof fates)[number];

export interface EmbeddedParts extends Pick<Parts, "world" | "s3" | "jobRuns"> {
  /** Whether the function is deployed now. Without it no order begins any more. */
  readonly isDeployed: () => boolean;
  /** Calls the function. */
  readonly invoke: (order: EmbeddedOrder, name: string) => void;
}

/** Lambda, as far as it takes orders for the embedded engine. What has become of one is read off its lease and report. */
export class EmbeddedService implements Service {
  readonly #parts: EmbeddedParts;
  readonly #watch: GlueWatch;
  readonly #byId = new Map<string, SimulatedJobRun>();
  readonly #executed = new Set<string>();

  constructor(parts: EmbeddedParts, watch: GlueWatch) {
    this.#parts = parts;
    this.#watch = watch;
  }

  apply(command: object): unknown {
    if (!(command instanceof InvokeCommand))
      throw new Error(`the simulated Lambda knows no ${command.constructor.name}`);
    const order = JSON.parse(String(command.input.Payload)) as EmbeddedOrder;
    if (!this.#parts.isDeployed()) {
      const { batch, run } = claimOf(order.manifest);
      this.#parts.world.refused.add(`${batch}/${run}`);
      throw lambdaError("start refused");
    }
    this.#take(order);
    return {};
  }

  #take(order: EmbeddedOrder): void {
    const { world } = this.#parts;
    const jobRun = this.#jobRunOf(order);
    const name = `${jobRun.name}/${world.actor?.name}`;
    const deliver = (milliseconds: number, suffix: string) =>
      world.after(milliseconds, () => {
        if (this.#parts.isDeployed()) this.#parts.invoke(order, `${name}${suffix}`);
      });
    const soon = 50 + 20 * world.chance.pick(`${name}/soon`, 30);
    const delivery = deliveries[world.calm ? 0 : world.chance.weighted(`${name}/delivery`, [20, 1, 2, 2])]!;
    if (delivery !== "once") world.hurt(orderFaults[delivery], jobRun.batch);
    if (delivery === "once" || delivery === "twice") deliver(soon, "");
    if (delivery === "twice")
      deliver(soon + [1, 100, 5 * second, 10 * minute][world.chance.pick(`${name}/again`, 4)]!, "'");
    // Some of them later than the hour after which nobody waits for them.
    if (delivery === "late") deliver((1 + 5 * world.chance.pick(`${name}/late`, 18)) * minute, "");
  }

  #jobRunOf({ manifest, sha256 }: EmbeddedOrder): SimulatedJobRun {
    const { world, jobRuns } = this.#parts;
    const id = attemptId({ uri: manifest, sha256 });
    const { batch, run } = claimOf(manifest);
    const known = this.#byId.get(id);
    const jobRun =
      known ??
      startingJobRun({
        id,
        name: `embedded/${batch}/${run}`,
        arguments: { "--manifest": manifest, "--manifest_sha256": sha256 },
        batch,
        run,
        startedAt: world.now,
        listedAt: world.now,
      });
    this.#watch.starting(jobRun);
    world.tell(() => `Lambda takes the order ${id} for run ${run} of ${batch}`);
    if (known) return known;
    this.#byId.set(id, jobRun);
    jobRuns.push(jobRun);
    return jobRun;
  }

  /** A lease or a report was put into the ledger. */
  written(key: string, text: string): void {
    const { world } = this.#parts;
    const [, kind, id = ""] = /^(attempts|reports)\/[^/]+\/\d+\/(em-[0-9a-f]+)/.exec(key) ?? [];
    const jobRun = this.#byId.get(id);
    if (!jobRun) return;
    if (kind === "reports") {
      const { failure } = JSON.parse(text) as RunReport;
      jobRun.reportedWell = failure === null;
      jobRun.isUnfit = failure !== null && unfit.has(failure.code);
      jobRun.state = failure === null ? "SUCCEEDED" : "FAILED";
      jobRun.endedAt = world.now;
    } else if ((JSON.parse(text) as Lease).kind === "tombstone") {
      jobRun.state = "FAILED";
      jobRun.endedAt = world.now;
    }
  }

  /** Stands in for DuckDB: what it takes of time, what it writes and how it may end. */
  async execute(
    { manifest: uri, sha256 }: EmbeddedOrder,
    invocation: Invocation,
    put: (command: PutObjectCommand) => Promise<unknown>,
    proceed: () => Promise<void>,
    signal: AbortSignal,
  ): Promise<RunReport> {
    const { world, s3 } = this.#parts;
    const jobRun = this.#byId.get(attemptId({ uri, sha256 }))!;
    const { id, batch, run, name } = jobRun;
    if (this.#executed.has(id)) world.violate("one execution", `${id} of run ${run} of ${batch} is executed again`);
    this.#executed.add(id);
    jobRun.began = true;
    const fate: Fate = fates[world.calm ? 0 : world.chance.weighted(`${name}/fate`, [30, 2, 2, 1, 3, 1])]!;
    const at = world.chance.pick(`${name}/fate at`, 4);
    const manifest = JSON.parse(s3.object("ledger", uri.replace("s3://ledger/", ""))!.content.text()) as Manifest;
    const contract = s3.object("artifacts", manifest.release.contract.uri.replace("s3://artifacts/", ""))!;
    const outputs = Object.keys((JSON.parse(contract.content.text()) as Contract).outputs);
    const texts = pinnedTexts(s3, manifest);
    const work = async (step: number) => {
      await invocation.wait((1 + world.chance.pick(`${name}/step ${step}`, 40)) * second);
      if (step === at && fate === "killed") {
        world.hurt("worker killed", batch);
        invocation.cutOff("was killed");
      }
      if (step === at && fate === "too slow") await invocation.wait(20 * minute);
      if (step === at && fate === "surroundings fail") {
        world.hurt("embedded run unfit", batch);
        throw new Error("no space left on device");
      }
      await proceed();
      signal.throwIfAborted();
    };
    const report = (failure: RunReport["failure"]): RunReport => ({
      ...{ format: 1, batch, run, jobRun: id, manifest: { uri, sha256 }, plan: { sha256: "" } },
      state: failure === null ? "succeeded" : "failed",
      failure,
      datasets: Object.fromEntries(Object.keys(manifest.inputs).map((dataset) => [dataset, counted])),
      outputs: Object.fromEntries(outputs.map((output) => [output, written(output, jobRun)])),
      checks: [{ name: "rows_balance", passed: true, detail: "2 = 2" }],
      seconds: { total: 1 },
      engine: { name: "simulated", version: "1" },
    });
    try {
      await work(0);
      if (!texts) throw new RunFailure("input_missing", "an input is missing");
      if (fate === "fails") {
        world.hurt("embedded run failed", batch);
        throw new RunFailure("sql_failed", "the SQL fails");
      }
      await work(1);
      if (fate === "out of memory") throw new RunFailure("memory", "DuckDB has no more memory or disk");
      for (const [step, output] of outputs.entries()) {
        const Key = `${goldFolder(output, jobRun)}part-0.parquet`;
        await put(new PutObjectCommand({ Bucket: "gold", Key, Body: goldOf(output, texts) }));
        await work(2 + step);
      }
      return report(null);
    } catch (thrown) {
      const error = signal.aborted ? signal.reason : thrown;
      if (!(error instanceof RunFailure)) throw error;
      if (unfit.has(error.code)) world.hurt("embedded run unfit", batch);
      return report({ code: error.code, message: error.message });
    }
  }
}

const counted = {
  ...{ lines: 2, malformed: 0, read: 2, kept: 2, rejected: {}, deduplicated: 0, warned: {}, orphans: {} },
  drift: { undeclared: [], absent: [], changed: [] },
};

const written = (output: string, jobRun: SimulatedJobRun) => ({
  ...{ rows: 2, files: 1, columns: [] },
  uri: `s3://gold/${goldFolder(output, jobRun)}`,
});
