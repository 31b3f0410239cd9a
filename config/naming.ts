/**
 * Every physical name of a stack and its later ARN, known before anything is created. So a policy can name what it
 * protects, and two resources that must agree on a name read it from here.
 */

/** Where a stack lives. */
export interface Scope {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
}

/** How policies name a service of one region: as the service that uses a key, or as CloudWatch Logs itself. */
export const regionalService = (service: string, { partition, region }: Scope): string =>
  `${service}.${region}.amazonaws.com${partition === "aws-cn" ? ".cn" : ""}`;

export const layers = ["bronze", "silver", "rejected", "gold", "ledger", "artifacts"] as const;
export type Layer = (typeof layers)[number];

/** The key under which functions, outputs and tools know a layer's bucket. */
export type BucketKey = `${Layer}Bucket`;

export const perBucket = <T>(of: (layer: Layer) => T): Readonly<Record<BucketKey, T>> =>
  Object.fromEntries(layers.map((layer) => [`${layer}Bucket`, of(layer)])) as Record<BucketKey, T>;

export interface PhysicalNames {
  /** The beginning of every name in the stack. */
  readonly prefix: string;
  readonly buckets: Readonly<Record<Layer, string>>;
  readonly keyAlias: string;
  readonly promoteQueue: string;
  readonly promoteDeadLetters: string;
  readonly settleDeadLetters: string;
  readonly promoteFunction: string;
  readonly settleFunction: string;
  readonly embeddedFunction: string;
  readonly promoteLogs: string;
  readonly settleLogs: string;
  readonly embeddedLogs: string;
  readonly glueJob: string;
  /** Glue writes to `<prefix>/output` and `<prefix>/error`. */
  readonly glueLogPrefix: string;
  readonly jobEndedRule: string;
  readonly reportedRule: string;
  readonly sweepRule: string;
  readonly catalogDatabase: string;
  readonly alertTopic: string;
}

/** The longest name is a bucket's, 63 characters: pipeline (20), layer (9), account (12) and three dashes leave 19. */
export const environmentPattern = /^[a-z][a-z0-9-]{0,18}$/;

export function physicalNames(pipeline: string, environment: string, account: string): PhysicalNames {
  const prefix = `${pipeline}-${environment}`;
  const bucket = (layer: Layer) => [layer, `${prefix}-${layer}-${account}`] as const;
  return {
    prefix,
    buckets: Object.fromEntries(layers.map(bucket)) as Record<Layer, string>,
    keyAlias: `alias/${prefix}`,
    promoteQueue: `${prefix}-promote`,
    promoteDeadLetters: `${prefix}-promote-dlq`,
    settleDeadLetters: `${prefix}-settle-dlq`,
    promoteFunction: `${prefix}-promote`,
    settleFunction: `${prefix}-settle`,
    embeddedFunction: `${prefix}-embedded`,
    promoteLogs: `/aws/lambda/${prefix}-promote`,
    settleLogs: `/aws/lambda/${prefix}-settle`,
    embeddedLogs: `/aws/lambda/${prefix}-embedded`,
    glueJob: `${prefix}-refine`,
    glueLogPrefix: `/aws-glue/${prefix}`,
    jobEndedRule: `${prefix}-job-ended`,
    reportedRule: `${prefix}-reported`,
    sweepRule: `${prefix}-sweep`,
    // Athena needs quotes around a name with a dash.
    catalogDatabase: prefix.replaceAll("-", "_"),
    alertTopic: `${prefix}-alerts`,
  };
}

export interface StackArns {
  readonly scope: Scope;
  readonly buckets: Readonly<Record<Layer, string>>;
  readonly promoteQueue: string;
  readonly promoteDeadLetters: string;
  readonly settleDeadLetters: string;
  readonly promoteLogs: string;
  readonly settleLogs: string;
  readonly embeddedLogs: string;
  /** Any version of the function. */
  readonly embeddedVersions: string;
  readonly glueLogs: readonly string[];
  readonly glueJob: string;
  readonly jobEndedRule: string;
  readonly reportedRule: string;
  readonly sweepRule: string;
  readonly catalog: string;
  readonly catalogDatabase: string;
  /** All tables of the stack's database: settle also updates a table whose output is no longer declared. */
  readonly catalogTables: string;
  readonly alertTopic: string;
  /** Matches the stack's alarms and no others. */
  readonly alarms: string;
}

export function stackArns(names: PhysicalNames, scope: Scope): StackArns {
  const arn = (service: string, resource: string) =>
    `arn:${scope.partition}:${service}:${scope.region}:${scope.account}:${resource}`;
  const bucket = (layer: Layer) => [layer, `arn:${scope.partition}:s3:::${names.buckets[layer]}`] as const;
  const logGroup = (name: string) => arn("logs", `log-group:${name}`);
  return {
    scope,
    buckets: Object.fromEntries(layers.map(bucket)) as Record<Layer, string>,
    promoteQueue: arn("sqs", names.promoteQueue),
    promoteDeadLetters: arn("sqs", names.promoteDeadLetters),
    settleDeadLetters: arn("sqs", names.settleDeadLetters),
    promoteLogs: logGroup(names.promoteLogs),
    settleLogs: logGroup(names.settleLogs),
    embeddedLogs: logGroup(names.embeddedLogs),
    embeddedVersions: arn("lambda", `function:${names.embeddedFunction}:*`),
    glueLogs: [logGroup(`${names.glueLogPrefix}/output`), logGroup(`${names.glueLogPrefix}/error`)],
    glueJob: arn("glue", `job/${names.glueJob}`),
    jobEndedRule: arn("events", `rule/${names.jobEndedRule}`),
    reportedRule: arn("events", `rule/${names.reportedRule}`),
    sweepRule: arn("events", `rule/${names.sweepRule}`),
    catalog: arn("glue", "catalog"),
    catalogDatabase: arn("glue", `database/${names.catalogDatabase}`),
    catalogTables: arn("glue", `table/${names.catalogDatabase}/*`),
    alertTopic: arn("sns", names.alertTopic),
    alarms: arn("cloudwatch", `alarm:${names.prefix}-*`),
  };
}
