import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { GetJobCommand } from "@aws-sdk/client-glue";
import { CreateFunctionCommand, GetFunctionConfigurationCommand, InvokeCommand } from "@aws-sdk/client-lambda";
import { GetBucketNotificationConfigurationCommand } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { strToU8, zipSync } from "fflate";
import { bundleFunction } from "../../components/bundle.ts";
import { createClients, destroyClients } from "../../local/clients.ts";
import { startLocalStack } from "../../local/index.ts";
import { localDirectory, root } from "../../setup/paths.mjs";
import { canSeeProcesses, listeners, processesIn, waitForNone } from "./processes.ts";

const options = { configFile: "config/pipeline_config.yaml", environment: "dev" };

describe("the local stack", function () {
  this.timeout(60_000);
  let folder: string;
  beforeEach(() => {
    // Below the repository, as the real one is: its package.json must not reach what is started there.
    mkdirSync(localDirectory, { recursive: true });
    folder = realpathSync(mkdtempSync(join(localDirectory, "test-")));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("makes what the Pulumi program declares", async () => {
    const stack = await startLocalStack({ ...options, directory: folder });
    const clients = createClients(stack.endpoint, stack.glueEndpoint);
    try {
      const { bronzeBucket, promoteFunction, settleFunction, glueJob } = stack.outputs as Record<string, string>;
      const notification = await clients.s3.send(
        new GetBucketNotificationConfigurationCommand({ Bucket: bronzeBucket }),
      );
      expect(notification.QueueConfigurations?.[0]?.Events).to.deep.equal(["s3:ObjectCreated:*"]);
      const { Environment, Role } = await clients.lambda.send(
        new GetFunctionConfigurationCommand({ FunctionName: promoteFunction }),
      );
      expect(Environment?.Variables?.GLUE_JOB).to.equal(glueJob);
      expect(Environment?.Variables?.AWS_ENDPOINT_URL_GLUE).to.equal(stack.glueEndpoint);
      const { FunctionError, Payload } = await clients.lambda.send(
        new InvokeCommand({ FunctionName: settleFunction, Payload: Buffer.from('{"kind":"sweep"}') }),
      );
      expect(FunctionError, String(Payload && Buffer.from(Payload))).to.equal(undefined);
      // A function with the same environment finds native packages, which its archive does not have here.
      const { code } = await bundleFunction(root, "tests/components/askingFunction.ts");
      await clients.lambda.send(
        new CreateFunctionCommand({
          FunctionName: "asking",
          Runtime: "nodejs22.x",
          Handler: "index.handler",
          Role,
          Code: { ZipFile: zipSync({ "index.mjs": strToU8(code) }, { level: 1 }) },
          Timeout: 30,
          Environment: { Variables: Environment!.Variables! },
        }),
      );
      const answer = await clients.lambda.send(new InvokeCommand({ FunctionName: "asking" }));
      expect(String(answer.Payload && Buffer.from(answer.Payload))).to.equal("42");
      const { Job } = await clients.glue.send(new GetJobCommand({ JobName: glueJob }));
      expect(Job?.Command?.ScriptLocation).to.match(/^s3:\/\/.+\/script\/[0-9a-f]{32}\/job\.py$/);
    } finally {
      destroyClients(clients);
      await stack.stop();
    }
  });

  it("refuses a directory that another run uses", async () => {
    const stack = await startLocalStack({ ...options, directory: folder, apply: false });
    try {
      let message = "";
      await startLocalStack({ ...options, directory: folder, apply: false }).catch((error: Error) => {
        message = error.message;
      });
      expect(message).to.equal(
        `${folder} is in use by process ${process.pid}: wait for it or name another directory (\`npm stop\` ends a stack that \`npm start -- --keep\` left running)`,
      );
    } finally {
      await stack.stop();
    }
  });

  it("releases the directory, even when it is stopped twice", async () => {
    const stack = await startLocalStack({ ...options, directory: folder, apply: false });
    await Promise.all([stack.stop(), stack.stop()]);
    const again = await startLocalStack({ ...options, directory: folder, apply: false });
    await again.stop();
  });

  it("stops what it has started when the program can't be applied", async () => {
    let message = "";
    await startLocalStack({ ...options, environment: "nowhere", directory: folder }).catch((error: Error) => {
      message = error.message;
    });
    expect(message).to.include('"nowhere" is not an environment');
    expect(existsSync(join(folder, "owner.pid"))).to.equal(false);
    if (canSeeProcesses) expect(processesIn(folder)).to.deep.equal([]);
  });

  (canSeeProcesses ? describe : describe.skip)("as seen from the system", () => {
    it("listens on loopback only, and is gone after stop", async () => {
      const stack = await startLocalStack({ ...options, directory: folder, apply: false });
      const found = listeners([process.pid, ...processesIn(folder)]);
      await stack.stop();
      expect(found.count).to.be.at.least(2);
      expect(found.open).to.deep.equal([]);
      expect(processesIn(folder)).to.deep.equal([]);
    });

    for (const signal of ["SIGKILL", "SIGTERM"] as const)
      it(`leaves no process when its owner ends by ${signal}`, async () => {
        const program = `
          import { startLocalStack } from "./local/index.ts";
          startLocalStack(${JSON.stringify({ ...options, directory: folder, apply: false })}).then(() => console.log("up"));
        `;
        const owner = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], {
          cwd: root,
          stdio: ["ignore", "pipe", "inherit"],
        });
        await new Promise((resolve) => owner.stdout.once("data", resolve));
        expect(processesIn(folder)).to.not.deep.equal([]);
        owner.kill(signal);
        expect(await waitForNone(folder, 15_000)).to.deep.equal([]);
      });
  });
});
