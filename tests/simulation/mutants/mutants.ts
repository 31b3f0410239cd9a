/** One text that is replaced. `find` occurs exactly once in the file, so that a mutant follows the code or is noticed. */
export interface Edit {
  /** Relative to the repository. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A deliberate defect, which the simulation has to notice. */
export interface Mutant {
  /** What it does wrong. */
  readonly name: string;
  readonly edits: readonly Edit[];
  /** What the line is there for. */
  readonly why: string;
}

const store = "handlers/ledger/store.ts";
const transition = "handlers/ledger/transition.ts";
const gate = "handlers/ledger/gate.ts";
const newestGood = "handlers/ledger/newestGood.ts";
const coordinator = "handlers/ledger/coordinator.ts";
const promote = "handlers/promote/handler.ts";
const transfer = "handlers/promote/transfer.ts";
const reconcile = "handlers/settle/reconcile.ts";
const redrive = "handlers/settle/redrive.ts";

const one = (file: string, find: string, replace: string): readonly Edit[] => [{ file, find, replace }];

const markFirst = `if (next.open !== null && next.open !== document?.open)
        await documents.put(ledgerKeys.openMark(batch, next.open), "{}", null);`;
const overtake = `if (epoch > (document?.revision ?? 0)) document = await commit(batch, { kind: "overtake", epoch });`;
const enterClaim = `const claimed = await ledger.commit(batch, { kind: "claim", release: await engine.release() });`;

export const mutants: readonly Mutant[] = [
  // ---- the document
  {
    name: "writes the document without If-Match",
    edits: one(store, "{ ifMatch: etag },", "null,"),
    why: "of two writers one would undo the other",
  },
  {
    name: "creates the document without If-None-Match",
    edits: one(store, "etag === null ? { ifAbsent: true }", "etag === null ? null"),
    why: "the first two files of a batch may come at the same moment",
  },
  {
    name: "takes a conflict for a success",
    edits: one(store, "if (written) return settleMark", "return settleMark"),
    why: "what was decided on an older document would never be entered",
  },
  {
    name: "writes the document before the open mark",
    edits: [
      { file: store, find: markFirst, replace: "" },
      {
        file: store,
        find: "if (written) return settleMark(batch, document, next);",
        replace: `if (written) {
          ${markFirst}
          return settleMark(batch, document, next);
        }`,
      },
    ],
    why: "a crash between the two would hide the batch from the sweep",
  },
  {
    name: "writes no open mark",
    edits: one(store, markFirst, ""),
    why: "the sweep finds batches by their marks",
  },
  {
    name: "deletes open marks of any epoch",
    edits: one(store, "if (document && epoch <= document.revision && epoch !== document.open)", "if (document)"),
    why: "the batch may have been opened again since the mark was listed",
  },
  {
    name: "leaves the mark of a writer that died",
    edits: one(store, overtake, ""),
    why: "each sweep would visit the batch for ever",
  },
  {
    name: "deletes the mark of a writer that may be slow",
    edits: one(
      store,
      overtake,
      "if (epoch > (document?.revision ?? 0)) await documents.delete(ledgerKeys.openMark(batch, epoch));",
    ),
    why: "its document would be open without a mark",
  },
  {
    name: "uses an epoch again",
    edits: one(transition, "(document.open ?? revision)", "(document.open ?? 1)"),
    why: "who closes the older one would delete the newer one's mark",
  },
  {
    name: "closes a batch that has effects to perform",
    edits: one(transition, "document.effects.length > 0 ||", ""),
    why: "an effect whose owner died would never be taken over",
  },

  // ---- files
  {
    name: "lets every event of a key win",
    edits: one(
      transition,
      `return candidate.toUpperCase().padEnd(width, "0") > than.toUpperCase().padEnd(width, "0");`,
      "return width > 0;",
    ),
    why: "events come out of order",
  },
  {
    name: "pads sequencers on the left",
    edits: one(
      transition,
      `return candidate.toUpperCase().padEnd(width, "0") > than.toUpperCase().padEnd(width, "0");`,
      `return candidate.toUpperCase().padStart(width, "0") > than.toUpperCase().padStart(width, "0");`,
    ),
    why: "sequencers differ in length, and the shorter may be the newer",
  },
  {
    name: "lets a version without a sequencer always win",
    edits: one(transition, "?? isListedNewer)", "?? true)"),
    why: "what the reconciliation found may be replaced meanwhile",
  },
  {
    name: "returns early on a duplicate",
    edits: one(
      promote,
      `await coordinator.advance(batch, { kind: "decided", key, dataset, decision });
    return;`,
      "return;",
    ),
    why: "the first delivery may have died before the gate",
  },
  {
    name: "ignores a newer rejected file",
    edits: one(
      transition,
      "const present = document.inputs[event.key];",
      `const present = document.inputs[event.key];
  if (present && event.decision.outcome === "rejected") return document;`,
    ),
    why: "the producer has replaced the older good one",
  },
  {
    name: "copies whichever version is the newest",
    edits: one(transfer, `?versionId=\${encodeURIComponent(version)}`, ""),
    why: "the file may be replaced between validation and copy",
  },
  {
    name: "names the copy without the version",
    edits: one("handlers/keys.ts", `\${key}\\n\${version}`, `\${key}\${version.slice(0, 0)}`),
    why: "a newer upload would have the older one's copy",
  },
  {
    name: "acknowledges a message that failed",
    edits: one(promote, "failures.add(messageId);", ""),
    why: "the file would be lost until the reconciliation, a poison message for ever",
  },
  {
    name: "finds nothing untold in a reconciliation",
    edits: one(reconcile, "if (isTold(document, Key!, VersionId!, LastModified!.getTime())) continue;", "continue;"),
    why: "S3's event may be lost",
  },
  {
    name: "deletes a dead letter that could not be taken up",
    edits: one(redrive, "() => false,", "() => true,"),
    why: "nothing else would know of it",
  },

  // ---- the gate
  {
    name: "claims a second run while one is unsettled",
    edits: one(gate, `if (unsettled) return { state: "running", run: unsettled.run };`, ""),
    why: "the older of two runs could publish last",
  },
  {
    name: "takes the first of two live files",
    edits: one(gate, "if (conflicts.length > 0)", "if (conflicts.length > 9)"),
    why: "which one is meant is not ours to guess",
  },
  {
    name: "mixes files that lie too far apart",
    edits: one(gate, "spreadOf(requiredTimes) > rules.maxSpread)\n", "spreadOf(requiredTimes) > Infinity)\n"),
    why: "yesterday's file would complete today's rolling batch",
  },
  {
    name: "does without an optional file that was rejected",
    edits: one(
      gate,
      "const rejected = declared.filter(([name]) =>",
      "const rejected = declared.filter(([name, { required }]) => required &&",
    ),
    why: "the producer meant it to take part",
  },
  {
    name: "claims failed files again on every event",
    edits: one(gate, `if (last.state === "failed" && !mayRetry) return { state: "failed", run: last.run };`, ""),
    why: "each duplicate would start a job that fails",
  },
  {
    name: "retries the infrastructure without limit",
    edits: one(gate, " && earlier.length < rules.attempts", ""),
    why: "a job that always dies would cost without end",
  },
  {
    name: "counts the files of a failed run as read",
    edits: one(
      transition,
      "return updateRun(base, number, (ended) => failed(ended, failure, id, context));",
      "return updateRun(markRead(base, run.inputs), number, (ended) => failed(ended, failure, id, context));",
    ),
    why: "one corrected file would never complete the batch",
  },
  {
    name: "counts as read only what the current publication has read",
    edits: one(
      transition,
      `wasPublished(document, order.run, context);
      return pointTo(document,`,
      `const target = wasPublished(document, order.run, context);
      const isOf = (key: string) => Object.values(target.inputs).flatMap((file) => (file?.key === key ? [file.version] : []));
      const inputs = Object.entries(document.inputs).map(([key, input]) => [key, { ...input, read: isOf(key) }]);
      return pointTo({ ...document, inputs: Object.fromEntries(inputs) },`,
    ),
    why: "after a rollback the gate would claim again what was rolled back",
  },
  {
    name: "completes an operator's run from the current publication",
    edits: one(
      newestGood,
      'if (newest) return chosen(newest, "read");',
      `const file = document.runs.find(({ run }) => run === document.published?.run)?.inputs[dataset];
      if (file) return { kind: "file", from: "read", file, lastModified: null, readBy: null };`,
    ),
    why: "after a rollback one corrected file would be joined with files of an older day",
  },

  // ---- starting
  {
    name: "performs effects that others own",
    edits: one(coordinator, "candidate.by === invocation &&", ""),
    why: "two invocations would start the same claim without any fault",
  },
  {
    name: "takes over effects whose owner is still at work",
    edits: one(transition, "if (effect.until > context.now) return effect;", ""),
    why: "the sweep would start what is just being started",
  },
  {
    name: "never takes over an effect",
    edits: one(transition, "markLate(takeOver(document, context), context)", "markLate(document, context)"),
    why: "what a dead invocation left would stay undone",
  },
  {
    name: "starts again without a search",
    edits: one(coordinator, "if (effect.uncertain) {", "if (effect.uncertain && !effect.uncertain) {"),
    why: "the start whose answer was lost may have gone through",
  },
  {
    name: "writes the manifest before the claim",
    edits: one(
      coordinator,
      enterClaim,
      `const release = await engine.release();
    const early = manifest(batch, { run: (document.runs.at(-1)?.run ?? 0) + 1, inputs: verdict.inputs, release } as Run);
    await documents.put(early.key, early.body, { ifAbsent: true });
    const claimed = await ledger.commit(batch, { kind: "claim", release });`,
    ),
    why: "another invocation may claim other files under the same number",
  },
  {
    name: "writes the manifest before the claim, and takes the one that it finds",
    edits: [
      {
        file: coordinator,
        find: enterClaim,
        replace: `const release = await engine.release();
    const early = manifest(batch, { run: (document.runs.at(-1)?.run ?? 0) + 1, inputs: verdict.inputs, release } as Run);
    await documents.put(early.key, early.body, { ifAbsent: true });
    const claimed = await ledger.commit(batch, { kind: "claim", release });`,
      },
      { file: coordinator, find: "if (present.text !== pinned.body)", replace: "if (present.text === null)" },
    ],
    why: "the run would read other files than the ledger says",
  },
  {
    name: "starts without a manifest",
    edits: one(
      coordinator,
      "if (!(await documents.put(pinned.key, pinned.body, { ifAbsent: true }))) {",
      "if (!pinned) {",
    ),
    why: "the job would find nothing to read",
  },
  {
    name: "fails a claim whose start is only put off",
    edits: one(
      coordinator,
      `return { kind: "deferred", run: run.run, until: now() + retryAfter };`,
      `return { kind: "refused", run: run.run, message: answer.message };`,
    ),
    why: "Glue is busy now and then",
  },

  // ---- settling
  {
    name: "publishes without a report",
    edits: one(transition, `succeeded.find(({ report }) => report === "good")`, "succeeded[0]"),
    why: "nobody would have counted what was written",
  },
  {
    name: "lets a stopped twin settle the claim",
    edits: one(
      transition,
      "if (alive.length > 0) {",
      `if (alive.length > 0 && inOrder.every(({ state }) => state !== "stopped")) {`,
    ),
    why: "its sibling's success would be lost",
  },
  {
    name: "fails the claim when one of its job runs failed",
    edits: one(transition, "if (alive.length > 0) {", "if (alive.length === inOrder.length) {"),
    why: "the other one may still succeed",
  },
  {
    name: "trusts the ledger's job runs alone",
    edits: one(
      coordinator,
      "const others = isClear ? [] : await engine.find(manifest(batch, run).uri, run.claimedAt);",
      "const others: JobRun[] = [];",
    ),
    why: "a job run whose start was never entered may be alive or have succeeded",
  },
  {
    name: "stops the job run that it keeps",
    edits: one(transition, "const [, ...twins] = alive;", "const twins = alive;"),
    why: "one of those that are alive has to go on",
  },
  {
    name: "settles by events only",
    edits: one(
      coordinator,
      "for (const { run } of document.runs.filter(isUnsettled)) {",
      "for (const { run } of []) {",
    ),
    why: "Glue's event may be lost",
  },

  // ---- publication
  {
    name: "publishes again what is settled again, whatever the high-water mark",
    edits: one(
      transition,
      "if (!isUnsettled(run)) return stop(base, alive, context);",
      `if (run.publishedAt !== null)
    return pointTo(base, { run: number, highWater: document.published!.highWater }, context);
  if (!isUnsettled(run)) return stop(base, alive, context);`,
    ),
    why: "a settle told twice would undo a rollback",
  },
  {
    name: "lowers the high-water mark with a rollback",
    edits: one(transition, "highWater: document.published!.highWater }", "highWater: order.run }"),
    why: "an older run could be published by itself",
  },
  {
    name: "crosses out a catalog switch that the pointer has overtaken",
    edits: one(transition, "event.run === document.published?.run ?", "event.run > 0 ?"),
    why: "the catalog would stay at the other run",
  },
  {
    name: "switches no catalog after a rollback",
    edits: one(
      transition,
      "return pointTo(document, { run: order.run, highWater: document.published!.highWater }, context);",
      `const { highWater } = document.published!;
      return { ...pointTo(document, { run: order.run, highWater }, context), effects: document.effects };`,
    ),
    why: "readers go by the catalog",
  },

  // ---- orders
  {
    name: "forgets the ids of orders",
    edits: one(
      transition,
      "operations: [...document.operations, id].slice(-rememberedOperations),",
      "operations: document.operations,",
    ),
    why: "an order sent twice would take effect twice",
  },
  {
    name: "carries out orders while a run is unsettled",
    edits: one(transition, "if (unsettled)\n    throw", "if (unsettled && unsettled.run < 0)\n    throw"),
    why: "two unsettled runs let the older publish last",
  },
  {
    name: "replays with the newest files",
    edits: one(
      transition,
      "const { inputs, release } = wasPublished(document, order.run, context);",
      "const { release } = wasPublished(document, order.run, context);\n      const inputs = operatorInputs(document, context);",
    ),
    why: "a replay has to give what the run gave",
  },
  {
    name: "runs what the newest published run read",
    edits: one(newestGood, 'if (newest) return chosen(newest, "read");', ""),
    why: "a replay of what a correction corrects would make the old file the one to run",
  },
  {
    name: "runs a file that was withdrawn",
    edits: one(newestGood, " && !isWithdrawn(document, one.key, one.input.decision.version)", ""),
    why: "an operator has left it out",
  },

  // ---- expiry
  {
    name: "expires nothing",
    edits: one(transition, "withEffect(next, effect);\n      },\n      kept", "next;\n      },\n      kept"),
    why: "Gold would grow with every run",
  },
  {
    name: "deletes what every run of the batch wrote",
    edits: one(
      coordinator,
      "gold.remove(runPrefix(output, batch, run))",
      "gold.remove(output + '/batch=' + batch + '/')",
    ),
    why: "the published run is in the same folder",
  },
  {
    name: "keeps the newest runs only",
    edits: one(transition, "newestPublished.has(run) || ", ""),
    why: "the one that is published may be older than several that failed",
  },
  {
    name: "forgets failures that count",
    edits: one(transition, " || stillCounts(document, run);", ";"),
    why: "the gate would claim again what failed for good",
  },

  // ---- notices
  {
    name: "tells nobody of a failed run",
    edits: one(transition, "return !isUnsettled(run) && (", 'return !isUnsettled(run) && run.state !== "failed" && ('),
    why: "somebody has to mend what it failed on",
  },
  {
    name: "takes a notice that was refused for sent",
    edits: one(coordinator, "reason: reasonOf(error) });\n      return null;", "reason: reasonOf(error) });"),
    why: "the topic may be away for a moment",
  },
];
