import type { Effect, Run } from "../../handlers/ledger/document.ts";
import type { Cloud } from "./cloud.ts";
import type { Invariant } from "./invariants.ts";
import { goldFolder } from "./job.ts";
import { isAlive } from "./jobRun.ts";
import { outputNames, tableNames } from "./settings.ts";
import type { Upload } from "./truth.ts";
import { type BatchHistory, inputsOf, isUnsettled } from "./witness.ts";
import type { World } from "./world.ts";

/** Whether the effect is one that can't be performed as long as its table refuses. */
export const isRefused = (effect: Effect, world: World): boolean =>
  effect.kind === "catalog" && world.isAway(`table ${effect.table}`);

/** What must hold while tables refuse: nothing else waits for them. */
export function checkRefused({ world, witness }: Cloud): void {
  for (const [batch, { document }] of witness.batches) {
    const left = [
      ...(document?.runs ?? []).filter(isUnsettled).map(({ run }) => `run ${run}`),
      ...(document?.effects ?? []).filter((effect) => !isRefused(effect, world)).map(({ id }) => id),
    ];
    if (left.length > 0) world.violate("one trouble, one effect", `${batch}: ${left.join(", ")}`);
  }
}

/** What must hold without the help of reconciliation, once the queue is empty: a message that ended well did its work. */
export function checkTold(cloud: Cloud): void {
  for (const upload of cloud.truth.uploads) {
    const fault = upload.wasTold ? fateFault(upload, cloud) : null;
    if (fault) cloud.world.violate("told is done", `${upload.name} ${fault}, and its message is gone`);
  }
}

/** What must hold once the faults are over, the queues empty, and sweep, reconciliation and redrive have been at work. */
export function checkQuiescence(cloud: Cloud): void {
  const violate = (invariant: Invariant, detail: string) => cloud.world.violate(invariant, detail);
  for (const upload of cloud.truth.uploads) {
    const fault = fateFault(upload, cloud);
    if (fault) violate("fate", `${upload.name} ${fault}`);
  }
  for (const [batch, history] of cloud.witness.batches) {
    const { document } = history;
    if (!document) continue;
    const left = [
      ...document.runs.filter(isUnsettled).map(({ run }) => `run ${run} unsettled`),
      ...document.effects.map(({ id }) => id),
      ...(document.open === null ? [] : ["open"]),
      ...(document.ordered === null ? [] : [`order ${document.ordered} waits`]),
    ];
    if (left.length > 0) violate("nothing is left", `${batch}: ${left.join(", ")}`);
    for (const run of history.runs.values())
      if (!isUnsettled(run) && concernsPeople(run) && !history.told.has(run.run) && !cloud.world.isAway("notices"))
        violate("people are told", `nobody heard of the end of run ${run.run} of ${batch}`);
    checkReady(batch, history, cloud, violate);
    checkShown(batch, history, cloud, violate);
    checkKept(batch, history, cloud, violate);
  }
  const marks = cloud.s3.keys("ledger").filter((key) => key.startsWith("open/") && cloud.s3.object("ledger", key));
  if (marks.length > 0) violate("nothing is left", marks.join(", "));
  const alive = cloud.jobRuns.filter(isAlive).map(({ id }) => id);
  if (alive.length > 0) violate("nothing is left", `job runs ${alive.join(", ")}`);

  const dead = new Set([...cloud.promoteDeadLetters.messages.values()].map(({ body }) => body));
  for (const body of cloud.poison) if (!dead.has(body)) violate("dead letters", `the message ${body} vanished`);
  for (const { body } of cloud.promoteDeadLetters.messages.values())
    if (!cloud.poison.has(body)) violate("dead letters", `the promote dead letters hold ${body}`);
  for (const { body } of cloud.settleDeadLetters.messages.values())
    violate("dead letters", `the settle dead letters hold ${body}`);
  for (const [id, answer] of cloud.orderAnswers) {
    const { batch, order } = cloud.truth.orders.get(id)!;
    const { operations, runs, waited } = cloud.witness.batch(batch);
    const hasRun = [...runs.values()].some(({ cause }) => cause.kind === "operator" && cause.id === id);
    const isDone = operations.has(id) && (order.operation !== "run" || hasRun || waited.has(id));
    if (answer === "accepted" && !isDone)
      violate("orders are kept", `order ${id} was accepted and did not take effect`);
  }
}

