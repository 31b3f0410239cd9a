import { readFileSync } from "node:fs";
import type { DeclaredStack } from "./declared.ts";

interface GlueArgument {
  readonly does: string;
  /** Why it may be left to whoever starts a run. */
  readonly left?: string;
}

const glues = "Glue sets it itself";
const internal = "Glue's own; AWS says that a job must not set it; its effect is not documented";
const ownBuckets = 'the job reads only the stack\'s own buckets; AWS names no value for "none"';
const streams = "a stream of the job's own groups; a fixed name would mix the runs";

/**
 * All that Glue reads of a Spark job's arguments: the reference in "Using job parameters in AWS Glue jobs" (Glue developer
 * guide, aws-glue-programming-etl-glue-arguments); from its pages on logging and shuffling --custom-logGroup-prefix,
 * --custom-logStream-prefix and --write-shuffle-…; from that on virtual environments --python-virtual-env…; from awsglue/utils.py what Glue hands to every script.
 */
export const glueArguments: Readonly<Record<string, GlueArgument>> = {
  "--scriptLocation": { does: "the script that runs" },
  "--job-language": { does: "which interpreter runs it" },
  "--class": { does: "where a Scala script begins" },
  "--extra-py-files": { does: "modules beside the script" },
  "--extra-jars": { does: "classes beside Spark's" },
  "--extra-files": { does: "files beside the script, from which Python imports too" },
  "--user-jars-first": { does: "which of two classes of the same name is used" },
  "--use-postgres-driver": { does: "which of two classes of the same name is used" },
  "--additional-python-modules": { does: "packages that pip installs" },
  "--python-modules-installer-option": { does: "further options for pip, such as an index" },
  "--python-virtual-env": { does: "an archive with the Python that runs the script", left: ownBuckets },
  "--python-virtual-env-storage-prefix": { does: "where Glue keeps such an archive", left: ownBuckets },
  "--python-virtual-env-version": { does: "which of these archives is used", left: ownBuckets },
  "--conf": { does: "Spark's settings, such as jars, Java options and plugins" },
  "--customer-driver-env-vars": { does: "variables that a shell exports" },
  "--customer-executor-env-vars": { does: "variables that a shell exports" },
  "--datalake-formats": {
    does: "AWS's jars for Hudi, Delta or Iceberg",
    left: 'only AWS\'s own jars, which nothing uses; no value stands for "none"',
  },

  "--TempDir": { does: "where Glue's own frames spill to" },
  "--enable-spark-ui": { does: "writes Spark's events, including queries" },
  "--enable-spark-ui-legacy-path": { does: "writes Spark's events, including queries" },
  "--spark-event-logs-path": { does: "where Spark's events are written" },
  "--write-shuffle-files-to-s3": { does: "writes rows between two stages to a bucket" },
  "--write-shuffle-spills-to-s3": { does: "writes rows between two stages to a bucket" },
  "--custom-logGroup-prefix": { does: "which groups the log goes to" },
  "--custom-logStream-prefix": { does: "how the log's streams are named", left: streams },
  "--continuous-log-logGroup": { does: "which group the log goes to" },
  "--continuous-log-logStreamPrefix": { does: "how the log's streams are named", left: streams },
  "--continuous-log-conversionPattern": { does: "what Log4j writes into a line, including variables" },
  "--enable-continuous-cloudwatch-log": { does: "whether there is a log while the job runs" },
  "--enable-continuous-log-filter": { does: "which lines are logged" },
  "--enable-metrics": { does: "whether metrics are sent" },
  "--enable-observability-metrics": { does: "whether metrics are sent" },
  "--enable-job-insights": { does: "whether Glue searches the log for causes" },
  "--disable-proxy-v2": { does: "which route calls to AWS take" },
  "--encryption-type": {
    does: "legacy: how objects are encrypted",
    left: "the buckets refuse all but the stack's key",
  },

  "--job-bookmark-option": { does: "skips data that was read before" },
  "--job-bookmark-from": { does: "where reading begins", left: "only with a paused bookmark, and it is disabled" },
  "--job-bookmark-to": { does: "where reading ends", left: "only with a paused bookmark, and it is disabled" },
  "--enable-auto-scaling": { does: "whether all workers are there from the start" },
  "--auto-scale-within-microbatch": { does: "when a stream scales", left: "for streaming jobs only" },
  "--executor-cores": { does: "tasks at once", left: "the run's size is also free: StartJobRun has a field for it" },
  "--enable-glue-datacatalog": { does: "uses the catalog as Spark's metastore" },
  "--enable-lakeformation-fine-grained-access": { does: "reads tables by Lake Formation's rights" },
  "--enable-s3-parquet-optimized-committer": {
    does: "which of AWS's committers writes Parquet",
    left: "either writes a whole file or none",
  },
  "--enable-rename-algorithm-v2": { does: "how files are renamed", left: "for Glue 1.0 only" },

  "--JOB_NAME": { does: "the job's name", left: glues },
  "--JOB_ID": { does: "the job's id", left: glues },
  "--JOB_RUN_ID": { does: "the job run's id", left: glues },
  "--SECURITY_CONFIGURATION": { does: "the run's security configuration", left: glues },
  "--debug": { does: "-", left: internal },
  "--mode": { does: "-", left: internal },
  "--endpoint": { does: "-", left: internal },
};

/** What the job's script reads. */
export const scriptArguments: readonly string[] = [
  ...new Set(
    [...readFileSync("glue/job.py", "utf8").matchAll(/\bargument\(["'](\w+)["']\)/g)].map(([, name]) => `--${name}`),
  ),
].sort();

type Arguments = Pick<DeclaredStack, "jobArguments">;

/** By its declaration: what a run, whoever starts it, can set of what the script or Glue reads, but for what may be left to it. */
export function settableArguments({ jobArguments: { fixed } }: Arguments): string[] {
  const read = [...new Set([...scriptArguments, ...Object.keys(glueArguments)])];
  return read.filter((name) => !Object.hasOwn(fixed, name) && glueArguments[name]?.left === undefined);
}

/** What the declaration fixes and nobody reads, so that it only looks as if it fixed something. */
export const deadArguments = ({ jobArguments: { fixed } }: Arguments): string[] =>
  Object.keys(fixed).filter((name) => !Object.hasOwn(glueArguments, name) && !scriptArguments.includes(name));
