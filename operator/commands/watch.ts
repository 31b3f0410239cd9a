import { clock } from "../../terminal/status.ts";
import type { Style } from "../../terminal/style.ts";
import { defineCommand, exitCodes, type Invocation } from "../defineCommand.ts";
import { type Change, changesBetween, endOf, type Look, look, worstEnd } from "../follow.ts";
import { lookEvery } from "../sendOrder.ts";
import { documentOf, openBatches } from "../stack/ledger.ts";
import type { Target } from "../stack/target.ts";
import { engineNames } from "../story/engineNames.ts";

export const command = defineCommand({
  name: "watch",
  summary: "follow a batch until it ends or waits",
  words: ["[BATCH]"],
  flags: { wait: { kind: "switch", help: "go on while the batch waits for a file or a decision" } },
  about: [
    "Prints one line for each file that was decided and each change of a run's state. Without BATCH it follows every batch that is active, and ends when none is.",
    "Ends with 0 when the batch is published, 1 when its run failed, 4 when it waits for a file or a decision: explain says which. --json prints one object per line.",
  ],
  examples: [
    { args: "watch 2026-11-22", does: "after an upload" },
    { args: "watch 2026-11-22 --wait", does: "however long its files take" },
    { args: "watch --stack prod", does: "every active batch" },
  ],
  changes: false,
  async run(invocation) {
    const [batch] = invocation.words;
    const target = await invocation.target();
    if (batch !== undefined && !invocation.flags.wait) await knownBatch(target, batch);
    const ends = await follow(target, batch, invocation.flags.wait === true, invocation);
    return { exitCode: ends.size === 0 ? exitCodes.done : worstEnd([...ends.values()]), lines: [], data: undefined };
  },
});

/** @throws UsageError that suggests the batch that was probably meant, if nothing was uploaded to this one */
async function knownBatch(target: Target, batch: string): Promise<void> {
  const { undecided, document } = await look(target, batch, await target.deployed(), 0);
  if (undecided.length === 0 && document.revision === 0) await documentOf(target.ledger, batch);
}

/** @returns how each followed batch ended */
async function follow(
  target: Target,
  only: string | undefined,
  waits: boolean,
  invocation: Invocation,
): Promise<Map<string, number>> {
  const { status, signal, pause } = invocation;
  const deployed = await target.deployed();
  const known = new Map<string, Look>();
  const ends = new Map<string, number>();
  try {
    for (;;) {
      const { uploads, deadUploads } = await target.messages();
      const batches = only === undefined ? new Set([...known.keys(), ...(await openBatches(target.ledger))]) : [only];
      let isMoving = only === undefined && uploads > 0;
      for (const batch of batches) {
        const now = await look(target, batch, deployed, deadUploads);
        const end = endOf(now);
        // A batch that only waits is shown once something happens in it.
        if (only === undefined && end !== null && !known.has(batch)) continue;
        for (const change of changesBetween(known.get(batch) ?? null, now, Date.now())) tell(change, invocation);
        known.set(batch, now);
        if (end === null) ends.delete(batch);
        else ends.set(batch, end);
        isMoving ||= end === null || (waits && end === exitCodes.waiting);
        showRun(now, invocation);
      }
      if (!isMoving) return ends;
      await pause(lookEvery);
      signal.throwIfAborted();
    }
  } finally {
    status.clear();
  }
}

function showRun({ batch, verdict, document }: Look, { status }: Invocation): void {
  if (verdict.state !== "running") return;
  const { run, engine, state, claimedAt } = document.runs.find(({ run }) => run === verdict.run)!;
  const age = clock((Date.now() - claimedAt) / 1000);
  status.show(`batch ${batch}`, `run ${run} in ${engineNames[engine]}, ${state} for ${age}`);
}

function tell(change: Change, { print, status, style, isJson }: Invocation): void {
  status.clear();
  const at = new Date().toISOString();
  print(isJson ? JSON.stringify({ at, ...change }) : changeText(at, change, style));
}

function changeText(at: string, { batch, subject, state, detail }: Change, { dim, green, red, yellow }: Style): string {
  const colours: Readonly<Record<string, (text: string) => string>> = {
    published: green,
    promoted: green,
    failed: red,
    rejected: red,
    late: yellow,
    skipped: yellow,
  };
  const name =
    subject === "batch" ? `batch ${batch}` : subject.startsWith("run ") ? `batch ${batch} ${subject}` : subject;
  const text = `${name} ${(colours[state] ?? ((word) => word))(state)}`;
  return `${dim(`${at.slice(11, 19)}Z`)}  ${text}${detail === "" ? "" : `: ${detail}`}`;
}
