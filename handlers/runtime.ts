import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { GlueClient } from "@aws-sdk/client-glue";
import { S3Client } from "@aws-sdk/client-s3";
import { type Catalog, createCatalog } from "./catalog.ts";
import type { Engine } from "./engine/engine.ts";
import { createGlueEngine } from "./engine/glue.ts";
import { type Coordinator, createCoordinator } from "./ledger/coordinator.ts";
import { createLedger, type Ledger } from "./ledger/store.ts";
import type { TransitionContext } from "./ledger/transition.ts";
import { createLog, type Log } from "./log.ts";
import { type FunctionEnvironment, type FunctionSettings, readEnvironment } from "./settings.ts";
import { createDocumentStore, type S3 } from "./storage.ts";

/** What both functions are made of: clients, settings, and a ledger for each invocation. */
export interface Runtime {
  readonly s3: S3;
  readonly settings: FunctionSettings;
  readonly names: FunctionEnvironment;
  readonly engine: Engine;
  readonly log: Log;
  readonly now: () => number;
  readonly open: () => Invocation;
}

export interface Invocation {
  readonly ledger: Ledger;
  readonly coordinator: Coordinator;
}

export const rulesOf = ({
  contract,
  batching,
  attempts,
  keepRuns,
  effectLease,
}: FunctionSettings): TransitionContext["rules"] => ({
  datasets: contract.datasets,
  outputs: Object.keys(contract.outputs),
  maxSpread: batching.maxSpread * 1000,
  deadline: batching.deadline * 1000,
  effectLease: effectLease * 1000,
  attempts,
  keepRuns,
});

export function createRuntime(options: { readonly writesCatalog: boolean }): Runtime {
  const settings = JSON.parse(readFileSync(new URL("./settings.json", import.meta.url), "utf8")) as FunctionSettings;
  const names = readEnvironment(process.env);
  const log = createLog((line) => process.stdout.write(`${line}\n`));
  const s3 = new S3Client({});
  const glue = new GlueClient({ maxAttempts: 1 });
  const documents = createDocumentStore(s3, names.ledgerBucket, names.keyArn);
  const engine = createGlueEngine(glue, names.glueJob);
  const catalog: Catalog | null = options.writesCatalog
    ? createCatalog(new GlueClient({}), names.catalogDatabase)
    : null;
  const rules = rulesOf(settings);
  const now = Date.now;

  return {
    s3,
    settings,
    names,
    engine,
    log,
    now,
    open() {
      const invocation = randomUUID();
      const ledger = createLedger({ documents, rules, invocation, now, pause });
      const coordinator = createCoordinator({
        ledger,
        documents,
        engine,
        catalog,
        settings,
        names,
        rules,
        invocation,
        log,
        now,
      });
      return { ledger, coordinator };
    },
  };
}
