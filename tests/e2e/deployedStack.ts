import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { LedgerDocument } from "../../handlers/ledger/document.ts";
import { type Clients, createClients, destroyClients } from "../../local/clients.ts";
import { type LocalStack, type LocalStackOptions, startLocalStack } from "../../local/index.ts";
import { localDirectory } from "../../setup/paths.mjs";

type Document = LedgerDocument | null;

/** The program on a local AWS of its own, and what tests ask of it. */
export interface DeployedStack {
  readonly stack: LocalStack;
  readonly clients: Clients;
  /** The stack's outputs. */
  readonly names: Readonly<Record<string, string>>;
  /** For the test's own files; it goes with the stack. */
  readonly folder: string;
  /** Where the local AWS keeps what it has. */
  readonly directory: string;
  /** @returns the version */
  upload(key: string, body: string): Promise<string>;
  /** @returns null while the batch has no document */
  ledger(batch: string): Promise<Document>;
  /** Waits until the batch's document is as wanted, for 2 minutes at most. */
  until(batch: string, what: string, holds: (document: LedgerDocument) => boolean): Promise<LedgerDocument>;
  /** Ends the local AWS and removes its folder. */
  stop(): Promise<void>;
}

/** Deploys the shipped config's `dev`, or what a config made in the given folder declares. */
export async function deployStack({
  configIn = () => "config/pipeline_config.yaml",
  environment = "dev",
  directory: givenDirectory,
  ...options
}: Pick<LocalStackOptions, "spark" | "engine" | "engineOf"> & {
  readonly configIn?: (folder: string) => string;
  readonly environment?: string;
  /** Below the stack's own folder unless given. */
  readonly directory?: string;
}): Promise<DeployedStack> {
  mkdirSync(localDirectory, { recursive: true });
  const folder = realpathSync(mkdtempSync(join(localDirectory, "deployed-")));
  const directory = givenDirectory ?? join(folder, "stack");
  const stack = await startLocalStack({ configFile: configIn(folder), environment, directory, ...options });
  const clients = createClients(stack.endpoint, stack.glueEndpoint);
  const names = stack.outputs as Record<string, string>;

  async function ledger(batch: string): Promise<Document> {
    try {
      const object = { Bucket: names.ledgerBucket, Key: `batches/${batch}.json` };
      const { Body } = await clients.s3.send(new GetObjectCommand(object));
      return JSON.parse(await Body!.transformToString()) as LedgerDocument;
    } catch (error) {
      if ((error as Error).name === "NoSuchKey") return null;
      throw error;
    }
  }

  return {
    stack,
    clients,
    names,
    folder,
    directory,
    ledger,
    async upload(Key, Body) {
      const { VersionId } = await clients.s3.send(new PutObjectCommand({ Bucket: names.bronzeBucket, Key, Body }));
      return VersionId!;
    },
    async until(batch, what, holds) {
      for (let attempt = 0; attempt < 600; attempt++) {
        const document = await ledger(batch);
        if (document && holds(document)) return document;
        await sleep(200);
      }
      throw new Error(`never came to pass: ${what}; the ledger: ${JSON.stringify(await ledger(batch))}`);
    },
    async stop() {
      destroyClients(clients);
      await stack.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** True of a batch whose run is published and shown. */
export const isPublished = (run: number) => (document: LedgerDocument) =>
  document.published?.run === run && document.effects.length === 0;