function fateFault(
  { key, version, order, lastModified, place, wasTold, isGone, skipped }: Upload,
  cloud: Cloud,
): string | null {
  if (!place) return wasTold && !skipped ? "is foreign and was not skipped with a reason" : null;
  // What is not declared is not asked for, and what came before it was declared is left at that.
  const since = cloud.deployments.declared.get(key.split("/").at(-1)!);
  if (since === undefined || lastModified < since) return null;
  if (skipped && !cloud.deployments.all.every(({ contract }) => contract.datasets[place.dataset])) return null;
  const decided = cloud.witness.batch(place.batch).document?.inputs[key]?.decision.version;
  if (decided === version) return null;
  const newer = decided === undefined ? undefined : cloud.truth.byVersion.get(decided);
  if (newer && newer.order > order) return null;
  if (isGone) return wasTold && !skipped ? "was deleted, told of and not skipped with a reason" : null;
  // The newest that is left has to be known; an older one is superseded by it.
  const isNewest = cloud.truth.byKey.get(key)!.every((other) => other.isGone || other.order <= order);
  return isNewest ? `has no fate: the ledger knows ${newer?.name ?? "nothing"}` : null;
}

type Violate = (invariant: Invariant, detail: string) => void;

/** Computed from what was uploaded, ordered and published, not from what the gate says. */
function checkReady(
  batch: string,
  history: BatchHistory,
  { witness, deployments, truth }: Cloud,
  violate: Violate,
): void {
  const document = history.document!;
  // After a deployment a closed batch is found by its declared files in Bronze, and by nothing else.
  const isGone = Object.entries(document.inputs).every(
    ([key, { dataset }]) =>
      !deployments.current.contract.datasets[dataset] || truth.byKey.get(key)!.every((upload) => upload.isGone),
  );
  if (document.judged < deployments.current.sequence && document.open === null && isGone) return;
  // One that was never published is judged by each release; for one that was, a deployment starts nothing.
  const judged = document.published ? document.judged : deployments.current.sequence;
  const ready = witness.ready(batch, history, { ...document, judged });
  if (!ready || ready.isOver) return;
  const runs = [...history.runs.values()].filter((run) => inputsOf(run.inputs, ready.datasets) === ready.wanted);
  const states = runs.map(({ run, state, failure }) => `run ${run} ${state} ${failure?.kind ?? ""}`);
  violate(
    "complete batch is published",
    `${batch} is complete (${ready.wanted}) and had ${states.join(", ") || "no run"}`,
  );
}

function checkKept(
  batch: string,
  { document, runs }: BatchHistory,
  { jobRuns, s3, witness }: Cloud,
  violate: Violate,
): void {
  const kept = new Set(document!.runs.map(({ run }) => run));
  for (const run of document!.runs.filter(({ publishedAt }) => publishedAt !== null)) {
    const fault = witness.goldFault(run, jobRuns.find(({ id }) => id === run.settledBy)!);
    if (fault) violate("kept output", `${batch}: ${fault}`);
  }
  for (const jobRun of jobRuns.filter((other) => other.batch === batch && !kept.has(other.run)))
    for (const output of outputNames) {
      const key = `${goldFolder(output, jobRun)}part-0.parquet`;
      if (!jobRun.endedUnheard && runs.has(jobRun.run) && s3.object("gold", key))
        violate("kept output", `gold/${key} is still there`);
    }
}

function checkShown(
  batch: string,
  { document }: BatchHistory,
  { glue, jobRuns, witness }: Cloud,
  violate: Violate,
): void {
  const { published, runs } = document!;
  const run = published && runs.find((candidate) => candidate.run === published.run);
  for (const table of tableNames) {
    const { location, columns } = glue.partitions.get(`${table}/${batch}`) ?? {};
    const expected = run ? witness.shownOf(table, batch, run) : null;
    if (location !== expected?.location)
      violate("published run", `${table} of ${batch} leads to ${location}, not to ${expected?.location}`);
    if (expected && columns?.join() !== expected.columns)
      violate("published run", `${table} of ${batch} is shown as ${columns}, and is ${expected.columns}`);
  }
  const jobRun = run && jobRuns.find(({ id }) => id === run.settledBy);
  const fault = jobRun ? (witness.goldFault(run, jobRun) ?? witness.silverFault(run)) : null;
  if (fault) violate("published run", `${batch}: ${fault}`);
}

/** Which ends people have to be told of; counted here anew. */
function concernsPeople({ failure, tries }: Run): boolean {
  if (failure?.kind === "unfit") return false;
  if (failure?.kind !== "undelivered") return true;
  const number = tries.undelivered + 1;
  return number === 3 || (number > 3 && number % 24 === 3);
}
