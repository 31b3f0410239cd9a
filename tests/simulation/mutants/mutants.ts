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
const effects = "handlers/ledger/effects.ts";
const inputs = "handlers/ledger/inputs.ts";
const operatorOrder = "handlers/ledger/judgeOrder.ts";
const publication = "handlers/ledger/publication.ts";
const retry = "handlers/ledger/retry.ts";
const runs = "handlers/ledger/runs.ts";
const attempt = "handlers/run/attempt.ts";
const embedded = "handlers/run/embedded.ts";
const worker = "handlers/embedded/worker.ts";
const trim = "handlers/ledger/trim.ts";
const newestGood = "handlers/ledger/newestGood.ts";
const coordinator = "handlers/invocation/coordinator.ts";
const promote = "handlers/promote/handler.ts";
const typing = "handlers/promote/typing.ts";
const keys = "handlers/keys.ts";
const tables = "handlers/publication/tables.ts";
const transfer = "handlers/promote/transfer.ts";
const reconcile = "handlers/settle/reconcile.ts";
const redrive = "handlers/settle/redrive.ts";

const one = (file: string, find: string, replace: string): readonly Edit[] => [{ file, find, replace }];

const markFirst = `if (next.open !== null && next.open !== document?.open)
        await documents.put(ledgerKeys.openMark(batch, next.open), "{}", null);`;
