import { readFileSync } from "node:fs";
import { S3Client } from "@aws-sdk/client-s3";
import type { S3 } from "../clients.ts";
import { createLog, type Log, metricNamespace } from "../log.ts";
import { type FunctionEnvironment, type FunctionScope, readEnvironment } from "../settings.ts";

/** What every function finds around it. */
export interface Surroundings<Settings extends FunctionScope> {
  readonly s3: S3;
  readonly settings: Settings;
  readonly names: FunctionEnvironment;
  readonly log: Log;
  readonly now: () => number;
}

export function readSurroundings<Settings extends FunctionScope>(): Surroundings<Settings> {
  const settings = JSON.parse(readFileSync(new URL("./settings.json", import.meta.url), "utf8")) as Settings;
  const names = readEnvironment(process.env);
  const now = Date.now;
  const scope = {
    namespace: metricNamespace,
    dimensions: { Pipeline: settings.pipeline, Environment: settings.environment },
  };
  const log = createLog((line) => process.stdout.write(`${line}\n`), scope, now);
  return { s3: new S3Client({}), settings, names, log, now };
}
