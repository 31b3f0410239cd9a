import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CreatePartitionCommand, GetPartitionsCommand } from "@aws-sdk/client-glue";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { physicalNames } from "../../config/naming.ts";
import { accountId } from "../../local/localAws.ts";
import { root } from "../../setup/paths.mjs";
import { type Command, commandsOf } from "../docs/console.ts";
import { inAccount } from "./account.ts";
import { type Deployment, startDeployment } from "./deployment.ts";

/** The account of the page. */
const told = "123456789012";
const table = { DatabaseName: "commerce_dev", TableName: "user_activity" };
const gold = { Bucket: `commerce-dev-gold-${accountId}`, Key: "user_activity/kept.txt" };

const normalised = (text: string): string =>
  text
    .replaceAll(accountId, told)
    .replace(/\bKey [0-9a-f-]{36}/g, "Key <id>")
    .replace(/[\d,]+ versions?(, [\d.]+ [kM]B)?/g, "<versions>")
    // How many resources there are is in docs/inventory.txt.
    .replace(/^( {4}(?:[+=~-] )?)\d+ (to create|created|updated|deleted|imported|unchanged)$/gm, "$1<n> $2")
    .replace(/[ \t]+$/gm, "");

/** Whether `printed` is what the page shows, where `…` stands for any lines. */
function isShown(printed: string, shown: string): boolean {
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = shown
    .split("\n")
    .map((line) => (line === "…" ? "(?:.*\n)*?" : `${literal(line)}\n`))
    .join("");
  return new RegExp(`^\n*${pattern}\n*$`).test(`${printed}\n`);
}

describe("docs/deploy.md, typed again on the real Pulumi CLI", function () {
  this.timeout(300_000);
  let deployment: Deployment;
  const commands = commandsOf(readFileSync(join(root, "docs/deploy.md"), "utf8"));
  const index = (line: string) => commands.findIndex((command) => command.line.startsWith(line));
  const [adopted, removed] = [index("npm run adopt -- dev --yes"), index("npm run empty")];

  let untouched: readonly string[];
  let key = "";

  before(async () => {
    deployment = await startDeployment();
    untouched = await inAccount(deployment.clients);
  });
  after(() => deployment?.stop());

  let replayed = 0;
  let latest = "";
  const replay = ({ line, output, code }: Command) => {
    replayed++;
    it(`$ ${line}`, async () => {
      const words = line.replaceAll(told, accountId).match(/"[^"]*"|\S+/g)!;
      const [program, ...args] = words.map((word) => word.replace(/^"|"$/g, ""));
      const result = await deployment.run(
        program!,
        ...(program === "npm" ? [args[0]!, "--silent", ...args.slice(1)] : args),
      );
      latest = result.text;
      const printed = normalised(latest);
      expect(result.code, printed).to.equal(code);
      if (!isShown(printed, output)) expect(printed).to.equal(output);
    });
  };

  commands.slice(0, index("pulumi destroy")).forEach(replay);

  it("what a pipeline has written lies in the stack's buckets and tables", async () => {
    const { s3, glue } = deployment.clients;
    const { text } = await deployment.pulumi("stack", "output", "keyArn", "--stack", "dev");
    key = text.trim();
    await s3.send(new PutObjectCommand({ ...gold, Body: "readable" }));
    const StorageDescriptor = { Location: `s3://${gold.Bucket}/user_activity/run=1/` };
    await glue.send(
      new CreatePartitionCommand({ ...table, PartitionInput: { Values: ["2026-01-01"], StorageDescriptor } }),
    );
  });

  commands.slice(index("pulumi destroy"), index("pulumi destroy") + 1).forEach(replay);

  it("keeps the key, the buckets and the tables, since only the environment lets the data go", async () => {
    const { buckets } = physicalNames("commerce", "dev", accountId);
    expect(await inAccount(deployment.clients)).to.have.members([
      ...untouched,
      ...Object.values(buckets).map((bucket) => `bucket ${bucket}`),
      "alias alias/commerce-dev",
      "database commerce_dev",
      `key ${key.split("/")[1]} Enabled`,
      ...["user_activity", "silver_users", "silver_events", "silver_orders"].map(
        (table) => `table commerce_dev.${table}`,
      ),
    ]);
  });

  commands.slice(index("pulumi destroy") + 1, adopted + 1).forEach(replay);

  it("is known to a refresh as it was imported", async () => {
    const { text } = await deployment.pulumi("refresh", "--stack", "dev", "--yes", "--skip-preview");
    expect(text).to.match(/Resources:\n {4}\d+ unchanged/);
  });

  commands.slice(adopted + 1, adopted + 2).forEach(replay);

  it("goes on with all of it: nothing is replaced, and an update says only what an import could not know", () => {
    expect(latest).not.to.match(/^ (\+-|-\+|--|\+\+|-) /m);
    const updated = [...latest.matchAll(/^ ~ +(\S+) \S+ updated .*\[diff: (.*)\]$/gm)];
    expect(Object.fromEntries(updated.map(([, type, diff]) => [`${type} ${diff}`, true]))).to.have.all.keys(
      "aws-native:kms:Key +pendingWindowInDays-enabled,keySpec,keyUsage,multiRegion,origin",
      "aws-native:s3:Bucket -abacStatus",
      "aws-native:s3:Bucket -abacStatus~lifecycleConfiguration",
    );
  });

  it("has its data after all of this, under the key that the stack has, and shows the same batch", async () => {
    const { s3, glue } = deployment.clients;
    const { Body, SSEKMSKeyId } = await s3.send(new GetObjectCommand(gold));
    expect(await Body!.transformToString()).to.equal("readable");
    const { text } = await deployment.pulumi("stack", "output", "keyArn", "--stack", "dev");
    expect([SSEKMSKeyId, text.trim()]).to.deep.equal([key, key]);
    const { Partitions } = await glue.send(new GetPartitionsCommand(table));
    expect(Partitions!.map(({ Values, StorageDescriptor }) => [Values, StorageDescriptor!.Location])).to.deep.equal([
      [["2026-01-01"], `s3://${gold.Bucket}/user_activity/run=1/`],
    ]);
    expect(deployment.standIn.existing().filter((one) => one.startsWith("aws-native:kms:Key"))).to.have.length(1);
  });

  commands.slice(removed).forEach(replay);

  it("replays each command of the page", () => {
    expect(replayed).to.equal(commands.length);
  });

  it("leaves nothing in the account but the key in its waiting time", async () => {
    expect(deployment.standIn.existing()).to.deep.equal([]);
    expect(await inAccount(deployment.clients)).to.have.members([
      ...untouched,
      `key ${key.split("/")[1]} PendingDeletion`,
    ]);
  });
});
