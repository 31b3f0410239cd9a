import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { PipelineConfig } from "../config/schema.ts";
import { goldPrefix } from "../handlers/keys.ts";
import type { EngineName } from "../handlers/ledger/document.ts";
import type { LocalStack } from "../local/index.ts";
import { download } from "../operator/gold/download.ts";
import { send } from "../operator/sendOrder.ts";
import { localTarget } from "../operator/stack/open.ts";
import { localDirectory } from "../setup/paths.mjs";
import { type Agreement, agreementOf, type Made } from "./agreement.ts";
import type { deploymentsOf } from "./engines.ts";
import { readReport } from "./evidence.ts";
import type { BatchState, Snapshot } from "./outcomes.ts";
import type { StackClients, StackNames } from "./stack.ts";

/** What people call the engines. */
export const engineTitles: Readonly<Record<EngineName, string>> = { embedded: "DuckDB", glue: "Spark" };

export interface Stack {
  readonly stack: LocalStack;
  readonly clients: StackClients;
  readonly names: StackNames;
  readonly outputs: PipelineConfig["outputs"];
}

/**
 * Deploys the other engine, orders a run of each published batch, and compares what both have made.
 * @param follow waits until these runs have ended
 */
export async function computeAgain(
  first: Snapshot,
  engineOf: ReturnType<typeof deploymentsOf>[0],
  around: Stack,
  follow: () => Promise<Snapshot>,
): Promise<{ readonly snapshot: Snapshot; readonly agreements: readonly Agreement[] }> {
  const { stack, outputs } = around;
  const isPublished = ({ verdict }: BatchState) => verdict.state === "published";
  await stack.redeploy({ engineOf });
  const target = localTarget(stack);
  try {
    for (const { batch } of first.batches.filter(isPublished))
      await send(target, { kind: "order", id: randomUUID(), batch, order: { operation: "run" } });
  } finally {
    target.close();
  }
  const snapshot = await follow();
  const agreements: Agreement[] = [];
  for (const one of first.batches.filter(isPublished)) {
    const other = snapshot.batches.find(({ batch }) => batch === one.batch)!;
    if (isPublished(other) && other.run!.engine !== one.run!.engine)
      agreements.push(await agreementOf(one.batch, [await madeOf(one, around), await madeOf(other, around)], outputs));
  }
  return { snapshot, agreements };
}

async function madeOf({ batch, run: newest }: BatchState, { clients, names, outputs }: Stack): Promise<Made> {
  const { run, settledBy, engine } = newest!;
  const report = await readReport(clients.s3, names.ledgerBucket, batch, run, settledBy!);
  const files: Record<string, readonly string[]> = {};
  for (const output of Object.keys(outputs)) {
    const folder = join(localDirectory, "compared", engine, batch, output);
    rmSync(folder, { recursive: true, force: true });
    const prefix = goldPrefix(output, batch, run, settledBy!);
    files[output] = await download(clients.s3, { bucket: names.goldBucket, prefix }, folder);
  }
  return { engine: engineTitles[engine], report: report!, files };
}
