import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { GlueClient } from "@aws-sdk/client-glue";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { S3Client } from "@aws-sdk/client-s3";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { Contract } from "../../config/contract.ts";
import type { S3, Sqs } from "../clients.ts";
import { createLedger, type Ledger } from "../ledger/store.ts";
import { transition } from "../ledger/transition.ts";
import { createLog, type Log, metricNamespace } from "../log.ts";
import type { Outlets } from "../publication/outlets.ts";
import { createReleases, type Releases } from "../release.ts";
import { createEmbeddedEngine } from "../run/embedded.ts";
import type { Engines } from "../run/engine.ts";
import { createGlueEngine, type GlueEngine } from "../run/glue.ts";
import { type FunctionEnvironment, type FunctionSettings, readEnvironment } from "../settings.ts";
import { createDocumentStore } from "../storage.ts";
import { type Coordinator, createCoordinator } from "./coordinator.ts";

/** What both functions are made of: clients, settings, and a ledger for each invocation. */
export interface Runtime {
  readonly s3: S3;
  readonly sqs: Sqs;
  readonly settings: FunctionSettings;
  readonly names: FunctionEnvironment;
  readonly engines: RuntimeEngines;
  readonly log: Log;
  readonly now: () => number;
  readonly open: () => Invocation;
}

/** Glue's end of a job run names no claim, so settle asks for its manifest. */
export interface RuntimeEngines extends Engines {
  readonly glue: GlueEngine;
}

export interface Invocation {
  readonly releases: Releases;
  readonly ledger: Ledger;
  readonly coordinator: Coordinator;
}

/** The parts of an invocation. The functions pass the real ones; tests replace some of them. */
export interface Parts {
  readonly s3: S3;
  readonly sqs: Sqs;
  readonly engines: Engines;
  /** Null in promote. */
  readonly outlets: Outlets | null;
  readonly settings: FunctionSettings;
  readonly names: FunctionEnvironment;
  readonly log: Log;
  readonly now: () => number;
  /** Waits some part of so many milliseconds. */
  readonly pause: (atMost: number) => Promise<unknown>;
  /** Names an invocation; no two are alike. */
  readonly nonce: () => string;
  /** Decides every change of the ledger. Only tests pass one of their own, to observe it. */
  readonly transition?: typeof transition;
}

/** @returns what makes a ledger and a coordinator for each invocation */
export function assemble({ s3, nonce, pause, transition: decide = transition, ...parts }: Parts): () => Invocation {
  const { settings, names, now } = parts;
  const documents = createDocumentStore(s3, names.ledgerBucket, names.keyArn);
  const contracts = new Map<string, Contract>();
  return () => {
    const invocation = nonce();
    const releases = createReleases(s3, names, contracts);
    const ledger = createLedger({ documents, releases, settings, invocation, now, pause, transition: decide });
    const coordinator = createCoordinator({ ...parts, ledger, releases, documents, invocation });
    return { releases, ledger, coordinator };
  };
}

/** @param outletsOf makes settle's outlets; promote passes none, so its bundle holds none of their code */
export function createRuntime(outletsOf?: (s3: S3, names: FunctionEnvironment) => Outlets): Runtime {
  const settings = JSON.parse(readFileSync(new URL("./settings.json", import.meta.url), "utf8")) as FunctionSettings;
  const names = readEnvironment(process.env);
  const now = Date.now;
  const scope = {
    namespace: metricNamespace,
    dimensions: { Pipeline: settings.pipeline, Environment: settings.environment },
  };
  const log = createLog((line) => process.stdout.write(`${line}\n`), scope, now);
  const s3 = new S3Client({});
  const engines = {
    glue: createGlueEngine(new GlueClient({ maxAttempts: 1 }), names.glueJob),
    embedded: createEmbeddedEngine({
      lambda: new LambdaClient({ maxAttempts: 1 }),
      documents: createDocumentStore(s3, names.ledgerBucket, names.keyArn),
      now,
    }),
  };
  const outlets = outletsOf?.(s3, names) ?? null;
  const pause = (atMost: number) => sleep(Math.random() * atMost);
  const sqs = new SQSClient({});
  const open = assemble({ s3, sqs, engines, outlets, settings, names, log, now, pause, nonce: randomUUID });
  return { s3, sqs, settings, names, engines, log, now, open };
}
