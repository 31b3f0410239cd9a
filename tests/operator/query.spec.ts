/** `npm run query`: DuckDB on what the ledger says is published, and on what `npm start` left. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect } from "chai";
import { goldPrefix } from "../../handlers/keys.ts";
import type { OperatorOrder } from "../../handlers/ledger/event.ts";
import { type Answer, ask } from "../../operator/gold/ask.ts";
import { fetchPublished, readOut } from "../../operator/gold/published.ts";
import type { World } from "../../operator/main.ts";
import type { Target } from "../../operator/stack/target.ts";
import { UsageError } from "../../terminal/flags.ts";
import { createStatus } from "../../terminal/status.ts";
import { createStyle } from "../../terminal/style.ts";
import { type PipelineUnderTest, startPipelineUnderTest } from "../handlers/pipelineUnderTest.ts";
import { targetOf } from "./operator.ts";

async function parquet(path: string, select: string): Promise<string> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run(`set timezone = 'UTC'; copy (${select}) to '${path}' (format parquet)`);
  connection.closeSync();
  instance.closeSync();
  return path;
}

const rows = (values: string) =>
  `select user_id, revenue::decimal(22,2) as revenue, seen_at::timestamptz as seen_at, n::bigint as n from (values ${values}) as t(user_id, revenue, seen_at, n)`;
const status = createStatus({ write: () => {} });

describe("npm run query", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "query-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  describe("on a stack", function () {
    this.timeout(60_000);
    let under: PipelineUnderTest;
    let target: Target;
    let downloads = 0;

    before(async () => {
      under = await startPipelineUnderTest();
      const { names, s3 } = under;
      const no = () => Promise.reject(new Error("not asked for by a query"));
      s3.middlewareStack.add(
        (next, { commandName }) =>
          (args) => {
            const { Bucket } = args.input as { Bucket?: string };
            if (commandName === "GetObjectCommand" && Bucket === names.goldBucket) downloads++;
            return next(args);
          },
        { step: "initialize" },
      );
      target = targetOf(under, { settle: no, deployed: no, maxConcurrentRuns: no, messages: no });
      await publish("2026-11-21", 1, "('a', 1.10, '2026-11-21 10:00:00', 1), ('b', 2.20, null, 2)");
      await publish("2026-11-22", 1, "('a', 5.00, '2026-11-22 10:00:00.5', 9007199254740993)");
    });
    after(() => under?.stop());

    /** Ends the batch's run well, with these rows. */
    async function publish(
      batch: string,
      run: number,
      values: string,
      order: OperatorOrder = { operation: "replay", run: 1 },
    ): Promise<void> {
      if (run === 1)
        for (const [name, text] of [
          ["users", '{"user_id":"u_0"}'],
          ["events", '{"event_id":"e_0","user_id":"u_0"}'],
          ["orders", '{"order_id":"o_0","user_id":"u_0"}'],
        ])
          await under.deliver(await under.upload(`${batch}/${name}.json`, `${text}\n`));
      else await under.settle({ kind: "order", id: `${batch} ${run}`, batch, order });
      const jobRun = (await under.ledger(batch)).runs.at(-1)!.jobRuns[0]!;
      const file = await parquet(join(folder, "part-0.parquet"), rows(values));
      await under.s3.send(
        new PutObjectCommand({
          Bucket: under.names.goldBucket,
          Key: `${goldPrefix("user_activity", batch, run, jobRun)}part-0.parquet`,
          Body: readFileSync(file),
        }),
      );
      await under.report(batch, run, jobRun);
      under.engine.end(jobRun, "succeeded");
      await under.jobEnded(jobRun);
    }
    const published = (isAsked: (output: string) => boolean = () => true, batch?: string) =>
      fetchPublished(target, join(folder, "cache"), isAsked, batch, status);
    const all = "select user_id, revenue, seen_at, n, batch from user_activity order by batch, user_id";

    const objects = ({ columns, rows: found }: Answer) =>
      found.map((row) => Object.fromEntries(row.map((value, index) => [columns[index]!.name, value])));

    it("sees all published batches, each with its name, and every digit", async () => {
      const answer = await ask(all, await published());
      expect(objects(answer)).to.deep.equal([
        { user_id: "a", revenue: "1.10", seen_at: "2026-11-21T10:00:00Z", n: 1, batch: "2026-11-21" },
        { user_id: "b", revenue: "2.20", seen_at: null, n: 2, batch: "2026-11-21" },
        {
          user_id: "a",
          revenue: "5.00",
          seen_at: "2026-11-22T10:00:00.500000Z",
          n: "9007199254740993",
          batch: "2026-11-22",
        },
      ]);
      expect(answer.columns.map(({ name }) => name)).to.deep.equal(["user_id", "revenue", "seen_at", "n", "batch"]);
    });

    it("fetches a run once, a new one in its place, and after a rollback what readers see then", async () => {
      const revenue = async () =>
        (await ask("select sum(revenue) as revenue from user_activity", await published())).rows[0]![0];
      expect(await revenue()).to.equal("8.30");
      downloads = 0;
      await revenue();
      expect(downloads).to.equal(0);
      await publish("2026-11-22", 2, "('a', 7.00, null, 1)");
      expect(await revenue()).to.equal("10.30");
      expect(downloads).to.equal(1);
      const kept = readdirSync(join(folder, "cache", under.names.goldBucket, "user_activity", "batch=2026-11-22"));
      expect(kept).to.have.length(1);
      expect(kept[0]).to.match(/^run=2-/);
      await under.settle({ kind: "order", id: "back", batch: "2026-11-22", order: { operation: "rollback", run: 1 } });
      expect(await revenue()).to.equal("8.30");
    });

    it("fetches the batch and the outputs that are asked for, and no others", async () => {
      const found = await ask(all, await published(undefined, "2026-11-21"));
      expect(objects(found).map(({ batch }) => batch)).to.deep.equal(["2026-11-21", "2026-11-21"]);
      expect(await published(() => false)).to.deep.equal({
        tables: ["silver_events", "silver_orders", "silver_users", "user_activity"],
        files: [],
      });
    });

    it("sees of Silver the rows that the published runs have read, before a correction is, and after", async () => {
      const isAsked = (table: string) => table === "silver_users";
      const seen = async () =>
        objects(
          await ask(
            "select user_id, country, batch, _part, _line from silver_users order by batch, _line",
            await published(isAsked),
          ),
        );
      const row = (user_id: string, country: string | null, batch: string, _line: number) => ({
        user_id,
        country,
        batch,
        _part: 0,
        _line,
      });
      const first = [row("u_0", null, "2026-11-21", 1), row("u_0", null, "2026-11-22", 1)];
      expect(await seen()).to.deep.equal(first);
      const correction = '\n{"user_id":"u_1","country":"DE"}\n';
      await under.deliver(await under.upload("2026-11-22/users.json", correction));
      expect(await seen()).to.deep.equal(first);
      await publish("2026-11-22", 3, "('a', 7.00, null, 1)", { operation: "run" });
      expect(await seen()).to.deep.equal([first[0], row("u_1", "DE", "2026-11-22", 2)]);
      await under.settle({ kind: "order", id: "b 2", batch: "2026-11-22", order: { operation: "rollback", run: 1 } });
      expect(await seen()).to.deep.equal(first);
    });

    it("keeps nothing of a fetch that broke off", async () => {
      const cache = join(folder, "broken");
      const breaking = under.s3.middlewareStack;
      const name = "breakOff";
      breaking.add(
        (next, { commandName }) =>
          (args) =>
            commandName === "GetObjectCommand" && (args.input as { Bucket?: string }).Bucket === under.names.goldBucket
              ? Promise.reject(new Error("the line is cut"))
              : next(args),
        { step: "initialize", name },
      );
      const message = await fetchPublished(target, cache, () => true, undefined, status).then(
        () => "none",
        (error: Error) => error.message,
      );
      breaking.remove(name);
      expect(message).to.equal("the line is cut");
      const { files } = await fetchPublished(target, cache, () => true, undefined, status);
      expect(files.map(({ files: parts }) => parts.length)).to.deep.equal(Array(8).fill(1));
    });

    it("refuses a batch that is not known, with the one that was meant", async () => {
      const message = await published(undefined, "2026-11-2").then(
        () => "none",
        (error: Error) => `${error.name}: ${error.message}`,
      );
      expect(message).to.match(/^UsageError: the ledger has no batch "2026-11-2"; did you mean 2026-11-2[12]\?$/);
    });

    it("says of Silver's rows that have expired that they are gone", async () => {
      const { silverBucket } = under.names;
      for (const Key of await under.keys(silverBucket, "events/"))
        await under.s3.send(new DeleteObjectCommand({ Bucket: silverBucket, Key }));
      const isAsked = (table: string) => table === "silver_events";
      const nothing = await fetchPublished(target, join(folder, "expired"), isAsked, undefined, status);
      const message = await ask("from silver_events", nothing).then(
        () => "none",
        (error: Error) => `${error.name}: ${error.message}`,
      );
      expect(message).to.equal(
        "UsageError: silver_events has no files any more; rows in Silver expire after retention.silver",
      );
    });
  });

  describe("on what npm start left", () => {
    let out: string;
    let call: (...args: string[]) => Promise<{ code: number; printed: string; errors: string }>;

    before(async () => {
      out = join(folder, "out");
      mkdirSync(join(out, "user_activity"), { recursive: true });
      await parquet(
        join(out, "user_activity", "part-0.parquet"),
        rows("('a', 1.10, '2026-11-21 10:00:00', 9007199254740993), ('b', 2.20, null, 2)"),
      );
      const summary = { batch: "current", outputs: { user_activity: { rows: 2, path: "elsewhere" } } };
      writeFileSync(join(out, "summary.json"), JSON.stringify(summary));
      // As the commands import it, or there would be two of each class of errors.
      const [{ pipeline }, { loadCommands }] = await Promise.all([
        import("../../operator/main.ts"),
        import("../../operator/loadCommands.ts"),
      ]);
      const commands = await loadCommands();
      call = async (...args) => {
        const printed: string[] = [];
        const errors: string[] = [];
        const world: World = {
          commands,
          print: (text) => printed.push(text),
          printError: (text) => errors.push(text),
          openTarget: () => {
            throw new Error("no stack is needed");
          },
          ask: null,
          style: createStyle({}),
          status,
          signal: new AbortController().signal,
          pause: async () => {},
        };
        const code = await pipeline(["query", ...args], world);
        return { code, printed: printed.join("\n"), errors: errors.join("\n") };
      };
    });

    it("prints a table for people", async () => {
      expect(await call("select * from user_activity order by user_id;", "--out", out)).to.deep.equal({
        code: 0,
        printed: [
          "user_id   revenue                seen_at                  n     batch",
          "a            1.10   2026-11-21T10:00:00Z   9007199254740993   current",
          "b            2.20                      –                  2   current",
        ].join("\n"),
        errors: "",
      });
      expect((await call("from user_activity where n < 0", "--out", out)).printed).to.match(/\nno rows$/);
    });

    it("prints JSON for programs, in which no number loses a digit", async () => {
      const { printed } = await call(
        "select n, n::double / 2 as half, user_id = 'a' as is_a, revenue, seen_at from user_activity order by user_id desc",
        "--json",
        "--out",
        out,
      );
      expect(JSON.parse(printed)).to.deep.equal([
        { n: 2, half: 1, is_a: false, revenue: "2.20", seen_at: null },
        { n: "9007199254740993", half: 4503599627370496, is_a: true, revenue: "1.10", seen_at: "2026-11-21T10:00:00Z" },
      ]);
    });

    it("shows people the first hundred rows and says how many more there are", async () => {
      const { printed } = await call("select range as n from range(1234) order by n desc", "--out", out);
      const lines = printed.split("\n");
      expect(lines).to.have.length(102);
      expect(lines[1]).to.equal("1233");
      expect(lines[101]).to.equal("and 1,134 more rows; --json gives all");
    });

    it("takes what DuckDB takes: describe, show, with", async () => {
      const lines = async (sql: string) => (await call(sql, "--out", out)).printed.split("\n").length;
      expect(await lines("describe user_activity")).to.equal(6);
      expect(await lines("show tables")).to.equal(2);
      expect(await lines("with a as (from user_activity) select count(*) from a")).to.equal(2);
    });

    for (const [sql, message] of [
      [
        "select * from user_activty",
        /^there is no published table user_activty \(did you mean "user_activity"\?\); there are user_activity$/,
      ],
      ["select revenu from user_activity", /^Binder Error: Referenced column "revenu" not found .*"revenue"/],
      ["selec 1", /^Parser Error: syntax error at or near "selec"$/],
      ["", /^query needs SQL: npm run pipeline -- query SQL$/],
    ] as const)
      it(`refuses ${sql === "" ? "no SQL at all" : `"${sql}"`} in one line`, async () => {
        const { code, printed, errors } = await call(...(sql === "" ? [] : [sql]), "--out", out);
        expect(errors).to.match(message);
        expect(errors).to.not.include("\n");
        expect({ code, printed }).to.deep.equal({ code: 2, printed: "" });
      });

    it("reads several batches, and one of them", async () => {
      const several = join(folder, "several");
      for (const batch of ["2026-11-21", "2026-11-22"]) {
        const here = join(several, "user_activity", `batch=${batch}`);
        mkdirSync(here, { recursive: true });
        await parquet(join(here, "part-0.parquet"), rows(`('${batch}', 1, null, 1)`));
      }
      const outputs = { user_activity: {} };
      const batches = [
        { batch: "2026-11-21", outputs },
        { batch: "2026-11-22", outputs },
      ];
      writeFileSync(join(several, "summary.json"), JSON.stringify({ ...batches[0], batches }));
      const sql = "select user_id, batch from user_activity order by batch";
      expect((await ask(sql, readOut(several, undefined))).rows).to.deep.equal([
        ["2026-11-21", "2026-11-21"],
        ["2026-11-22", "2026-11-22"],
      ]);
      expect((await ask(sql, readOut(several, "2026-11-22"))).rows).to.have.length(1);
    });

    it("says how to begin where there is nothing", () => {
      expect(() => readOut(join(folder, "nowhere"), undefined)).to.throw(UsageError, /run npm start first/);
    });
  });
});
