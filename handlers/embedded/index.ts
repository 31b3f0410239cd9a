import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { InvocationContext } from "../invocation/context.ts";
import { readSurroundings } from "../invocation/surroundings.ts";
import type { EmbeddedOrder } from "../run/embedded.ts";
import { createDocumentStore } from "../storage.ts";
import { s3Objects } from "./objects.ts";
import { run } from "./run.ts";
import { abortAfter, work } from "./worker.ts";

const { s3, names, log, now } = readSurroundings();
const documents = createDocumentStore(s3, names.ledgerBucket, names.keyArn);
const objects = s3Objects(s3, names.keyArn);

/** The other half is for what DuckDB takes beyond its limit, and for Node. */
const memoryLimit = `${Math.floor(Number(process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE) / 2)}MB`;

export async function handler(order: EmbeddedOrder, invocation: InvocationContext): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "run-"));
  try {
    await work(order, {
      documents,
      ledgerBucket: names.ledgerBucket,
      execute: (jobRun, proceed, signal) =>
        run({ uri: order.manifest, sha256: order.sha256 }, jobRun, objects, {
          scratch,
          threads: availableParallelism(),
          memoryLimit,
          artifacts: `s3://${names.artifactsBucket}/`,
          proceed,
          signal,
        }),
      abortAfter,
      remainingTime: () => invocation.getRemainingTimeInMillis(),
      now,
      log,
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
