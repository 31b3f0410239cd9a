/** `npm run pipeline -- report` on buckets of a local AWS. What Glue and the function's code would answer is handed in. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { goldPrefix } from "../../../handlers/keys.ts";
import { writeReports } from "../../../operator/report/write.ts";
import type { Target } from "../../../operator/stack/target.ts";
import { localDirectory } from "../../../setup/paths.mjs";
import { createStatus } from "../../../terminal/status.ts";
import { type PipelineUnderTest, startPipelineUnderTest } from "../../handlers/pipelineUnderTest.ts";
import { operatorOf, targetOf } from "../operator.ts";
import { rowsOf, sectionOf, textOf } from "./page.ts";
import { writeParquet } from "./shopDay.ts";

const files = {
  users: '{"user_id":"u_0"}\n',
  events: '{"event_id":"e_0","user_id":"u_0"}\n',
  orders: '{"order_id":"o_0","user_id":"u_0"}\n',
};
const status = createStatus({ write: () => {} });

describe("npm run pipeline -- report", function () {
  this.timeout(60_000);
  let folder: string;
  let under: PipelineUnderTest;
  let target: Target;
  let call: Awaited<ReturnType<typeof operatorOf>>;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "report-"));
    under = await startPipelineUnderTest();
    target = targetOf(under);
    call = await operatorOf(target);
    forget();
    await publish(
      "2026-03-01",
      "select 'u_' || i as user_id, (i * 1.5)::decimal(22, 2) as revenue from range(0, 1200) as t(i)",
    );
    await under.deliver(await under.upload("2026-03-02/users.json", files.users));
    await under.deliver(await under.upload("2026-03-02/events.json", "[1, 2"));
  });
  after(async () => {
    await under?.stop();
    rmSync(folder, { recursive: true, force: true });
    forget();
  });

  /** The command keeps what it fetched. */
  const forget = () =>
    rmSync(join(localDirectory, "published", under.names.goldBucket), { recursive: true, force: true });

  async function publish(batch: string, rows: string): Promise<void> {
    for (const [name, text] of Object.entries(files))
      await under.deliver(await under.upload(`${batch}/${name}.json`, text));
    const [jobRun] = (await under.ledger(batch)).runs.at(-1)!.jobRuns;
    const path = join(folder, "part.parquet");
    await writeParquet(path, rows);
    const Key = `${goldPrefix("user_activity", batch, 1, jobRun!)}part.parquet`;
    await under.s3.send(new PutObjectCommand({ Bucket: under.names.goldBucket, Key, Body: readFileSync(path) }));
    await under.report(batch, 1, jobRun!);
    under.engine.end(jobRun!, "succeeded");
    await under.jobEnded(jobRun!);
  }

  it("writes what readers see of a published batch, from the published Parquet", async () => {
    const file = join(folder, "new", "folder", "report.html");
    expect(await call(`report 2026-03-01 --out ${file}`, { status })).to.deep.equal({
      code: 0,
      printed: `batch 2026-03-01 is published; its picture is ${file}`,
      errors: "",
    });
    const page = readFileSync(file, "utf8");
    expect(textOf(sectionOf(page, "gold"))).to.include("Gold user_activity 1,200 rows, 2 columns.");
    expect(rowsOf(sectionOf(page, "gold")).slice(0, 3)).to.deep.equal([
      ["user_id", "revenue"],
      ["u_0", "0.00"],
      ["u_1", "1.50"],
    ]);
    expect(textOf(sectionOf(page, "gold"))).to.include("0.00 median 898.50 1,798.50");
    expect(page).to.include('aria-label="users: 6 read = 2 kept + 1 deduplicated + 3 rejected"');
  });

  it("writes why a batch waits, for programs too", async () => {
    const file = join(folder, "waiting.html");
    const { code, printed } = await call(`report 2026-03-02 --out ${file} --json`);
    expect(code).to.equal(0);
    expect(JSON.parse(printed)).to.deep.equal({ batch: "2026-03-02", state: "waiting", file });
    const why = textOf(sectionOf(readFileSync(file, "utf8"), "why"));
    expect(why).to.match(/^Why nothing new is published 2026-03-02\/events\.json was rejected: /);
    expect(why).to.include("orders has no new file");
  });

  it("names the batch that was probably meant", async () => {
    expect(await call(`report 2026-03-10 --out ${join(folder, "none.html")}`)).to.deep.include({
      code: 2,
      errors: 'the ledger has no batch "2026-03-10"; did you mean 2026-03-01?',
    });
  });

  it("says in one line where it can't write", async () => {
    const taken = join(folder, "taken");
    mkdirSync(taken);
    const { code, errors } = await call(`report 2026-03-01 --out ${taken}`, { status });
    expect(code).to.equal(2);
    expect(errors).to.match(/^.*taken can't be written: EISDIR[^\n]*$/);
  });

  it("writes one file for one batch, and one each for several", async () => {
    const options = { status, choice: "", cache: join(folder, "cache") };
    expect(await writeReports(target, ["2026-03-01"], folder, options)).to.deep.equal([join(folder, "report.html")]);
    const written = await writeReports(target, ["2026-03-01", "2026-03-02"], folder, options);
    expect(written).to.deep.equal(["01", "02"].map((day) => join(folder, `report-2026-03-${day}.html`)));
    const titles = written.map((file) => /<h1>([^<]*)/.exec(readFileSync(file, "utf8"))![1]);
    expect(titles).to.deep.equal(["Batch 2026-03-01", "Batch 2026-03-02"]);
  });
});
