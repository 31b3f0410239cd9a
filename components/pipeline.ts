import * as pulumi from "@pulumi/pulumi";
import { contractOf } from "../config/contract.ts";
import type { LoadedConfig } from "../config/load.ts";
import { type BucketKey, type Layer, perBucket, physicalNames, type Scope, stackArns } from "../config/naming.ts";
import type { Release } from "../handlers/release.ts";
import { environmentVariables, type FunctionEnvironment } from "../handlers/settings.ts";
import { Alerts } from "./alerts.ts";
import { Artifacts, releasePointer, releaseUploads } from "./artifacts.ts";
import { DataBucket, type DataBucketArgs } from "./bucket.ts";
import { Catalog } from "./catalog.ts";
import { dashboard } from "./dashboard.ts";
import { EmbeddedEngine } from "./embeddedEngine.ts";
import { Encryption } from "./encryption.ts";
import { functionSettings, scopeOf } from "./functionSettings.ts";
import { GlueEngine } from "./glueEngine.ts";
import { embeddedPolicy } from "./iam/embedded.ts";
import { gluePolicy } from "./iam/glue.ts";
import { promotePolicy } from "./iam/promote.ts";
import { settlePolicy } from "./iam/settle.ts";
import { pipelineAlarms } from "./pipelineAlarms.ts";
import { Promotion } from "./promotion.ts";
import { Queue } from "./queue.ts";
import { redeliveryOf } from "./redelivery.ts";
import { Settlement } from "./settlement.ts";
import type { Sources } from "./sources.ts";

export interface PipelineArgs {
  /** The parsed config of this stack's environment. */
  readonly loaded: LoadedConfig;
  /** The code that is shipped. */
  readonly sources: Sources;
  /** Where the stack lives. */
  readonly scope: Scope;
  /** Whether the stack allows the deletion of its data; the environment has to allow it too. */
  readonly destroyData: boolean;
  /** Gets the alerts. */
  readonly alertEmail?: string | undefined;
}

/** What people and tools need to find the stack's parts. */
export interface PipelineOutputs extends Readonly<Record<BucketKey, pulumi.Output<string>>> {
  readonly promoteQueueUrl: pulumi.Output<string>;
  readonly promoteDeadLetterQueueUrl: pulumi.Output<string>;
  readonly settleDeadLetterQueueUrl: pulumi.Output<string>;
  readonly promoteFunction: pulumi.Output<string>;
  readonly settleFunction: pulumi.Output<string>;
  readonly glueJob: pulumi.Output<string>;
  readonly catalogDatabase: pulumi.Output<string>;
  readonly keyArn: pulumi.Output<string>;
  readonly alertTopicArn: pulumi.Output<string>;
}

const variablesOf = (environment: Readonly<Record<keyof FunctionEnvironment, pulumi.Input<string>>>) =>
  Object.fromEntries(
    Object.entries(environmentVariables).map(([key, variable]) => [
      variable,
      environment[key as keyof FunctionEnvironment],
    ]),
  );

/** The whole pipeline of one environment. */
export class Pipeline extends pulumi.ComponentResource {
  readonly outputs: PipelineOutputs;

