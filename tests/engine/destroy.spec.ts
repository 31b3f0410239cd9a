/** When data goes, on the real CLI. With only the environment's switch, and the way back: page.spec.ts. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { physicalNames } from "../../config/naming.ts";
import { accountId } from "../../local/localAws.ts";
import { inAccount } from "./account.ts";
import { type Deployment, startDeployment } from "./deployment.ts";

const environment = "config/pipeline_config.yaml";

describe("pulumi destroy", function () {
  this.timeout(300_000);
  let deployment: Deployment;
  let untouched: readonly string[];

  function edit(file: string, from: string, to: string): void {
    const path = join(deployment.folder, file);
    const text = readFileSync(path, "utf8");
    expect(text).to.contain(from);
    writeFileSync(path, text.replace(from, to));
  }
  const pulumi = (command: string, stack: string, ...args: string[]) =>
    deployment.pulumi(command, "--stack", stack, "--yes", ...args);
  async function succeeds(command: string, stack: string): Promise<void> {
    const { code, text } = await pulumi(command, stack, "--skip-preview");
    expect(code, text).to.equal(0);
  }
  /** What is there beside what was there before, by kind; of keys their states. */
  async function there(): Promise<Readonly<Record<string, readonly string[]>>> {
    const found: Record<string, string[]> = {};
    for (const one of await inAccount(deployment.clients)) {
      const [kind, name, state] = one.split(" ");
      if (!untouched.includes(one)) found[kind!] = [...(found[kind!] ?? []), state ?? name!];
    }
    return found;
  }
  /** What holds data. */
  const kept = (stack: string) => ({
    alias: [`alias/commerce-${stack}`],
    bucket: Object.values(physicalNames("commerce", stack, accountId).buckets).sort(),
    database: [`commerce_${stack}`],
    key: ["Enabled"],
    table: ["silver_events", "silver_orders", "silver_users", "user_activity"].map(
      (table) => `commerce_${stack}.${table}`,
    ),
  });

  async function start(stack: string): Promise<void> {
    deployment = await startDeployment();
    untouched = await inAccount(deployment.clients);
    const secrets = ["--secrets-provider", "awskms://alias/pulumi-state?region=eu-central-1"];
    expect((await deployment.pulumi("stack", "init", stack, ...secrets)).code).to.equal(0);
    await deployment.pulumi("config", "set", "--stack", stack, "commerce:account", accountId);
  }
  afterEach(() => deployment.stop());

  it("of prod is refused until the environment lets go; with the stack's switch alone it keeps all data", async () => {
    await start("prod");
    await succeeds("up", "prod");
    const deployed = deployment.standIn.existing();
    const previewed = await pulumi("destroy", "prod");
    expect(previewed.code).not.to.equal(0);
    expect(previewed.text).to.match(
      /Preview failed: resource ".*commerce-encryption-alias" cannot be deleted\n +because it is protected\./,
    );
    expect(deployment.standIn.existing()).to.deep.equal(deployed);

    // Without the preview, Pulumi takes what is not protected before it stops.
    const unseen = await pulumi("destroy", "prod", "--skip-preview");
    expect(unseen.code).not.to.equal(0);
    const { queue, ...data } = await there();
    expect(data).to.deep.equal(kept("prod"));
    expect(queue).to.have.length(3);
    expect(deployment.standIn.existing().join()).not.to.contain("lambda/function:Function");

    edit(environment, "removal: { data: retain, protect: true }\n", "removal: { data: retain, protect: false }\n");
    edit("Pulumi.prod.yaml", 'destroyData: "false"', 'destroyData: "true"');
    await succeeds("up", "prod");
    expect(deployment.standIn.existing()).to.deep.equal(deployed);
    await succeeds("destroy", "prod");
    expect(await there()).to.deep.equal(kept("prod"));
  });

  it("keeps all data with neither switch; with both it stops at a bucket that is not empty, then takes all", async () => {
    await start("dev");
    edit(environment, "removal: { data: destroy, protect: false }", "removal: { data: retain, protect: false }");
    await succeeds("up", "dev");
    await succeeds("destroy", "dev");
    expect(await there()).to.deep.equal(kept("dev"));

    const adopted = await deployment.run("npm", "run", "--silent", "adopt", "--", "dev", "--yes");
    expect(adopted.code, adopted.text).to.equal(0);
    edit(environment, "removal: { data: retain, protect: false }", "removal: { data: destroy, protect: false }");
    edit("Pulumi.dev.yaml", 'destroyData: "false"', 'destroyData: "true"');
    await succeeds("up", "dev");
    const { gold, artifacts } = physicalNames("commerce", "dev", accountId).buckets;
    await deployment.clients.s3.send(new PutObjectCommand({ Bucket: gold, Key: "orders", Body: "held" }));
    const { code, text } = await pulumi("destroy", "dev", "--skip-preview");
    expect(code).not.to.equal(0);
    // Pulumi stops at the first; the artifacts hold the release.
    const [, named] = /error: BucketNotEmpty: the bucket (\S+) that you tried to delete is not empty/.exec(text) ?? [];
    expect([gold, artifacts]).to.include(named);
    const { bucket, key } = await there();
    expect(bucket).to.include.members([gold, artifacts]);
    expect(key).to.deep.equal(["Enabled"]);

    const emptied = await deployment.run("npm", "run", "--silent", "empty", "--", "dev", "--confirm", "dev");
    expect(emptied.code, emptied.text).to.equal(0);
    await succeeds("destroy", "dev");
    expect(await there()).to.deep.equal({ key: ["PendingDeletion"] });
  });
});
