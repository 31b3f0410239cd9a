import { createHash } from "node:crypto";
import type { Contract } from "../config/contract.ts";
import type { S3 } from "./clients.ts";
import { artifactKeys } from "./keys.ts";
import type { FunctionEnvironment } from "./settings.ts";
import { shapesOf } from "./shape.ts";
import { createDocumentStore } from "./storage.ts";
import { listStart, type VersionMarker, versionPage } from "./versions.ts";

/** An object that is never overwritten: its `s3://` URI and the SHA-256 of its content, in hex. */
export interface Artifact {
  readonly uri: string;
  readonly sha256: string;
}

/** What a run executes, to the byte. */
export interface Release {
  readonly engine: Artifact;
  readonly contract: Artifact;
  readonly plan: Artifact;
  /** Version of the reader that types the rows. */
  readonly reader: number;
  /** Null where Glue runs all. */
  readonly embedded: EmbeddedRelease | null;
}

/** The function that is the embedded engine, and what it gets. */
export interface EmbeddedRelease {
  /** ARN with a version, which no deployment changes. */
  readonly functionArn: string;
  /** The most bytes of a run's rows in Silver. */
  readonly upTo: number;
}

/** What a deployment points to, as it lies in the artifacts bucket. */
export interface ReleasePointer {
  readonly format: 1;
  readonly release: Release;
}

/** The release that a deployment pointed to. */
export interface CurrentRelease {
  /**
   * Grows with each deployment that changes the pointer, also when it goes back to older code: the pointer's
   * LastModified, in milliseconds since the epoch.
   */
  readonly sequence: number;
  readonly pinned: Release;
  readonly contract: Contract;
  /** Dataset to the shape under which its files are typed. */
  readonly shapes: Readonly<Record<string, string>>;
}

/** The releases to judge by. */
export interface Releases {
  /** The release that this invocation read first. */
  current(): Promise<CurrentRelease>;
  /** Reads the pointer again. */
  newest(): Promise<CurrentRelease>;
  /** All releases pointed to after this sequence, oldest first. */
  since(sequence: number): Promise<CurrentRelease[]>;
  /** The contract that a release pins. */
  contractOf(release: Pick<Release, "contract">): Promise<Contract>;
}

export class ReleaseUnreadable extends Error {
  override readonly name = "ReleaseUnreadable";
}

/** @param contracts a cache kept between calls: SHA-256 of the text to contract */
export function createReleases(
  s3: S3,
  { artifactsBucket, keyArn }: Pick<FunctionEnvironment, "artifactsBucket" | "keyArn">,
  contracts: Map<string, Contract>,
): Releases {
  const artifacts = createDocumentStore(s3, artifactsBucket, keyArn);
  let known: Promise<CurrentRelease> | undefined;

  async function read(version?: string): Promise<CurrentRelease> {
    const stored = await artifacts.get(artifactKeys.pointer, version);
    if (!stored)
      throw new ReleaseUnreadable(`${artifactsBucket} has no ${artifactKeys.pointer}; deploy the stack again`);
    const { format, release } = JSON.parse(stored.text) as ReleasePointer;
    if (format !== 1) throw new ReleaseUnreadable(`${artifactKeys.pointer} has format ${format}; this release reads 1`);
    const contract = await contractOf(release);
    const shapes = shapesOf(contract, release.reader);
    return { sequence: stored.lastModified, pinned: release, contract, shapes };
  }

  async function contractOf({ contract: { uri, sha256 } }: Pick<Release, "contract">): Promise<Contract> {
    const cached = contracts.get(sha256);
    if (cached) return cached;
    const stored = await artifacts.get(uri.slice(`s3://${artifactsBucket}/`.length));
    if (!stored) throw new ReleaseUnreadable(`${uri} is not there; deploy the stack again`);
    if (createHash("sha256").update(stored.text).digest("hex") !== sha256)
      throw new ReleaseUnreadable(`${uri} is not what was deployed; deploy the stack again`);
    const contract = JSON.parse(stored.text) as Contract;
    contracts.set(sha256, contract);
    return contract;
  }

  const newest = () => {
    known = read();
    // A read that failed is tried again by whoever asks next.
    known.catch(() => {
      known = undefined;
    });
    return known;
  };

  async function since(sequence: number): Promise<CurrentRelease[]> {
    const found: CurrentRelease[] = [];
    let marker: VersionMarker | null = listStart;
    while (marker) {
      const { versions, next } = await versionPage(s3, artifactsBucket, marker, artifactKeys.pointer);
      const newer = versions.filter(({ LastModified }) => LastModified!.getTime() > sequence);
      for (const { VersionId } of newer) found.unshift(await read(VersionId));
      // The newest come first.
      marker = newer.length < versions.length ? null : next;
    }
    return found;
  }

  return { current: () => known ?? newest(), newest, since, contractOf };
}
