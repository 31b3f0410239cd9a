import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { zipSync } from "fflate";
import type { Contract } from "../config/contract.ts";
import { artifactKeys } from "../handlers/keys.ts";
import type { Artifact, Release, ReleasePointer } from "../handlers/release.ts";
import { readerVersion } from "../handlers/shape.ts";
import { compilePlan } from "../plan/compile.ts";
import type { OutputSql } from "../plan/ownSql.ts";
import { isForDuckdb } from "../plan/plan.ts";
import { planText } from "../plan/planText.ts";

/** What a run executes, as read from the repository. */
export interface ReleaseFiles extends OutputSql {
  /** The Glue job's entry script. */
  readonly script: string;
  /** The engine's modules by their path in the archive. */
  readonly engine: Readonly<Record<string, Uint8Array>>;
}

/** An object to upload, under a key that only this content has. */
export interface Upload {
  readonly key: string;
  readonly content: string | Uint8Array;
}

export interface ReleaseUploads {
  /** The job's own script, the same for all runs: it runs what a manifest pins. */
  readonly script: Upload;
  readonly engine: Upload;
  readonly contract: Upload;
  readonly plan: Upload;
  /** Whether the embedded engine can run the plan. */
  readonly isEmbeddable: boolean;
}

const digestOf = (content: string | Uint8Array) => createHash("sha256").update(content).digest("hex");
const hashOf = (content: string | Uint8Array) => digestOf(content).slice(0, 32);

/** A ZIP of `files` that depends on nothing but their paths and bytes. */
export function archive(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const paths = Object.keys(files).sort();
  // Any fixed time does. ZIP begins in 1980 and packs local time, so this is local as well.
  const archiveTime = new Date(1980, 0, 1);
  return zipSync(Object.fromEntries(paths.map((path) => [path, files[path]!])), { mtime: archiveTime, level: 9 });
}

/** The release's objects. A changed file gets another key, so a replay finds what its manifest names. */
export function releaseUploads(files: ReleaseFiles, contract: Contract): ReleaseUploads {
  const engine = archive(files.engine);
  const contractText = `${JSON.stringify(contract, null, 2)}\n`;
  const compiled = compilePlan(contract, files.sql, files.duckdb);
  const plan = planText(compiled);
  return {
    script: { key: `script/${hashOf(files.script)}/job.py`, content: files.script },
    engine: { key: `engine/${hashOf(engine)}/plan_runner.zip`, content: engine },
    contract: { key: `contract/${hashOf(contractText)}.json`, content: contractText },
    plan: { key: `plan/${hashOf(plan)}.json`, content: plan },
    isEmbeddable: isForDuckdb(compiled),
  };
}

/** What a manifest pins, but for the embedded engine's function. */
export type ReleaseArtifacts = Omit<Release, "embedded">;

/** @param bucket in which the uploads lie */
export function artifactsOf({ engine, contract, plan }: ReleaseUploads, bucket: string): ReleaseArtifacts {
  const artifact = ({ key, content }: Upload): Artifact => ({
    uri: `s3://${bucket}/${key}`,
    sha256: digestOf(content),
  });
  return { engine: artifact(engine), contract: artifact(contract), plan: artifact(plan), reader: readerVersion };
}

/** The object by which the functions find the current release. */
export function pointerTo(release: Release): Upload {
  const pointer: ReleasePointer = { format: 1, release };
  return { key: artifactKeys.pointer, content: `${JSON.stringify(pointer, null, 2)}\n` };
}

export interface ArtifactsArgs {
  readonly bucket: pulumi.Input<string>;
  readonly uploads: ReleaseUploads;
}

/**
 * A file of what is not text, for Pulumi to upload and to show by its hash. Its path is relative, so that the state
 * names no machine's folders.
 */
function fileOf(key: string, content: Uint8Array): string {
  const file = join(".local", "uploads", key);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

/** The uploads of a release. */
export class Artifacts extends pulumi.ComponentResource {
  /** `s3://` URI of the job's script. */
  readonly script: pulumi.Output<string>;
  readonly release: pulumi.Output<ReleaseArtifacts>;

  constructor(name: string, args: ArtifactsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("commerce:artifacts:Artifacts", name, {}, opts);

    const upload = (role: string, { key, content }: Upload): pulumi.Output<string> => {
      const object = new aws.s3.BucketObjectv2(
        `${name}-${role}`,
        {
          bucket: args.bucket,
          key,
          ...(typeof content === "string" ? { content } : { source: new pulumi.asset.FileAsset(fileOf(key, content)) }),
        },
        // New content gets a new key, which Pulumi sees as a replacement. The old object is retained for runs under way
        // and for replays; it is not protected, because protection would refuse the replacement.
        { parent: this, retainOnDelete: true, protect: false },
      );
      return pulumi.interpolate`s3://${object.bucket}/${object.key}`;
    };
    const { script, engine, contract, plan } = args.uploads;

    this.script = upload("script", script);
    const pinned = [upload("engine", engine), upload("contract", contract), upload("plan", plan)];
    // Known once all of it is there.
    this.release = pulumi.all([args.bucket, ...pinned]).apply(([bucket]) => artifactsOf(args.uploads, bucket!));
    this.registerOutputs({ script: this.script, release: this.release });
  }
}

/**
 * Points the functions to the release that they judge by from then on. It is written last, after artifacts, job and
 * tables.
 */
export function releasePointer(
  name: string,
  { bucket, release }: { readonly bucket: pulumi.Input<string>; readonly release: pulumi.Output<Release> },
  opts: pulumi.CustomResourceOptions,
): aws.s3.BucketObjectv2 {
  return new aws.s3.BucketObjectv2(
    name,
    {
      bucket,
      key: artifactKeys.pointer,
      contentType: "application/json",
      content: release.apply((pinned) => pointerTo(pinned).content as string),
    },
    opts,
  );
}
