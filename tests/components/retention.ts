import type { Layer } from "../../config/naming.ts";
import type { PipelineConfig } from "../../config/schema.ts";

/** For how many days a bucket keeps what it holds, and a replaced version of it; no number is for ever. */
export interface Retention {
  readonly age?: number;
  readonly versions?: number;
}

/** What a config says of a layer's bucket. */
export function retentionOf({ retention }: PipelineConfig, layer: Layer): Retention {
  const days = new Map(Object.entries(retention));
  const age = days.get(layer);
  const versions = days.get(layer === "artifacts" ? "artifactVersions" : `${layer}Versions`);
  return { ...(age !== undefined && { age }), ...(versions !== undefined && { versions }) };
}
