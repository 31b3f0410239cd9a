import { type Layer, layers } from "../../config/naming.ts";
import { type Call, foreignAccount, powerful } from "./call.ts";
import type { DeclaredStack } from "./declared.ts";

/** What nobody may, by whatever else he is allowed: each line a request that has to be refused. */
export function forbiddenCalls(stack: DeclaredStack): Call[] {
  const { roleArns, keyArn, queues, names, account, topicArn, settleFunctionArn, jobArn, rules } = stack;
  const { embeddedFunctionArn } = stack;
  const region = keyArn.split(":")[3]!;
  const calls: Call[] = [];
  const never = (from: string, principal: string, action: string, resource: string, context: Call["context"] = {}) =>
    calls.push({ principal, action, resource, context, from });
  const bucketOf = (layer: Layer) => `arn:aws:s3:::${names[`${layer}Bucket`]}`;
  const [bronze, silver, rejected, ledger, artifacts] = [
    bucketOf("bronze"),
    bucketOf("silver"),
    bucketOf("rejected"),
    bucketOf("ledger"),
    bucketOf("artifacts"),
  ];
  const unversioned = embeddedFunctionArn.replace(/:[^:]+$/, "");
  /** The same of every bucket but some: of an object in it or, with `whole`, of the bucket itself. */
  const neverIn = (
    from: string,
    principal: string,
    action: string,
    {
      but = [],
      context = {},
      whole = false,
    }: { readonly but?: readonly Layer[]; readonly context?: Call["context"]; readonly whole?: boolean } = {},
  ) => {
    const among = `${whole ? "" : "objects of "}every bucket${but.length > 0 ? ` but ${but.join(", ")}` : ""}`;
    for (const layer of layers.filter((one) => !but.includes(one))) {
      const resource = whole ? bucketOf(layer) : `${bucketOf(layer)}/a`;
      calls.push({ principal, action, resource, context, from, among });
    }
  };
  const { promote, settle, refine, embedded } = roleArns;
  const puts = ["s3:PutObject", "s3:DeleteObject"];
  const gets = ["s3:GetObject", "s3:GetObjectVersion"];

  for (const action of puts)
    neverIn("promote writes only Silver, rejected files and the ledger", promote, action, {
      but: ["silver", "rejected", "ledger"],
    });
  for (const action of gets)
    neverIn("promote reads only Bronze, the ledger and its release", promote, action, {
      but: ["bronze", "ledger", "artifacts"],
    });
  never("promote can't close a batch", promote, "s3:DeleteObject", `${ledger}/open/a/1`);
  never("promote can't write reports", promote, "s3:PutObject", `${ledger}/reports/a`);
  never("promote can't stop runs", promote, "glue:BatchStopJobRun", jobArn);
  for (const action of gets)
    neverIn("settle reads only the ledger and its release", settle, action, { but: ["ledger", "artifacts"] });
  neverIn("settle writes only the ledger", settle, "s3:PutObject", { but: ["ledger"] });
  neverIn("settle deletes only in Gold and the ledger", settle, "s3:DeleteObject", { but: ["gold", "ledger"] });
  for (const role of [promote, refine, embedded]) never("only settle sends notices", role, "sns:Publish", topicArn);
  const table = (database: string, name: string) => jobArn.replace(/job\/.+$/, `table/${database}/${name}`);
  for (const own of ["user_activity", "silver_users"].map((name) => table(names.catalogDatabase, name))) {
    for (const role of [promote, refine, embedded])
      never("only settle says what readers see", role, "glue:UpdatePartition", own);
    for (const action of ["glue:UpdateTable", "glue:DeleteTable"]) never("no run changes a table", settle, action, own);
  }
  never("settle switches no table of others", settle, "glue:UpdatePartition", table("others", "silver_users"));
  const ofGlue = ["silver", "rejected", "gold", "ledger", "artifacts"] as const;
  for (const action of gets) neverIn("Glue can't reach other buckets", refine, action, { but: ofGlue });
  neverIn("Glue can't reach other buckets", refine, "s3:ListBucket", { but: ofGlue, whole: true });
  for (const action of puts)
    neverIn("Glue writes only output, rejected rows and reports", refine, action, {
      but: ["rejected", "gold", "ledger"],
    });
  for (const folder of ["batches", "open", "manifests", "runs"])
    for (const action of puts)
      never("in the ledger Glue can write only reports", refine, action, `${ledger}/${folder}/a`);
  never("Glue writes metrics only in its own namespace", refine, "cloudwatch:PutMetricData", "*", {
    "cloudwatch:namespace": "Other",
  });

  const ofEmbedded = ["silver", "ledger", "artifacts"] as const;
  for (const action of gets)
    neverIn("the embedded engine reads only Silver, the ledger and its plan", embedded, action, { but: ofEmbedded });
  for (const folder of ["contract", "engine", "release.json"])
    never("of a release the embedded engine reads only the plan", embedded, "s3:GetObject", `${artifacts}/${folder}/a`);
  neverIn("the embedded engine lists only what it reads by name", embedded, "s3:ListBucket", {
    but: ["silver", "ledger"],
    whole: true,
  });
  neverIn("the embedded engine writes only outputs, rejected rows and the ledger", embedded, "s3:PutObject", {
    but: ["rejected", "gold", "ledger"],
  });
  neverIn("the embedded engine deletes nothing", embedded, "s3:DeleteObject");
  never("the embedded engine rejects no file", embedded, "s3:PutObject", `${rejected}/files/a`);
  for (const folder of ["batches", "open", "runs", "parts"])
    for (const action of ["s3:GetObject", "s3:PutObject"])
      never(
        "in the ledger the embedded engine keeps only attempts and reports",
        embedded,
        action,
        `${ledger}/${folder}/a`,
      );
  for (const folder of ["manifests", "files"])
    never("the embedded engine changes nothing that a run pins", embedded, "s3:PutObject", `${ledger}/${folder}/a`);
  for (const action of ["glue:StartJobRun", "glue:BatchStopJobRun"])
    never("the embedded engine starts and stops nothing", embedded, action, jobArn);
  for (const role of [refine, embedded])
    for (const called of [embeddedFunctionArn, settleFunctionArn])
      never("only promote and settle start runs", role, "lambda:InvokeFunction", called);
  for (const role of [promote, settle])
    never("no run starts but at the version that its release pins", role, "lambda:InvokeFunction", unversioned);
  for (const queue of Object.values(queues))
    for (const role of [refine, embedded])
      for (const action of ["sqs:SendMessage", "sqs:ReceiveMessage"])
        never("no engine uses a queue", role, action, queue);

  for (const role of Object.values(roleArns)) {
    for (const action of puts) never("no role of the stack changes what runs execute", role, action, `${artifacts}/a`);
    for (const action of ["glue:UpdateJob", "glue:CreateJob"])
      never("no role of the stack changes the job", role, action, jobArn);
    for (const action of ["lambda:UpdateFunctionCode", "lambda:PublishVersion"])
      for (const changed of [settleFunctionArn, unversioned])
        never("no role of the stack changes a function", role, action, changed);
    for (const action of ["kms:Decrypt", "kms:GenerateDataKey"]) {
      never("the key works only through its services", role, action, keyArn);
      never("the key works only through its services", role, action, keyArn, {
        "kms:ViaService": `secretsmanager.${region}.amazonaws.com`,
      });
    }
    for (const action of ["kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:CreateGrant"])
      never("no role of the stack administers the key", role, action, keyArn);
    for (const other of Object.values(roleArns))
      never("no role of the stack passes a role", role, "iam:PassRole", other, {
        "iam:PassedToService": "glue.amazonaws.com",
      });
    never("only its service can assume a role", "ec2.amazonaws.com", "sts:AssumeRole", role);
  }
  for (const role of [promote, embedded])
    never("only its service can assume a role", "glue.amazonaws.com", "sts:AssumeRole", role);
  never("only its service can assume a role", "lambda.amazonaws.com", "sts:AssumeRole", refine);

  const anybody = powerful(account);
  const foreign = powerful(foreignAccount);
  const plain = { "aws:SecureTransport": "false" };
  const encryption = "s3:x-amz-server-side-encryption";
  const keyId = `${encryption}-aws-kms-key-id`;
  neverIn("no request works without TLS", anybody, "s3:GetObject", { context: plain });
  neverIn("no request works without TLS", anybody, "s3:ListBucket", { context: plain, whole: true });
  neverIn("every put uses KMS encryption", anybody, "s3:PutObject", { context: { [encryption]: "AES256" } });
  neverIn("every put uses KMS encryption", anybody, "s3:PutObject", {
    context: { [encryption]: "aws:kms:dsse", [keyId]: keyArn },
  });
  neverIn("every put uses the stack's key", anybody, "s3:PutObject", { context: { [encryption]: "aws:kms" } });
  neverIn("every put uses the stack's key", anybody, "s3:PutObject", {
    context: { [encryption]: "aws:kms", [keyId]: keyArn.replace("key-1", "key-2") },
  });
  neverIn("no put uses a customer-provided key", anybody, "s3:PutObject", {
    context: { [`${encryption}-customer-algorithm`]: "AES256" },
  });
  for (const principal of ["anonymous", foreign]) {
    neverIn("nothing is public", principal, "s3:GetObject");
    neverIn("nothing is public", principal, "s3:ListBucket", { whole: true });
  }
  for (const queue of Object.values(queues)) {
    never("no request works without TLS", anybody, "sqs:SendMessage", queue, plain);
    for (const principal of ["anonymous", foreign])
      for (const action of ["sqs:SendMessage", "sqs:ReceiveMessage"])
        never("nothing is public", principal, action, queue);
  }
  never("no request works without TLS", anybody, "sns:Publish", topicArn, plain);
  for (const principal of ["anonymous", foreign]) {
    never("nothing is public", principal, "sns:Publish", topicArn);
    never("nothing is public", principal, "sns:Subscribe", topicArn);
    for (const called of [settleFunctionArn, embeddedFunctionArn])
      never("nothing is public", principal, "lambda:InvokeFunction", called);
    never("nothing is public", principal, "kms:Decrypt", keyArn);
  }

  const foreignly = (own: string) => own.replace(account, foreignAccount);
  const from = (source: string, of = account) => ({ "aws:SourceArn": source, "aws:SourceAccount": of });
  const title = "no event comes from elsewhere";
  for (const source of [from(silver), from(bronze, foreignAccount), {}]) {
    never(title, "s3.amazonaws.com", "sqs:SendMessage", queues.promote, source);
    never(title, "s3.amazonaws.com", "kms:GenerateDataKey", keyArn, source);
  }
  for (const source of [from(foreignly(rules[0]!)), from(rules[0]!, foreignAccount)])
    never(title, "events.amazonaws.com", "sqs:SendMessage", queues.settleDeadLetters, source);
  never(title, "events.amazonaws.com", "lambda:InvokeFunction", settleFunctionArn, {
    "aws:SourceArn": foreignly(rules[0]!),
  });
  never(title, "events.amazonaws.com", "lambda:InvokeFunction", embeddedFunctionArn, { "aws:SourceArn": rules[0]! });
  const alarm = `arn:aws:cloudwatch:${region}:${account}:alarm:${topicArn.split(":").at(-1)!.replace("alerts", "a")}`;
  for (const source of [from(foreignly(alarm)), from(alarm, foreignAccount)]) {
    never(title, "cloudwatch.amazonaws.com", "sns:Publish", topicArn, source);
    never(title, "cloudwatch.amazonaws.com", "kms:GenerateDataKey", keyArn, source);
  }
  never("log groups of others can't use the key", `logs.${region}.amazonaws.com`, "kms:Decrypt", keyArn, {
    "kms:EncryptionContext:aws:logs:arn": `arn:aws:logs:${region}:${account}:log-group:/other`,
  });
  return calls;
}
