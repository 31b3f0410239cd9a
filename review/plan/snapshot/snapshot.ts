import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import type { ProgramRun, Registered } from "./mocks.ts";

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type Plain = { readonly [key: string]: Json };

/** A resource as the program declares it, as plain data that can be written to a file. */
export interface PlannedResource {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** JSON texts are parsed; long or binary content is replaced by its hash. */
  readonly inputs: Plain;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  /** Properties that can't change without a new resource, as far as the provider's SDK says so. */
  readonly replaceOnChanges: readonly string[];
  /** URNs under which the resource was known before. */
  readonly aliases: readonly string[];
}

/** What a stack would consist of. */
export interface Snapshot {
  /** In the order of the URNs. */
  readonly resources: readonly PlannedResource[];
  /** URN of each resource and component to that of its parent. */
  readonly parents: Readonly<Record<string, string>>;
}

/** A longer text is code or data and is replaced by its hash, unless it is JSON, such as a contract. */
const longText = 4096;

const hash = (content: string | Uint8Array) =>
  `sha256:${createHash("sha256").update(content).digest("hex").slice(0, 16)}`;

function plainText(text: string): Json {
  if (/^\s*[{[]\s*["\]}[{]/.test(text))
    try {
      return JSON.parse(text) as Json;
    } catch {
      // The text only looked like JSON.
    }
  return text.length > longText ? hash(text) : text;
}

async function plainAsset(asset: pulumi.asset.Asset): Promise<Json> {
  if (asset instanceof pulumi.asset.StringAsset) {
    const parsed = plainText(await asset.text);
    return typeof parsed === "string" ? hash(parsed) : parsed;
  }
  if (asset instanceof pulumi.asset.FileAsset) return hash(readFileSync(await asset.path));
  throw new Error("the plan knows texts and files, no other assets");
}

async function plain(value: unknown): Promise<Json> {
  if (typeof value === "string") return plainText(value);
  if (Array.isArray(value)) return Promise.all(value.map(plain));
  if (typeof value !== "object" || value === null) return (value ?? null) as Json;
  if (pulumi.asset.Asset.isInstance(value)) return plainAsset(value);
  if (pulumi.asset.Archive.isInstance(value)) {
    const assets = await (value as pulumi.asset.AssetArchive).assets;
    // A source map changes with its code, and with the folder that the code lies in.
    return plain(Object.fromEntries(Object.entries(assets).filter(([name]) => !name.endsWith(".map"))));
  }
  const entries = Object.entries(value).filter(([, child]) => child !== undefined);
  return Object.fromEntries(await Promise.all(entries.map(async ([key, child]) => [key, await plain(child)] as const)));
}

const planned = async ({ urn, type, name, inputs, options }: Registered): Promise<PlannedResource> => ({
  urn,
  type,
  name,
  inputs: (await plain(inputs)) as Plain,
  protect: options.protect,
  retainOnDelete: options.retainOnDelete,
  replaceOnChanges: options.replaceOnChanges,
  aliases: options.aliases,
});

/** What `run` declared in AWS. */
export async function snapshotOf(run: ProgramRun): Promise<Snapshot> {
  const resources = await Promise.all(run.resources.filter(({ custom }) => custom).map(planned));
  return {
    resources: resources.sort((a, b) => (a.urn < b.urn ? -1 : 1)),
    parents: Object.fromEntries(run.resources.map(({ urn, options }) => [urn, options.parent])),
  };
}
