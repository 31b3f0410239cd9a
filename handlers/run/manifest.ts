import { createHash } from "node:crypto";
import { ledgerKeys } from "../keys.ts";
import type { Run } from "../ledger/document.ts";
import type { FunctionEnvironment, FunctionSettings } from "../settings.ts";

/** What an engine reads to know its inputs; a pure function of the claim, so that every performer writes the same bytes. */
export interface Manifest {
  readonly uri: string;
  readonly key: string;
  readonly body: string;
  readonly sha256: string;
}

export type StorageNames = Pick<FunctionEnvironment, "rejectedBucket" | "goldBucket" | "ledgerBucket">;

export const manifestUri = (batch: string, run: number, ledgerBucket: string) =>
  `s3://${ledgerBucket}/${ledgerKeys.manifest(batch, run)}`;

export function manifestOf(
  batch: string,
  { run, inputs, release }: Run,
  { pipeline, environment }: Pick<FunctionSettings, "pipeline" | "environment">,
  names: StorageNames,
): Manifest {
  const pinned = Object.entries(inputs).map(([dataset, input]) => [
    dataset,
    input && {
      source: { key: input.key, version: input.version },
      report: { uri: `s3://${names.ledgerBucket}/${input.report.key}`, sha256: input.report.sha256 },
    },
  ]);
  const document = {
    format: 1,
    pipeline,
    environment,
    batch,
    run,
    inputs: Object.fromEntries(pinned),
    release,
    destination: {
      gold: `s3://${names.goldBucket}`,
      rejected: `s3://${names.rejectedBucket}`,
      report: `s3://${names.ledgerBucket}/${ledgerKeys.reports(batch, run)}`,
    },
  };
  const body = `${JSON.stringify(document, null, 2)}\n`;
  return {
    uri: manifestUri(batch, run, names.ledgerBucket),
    key: ledgerKeys.manifest(batch, run),
    body,
    sha256: createHash("sha256").update(body).digest("hex"),
  };
}
