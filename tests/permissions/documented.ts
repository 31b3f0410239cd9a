import { keyUse, type Need } from "./actions.ts";
import type { Call } from "./call.ts";
import type { DeclaredStack } from "./declared.ts";

const need = (action: string, resource: string, context: Need["context"] = {}): Need => ({ action, resource, context });

/** What nobody's code here calls, and AWS or Spark does: by their documents. */
export function documentedCalls(stack: DeclaredStack): Call[] {
  const { roleArns, keyArn, queues, names, rules, topicArn, settleFunctionArn, account, jobArguments, contract } =
    stack;
  const [, , , region] = keyArn.split(":") as [string, string, string, string];
  const calls: Call[] = [];
  const by = (principal: string, from: string, ...needs: readonly Need[]) =>
    calls.push(...needs.map((each) => ({ principal, ...each, from })));
  const logGroup = (group: string) => `arn:aws:logs:${region}:${account}:log-group:${group}`;
  const functions = ["promote", "settle", "embedded"] as const;
  const logsOf = (role: (typeof functions)[number]) =>
    `/aws/lambda/${settleFunctionArn.split(":").at(-1)!.replace("settle", role)}`;
  const logsOfJob = ["output", "error"].map((stream) => `${jobArguments.fixed["--custom-logGroup-prefix"]}/${stream}`);
  const logs = (group: string) =>
    ["logs:CreateLogStream", "logs:PutLogEvents"].map((action) =>
      need(action, `${logGroup(group)}:log-stream:2026/01/01/stream`),
    );

  // ---- Lambda
  const lambdaLogs = "Lambda developer guide, lambda-intro-execution-role: AWSLambdaBasicExecutionRole";
  for (const role of functions) by(roleArns[role], lambdaLogs, ...logs(logsOf(role)));
  by(
    roleArns.promote,
    "Lambda developer guide, services-sqs-configure: execution role permissions of the mapping",
    ...["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"].map((action) =>
      need(action, queues.promote),
    ),
    keyUse(stack, "sqs", "kms:Decrypt", queues.promote),
  );
  by(
    roleArns.settle,
    "Lambda developer guide, invocation-async-retain-records: the function's role sends to the destination",
    need("sqs:SendMessage", queues.settleDeadLetters),
    keyUse(stack, "sqs", "kms:GenerateDataKey", queues.settleDeadLetters),
    keyUse(stack, "sqs", "kms:Decrypt", queues.settleDeadLetters),
  );
  const roleUse = "IAM user guide, id_roles_terms-and-concepts: service role";
  for (const [service, ...ofService] of [
    ["lambda.amazonaws.com", ...functions.map((role) => roleArns[role])],
    ["glue.amazonaws.com", roleArns.refine],
  ] as const)
    by(service, roleUse, ...ofService.map((role) => need("sts:AssumeRole", role)));

  // ---- the services between the parts
  const s3Source = { "aws:SourceArn": `arn:aws:s3:::${names.bronzeBucket}`, "aws:SourceAccount": account };
  by(
    "s3.amazonaws.com",
    "S3 user guide, grant-destinations-permissions-to-s3: an encrypted queue",
    need("sqs:SendMessage", queues.promote, s3Source),
    ...["kms:Decrypt", "kms:GenerateDataKey"].map((action) => need(action, keyArn, s3Source)),
  );
  for (const rule of rules)
    by(
      "events.amazonaws.com",
      "EventBridge user guide, eb-use-resource-based and eb-rule-dlq",
      need("lambda:InvokeFunction", settleFunctionArn, { "aws:SourceArn": rule }),
      need("sqs:SendMessage", queues.settleDeadLetters, { "aws:SourceArn": rule, "aws:SourceAccount": account }),
    );
  by(
    "events.amazonaws.com",
    "SQS developer guide, sqs-key-management: event sources and encrypted queues",
    ...["kms:Decrypt", "kms:GenerateDataKey"].map((action) => need(action, keyArn)),
  );
  const alarm = {
    "aws:SourceArn": `arn:aws:cloudwatch:${region}:${account}:alarm:${topicArn.split(":").at(-1)!.replace("alerts", "promote-queue-age")}`,
    "aws:SourceAccount": account,
  };
  by(
    "cloudwatch.amazonaws.com",
    "SNS developer guide, sns-key-management: event sources and encrypted topics",
    need("sns:Publish", topicArn, alarm),
    ...["kms:Decrypt", "kms:GenerateDataKey"].map((action) => need(action, keyArn, alarm)),
  );
  for (const group of [...functions.map(logsOf), ...logsOfJob])
    by(
      `logs.${region}.amazonaws.com`,
      "CloudWatch Logs user guide, encrypt-log-data-kms: step 2",
      ...["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey"].map((action) =>
        need(action, keyArn, { "kms:EncryptionContext:aws:logs:arn": logGroup(group) }),
      ),
    );

  // ---- the Glue job
  const bucket = (name: string) => `arn:aws:s3:::${name}`;
  const [artifacts, ledger, silver, rejected, gold] = [
    names.artifactsBucket,
    names.ledgerBucket,
    names.silverBucket,
    names.rejectedBucket,
    names.goldBucket,
  ].map(bucket) as [string, string, string, string, string];
  const batch = "batch=2026-01-01";
  const outputs = Object.keys(contract.outputs);
  by(
    roleArns.refine,
    "glue/job.py, glue/plan_runner/storage.py: release, manifest, report",
    ...["script", "engine", "contract", "plan"].map((part) => need("s3:GetObject", `${artifacts}/${part}/0`)),
    need("s3:GetObject", `${ledger}/manifests/2026-01-01/1.json`),
    need("s3:GetObject", `${ledger}/files/2026-01-01/users/0.json`),
    need("s3:PutObject", `${ledger}/reports/2026-01-01/1/jr_1.json`),
    ...[artifacts, ledger, silver, rejected, gold].map((of) => keyUse(stack, "s3", "kms:Decrypt", of)),
    ...[ledger, rejected, gold].map((of) => keyUse(stack, "s3", "kms:GenerateDataKey", of)),
  );
  by(
    roleArns.refine,
    "Hadoop S3A, Working with IAM Assumed Roles: read access permissions",
    ...Object.keys(contract.datasets).map((dataset) =>
      need("s3:GetObject", `${silver}/${dataset}/${batch}/v-0/part-0.parquet`),
    ),
    ...[silver, rejected, gold].map((of) => need("s3:ListBucket", of)),
    // Whether a folder's name is that of a file.
    ...[...outputs.map((output) => `${gold}/${output}`), `${rejected}/rows`].map((key) => need("s3:GetObject", key)),
  );
  for (const object of [
    ...outputs.map((output) => `${gold}/${output}/${batch}/run=1/jr_1/part-0`),
    `${rejected}/rows/${batch}/part-0`,
  ])
    by(
      roleArns.refine,
      "Hadoop S3A, Working with IAM Assumed Roles: write access permissions",
      ...[
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:AbortMultipartUpload",
        "s3:ListMultipartUploadParts",
      ].map((action) => need(action, object)),
    );
  by(
    roleArns.refine,
    "Hadoop S3A, S3A Committers: pending uploads",
    ...[gold, rejected].map((of) => need("s3:ListBucketMultipartUploads", of)),
  );
  by(
    roleArns.refine,
    "Glue user guide, monitor-continuous-logging and monitoring-awsglue-with-cloudwatch-metrics",
    ...logsOfJob.flatMap(logs),
    need("cloudwatch:PutMetricData", "*", { "cloudwatch:namespace": "Glue" }),
  );
  return calls;
}
