import { readFileSync } from "node:fs";
import { join } from "node:path";
import { GetJobRunsCommand } from "@aws-sdk/client-glue";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import { expect } from "chai";
import { type Clients, createClients, destroyClients } from "../../local/clients.ts";
import { accountId, callsFile } from "../../local/localAws.ts";
import { changedConfig } from "../config/changedConfig.ts";
import { declaredStack } from "../permissions/declared.ts";
import { documentedCalls } from "../permissions/documented.ts";
import { generic } from "../permissions/matrix.ts";
import { recordedCalls } from "../permissions/recorded.ts";
import { type DeployedStack, deployStack, isPublished } from "./deployedStack.ts";

/** A call as the local AWS wrote it down. */
interface Made {
  readonly role: string;
  readonly action: string;
  readonly resource: string;
  readonly conditions: Readonly<Record<string, string>>;
  readonly allowed: boolean;
}

/**
 * The deployed program on the local AWS, which enforces the policies of the stack: functions and the job act under their
 * own roles, with real Spark and real DuckDB. What it enforces and writes down are the calls on S3, SQS, Lambda, Glue and
 * its catalog. So little is enough for Glue here that both engines have a run.
 *
 * This does not prove the following. The local AWS does not check the key's use behind S3 and SQS, iam:PassRole, the
 * mapping's rights on its queue, the functions' logging, or calls between services other than S3. It assumes TLS. For a
 * call to Glue it checks only the database, not the table and the catalog. This run also leaves out copies by parts,
 * lost answers and expiry. tests/permissions evaluates all of these.
 */