  constructor(name: string, args: PipelineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("commerce:pipeline:Pipeline", name, {}, opts);
    const { loaded, sources, scope } = args;
    const { config, environment } = loaded;
    const contract = contractOf(config);
    const names = physicalNames(config.name, environment, scope.account);
    const arns = stackArns(names, scope);
    const tags = { ...config.tags, pipeline: config.name, environment };
    const title = `${config.name} (${environment})`;
    const retain = !(args.destroyData && config.removal.data === "destroy");
    const { goldReaders = [], ...roleRules } = config.iam;
    const inside = { parent: this };
    /** For what holds data, messages or keys; the rest can be made again from the repository. */
    const guarded = { parent: this, protect: config.removal.protect };

    const { keyArn } = new Encryption(
      `${name}-encryption`,
      {
        description: `Data of ${title}`,
        alias: names.keyAlias,
        arns,
        ...config.encryption,
        goldReaders: goldReaders.map(({ principal }) => principal),
        retain,
        tags,
      },
      guarded,
    );

    const promoteDeadLetters = new Queue(
      `${name}-promote-dlq`,
      {
        queueName: names.promoteDeadLetters,
        queueArn: arns.promoteDeadLetters,
        deadLettersOf: [arns.promoteQueue],
        senders: [],
        keyArn,
        tags,
      },
      guarded,
    );
    const { visibilityTimeout, maxReceiveCount } = redeliveryOf(config.lambda.promote.timeout);
    const promoteQueue = new Queue(
      `${name}-promote-queue`,
      {
        queueName: names.promoteQueue,
        queueArn: arns.promoteQueue,
        visibilityTimeout,
        redrive: { deadLetterArn: promoteDeadLetters.arn, maxReceiveCount },
        senders: [
          {
            sid: "ReceiveUploads",
            service: "s3.amazonaws.com",
            account: scope.account,
            sources: [arns.buckets.bronze],
          },
        ],
        keyArn,
        tags,
      },
      guarded,
    );
    const settleDeadLetters = new Queue(
      `${name}-settle-dlq`,
      {
        queueName: names.settleDeadLetters,
        queueArn: arns.settleDeadLetters,
        senders: [
          {
            sid: "KeepUndeliveredEvents",
            service: "events.amazonaws.com",
            account: scope.account,
            sources: [arns.jobEndedRule, arns.reportedRule, arns.sweepRule],
          },
        ],
        keyArn,
        tags,
      },
      guarded,
    );

    const { retention } = config;
    const bucket = (
      layer: Layer,
      own: Omit<DataBucketArgs, "bucketName" | "bucketArn" | "keyArn" | "retain" | "tags">,
    ) =>
      new DataBucket(
        `${name}-${layer}`,
        { bucketName: names.buckets[layer], bucketArn: arns.buckets[layer], keyArn, retain, tags, ...own },
        guarded,
      ).bucketName;
    const buckets: Readonly<Record<Layer, pulumi.Output<string>>> = {
      bronze: bucket("bronze", {
        versioned: true,
        expireAfter: retention.bronze,
        expireVersionsAfter: retention.bronzeVersions,
        notify: promoteQueue,
      }),
      silver: bucket("silver", { expireAfter: retention.silver }),
      rejected: bucket("rejected", { expireAfter: retention.rejected }),
      // Expiry by age would also delete the published run of a batch that is never renewed.
      gold: bucket("gold", {
        readers: goldReaders.map(({ principal, outputs }) => ({ principal, folders: outputs })),
      }),
      ledger: bucket("ledger", { versioned: true, announce: true, expireVersionsAfter: retention.ledgerVersions }),
      artifacts: bucket("artifacts", { versioned: true, expireVersionsAfter: retention.artifactVersions }),
    };

    const uploads = releaseUploads(sources.release, contract);
    /** Null where Glue runs all. */
    const embeddedEngine = config.engine !== "glue" && uploads.isEmbeddable ? config.engine : null;
    const { script, release } = new Artifacts(
      `${name}-artifacts-release`,
      { bucket: buckets.artifacts, uploads },
      inside,
    );

    const catalog = new Catalog(
      `${name}-catalog`,
      {
        databaseName: names.catalogDatabase,
        description: `Published outputs of ${title}, and the rows that they were made from`,
        goldBucket: buckets.gold,
        silverBucket: buckets.silver,
        contract,
        descriptions: config.outputs,
        retain,
        tags,
      },
      guarded,
    );

    const shared = { roleRules, logRetention: retention.logs, keyArn, tags };
    const engine = new GlueEngine(
      `${name}-refine`,
      {
        jobName: names.glueJob,
        roleName: names.glueJob,
        description: `Makes the outputs of ${title} from a manifest`,
        glue: config.glue,
        script,
        ledgerBucket: buckets.ledger,
        artifactsBucket: buckets.artifacts,
        policy: keyArn.apply((key) => gluePolicy(arns, key)),
        logPrefix: names.glueLogPrefix,
        ...shared,
      },
      inside,
    );

    const alerts = new Alerts(
      `${name}-alerts`,
      {
        topicName: names.alertTopic,
        topicArn: arns.alertTopic,
        prefix: names.prefix,
        sender: {
          sid: "PublishAlarms",
          service: "cloudwatch.amazonaws.com",
          account: scope.account,
          sources: [arns.alarms],
        },
        email: args.alertEmail,
        alarms: pipelineAlarms(names, loaded, embeddedEngine !== null),
        keyArn,
        tags,
      },
      inside,
    );

    const variables = variablesOf({
      ...perBucket((layer) => buckets[layer]),
      promoteQueueUrl: promoteQueue.url,
      promoteDeadLettersUrl: promoteDeadLetters.url,
      settleDeadLettersUrl: settleDeadLetters.url,
      keyArn,
      glueJob: engine.jobName,
      catalogDatabase: catalog.databaseName,
      alertTopic: alerts.topicArn,
    });
    const promotion = new Promotion(
      `${name}-promote`,
      {
        functionName: names.promoteFunction,
        description: `Validates uploads of ${title} and starts complete batches`,
        bundle: sources.promote,
        packages: sources.promote.packages,
        settings: functionSettings(loaded, "promote"),
        environment: variables,
        ...config.lambda.promote,
        policy: keyArn.apply((key) => promotePolicy(arns, key)),
        logGroupName: names.promoteLogs,
        queue: promoteQueue,
        ...shared,
      },
      inside,
    );
    const { schedule, reconciliation: _, ...settleSize } = config.lambda.settle;
    const settlement = new Settlement(
      `${name}-settle`,
      {
        functionName: names.settleFunction,
        description: `Settles runs of ${title} and publishes them`,
        bundle: sources.settle,
        packages: sources.settle.packages,
        settings: functionSettings(loaded, "settle"),
        environment: variables,
        ...settleSize,
        policy: keyArn.apply((key) => settlePolicy(arns, key)),
        logGroupName: names.settleLogs,
        deadLetters: settleDeadLetters,
        glueJob: names.glueJob,
        jobEndedRule: names.jobEndedRule,
        ledgerBucket: names.buckets.ledger,
        reportedRule: names.reportedRule,
        sweepRule: names.sweepRule,
        sweepEvery: schedule,
        ...shared,
      },
      inside,
    );

    let embedded: pulumi.Input<Release["embedded"]> = null;
    if (embeddedEngine) {
      const { embeddedUpTo: upTo, memory, timeout, concurrency } = embeddedEngine;
      const { functionArn } = new EmbeddedEngine(
        `${name}-embedded`,
        {
          functionName: names.embeddedFunction,
          description: `Makes the outputs of ${title} from a manifest, where the inputs are small`,
          bundle: sources.embedded,
          packages: sources.embedded.packages,
          settings: scopeOf(loaded),
          environment: variables,
          memory,
          timeout,
          reservedConcurrency: concurrency,
          policy: keyArn.apply((key) => embeddedPolicy(arns, key)),
          logGroupName: names.embeddedLogs,
          ...shared,
        },
        inside,
      );
      embedded = functionArn.apply((arn) => ({ functionArn: arn, upTo }));
    }
    releasePointer(
      `${name}-artifacts-current`,
      {
        bucket: buckets.artifacts,
        release: pulumi.all([release, embedded]).apply(([artifacts, embedded]) => ({ ...artifacts, embedded })),
      },
      { parent: this, retainOnDelete: retain, dependsOn: [catalog, engine, promotion, settlement] },
    );

    dashboard(`${name}-dashboard`, { names, arns, loaded, embeddedMemory: embeddedEngine?.memory ?? null }, inside);

    this.outputs = {
      ...perBucket((layer) => buckets[layer]),
      promoteQueueUrl: promoteQueue.url,
      promoteDeadLetterQueueUrl: promoteDeadLetters.url,
      settleDeadLetterQueueUrl: settleDeadLetters.url,
      promoteFunction: promotion.functionName,
      settleFunction: settlement.functionName,
      glueJob: engine.jobName,
      catalogDatabase: catalog.databaseName,
      keyArn,
      alertTopicArn: alerts.topicArn,
    };
    this.registerOutputs({ ...this.outputs });
  }
}