const overtake = `if (epoch > (document?.revision ?? 0)) document = await commit(batch, { kind: "overtake", epoch });`;
const enterClaim = `const claimed = await ledger.commit(batch, { kind: "claim" });`;

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
      inputs,
      `return candidate.toUpperCase().padEnd(width, "0") > than.toUpperCase().padEnd(width, "0");`,
      "return width > 0;",
    ),
    why: "events come out of order",
  },
  {
    name: "pads sequencers on the left",
    edits: one(
      inputs,
      `return candidate.toUpperCase().padEnd(width, "0") > than.toUpperCase().padEnd(width, "0");`,
      `return candidate.toUpperCase().padStart(width, "0") > than.toUpperCase().padStart(width, "0");`,
    ),
    why: "sequencers differ in length, and the shorter may be the newer",
  },
  {
    name: "lets a version without a sequencer always win",
    edits: one(inputs, "?? isListedNewer)", "?? true)"),
    why: "what the reconciliation found may be replaced meanwhile",
  },
  {
    name: "returns early on a duplicate",
    edits: one(
      promote,
      `known.decision.sequencer };
    await coordinator.advance(batch, { kind: "decided", key, dataset, decision });`,
      "known.decision.sequencer };",
    ),
    why: "the first delivery may have died before the gate",
  },
  {
    name: "ignores a newer rejected file",
    edits: one(
      inputs,
      "const present = document.inputs[event.key];",
      `const present = document.inputs[event.key];
  if (present && event.decision.outcome === "rejected") return document;`,
    ),
    why: "the producer has replaced the older good one",
  },
  {
    name: "copies whichever version is the newest to the rejected files",
    edits: one(transfer, `?versionId=\${encodeURIComponent(version)}`, ""),
    why: "the file may be replaced between verdict and copy",
  },
  {
    name: "names what became of a version by its key alone",
    edits: one(keys, `\${key}\\n\${version}`, `\${key}\${version.slice(0, 0)}`),
    why: "a newer upload would have the older one's rows",
  },
  {
    name: "acknowledges a message that failed",
    edits: one(promote, "failures.add(messageId);", ""),
    why: "the file would be lost until the reconciliation, a poison message for ever",
  },
  {
    name: "finds nothing untold in a reconciliation",
    edits: one(reconcile, "if (isTold(document, Key!, VersionId!, lastModified) ||", "if (lastModified > 0 ||"),
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
    edits: one(
      gate,
      "if (batch === rollingBatch && spreadOf(times) > rules.maxSpread)",
      "if (spreadOf(times) > Infinity)",
    ),
    why: "yesterday's file would complete today's rolling batch",
  },
  {
    name: "does without an optional file that was rejected",
    edits: one(
      gate,
      "declared.filter(([name]) => !stale(name) && only(name)?",
      "declared.filter(([name, { required }]) => required && !stale(name) && only(name)?",
    ),
    why: "the producer meant it to take part",
  },
  {
    name: "claims failed files again on every event",
    edits: one(
      retry,
      `if (!isRetried(failure)) return null;`,
      "if (!failure) return null;\n  if (!isRetried(failure)) return settledAt;",
    ),
    why: "each duplicate would start a job that fails",
  },
  {
    name: "retries the infrastructure without limit",
    edits: one(retry, "if (executed >= attempts) return null;", ""),
    why: "a job that always dies would cost without end",
  },
  {
    name: "retries the infrastructure at once",
    edits: one(gate, `if (now < at) return { state: "retrying", run: last.run, at };`, ""),
    why: "three failures within three minutes of an outage would call a person",
  },
  {
    name: "counts a run that never began as an attempt",
    edits: one(
      retry,
      "? { ...tries, undelivered: tries.undelivered + 1 }",
      "? { ...tries, executed: tries.executed + 1 }",
    ),
    why: "after an outage every batch would need a person",
  },
  {
    name: "closes a batch that waits for another try",
    edits: one(transition, `["ready", "retrying", "typing"].includes(`, `["ready", "typing"].includes(`),
    why: "no sweep would look at it again",
  },
  {
    name: "makes new sets of old files by datasets that are absent",
    edits: [
      {
        file: gate,
        find: "const triples = Object.keys(datasets).flatMap(",
        replace: "const triples = Object.keys(inputs).flatMap(",
      },
      {
        file: gate,
        find: "return pinned ? [[dataset, pinned.key, pinned.version]] : [];",
        replace: 'return [[dataset, pinned?.key ?? "", pinned?.version ?? ""]];',
      },
    ],
    why: "a new optional dataset would start every failed batch again",
  },

  // ---- typing again
  {
    name: "claims files whatever they were typed under",
    edits: one(gate, "return input.decision.shape === shape ? null :", "return shape ? null :"),
    why: "a run would read rows of another contract than its own",
  },
  {
    name: "answers a request for another shape with what is decided",
    edits: one(
      promote,
      "const isDecided = object.shape === undefined || known?.decision.shape === object.shape || isOvertaken;",
      "const isDecided = object.key === key;",
    ),
    why: "the gate would wait for ever",
  },
  {
    name: "knows a version under one shape only",
    edits: one(inputs, "present.decision.shape !== decision.shape) {", "!decision) {"),
    why: "what was typed again would never be entered",
  },
  {
    name: "skips what was to be typed again and is gone",
    edits: one(
      promote,
      "if (asked !== undefined && known?.decision.version === version) {",
      "if (asked === shape && !known) {",
    ),
    why: "it would be asked for again and again",
  },
  {
    name: "types under the shape that a request names, whatever is deployed",
    edits: one(promote, "const shape = shapes[dataset]!;", "const shape = object.shape ?? shapes[dataset]!;"),
    why: "a contract that has been replaced is not at hand any more",
  },
  {
    name: "keeps a request for a shape that is not deployed any more",
    edits: one(
      promote,
      "const isDecided = object.shape ===",
      "if (isOvertaken) return await postpone(object, context);\n  const isDecided = object.shape ===",
    ),
    why: "it would go round for ever",
  },
  {
    name: "never asks again for a file to type",
    edits: one(
      effects,
      "if (effect.until > context.now) return effect;",
      `if (effect.until > context.now || effect.kind === "type") return effect;`,
    ),
    why: "the message may be lost, or its writer have died before it",
  },
  {
    name: "never ends a request to type",
    edits: one(
      effects,
      `const kept = document.effects.filter((effect) => effect.kind !== "type" || isWanted(effect));`,
      "const kept = document.effects.filter((effect) => effect.kind || isWanted(effect));",
    ),
    why: "it would be sent for ever, and another shape of the file never be asked for",
  },
  {
    name: "takes a rejection under another contract for one under this",
    edits: one(
      gate,
      "const stale = (name: string) => only(name) && staleFile(only(name)!, rules);",
      `const stale = (name: string) =>
    only(name) && only(name)!.input.decision.outcome !== "rejected" ? staleFile(only(name)!, rules) : null;`,
    ),
    why: "a corrected contract would not help the file",
  },
  {
    name: "takes a report under another shape for one under this",
    edits: one(keys, "versionHash(key, version, shape)}.json`", "versionHash(key, version, shape && undefined)}.json`"),
    why: "the verdict and the rows depend on the contract",
  },
  {
    name: "closes a batch that has files to type",
    edits: one(transition, `["ready", "retrying", "typing"].includes(`, `["ready", "retrying"].includes(`),
    why: "after a crash before the requests no sweep would make them",
  },
  {
    name: "forgets an order that waits for its files",
    edits: one(
      operatorOrder,
      "askFor({ ...document, ordered: id }, files, context)",
      "askFor(document, files, context)",
    ),
    why: "an operator was told that it will run",
  },
  {
    name: "goes on with no order that waits",
    edits: one(
      transition,
      "if (document.ordered !== null && !unsettled)",
      `if (document.ordered === "" && !unsettled)`,
    ),
    why: "an operator was told that it will run",
  },
  {
    name: "takes a conflict on a file's report for a report",
    edits: one("handlers/storage.ts", "if (first) return first.text;", "return first?.text ?? text;"),
    why: "the other writer may die before it is there",
  },
  {
    name: "takes a conflict on a part's rows for its rows",
    edits: one(
      typing,
      "if (statusOf(error) !== 412) throw error;",
      "if (![409, 412].includes(statusOf(error))) throw error;",
    ),
    why: "the other writer may die before they are there",
  },

  // ---- deployments
  {
    name: "judges a report by what is deployed now",
    edits: one(
      coordinator,
      "outputs: Object.keys(run.outputs),",
      "outputs: Object.keys((await releases.current()).contract.outputs),",
    ),
    why: "a good run would fail as its release knew nothing of a new output",
  },
  {
    name: "makes the manifest of the datasets that are declared now",
    edits: [
      {
        file: coordinator,
        find: "const manifest = (batch: string, run: Run): Manifest => manifestOf(batch, run, settings, names);",
        replace: `let declared: readonly string[] = [];
  void releases.current().then(({ contract }) => { declared = Object.keys(contract.datasets); }, () => {});
  const manifest = (batch: string, run: Run): Manifest =>
    manifestOf(batch, { ...run, inputs: Object.fromEntries(declared.map((name) => [name, run.inputs[name] ?? null])) }, settings, names);`,
      },
    ],
    why: "datasets in another order would make another manifest",
  },
  {
    name: "claims under an older release than has judged",
    edits: [
      { file: store, find: "isOld ? await releases.newest() : release", replace: "isOld ? release : release" },
      { file: transition, find: "if (context.rules.sequence < document.judged) return document;", replace: "" },
    ],
    why: "a slow function would claim under a contract that has been replaced",
  },
  {
    name: "switches only the tables of the run that is shown",
    edits: one(
      publication,
      `const shown = document.runs.filter(({ run, state }) => run === published.run || state === "published");`,
      "const shown = document.runs.filter(({ run }) => run === published.run);",
    ),
    why: "after a rollback past a new output its partition would stay at the run that was rolled back",
  },
  {
    name: "switches only the outputs",
    edits: one(
      publication,
      "...Object.entries(inputs).flatMap(([dataset, input]) => (input ? [silverTable(dataset)] : [])),",
      "",
    ),
    why: "Silver's tables would show nothing",
  },
  {
    name: "shows of Silver all that the batch's files have come to",
    edits: one(tables, `\${silverBucket}/\${silver}`, `\${silverBucket}/\${dataset}/batch=\${batch}/`),
    why: "rejected and superseded files have rows there too",
  },
  {
    name: "looks for a run's rows in Silver by the contract of today",
    edits: one(tables, "await releases.contractOf(release);", "(await (releases as Releases).current()).contract;"),
    why: "after a deployment the rows of another shape would be shown, or none",
  },
  {
    name: "gives a partition the columns of the table",
    edits: one(
      "handlers/publication/catalog.ts",
      "Columns: columns.map(({ name, type }) => ({ Name: name, Type: type })),",
      "",
    ),
    why: "an older run's files would be read as what they are not",
  },
  {
    name: "points a table at a folder of its own where the run has nothing for it",
    edits: one(
      coordinator,
      "if (!files) await catalog.remove(table, batch);",
      "if (!files) await catalog.point(table, batch, { location: batch, columns: [] });",
    ),
    why: "readers would see no rows, and no error",
  },
  {
    name: "looks at no batch again after a deployment",
    edits: one(reconcile, "if (waits && document.judged < progress.sequence)", "if (waits && document.judged < 0)"),
    why: "a late batch that the new contract completes is closed",
  },
  {
    name: "takes up what came before its name was declared",
    edits: one(reconcile, "if (history) return true;", "if (declared.length > 0) return true;"),
    why: "history would be opened again by each new dataset",
  },
  {
    name: "forgets the published run when fewer are kept",
    edits: one(trim, "run.run === document.published?.run ||", ""),
    why: "after a rollback it may be older than all that are kept",
  },

  // ---- troubles of one batch
  {
    name: "performs nothing more after an effect that failed",
    edits: one(coordinator, "tellFailed(batch, effect, reasonOf(error));", "throw error;"),
    why: "one refused table would stop the batch for good",
  },
  {
    name: "fails the call when a sweep fails",
    edits: one("handlers/settle/handler.ts", "if (!isOfSchedule(event)) throw error;", "throw error;"),
    why: "an outage would leave a dead letter for each sweep in it",
  },
  {
    name: "never gives a notice up",
    edits: one(
      effects,
      "return tries < noticeTries ? [{ ...effect, until, tries }] : [];",
      "return [{ ...effect, until, tries }];",
    ),
    why: "the batch would stay open for ever",
  },
  {
    name: "keeps a reason however long it is",
    edits: one(runs, "message: bounded(message)", "message"),
    why: "a notice of it would be refused for ever",
  },
  {
    name: "counts the files of a failed run as read",
    edits: [
      {
        file: runs,
        find: "return fail(base, known, failure, id, context);",
        replace: "return fail(markRead(base, run.inputs), known, failure, id, context);",
      },
      {
        file: runs,
        find: `import { publish }`,
        replace: `import { markRead } from "./inputs.ts";\nimport { publish }`,
      },
    ],
    why: "one corrected file would never complete the batch",
  },
  {
    name: "counts as read only what the current publication has read",
    edits: one(
      operatorOrder,
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
    edits: one(effects, "if (effect.until > context.now) return effect;", ""),
    why: "the sweep would start what is just being started",
  },
  {
    name: "never takes over an effect",
    edits: one(transition, "markLate(takeOver(document, context), context)", "markLate(document, context)"),
    why: "what a dead invocation left would stay undone",
  },
  {
    name: "starts again without a search",
    edits: one("handlers/run/glue.ts", "uncertain ? await find(claim) : []", "[] as JobRun[]"),
    why: "the start whose answer was lost may have gone through",
  },
  {
    name: "writes the manifest before the claim",
    edits: one(
      coordinator,
      enterClaim,
      `const { pinned: release } = await releases.current();
    const early = manifest(batch, { run: (document.runs.at(-1)?.run ?? 0) + 1, inputs: verdict.inputs, release } as Run);
    await documents.put(early.key, early.body, { ifAbsent: true });
    const claimed = await ledger.commit(batch, { kind: "claim" });`,
    ),
    why: "another invocation may claim other files under the same number",
  },
  {
    name: "writes the manifest before the claim, and takes the one that it finds",
    edits: [
      {
        file: coordinator,
        find: enterClaim,
        replace: `const { pinned: release } = await releases.current();
    const early = manifest(batch, { run: (document.runs.at(-1)?.run ?? 0) + 1, inputs: verdict.inputs, release } as Run);
    await documents.put(early.key, early.body, { ifAbsent: true });
    const claimed = await ledger.commit(batch, { kind: "claim" });`,
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
      `return { kind: "deferred", effect: effect.id, until: now() + retryAfter };`,
      `return { kind: "refused", run: run.run, message: answer.message };`,
    ),
    why: "Glue is busy now and then",
  },

  // ---- the embedded engine
  {
    name: "executes whatever the lease says",
    edits: one(worker, 'if (there.kind !== "worker" || there.nonce !== own.nonce) {', "if (there.kind === null) {"),
    why: "Lambda delivers an order more than once",
  },
  {
    name: "draws the same nonce in each call",
    edits: one(worker, "nonce: randomUUID()", "nonce: sha256"),
    why: "a duplicate would take the other's lease for its own",
  },
  {
    name: "leaves a lease that it holds, if the answer was lost",
    edits: one(
      attempt,
      "takeLease: (lease) => once<Lease>(leaseKey, lease),",
      `takeLease: async (lease) =>
      (await documents.put(leaseKey, JSON.stringify(lease), { ifAbsent: true }))
        ? lease
        : { kind: "worker", nonce: "another", deadline: 0 },`,
    ),
    why: "nobody would execute the run, and Glue would get it an hour too late, or the ledger take it for running",
  },
  {
    name: "takes a worker past its deadline for dead without a report",
    edits: one(
      embedded,
      `await attempt.end("timeout", "the function ended without a report, at its deadline or for lack of memory");`,
      `if (attempt.id) return { id: attempt.id, state: "unfit", message: "late", executed: true };`,
    ),
    why: "its own report may land in the next moment",
  },
  {
    name: "waits for ever for an order that was lost",
    edits: one(
      embedded,
      "if (startedAt === null || now() <= startedAt + eventAge * 1000 + margin)",
      "if (startedAt !== 0)",
    ),
    why: "Lambda gives an order up that it could not deliver for an hour",
  },
  {
    name: "gives up an order without a tombstone",
    edits: one(
      embedded,
      `await attempt.takeLease({
        kind: "tombstone",
        why: "undelivered",`,
      `if (attempt.id) return { id: attempt.id, state: "failed", message: "late", executed: false };
      await attempt.takeLease({
        kind: "tombstone",
        why: "undelivered",`,
    ),
    why: "it may still be delivered, and a second run be executed beside it",
  },
  {
    name: "takes a refusal for the end of the claim without a tombstone",
    edits: one(
      embedded,
      "const there = await attempt.takeLease(refusal);",
      'const there = refusal as Lease & { readonly kind: "tombstone" };',
    ),
    why: "an earlier order, whose answer was lost, may be executed",
  },
  {
    name: "gives the embedded engine again what it could not do",
    edits: one(runs, "embedded && !unfit && bytes", "embedded && bytes"),
    why: "it would run out of memory again",
  },
  {
    name: "claims nothing again that the embedded engine could not do",
    edits: one(
      retry,
      '["infrastructure", "undelivered", "unfit"].includes',
      '["infrastructure", "undelivered"].includes',
    ),
    why: "Glue can do it",
  },
  {
    name: "takes all that the embedded engine reports for the run's failure",
    edits: one(runs, 'ended.find(({ state }) => state === "unfit")', "ended.find(() => false)"),
    why: "the next attempt is Glue's",
  },
  {
    name: "asks Glue about a run of the embedded engine",
    edits: one(coordinator, "const engine = engines[run.engine];", "const engine = engines.glue;"),
    why: "each engine knows its own job runs only",
  },

  // ---- settling
  {
    name: "publishes without a report",
    edits: one(runs, `succeeded.find(({ report }) => report === "good")`, "succeeded[0]"),
    why: "nobody would have counted what was written",
  },
  {
    name: "lets a stopped twin settle the claim",
    edits: one(
      runs,
      "if (alive.length > 0) {",
      `if (alive.length > 0 && inOrder.every(({ state }) => state !== "stopped")) {`,
    ),
    why: "its sibling's success would be lost",
  },
  {
    name: "fails the claim when one of its job runs failed",
    edits: one(runs, "if (alive.length > 0) {", "if (alive.length === inOrder.length) {"),
    why: "the other one may still succeed",
  },
  {
    name: "trusts the ledger's job runs alone",
    edits: one(coordinator, "const others = isClear ? [] : await engine.find(claim);", "const others: JobRun[] = [];"),
    why: "a job run whose start was never entered may be alive or have succeeded",
  },
  {
    name: "stops the job run that it keeps",
    edits: one(runs, "const [, ...twins] = alive;", "const twins = alive;"),
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
    edits: [
      {
        file: runs,
        find: "if (!isUnsettled(run)) return stop(base, number, alive, context);",
        replace: `if (run.publishedAt !== null)
    return pointTo(base, { run: number, highWater: document.published!.highWater }, context);
  if (!isUnsettled(run)) return stop(base, number, alive, context);`,
      },
      { file: runs, find: "import { publish }", replace: "import { pointTo, publish }" },
    ],
    why: "a settle told twice would undo a rollback",
  },
  {
    name: "lowers the high-water mark with a rollback",
    edits: one(operatorOrder, "highWater: document.published!.highWater }", "highWater: order.run }"),
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
      operatorOrder,
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
      operatorOrder,
      "operations: [...document.operations, id].slice(-rememberedOperations),",
      "operations: document.operations,",
    ),
    why: "an order sent twice would take effect twice",
  },
  {
    name: "carries out orders while a run is unsettled",
    edits: one(operatorOrder, "if (unsettled)\n    throw", "if (unsettled && unsettled.run < 0)\n    throw"),
    why: "two unsettled runs let the older publish last",
  },
  {
    name: "replays with the newest files",
    edits: one(
      operatorOrder,
      "const { inputs, release, outputs } = wasPublished(document, order.run, context);",
      "const { release, outputs } = wasPublished(document, order.run, context);\n      const { inputs } = operatorInputs(document, context);",
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
    edits: one(newestGood, " && !isWithdrawn(one.input)", ""),
    why: "an operator has left it out",
  },

  // ---- expiry
  {
    name: "expires nothing",
    edits: one(trim, "withEffect(next, effect);\n      },\n      kept", "next;\n      },\n      kept"),
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
    edits: [
      { file: trim, find: "    newestPublished.has(run) ||\n", replace: "" },
      { file: trim, find: "run.run === document.published?.run ||", replace: "" },
    ],
    why: "the one that is published may be older than several that failed",
  },
  {
    name: "forgets failures that count",
    edits: one(trim, " ||\n    stillCounts(document, run, datasets);", ";"),
    why: "the gate would claim again what failed for good",
  },

  // ---- notices
  {
    name: "tells nobody of a failed run",
    edits: one(effects, "return !isUnsettled(run) && (", 'return !isUnsettled(run) && run.state !== "failed" && ('),
    why: "somebody has to mend what it failed on",
  },
  {
    name: "takes a notice that was refused for sent",
    edits: one(
      coordinator,
      `return { kind: "deferred", effect: id, until: now() + Math.min(60_000 * 2 ** tries, 60 * 60_000) };`,
      `return { kind: "notified", run };`,
    ),
    why: "the topic may be away for a moment",
  },
];
