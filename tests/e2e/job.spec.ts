/**
 * The deployed job on the local AWS, started by a malicious caller who may start it. It runs under the job's role, with
 * the deployed arguments and script. A run that the script refuses starts no Spark, so it takes a second. It is not
 * proven here that AWS treats arguments as the local Glue does.
 */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { GetJobCommand, GetJobRunCommand, StartJobRunCommand } from "@aws-sdk/client-glue";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { type DeployedStack, deployStack } from "./deployedStack.ts";

interface Pinned {
  uri: string;
  sha256: string;
}

describe("the deployed job", function () {
  this.timeout(300_000);
  let deployed: DeployedStack;
  let job: string;
  /** The manifest of a run that the pipeline claimed by itself. */
  let claimed: { release: Record<"engine" | "contract" | "plan", Pinned>; destination: object };

  const sha256 = (content: string | Uint8Array) => createHash("sha256").update(content).digest("hex");
  const bucket = (layer: string) => deployed.names[`${layer}Bucket`]!;
  const uri = (layer: string, key: string) => `s3://${bucket(layer)}/${key}`;

  async function put(layer: string, key: string, body: string): Promise<Pinned> {
    await deployed.clients.s3.send(new PutObjectCommand({ Bucket: bucket(layer), Key: key, Body: body }));
    return { uri: uri(layer, key), sha256: sha256(body) };
  }

  const start = async (Arguments: Record<string, string>) => {
    const { JobRunId } = await deployed.clients.glue.send(new StartJobRunCommand({ JobName: job, Arguments }));
    for (;;) {
      const { JobRun } = await deployed.clients.glue.send(new GetJobRunCommand({ JobName: job, RunId: JobRunId }));
      if (JobRun!.CompletedOn) return JobRun!;
      await sleep(100);
    }
  };
  const startWith = ({ uri, sha256 }: Pinned) => start({ "--manifest": uri, "--manifest_sha256": sha256 });
  const fails = async (manifest: Pinned) => {
    const { JobRunState, ErrorMessage } = await startWith(manifest);
    expect(JobRunState).to.equal("FAILED");
    return ErrorMessage;
  };

  const rows = {
    users: '{"user_id":"u_0","country":"US"}\n',
    events: '{"event_id":"e_0","user_id":"u_0","event_type":"product_view"}\n',
    orders: '{"order_id":"o_0","user_id":"u_0","order_amount":12.34,"payment_status":"success"}\n',
  };
  /** The same, as run 1 of a batch `b`, with changes of its release. */
  const manifest = (changes: object = {}) => {
    const release = { ...claimed.release, ...changes };
    const destination = { ...claimed.destination, report: uri("ledger", "reports/b/1") };
    return JSON.stringify({ ...claimed, batch: "b", run: 1, release, destination });
  };

  before(async () => {
    deployed = await deployStack({ spark: { driverMemory: "1g", shortRuns: true } });
    job = deployed.names.glueJob!;
    const batch = "2026-01-01";
    for (const [dataset, body] of Object.entries(rows)) await deployed.upload(`${batch}/${dataset}.json`, body);
    await deployed.until(batch, "a run is started", ({ runs }) => (runs[0]?.jobRuns.length ?? 0) > 0);
    const key = { Bucket: bucket("ledger"), Key: `manifests/${batch}/1.json` };
    const { Body } = await deployed.clients.s3.send(new GetObjectCommand(key));
    claimed = JSON.parse(await Body!.transformToString());
  });
  after(() => deployed?.stop());

  it("runs what a manifest of the ledger pins, with the deployed script and arguments", async () => {
    const { Id, JobRunState, ErrorMessage } = await startWith(await put("ledger", "manifests/b/1.json", manifest()));
    expect([JobRunState, ErrorMessage]).to.deep.equal(["SUCCEEDED", undefined]);
    const report = { Bucket: bucket("ledger"), Key: `reports/b/1/${Id}.json` };
    const { Body } = await deployed.clients.s3.send(new GetObjectCommand(report));
    expect(JSON.parse(await Body!.transformToString()).outputs.user_activity.rows).to.equal(1);
  });

  it("says in its report that the plan is not the one it was claimed with", async () => {
    const { plan } = claimed.release;
    const other = { ...plan, sha256: "0".repeat(64) };
    const text = manifest({ plan: other });
    const sentence = `${plan.uri} has sha256 ${plan.sha256}, but the run was claimed with ${other.sha256}`;
    const { Id, ErrorMessage } = await startWith(await put("ledger", "manifests/b/2.json", text));
    expect(ErrorMessage).to.equal(`RunFailed: checksum_mismatch: ${sentence}`);
    const report = { Bucket: bucket("ledger"), Key: `reports/b/1/${Id}.json` };
    const { Body } = await deployed.clients.s3.send(new GetObjectCommand(report));
    expect(JSON.parse(await Body!.transformToString()).failure).to.deep.equal({
      code: "checksum_mismatch",
      message: sentence,
    });
  });

  it("takes no argument that it fixes, whichever it is", async () => {
    const { Job } = await deployed.clients.glue.send(new GetJobCommand({ JobName: job }));
    const fixed = Object.keys(Job!.NonOverridableArguments ?? {});
    expect(fixed).to.include.members(["--scriptLocation", "--extra-py-files", "--conf", "--artifacts_bucket"]);
    const given = { "--manifest": uri("ledger", "manifests/b/1.json"), "--manifest_sha256": "0".repeat(64) };
    for (const name of fixed) {
      const error = await start({ ...given, [name]: uri("silver", "evil.py") }).catch((error: Error) => error);
      expect(error, name).to.deep.include({ name: "InvalidInputException", message: `the job fixes ${name}` });
    }
  });

  it("takes no manifest from elsewhere", async () => {
    const elsewhere = await put("silver", "manifests/b/1.json", manifest());
    expect(await fails(elsewhere)).to.equal(`RunFailed: the manifest ${elsewhere.uri} is not in this stack's ledger`);
  });

  it("takes no other manifest than its digest says", async () => {
    const { uri, sha256 } = await put("ledger", "manifests/b/3.json", manifest());
    expect(await fails({ uri, sha256: "0".repeat(64) })).to.equal(
      `RunFailed: the manifest ${uri} has sha256 ${sha256}, but the run was started for ${"0".repeat(64)}`,
    );
  });

  for (const part of ["engine", "contract", "plan"] as const)
    it(`executes no ${part} that no deployment put there`, async () => {
      const own = await put("ledger", `manifests/evil-${part}`, "evil");
      const pinned = await put("ledger", `manifests/b/4-${part}.json`, manifest({ [part]: own }));
      expect(await fails(pinned)).to.equal(
        `RunFailed: the manifest's release names ${own.uri}, which is not in this stack's artifacts`,
      );
    });

  it("executes no engine of another digest", async () => {
    const engine = { ...claimed.release.engine, sha256: "0".repeat(64) };
    const { uri, sha256 } = claimed.release.engine;
    expect(await fails(await put("ledger", "manifests/b/5.json", manifest({ engine })))).to.equal(
      `RunFailed: the engine ${uri} has sha256 ${sha256}, but the run was started for ${engine.sha256}`,
    );
  });

  it("believes no argument that it was given twice", async () => {
    const { uri, sha256 } = await put("silver", "manifests/b/1.json", manifest());
    const given = { "--manifest": uri, "--manifest_sha256": sha256 };
    for (const ruse of [{ [`--ledger_bucket=${bucket("silver")}`]: "x" }, { "--x": "--ledger_bucket" }]) {
      const { ErrorMessage } = await start({ ...given, ...ruse } as Record<string, string>);
      expect(ErrorMessage).to.equal("RunFailed: --ledger_bucket must be given exactly once, as --ledger_bucket VALUE");
    }
  });
});