describe("the calls of a whole run", function () {
  this.timeout(600_000);
  const batch = "2026-01-01";
  const large = "2026-01-03";
  let deployed: DeployedStack;
  let calls: Made[];

  const users = (count: number) =>
    Array.from({ length: count }, (_, index) => `{"user_id":"u_${index}","country":"US"}\n`).join("");
  const files = {
    // One row to reject, and few enough of them.
    users: `${users(50)}{"user_id":null}\n`,
    events: '{"event_id":"e_0","user_id":"u_0","event_type":"product_view"}\n',
    orders: '{"order_id":"o_0","user_id":"u_0","order_amount":12.34,"payment_status":"success"}\n',
  } as const;

  const publishes = (run: number, of = batch) =>
    deployed.until(of, `run ${run} of ${of} is published`, isPublished(run));
  const upload = async (to: string, contents: typeof files) => {
    for (const [dataset, body] of Object.entries(contents)) await deployed.upload(`${to}/${dataset}.json`, body);
  };
  const settle = async (event: object) => {
    const command = new InvokeCommand({
      FunctionName: deployed.names.settleFunction,
      Payload: Buffer.from(JSON.stringify(event)),
    });
    const { FunctionError, Payload } = await deployed.clients.lambda.send(command);
    expect(FunctionError, Payload?.transformToString()).to.equal(undefined);
  };
  const order = (id: string, order: object) => settle({ kind: "order", id, batch, order });

  /** Clients of somebody who has taken on a role. */
  async function as(role: string): Promise<Clients> {
    const RoleArn = `arn:aws:iam::${accountId}:role/commerce-dev-${role}`;
    const { Credentials: session } = await deployed.clients.sts.send(
      new AssumeRoleCommand({ RoleArn, RoleSessionName: "somebody" }),
    );
    const credentials = {
      accessKeyId: session!.AccessKeyId!,
      secretAccessKey: session!.SecretAccessKey!,
      sessionToken: session!.SessionToken!,
    };
    return createClients(deployed.stack.endpoint, deployed.stack.glueEndpoint, credentials);
  }

  before(async () => {
    deployed = await deployStack({
      spark: { driverMemory: "1g", shortRuns: true },
      configIn: () => changedConfig({ "embeddedUpTo: 400000000": "embeddedUpTo: 10000" }),
    });
    await upload(batch, files);
    await upload(large, { ...files, users: `${users(20_000)}{"user_id":null}\n` });
    await deployed.upload("2026-01-02/users.json", "no rows\n");
    expect((await publishes(1)).runs[0]!.engine).to.equal("embedded");
    expect((await publishes(1, large)).runs[0]!.engine).to.equal("glue");
    await order("o-1", { operation: "run" });
    await publishes(2);
    await order("o-2", { operation: "rollback", run: 1 });
    for (const kind of ["sweep", "reconcile", "redrive"]) await settle({ kind });
    await deployed.until("2026-01-02", "the rejection", () => true);
    calls = readFileSync(callsFile(join(deployed.directory, "aws")), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Made);
  });
  after(() => deployed?.stop());

  it("are allowed", () => {
    expect(calls.filter(({ allowed }) => !allowed)).to.deep.equal([]);
  });

  it("are in the matrix of permissions, all of them, encrypted as it says", async () => {
    type Of = Parameters<typeof generic>[1];
    const line = (role: string, action: string, resource: string, conditions: Made["conditions"], of: Of) => {
      const encryption = Object.entries(conditions)
        .filter(([key]) => key.startsWith("s3:x-amz-"))
        .map(([key, value]) => `${key} = ${generic(value, of).replace(/^key\/.+/, "the key")}`);
      return [generic(role, of), action, generic(resource, of), ...encryption.sort()].join(" | ");
    };
    const declared = await declaredStack("dev");
    const known = new Set(
      [...(await recordedCalls(declared)), ...documentedCalls(declared)].map(
        ({ principal, action, resource, context }) => line(principal, action, resource, context, declared),
      ),
    );
    const here = { stack: "dev", account: accountId };
    const made = calls.map(({ role, action, resource, conditions }) => line(role, action, resource, conditions, here));
    expect(made).not.to.have.length(0);
    expect([...new Set(made)].filter((call) => !known.has(call)).sort()).to.deep.equal([]);
  });

  it("were made by each role, on each of its services", () => {
    const services = (role: string) =>
      [...new Set(calls.filter((call) => call.role === role).map(({ action }) => action.split(":")[0]!))].sort();
    expect(services("commerce-dev-promote")).to.deep.equal(["glue", "lambda", "s3"]);
    expect(services("commerce-dev-settle")).to.deep.equal(["glue", "lambda", "s3", "sns", "sqs"]);
    expect(services("commerce-dev-refine")).to.deep.equal(["s3"]);
    expect(services("commerce-dev-embedded")).to.deep.equal(["s3"]);
  });

  it("would be refused where the policies allow none", async () => {
    const refused = async (call: Promise<unknown>) =>
      expect(
        await call.then(
          () => "allowed",
          ({ name }: Error) => name,
        ),
      ).to.match(/^AccessDenied(Exception)?$/);
    const clients = await Promise.all(["promote", "settle", "refine", "embedded"].map(as));
    const [promote, settle, refine, embedded] = clients;
    const key = `${batch}/users.json`;
    const { names } = deployed;
    await refused(promote!.s3.send(new PutObjectCommand({ Bucket: names.goldBucket, Key: "a", Body: "" })));
    await refused(promote!.glue.send(new GetJobRunsCommand({ JobName: names.glueJob })));
    await refused(settle!.s3.send(new GetObjectCommand({ Bucket: names.bronzeBucket, Key: key })));
    await refused(refine!.s3.send(new GetObjectCommand({ Bucket: names.bronzeBucket, Key: key })));
    await refused(embedded!.s3.send(new GetObjectCommand({ Bucket: names.bronzeBucket, Key: key })));
    await refused(embedded!.s3.send(new PutObjectCommand({ Bucket: names.ledgerBucket, Key: "batches/a", Body: "" })));
    const { functionArn } = (await deployed.ledger(batch))!.runs[0]!.release.embedded!;
    for (const engine of [refine, embedded])
      await refused(engine!.lambda.send(new InvokeCommand({ FunctionName: functionArn, InvocationType: "Event" })));
    const put = { Bucket: names.goldBucket, Key: "user_activity/a", Body: "" };
    await refine!.s3.send(new PutObjectCommand(put));
    await refused(refine!.s3.send(new PutObjectCommand({ ...put, ServerSideEncryption: "AES256" })));
    const foreign = { ServerSideEncryption: "aws:kms", SSEKMSKeyId: "another" } as const;
    await refused(refine!.s3.send(new PutObjectCommand({ ...put, ...foreign })));
    for (const each of clients) destroyClients(each);
  });
});
