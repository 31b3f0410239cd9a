import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { GlueClient } from "@aws-sdk/client-glue";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { Contract } from "../../config/contract.ts";
import type { S3, Sqs } from "../clients.ts";
import { createLedger, type Ledger } from "../ledger/store.ts";
import { transition } from "../ledger/transition.ts";
import type { Log } from "../log.ts";
import type { Outlets } from "../publication/outlets.ts";
import { createReleases, type Releases } from "../release.ts";
import { createEmbeddedEngine } from "../run/embedded.ts";
import type { Engines } from "../run/engine.ts";
import { createGlueEngine, type GlueEngine } from "../run/glue.ts";
import type { FunctionEnvironment, FunctionSettings } from "../settings.ts";
import { createDocumentStore } from "../storage.ts";
import { type Coordinator, createCoordinator } from "./coordinator.ts";
import { readSurroundings, type Surroundings } from "./surroundings.ts";

/** What the functions that keep the ledger are made of: clients, settings, and a ledger for each invocation. */
export interface Runtime extends Surroundings<FunctionSettings> {
  readonly sqs: Sqs;
  readonly engines: RuntimeEngines;
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
  const surroundings = readSurroundings<FunctionSettings>();
  const { s3, names, now } = surroundings;
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
  const open = assemble({ ...surroundings, sqs, engines, outlets, pause, nonce: randomUUID });
  return { ...surroundings, sqs, engines, open };
}
