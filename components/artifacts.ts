import { createHash } from "node:crypto";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { zipSync } from "fflate";
import type { Contract } from "../config/contract.ts";

/** What a run executes, as read from the repository. */
export interface ReleaseFiles {
  /** The Glue job's entry script. */
  readonly script: string;
  /** The engine's modules by their path in the archive. */
  readonly engine: Readonly<Record<string, Uint8Array>>;
  /** Output name to the SQL that makes it. */
  readonly sql: Readonly<Record<string, string>>;
}

/** An object to upload, under a key that only this content has. */
export interface Artifact {
  readonly key: string;
  readonly content: string | Uint8Array;
}

export interface Release<T> {
  readonly script: T;
  readonly engine: T;
  readonly contract: T;
  readonly sql: Readonly<Record<string, T>>;
}

/** Where the uploads lie, as `s3://` URIs: what a manifest pins. */
export type ReleaseUris = Release<pulumi.Output<string>>;

const hashOf = (content: string | Uint8Array) => createHash("sha256").update(content).digest("hex").slice(0, 32);

/** A ZIP of `files` that depends on nothing but their paths and bytes. */
export function archive(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const paths = Object.keys(files).sort();
  // Any fixed time does. ZIP begins in 1980 and packs local time, so this is local as well.
  const archiveTime = new Date(1980, 0, 1);
  return zipSync(Object.fromEntries(paths.map((path) => [path, files[path]!])), { mtime: archiveTime, level: 9 });
}

/** The release's objects. A changed file gets another key, so a replay finds what its manifest names. */
export function releaseArtifacts(files: ReleaseFiles, contract: Contract): Release<Artifact> {
  const engine = archive(files.engine);
  const contractText = `${JSON.stringify(contract, null, 2)}\n`;
  return {
    script: { key: `script/${hashOf(files.script)}/job.py`, content: files.script },
    engine: { key: `engine/${hashOf(engine)}/pipeline_engine.zip`, content: engine },
    contract: { key: `contract/${hashOf(contractText)}.json`, content: contractText },
    sql: Object.fromEntries(
      Object.entries(files.sql).map(([output, text]) => [
        output,
        { key: `sql/${hashOf(text)}/${output}.sql`, content: text },
      ]),
    ),
  };
}

export interface ArtifactsArgs {
  readonly bucket: pulumi.Input<string>;
  readonly release: Release<Artifact>;
  /** Leave uploads behind when they are replaced, or when the stack is destroyed. */
  readonly retain: boolean;
}

/** The uploads of a release. */
export class Artifacts extends pulumi.ComponentResource {
  readonly release: ReleaseUris;

  constructor(name: string, args: ArtifactsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("commerce:artifacts:Artifacts", name, {}, opts);

    const upload = (role: string, { key, content }: Artifact): pulumi.Output<string> => {
      const object = new aws.s3.BucketObjectv2(
        `${name}-${role}`,
        {
          bucket: args.bucket,
          key,
          ...(typeof content === "string" ? { content } : { contentBase64: Buffer.from(content).toString("base64") }),
        },
        // A new content is a new key, so a replacement: the object that older manifests name has to stay, and
        // protection would refuse the replacement. Where data may go a replay is not promised, and an upload that
        // stays would keep its bucket from being deleted.
        { parent: this, retainOnDelete: args.retain, protect: false },
      );
      return pulumi.interpolate`s3://${object.bucket}/${object.key}`;
    };
    const { script, engine, contract, sql } = args.release;

    this.release = {
      script: upload("script", script),
      engine: upload("engine", engine),
      contract: upload("contract", contract),
      sql: Object.fromEntries(
        Object.entries(sql).map(([output, artifact]) => [output, upload(`sql-${output}`, artifact)]),
      ),
    };
    this.registerOutputs({ release: this.release });
  }
}
