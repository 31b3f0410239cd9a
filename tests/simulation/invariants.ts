/** What must hold, in words. Those of the second part are asked only when all faults are over and all queues are empty. */
export const invariants = {
  revision: "Each write of a batch's document raises its revision by one and carries a writer that no other write had.",
  "document stays": "A batch's document is never deleted and changed by the functions alone.",
  "run states":
    "A run goes from claimed over started to its end and not back; only ended runs that were published change places.",
  "claim stays": "What a run was claimed with does not change, and it forgets no job run.",
  "run numbers":
    "A new run is claimed under the next number; a run leaves the document only ended, kept in an object of its own.",
  "one unsettled run": "A batch has one unsettled run at most.",
  "high water": "The high-water mark never falls, and only a newer run's publication raises it.",
  "whole publication":
    "A run is published for a job run that succeeded, left a good report and wrote its whole output from the pinned inputs.",
  pointer:
    "Readers are sent to another run by a publication or by an operator's order, and only to a run that was published.",
  "claim fails late": "A claim fails only when no job run of it was left that was alive or had succeeded.",
  "failure is named": "A failed run says what its engine really did with it.",
  "gate at once": "A message that was handled alone and ended well leaves no batch of its files ready and unclaimed.",
  decision: "The document says of a file what is true of it, and never goes back to an older version of it.",
  "typed once": "What is known of a typed version, and its rows in Silver, are written once and stay.",
  "rejection is explained": "A rejected file has its reason beside its copy.",
  "read versions": "The document knows which versions published runs have read, and which the operator withdrew.",
  "newest release": "A run is claimed under the newest release that its claimer and the document could know.",
  "history stays": "Reconciliation takes up nothing that came before its name was declared.",
  "claim is complete":
    "A run is claimed with one good, newest, unread file of each required dataset, typed under the shapes of the run's release, and with none that is ambiguous.",
  "claim is new":
    "The gate claims no inputs twice, but for failures of the infrastructure, and those a limited number of times.",
  "order is an operator's": "An order takes effect once, as it was given, and for the operator who gave it.",
  manifest: "A manifest is written once, after the claim that it states and before any job run.",
  "start has an owner": "An engine is started by the invocation that the document names, with the claim's manifest.",
  "one start": "An engine is started once for a claim unless a fault came between.",
  "engine of a claim":
    "A claim names its engine, and no other gets it; what was too much for the embedded one is Glue's.",
  "one execution": "The embedded engine executes a claim once, however often and late its order comes.",
  "stop spares the last": "No job run is stopped while its unsettled claim has no other.",
  "open mark":
    "A document with something pending is open, and its mark can be found, under an epoch that was never used before.",
  catalog: "The catalog never leads to anything that was not published.",
  "foreign buckets": "The functions write nothing to Bronze, and the embedded engine alone writes to Gold.",
  "old output":
    "Of Gold goes only what a run wrote that its document keeps no more: all of it at the hands of the invocation that the document named, or a job run's own once that has ended.",
  "true notice": "A notice tells of a run that has ended as it says.",
  "no late without deadline": "A file is called late only after the deadline.",

  fate: "Every uploaded version ends promoted, rejected with a reason, skipped with a reason, superseded by a newer one, or in the dead letters.",
  "told is done": "A version of which a message told has its fate when that message is gone, without reconciliation.",
  "complete batch is published":
    "A batch whose required files are fresh, good and unambiguous is published, unless its runs failed for good.",
  "published run": "A batch has one published run at most, and the catalog leads to it.",
  "kept output":
    "Each run that can be gone back to has its whole output, and what older ones wrote is gone, but for a job run of whose end no event told.",
  "people are told":
    "Of each run that has ended people are told, and with the reason if it failed; but for one that Glue gets next, and of runs that never began the third and then each 24th.",
  "nothing is left":
    "No run is unsettled, no effect is uncleared, no job run is alive, no document is open, no mark is left behind.",
  "dead letters": "All poison, and only poison, stays in the dead letters after a redrive.",
  "one trouble, one effect": "While a table refuses, all that has to be done is done, but for that table's partitions.",
  "orders are kept":
    "An order that was accepted took effect; one that waits for its files ends with its run, or because of one of them.",
  "it comes to rest": "Everything comes to rest once the faults are over.",
} as const;

export type Invariant = keyof typeof invariants;
