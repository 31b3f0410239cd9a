import { type BucketKey, perBucket } from "../config/naming.ts";

/** Whose function it is; its metrics are counted by this. */
export interface FunctionScope {
  readonly pipeline: string;
  readonly environment: string;
}

/**
 * A function's own settings. How data is judged is read from the release (`release.ts`). The program writes them as
 * `settings.json` beside the bundle, so a function needs no YAML parser and no schema library. Durations in seconds,
 * sizes in bytes.
 */
export interface FunctionSettings extends FunctionScope {
  readonly files: {
    readonly maxArrayBytes: number;
    readonly maxUnpackedBytes: number;
  };
  /** Claims in all for the same inputs when runs of them break while they execute. */
  readonly attempts: number;
  /** Newest runs that a ledger document keeps. */
  readonly keepRuns: number;
  /** Seconds after which another invocation may take over an effect. */
  readonly effectLease: number;
  /** Seconds from the start of one comparison of Bronze with the ledger to the next. */
  readonly reconciliationEvery: number;
  /** Seconds after which the sweep notifies people of a run that has not ended; never when absent. */
  readonly runAge?: number | undefined;
}

/** The names that exist only once the stack is deployed, handed over as environment variables. */
export interface FunctionEnvironment extends Readonly<Record<BucketKey, string>> {
  readonly promoteQueueUrl: string;
  readonly promoteDeadLettersUrl: string;
  readonly settleDeadLettersUrl: string;
  readonly keyArn: string;
  readonly glueJob: string;
  readonly catalogDatabase: string;
  /** ARN of the topic that notifies people. */
  readonly alertTopic: string;
}

/** Environment variable of each deployed name; the program sets exactly these. */
export const environmentVariables = {
  ...perBucket((layer) => `${layer.toUpperCase()}_BUCKET`),
  promoteQueueUrl: "PROMOTE_QUEUE_URL",
  promoteDeadLettersUrl: "PROMOTE_DEAD_LETTERS_URL",
  settleDeadLettersUrl: "SETTLE_DEAD_LETTERS_URL",
  keyArn: "KEY_ARN",
  glueJob: "GLUE_JOB",
  catalogDatabase: "CATALOG_DATABASE",
  alertTopic: "ALERT_TOPIC_ARN",
} as const satisfies Record<keyof FunctionEnvironment, string>;

/** @throws Error that names each variable that is not set. */
export function readEnvironment(variables: Readonly<Record<string, string | undefined>>): FunctionEnvironment {
  const missing = Object.values(environmentVariables).filter((name) => !variables[name]);
  if (missing.length > 0) throw new Error(`environment variables not set: ${missing.join(", ")}`);
  return Object.fromEntries(
    Object.entries(environmentVariables).map(([key, name]) => [key, variables[name]]),
  ) as unknown as FunctionEnvironment;
}
