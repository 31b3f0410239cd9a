/** A small pipeline's config as YAML: what tests are about given, and all else as short-lived as it may be. */
export const shopConfig = ({
  datasets,
  outputs,
  evolution = "additive",
  files = "{ maxArrayBytes: 8388608, maxUnpackedBytes: 1073741824 }",
}: {
  /** Sections below `datasets` and `outputs`, indented by two. */
  readonly datasets: string;
  readonly outputs: string;
  readonly evolution?: string;
  readonly files?: string;
}): string => `name: shop
batching: { keyPattern: "[0-9]{4}-[0-9]{2}-[0-9]{2}", maxSpread: 12h, deadline: 1d }
schemaEvolution: ${evolution}
datasets:
${datasets}outputs:
${outputs}files: ${files}
lambda:
  promote: { memory: 256, timeout: 1m, concurrency: 5 }
  settle: { memory: 256, timeout: 30s, schedule: 10m, reconciliation: 1d }
engine: glue
glue: { version: "5.1", workerType: G.1X, workers: 2, autoscaling: false, timeout: 20m, attempts: 2, maxConcurrentRuns: 2 }
encryption: { rotation: true, deletionWindow: 7d }
iam: { path: / }
retention: { bronze: 7d, bronzeVersions: 1d, silver: 7d, rejected: 7d, ledgerVersions: 7d, artifactVersions: 7d, runs: 10, logs: 7d }
alerts: { queueAge: 1h }
removal: { data: destroy, protect: false }
tags: { team: shop }
environments: { dev: {} }
`;
