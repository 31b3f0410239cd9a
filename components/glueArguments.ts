import type * as pulumi from "@pulumi/pulumi";

export interface FixedArguments {
  /** The job's script, which no run can choose. */
  readonly script: pulumi.Input<string>;
  /** Where manifests lie. */
  readonly ledgerBucket: pulumi.Input<string>;
  /** Holds everything that a run executes. */
  readonly artifactsBucket: pulumi.Input<string>;
  /** The log groups are `<prefix>/output` and `<prefix>/error`. */
  readonly logPrefix: string;
  readonly autoscaling: boolean;
  /** A folder that the job may not write, for arguments that must name one although nothing shall be written. */
  readonly nowhere: pulumi.Input<string>;
}

/**
 * The job's arguments that no run can override: all with which a caller could run other code, write or log elsewhere,
 * or change how the job is counted. Unused ones get a neutral value. Whoever may start the job can only choose the
 * manifest. tests/permissions/jobArguments.ts compares this with AWS's list of all arguments.
 */
export const fixedArguments = (fixed: FixedArguments): Readonly<Record<string, pulumi.Input<string>>> => ({
  "--ledger_bucket": fixed.ledgerBucket,
  "--artifacts_bucket": fixed.artifactsBucket,

  // What is executed.
  "--scriptLocation": fixed.script,
  "--job-language": "python",
  // Used by Scala jobs only; Glue's console sets this name for Python jobs.
  "--class": "GlueApp",
  "--extra-py-files": "",
  "--extra-jars": "",
  "--extra-files": "",
  "--user-jars-first": "false",
  "--use-postgres-driver": "false",
  "--additional-python-modules": "",
  // Even if modules were installed, they would come from no index.
  "--python-modules-installer-option": "--no-index",
  // Spark accepts no empty setting; the engine sets this one anyway.
  "--conf": "spark.sql.session.timeZone=UTC",
  // Glue exports these in a shell, and ignores names without this prefix.
  "--customer-driver-env-vars": "CUSTOMER_NOTHING=0",
  "--customer-executor-env-vars": "CUSTOMER_NOTHING=0",

  // Where it is written and logged.
  "--TempDir": fixed.nowhere,
  "--enable-spark-ui": "false",
  "--enable-spark-ui-legacy-path": "false",
  "--spark-event-logs-path": fixed.nowhere,
  "--write-shuffle-files-to-s3": "false",
  "--write-shuffle-spills-to-s3": "false",
  "--custom-logGroup-prefix": fixed.logPrefix,
  "--continuous-log-logGroup": `${fixed.logPrefix}/output`,
  "--enable-continuous-cloudwatch-log": "true",
  "--enable-continuous-log-filter": "true",
  // Glue's own. A pattern can look values up in the environment, credentials among them.
  "--continuous-log-conversionPattern": "%d{yy/MM/dd HH:mm:ss} %p %c{1}: %m%n",
  "--enable-metrics": "true",
  "--enable-observability-metrics": "true",
  "--enable-job-insights": "false",
  "--disable-proxy-v2": "false",

  // The manifest says what is read. A job bookmark would skip files without a word.
  "--job-bookmark-option": "job-bookmark-disable",
  "--enable-auto-scaling": String(fixed.autoscaling),
  "--enable-glue-datacatalog": "false",
  "--enable-lakeformation-fine-grained-access": "false",
});
