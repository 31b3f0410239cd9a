import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { readRunning } from "../../local/running.ts";
import { localDirectory, root } from "../../setup/paths.mjs";
import { canSeeProcesses, waitForNone } from "../local/processes.ts";

/** The operator's commands as they are typed, on a stack that `npm start -- --keep` left running, with real Spark. */
describe("operating a stack that was left running", function () {
  this.timeout(600_000);
  const batch = "2026-11-22";
  let folder: string;
  let start: ChildProcess;
  let output = "";
  let ended: Promise<number | null>;

  const task = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "scripts", "run.mjs"), ...args], {
      cwd: root,
      encoding: "utf8",
    });
    return { status, stdout: stdout.trimEnd(), stderr };
  };
  const revenue = () => {
    const { stdout, stderr, status } = task("query", "select batch, user_id, revenue from user_activity", "--json");
    expect(status, stderr).to.equal(0);
    return JSON.parse(stdout);
  };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "operate-"));
    const data = join(folder, "data", batch);
    mkdirSync(data, { recursive: true });
    writeFileSync(join(data, "users.json"), '{"user_id":"u_0","country":"US"}\n');
    writeFileSync(join(data, "events.json"), '{"event_id":"e_0","user_id":"u_0","event_type":"product_view"}\n');
    writeFileSync(
      join(data, "orders.json"),
      '{"order_id":"o_0","user_id":"u_0","order_amount":12.34,"currency":"EUR","payment_status":"success"}\n',
    );
    const args = ["start", "--keep", "--data", join(folder, "data"), "--out", join(folder, "out")];
    start = spawn(process.execPath, [join(root, "scripts", "run.mjs"), ...args], { cwd: root });
    for (const stream of [start.stdout!, start.stderr!])
      stream.on("data", (chunk: Buffer) => {
        output += chunk;
      });
    let isOver = false;
    ended = new Promise((resolve) => start.on("close", resolve));
    ended.then(() => {
      isOver = true;
    });
    while (readRunning() === null && !isOver) await sleep(500);
    expect(isOver, output).to.equal(false);
  });
  after(() => {
    start?.kill("SIGTERM");
    rmSync(folder, { recursive: true, force: true });
  });

  it("queries what is published", () => {
    expect(revenue()).to.deep.equal([{ batch, user_id: "u_0", revenue: "12.34" }]);
  });

  it("replays it, with the same rows", () => {
    const { status, stdout, stderr } = task("pipeline", "replay", batch, "--yes", "--wait");
    expect(stdout, stderr).to.match(new RegExp(`^batch ${batch}: run 2 is published after `));
    expect(status).to.equal(0);
    expect(revenue()).to.deep.equal([{ batch, user_id: "u_0", revenue: "12.34" }]);
  });

  it("rolls back", () => {
    expect(task("pipeline", "rollback", batch, "--run", "1", "--yes")).to.deep.include({
      status: 0,
      stdout: `batch ${batch}: run 1 is published instead of run 2`,
    });
  });

  it("finds nothing to backfill under the same release", () => {
    expect(task("pipeline", "backfill", "2026-11-01..2026-11-30", "--yes")).to.deep.include({
      status: 0,
      stdout: `${batch}  was already made by this release\nnothing is left to run`,
    });
  });

  it("is stopped by npm stop, which leaves no process", async () => {
    expect(task("stop")).to.deep.include({ status: 0, stdout: "the local stack is stopped" });
    expect(await ended).to.equal(0);
    expect(readRunning()).to.equal(null);
    expect(task("stop").stdout).to.equal("no local stack is running");
    const directory = join(realpathSync(root), localDirectory.slice(root.length), "stack");
    if (canSeeProcesses) expect(await waitForNone(directory, 5000)).to.deep.equal([]);
  });
});
