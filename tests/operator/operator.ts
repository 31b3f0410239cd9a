import { createReleases } from "../../handlers/release.ts";
import { shapesOf } from "../../handlers/shape.ts";
import { createDocumentStore } from "../../handlers/storage.ts";
import { loadCommands } from "../../operator/loadCommands.ts";
import type { World } from "../../operator/main.ts";
import type { Clients, Target } from "../../operator/stack/target.ts";
import { createStatus } from "../../terminal/status.ts";
import { createStyle } from "../../terminal/style.ts";
import type { PipelineUnderTest } from "../handlers/pipelineUnderTest.ts";

/**
 * The stack under test as the operator's commands see it. What there is no local one of, such as Glue's own answers, is
 * told by `overrides`.
 */
export function targetOf(under: PipelineUnderTest, overrides: Partial<Target> = {}): Target {
  const { names, s3, settings, engine } = under;
  return {
    title: "the test stack",
    names: {
      bronzeBucket: names.bronzeBucket,
      silverBucket: names.silverBucket,
      rejectedBucket: names.rejectedBucket,
      goldBucket: names.goldBucket,
      ledgerBucket: names.ledgerBucket,
      artifactsBucket: names.artifactsBucket,
      promoteQueueUrl: names.promoteQueueUrl,
      promoteDeadLetterQueueUrl: names.promoteDeadLettersUrl,
      settleDeadLetterQueueUrl: names.settleDeadLettersUrl,
      promoteFunction: "commerce-dev-promote",
      settleFunction: "commerce-dev-settle",
      glueJob: names.glueJob,
      catalogDatabase: "commerce_dev",
      keyArn: names.keyArn,
    },
    s3,
    ledger: createDocumentStore(s3, names.ledgerBucket, names.keyArn),
    rejected: createDocumentStore(s3, names.rejectedBucket, names.keyArn),
    settle: (event) => under.settle(event),
    deployed: async () => ({
      ...settings,
      release: {
        sequence: Date.now(),
        pinned: under.release,
        contract: under.contract,
        shapes: shapesOf(under.contract),
      },
    }),
    contractOf: createReleases(s3, names, new Map()).contractOf,
    jobRun: async (id) => {
      const known = engine.jobRuns.get(id);
      return known ? { Id: id, JobRunState: known.state === "alive" ? "RUNNING" : "SUCCEEDED" } : null;
    },
    maxConcurrentRuns: async () => 2,
    messages: async () => ({ uploads: 0, deadUploads: 0, deadEvents: 0 }),
    clients: {} as Clients,
    jobLog: async () => [],
    close: () => {},
    ...overrides,
  };
}

/** What one command line came to. */
export interface Called {
  readonly code: number;
  readonly printed: string;
  /** What went to the terminal beside it. */
  readonly errors: string;
}

/** @returns what runs a command line on a target, its words split at blanks */
export async function operatorOf(target: Target): Promise<(args: string, world?: Partial<World>) => Promise<Called>> {
  const commands = await loadCommands();
  // Imported as the commands are, or mocha's loader would make a second one of each class of errors.
  const { pipeline } = await import("../../operator/main.ts");
  return async (args, world = {}) => {
    const printed: string[] = [];
    const errors: string[] = [];
    const code = await pipeline(args.split(" "), {
      commands,
      print: (text) => printed.push(text),
      printError: (text) => errors.push(text),
      openTarget: () => target,
      ask: null,
      style: createStyle({}),
      status: createStatus({ write: (text) => errors.push(text.trimEnd()) }),
      signal: new AbortController().signal,
      pause: async () => {},
      ...world,
    });
    return { code, printed: printed.join("\n"), errors: errors.join("\n") };
  };
}
