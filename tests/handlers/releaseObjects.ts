import {
  artifactsOf,
  pointerTo,
  type ReleaseUploads,
  releaseUploads,
  type Upload,
} from "../../components/artifacts.ts";
import type { Contract } from "../../config/contract.ts";
import type { Release } from "../../handlers/release.ts";

/** What a deployment of this contract leaves in the artifacts bucket, the pointer last. Engine and SQL are stand-ins. */
export function releaseObjects(
  contract: Contract,
  bucket: string,
  engine = "engine",
  embedded: Release["embedded"] = null,
): { readonly release: Release; readonly objects: readonly Upload[] } {
  const sql = Object.fromEntries(Object.keys(contract.outputs).map((output) => [output, `select * from ${output}`]));
  const files = { script: "script", engine: { "plan_runner/__init__.py": Buffer.from(engine) }, sql, duckdb: {} };
  const uploads: ReleaseUploads = releaseUploads(files, contract);
  const release = { ...artifactsOf(uploads, bucket), embedded };
  return { release, objects: [uploads.engine, uploads.contract, uploads.plan, pointerTo(release)] };
}
