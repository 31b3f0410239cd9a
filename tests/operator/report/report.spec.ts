/**
 * The page as text: what it says, number by number, and that nothing of the data becomes markup. How it looks, and
 * whether it can be used, is for tests/operator/browser.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { noTries } from "../../../handlers/ledger/retry.ts";
import type { OutputProfile } from "../../../operator/report/profile.ts";
import { renderReport } from "../../../operator/report/report.ts";
import type { Story } from "../../../operator/story/story.ts";
import { embeddedStories, failedStory, goodStory, waitingStory } from "../stories.ts";
import { attacks, hostileGold, hostileStory, hostileWaitingStory } from "./hostile.ts";
import { hasSection, rowsOf, sectionOf, textOf } from "./page.ts";
import { goldOf, shopDay } from "./shopDay.ts";

const render = (story: Story, gold: readonly OutputProfile[] = [], choice = "--stack dev") =>
  renderReport(story, { gold, choice });
const section = (page: string, id: string) => textOf(sectionOf(page, id));

describe("report.html", () => {
  let day: string;
  before(async () => {
    const folder = mkdtempSync(join(tmpdir(), "report-"));
    try {
      day = render(shopDay, await goldOf(shopDay, folder));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  describe("of a published batch", () => {
    it("says in its head what readers see, and the numbers that are asked for first", () => {
      const head = textOf(day.slice(day.indexOf("<header>"), day.indexOf("<nav")));
      expect(head).to.equal(
        "commerce, stack dev Batch 2026-11-22 Published Readers see run 1: 19,455 rows of user_activity, made from 3 files, published 1 min 33 s after the last upload. Good files 3 of 3 9.4 MB Rows read 60,000 97.1 % kept Rows rejected 283 0.47 % Rows written 19,455 1 output Checks passed 12 of 12 Run 1 1 min 29 s 1 min 17 s paid in Glue",
      );
      expect(day).to.include("<title>2026-11-22: published, commerce dev</title>");
    });

    it("draws the flow with what went along each way, once for wide screens and once for phones", () => {
      const counts = [...sectionOf(day, "flow").matchAll(/<text class="count[^>]*>([^<]*)</g)].map(([, text]) => text);
      const once = ["3 files", "9.4 MB", "3 files", "3 files", "0 files", "3 files", "60,000 rows", "283 rows"];
      const drawn = [...once, "19,455 rows", "run 1"];
      expect(counts).to.deep.equal([...drawn, ...drawn]);
    });

    it("tells the flow in words too", () => {
      expect(section(day, "flow")).to.include(
        "3 files of 9.4 MB came into Bronze: 2026-11-22/users.json (published), 2026-11-22/events.json (published) and 2026-11-22/orders.json (published). Promote typed the rows of 3 files into Silver and rejected none. Run 1 was given 3 files; it read 60,000 rows, kept 58,251 rows, rejected 283 rows and left out 1,466 duplicates. It wrote 19,455 rows of user_activity. The catalog shows run 1.",
      );
    });

    it("counts the rows of each dataset by fate, and those that were kept in spite of something", () => {
      const rows = rowsOf(sectionOf(day, "rows"));
      expect(rows.slice(rows.findIndex(([fate, count]) => fate === "kept" && count === "19,373"))).to.deep.equal([
        ["kept", "19,373", "96.9 %"],
        ["deduplicated", "514", "2.6 %"],
        ["Rejected by rule: 113"],
        ["malformed", "13", "0.07 %"],
        ["order_id_is_null", "45", "0.23 %"],
        ["user_id_is_null", "55", "0.28 %"],
        ["Of the kept rows"],
        ["order_amount_out_of_range (warned)", "19", "0.10 %"],
        ["currency_pattern (warned)", "19", "0.10 %"],
        ["payment_status_not_allowed (warned)", "24", "0.12 %"],
        ["user_id (orphan)", "433", "2.2 %"],
      ]);
      expect(sectionOf(day, "rows")).to.include(
        'aria-label="orders: 20,000 read = 19,373 kept + 514 deduplicated + 113 rejected"',
      );
      expect(section(day, "rows")).to.include("npm run pipeline -- rejects 2026-11-22 --run 1 --stack dev");
    });

    it("draws bars as wide as the rows are many, and what was not kept once more, magnified", () => {
      const [users] = sectionOf(day, "rows").match(/<svg class="bar rows magnified"[\s\S]*?<\/svg>/)!;
      const widths = [...users.matchAll(/width="([\d.]+)" height="20"><title>([^<]*)</g)].map(
        ([, width, title]) => [title, Math.round(Number(width))] as const,
      );
      expect(widths).to.deep.equal([
        ["kept: 19,455 rows", 968],
        ["deduplicated: 483 rows", 23],
        ["malformed: 15 rows", 3],
        ["user_id_is_null: 47 rows", 3],
        ["deduplicated: 483 rows", 885],
        ["malformed: 15 rows", 26],
        ["user_id_is_null: 47 rows", 86],
      ]);
    });

    it("names the fields that are not declared, without a value of them", () => {
      expect(rowsOf(sectionOf(day, "drift")).slice(1)).to.deep.equal([
        ["users", "app_version", "not declared, in 12 rows"],
        ["events", "debug", "not declared, in 9 rows"],
        ["orders", "referrer", "not declared, in 7 rows"],
      ]);
    });

    it("tells every step from the first upload to the publication, and what it took", () => {
      const [, ...steps] = rowsOf(sectionOf(day, "timeline"));
      expect(steps.map(([name, , took]) => [name, took])).to.deep.equal([
        ["users.json +0 s, from upload to promotion", "3.1 s"],
        ["events.json +9 s, from upload to promotion", "4.2 s"],
        ["orders.json +12 s, from upload to promotion", "3.4 s"],
        ["run 1 +16.1 s, claimed, Glue begins", "8.4 s"],
        ["run 1 +24.5 s, Glue at work", "1 min 17 s"],
        ["run 1 +1 min 41 s, ended, being settled", "3.6 s"],
        ["run 1 +1 min 45 s, published", "–"],
      ]);
    });

    it("shows the checks, a sample of Gold with every digit, and where everything lies", () => {
      expect(section(day, "checks")).to.include("All 12 checks passed");
      expect(rowsOf(sectionOf(day, "checks")).at(-1)).to.deep.equal([
        "user_activity.balance_revenue",
        "passed",
        "expected 4172903.51, actual 4172903.51",
      ]);
      const [columns, first] = rowsOf(sectionOf(day, "gold"));
      expect(columns).to.deep.equal(shopDay.contract.outputs.user_activity!.columns.map(({ name }) => name));
      expect(first!.slice(0, 6)).to.deep.equal(["u_0", "IN", "PC", "referral", "2025-09-18T05:16:47Z", "0"]);
      expect(section(day, "gold")).to.match(
        /^Gold user_activity 19,455 rows, 16 columns\. The first 8 rows; times are UTC/,
      );
      expect(section(day, "places")).to.include(`Published user_activity ${shopDay.gold[0]!.uri}`);
    });

    it("has nothing to explain", () => expect(hasSection(day, "why")).to.equal(false));
  });

  describe("of a batch whose run failed", () => {
    const page = render(failedStory);

    it("says why nothing new is published, with the findings and commands of explain", () => {
      expect(textOf(page)).to.include("Failed Run 2 failed, and no other starts by itself; readers see run 1.");
      expect(section(page, "why")).to.match(
        /^Why nothing new is published run 2 reported a failure: orders\.max_rejected orders\.max_rejected: expected at most 5%, actual 25% \(30 of 120 rows\)/,
      );
      expect(section(page, "why")).to.include(
        "see the rejected rows: npm run pipeline -- rejects 2026-11-22 --run 2 --stack dev",
      );
    });

    it("stops the flow at the run, and leaves what readers see", () => {
      const flow = sectionOf(page, "flow");
      expect(flow).to.match(/<g class="station {2}blocked"><rect[^>]*\/><text[^>]*>run 2</);
      expect(flow).to.match(
        /<g class="station gold done"><rect[^>]*\/><text[^>]*>Catalog<\/text><text[^>]*>shows run 1</,
      );
      expect(flow).to.match(/<text class="count[^>]*>nothing</);
    });

    it("puts the check that failed first", () => {
      const [, first] = rowsOf(sectionOf(page, "checks"));
      expect(first!.slice(0, 2)).to.deep.equal(["orders.max_rejected", "failed"]);
      expect(section(page, "checks")).to.include("1 of 3 checks failed, so nothing was published");
    });

    it("lists both runs, the newest first", () => {
      expect(rowsOf(sectionOf(page, "runs")).map(([run, state]) => `${run} ${state}`)).to.deep.equal([
        "Run State",
        "2 failed",
        "1 published",
      ]);
    });
  });

  describe("of a batch that waits", () => {
    const page = render(waitingStory);

    it("names what is missing and what was rejected, with the command that mends it", () => {
      expect(textOf(page)).to.include("Waiting No run starts: orders was rejected and events is missing;");
      expect(section(page, "why")).to.include("2026-11-22/orders.json was rejected: line 1 is not a whole JSON object");
      expect(section(page, "why")).to.include(
        "have it uploaded: npm run pipeline -- upload events.json --batch 2026-11-22 --stack dev",
      );
      expect(textOf(page)).to.include("Good files 1 of 3 32.7 kB Late in 2 d 23 h due 2026-11-26 06:00:01Z Runs none");
    });

    it("shows the fate of each file, and the one that is not there", () => {
      const files = rowsOf(sectionOf(page, "files"));
      const fates = files.map(([key, , fate, why]) => [key, fate, why]);
      expect(fates).to.deep.include.members([
        ["2026-11-22/users.json", "promoted", "waits for the other files of its batch"],
        [
          "2026-11-22/orders.json",
          "rejected",
          "line 1 is not a whole JSON object; write one JSON object a line not_json_lines",
        ],
        ["2026-11-22/events.json", "not there", "expected, or 2026-11-22/events.json.gz"],
      ]);
    });

    it("says of each empty part why it is empty", () => {
      expect(section(page, "rows")).to.equal("Rows No run has read the files yet, so no row was counted.");
      expect(section(page, "checks")).to.equal("Checks No run has ended, so nothing was checked.");
      expect(section(page, "gold")).to.equal("Gold Nothing of this batch is published, so readers see no row of it.");
      expect(section(page, "runs")).to.equal("Runs No run has been claimed yet.");
      expect(hasSection(page, "drift")).to.equal(false);
    });

    it("names no stack in the commands for the local one", () => {
      expect(section(render(waitingStory, [], ""), "why")).to.include(
        "have it uploaded: npm run pipeline -- upload events.json --batch 2026-11-22",
      );
      expect(render(waitingStory, [], "")).not.to.include("--stack");
    });
  });

  it("says which published output it did not read, and how to ask for it", () => {
    expect(section(render(goodStory), "gold")).to.equal(
      'Gold user_activity Its 1 file of 9.1 kB were not read for this page. Ask for its rows: npm run query -- "from user_activity limit 100" --batch 2026-11-22 --stack dev',
    );
  });

  it("shows a run that is under way as moving, without an end", () => {
    const [story] = goodStory.runs;
    const run = { ...story!.run, state: "started", settledAt: null, publishedAt: null, settledBy: null } as const;
    const [jobRun] = story!.jobRuns;
    const running: Story = {
      ...goodStory,
      readAt: run.claimedAt + 75_000,
      verdict: { state: "running", run: 1 },
      document: { ...goodStory.document, runs: [run], published: null },
      files: goodStory.files.map((file) => ({ ...file, fate: "running" })),
      runs: [
        {
          ...story!,
          run,
          jobRuns: [{ ...jobRun!, report: null, job: { ...jobRun!.job!, state: "RUNNING", endedAt: null } }],
        },
      ],
      gold: [],
    };
    const page = render(running);
    expect(textOf(page)).to.include("Running Run 1 in Glue is started for 1 min 15 s; nothing is published yet.");
    expect(rowsOf(sectionOf(page, "timeline")).at(-1)![2]).to.equal("goes on");
    expect(sectionOf(page, "flow")).to.match(/<path class="way moving"[^>]*marker-end="url\(#wide-moving\)"/);
    expect(section(page, "rows")).to.equal("Rows Run 1 left no report, so no row was counted.");
  });

  it("names the engine of a run, what it took, and its code", () => {
    const page = render(embeddedStories.published);
    expect(textOf(page)).to.include("Run 1 1.9 s 0.8 s in DuckDB");
    expect(rowsOf(sectionOf(page, "runs")).at(-1)!.at(-1)).to.equal("0.8 s in DuckDB");
    expect(rowsOf(sectionOf(page, "timeline")).slice(-4)).to.deep.equal([
      ["run 1 +0 s, claimed, DuckDB begins", "", "0.6 s"],
      ["run 1 +0.6 s, DuckDB at work", "", "0.8 s"],
      ["run 1 +1.4 s, ended, being settled", "", "0.5 s"],
      ["run 1 +1.9 s, published", "", "–"],
    ]);
    expect(section(page, "places")).to.match(
      /Job run of DuckDB em-[0-9a-f]{16}.*Engine duckdb v1\.5\.5 Engine's code arn:aws:lambda:.*:commerce-dev-embedded:7/,
    );
    const waiting = render(embeddedStories.waits);
    expect(section(waiting, "why")).to.include("the order waits for Lambda, for at most an hour");
  });

  it("says of what DuckDB could not do that Glue got it, in one line and no red", () => {
    const page = render(embeddedStories.unfit);
    const [, glue, tried] = rowsOf(sectionOf(page, "runs"));
    expect(glue!.at(-1)).to.equal("31 s paid in Glue");
    expect(tried).to.deep.include("unfit");
    expect(tried!.join(" ")).to.include(
      "the batch was complete; DuckDB could not do it, so Glue got its files; user_activity: DuckDB has no more memory",
    );
    expect(sectionOf(page, "runs")).not.to.include("badge bad");
    expect(section(page, "why")).to.include("DuckDB could not do run 1, so Glue gets its files");
  });

  it("has a word and a sentence for each state that a batch can be in", () => {
    const at = { ...waitingStory, dueAt: waitingStory.readAt - 7_200_000 };
    const standings: readonly [Story["verdict"], RegExp][] = [
      [
        { state: "ready", inputs: {}, leftOut: [], tries: noTries },
        /Ready Batch 2026-11-22 is complete and its run is about to be/,
      ],
      [
        { state: "late", missing: ["events"], rejected: [], expired: [] },
        /Late No run starts: late since .* Late for 2 h due/,
      ],
      [{ state: "conflict", keys: { users: ["2026-11-22/users.json"] } }, /Conflict No run starts: users came/],
      [{ state: "mixed", spread: 25_200_000 }, /Mixed No run starts: the files lie 7 h apart/],
      [{ state: "superseded", run: 1 }, /Superseded Run 1 of these files ended after a newer one/],
    ];
    for (const [verdict, expected] of standings) expect(textOf(render({ ...at, verdict }))).to.match(expected);
  });

  it("speaks of the run that readers see after a rollback", () => {
    const [first, second] = failedStory.runs.map(({ run }) => run);
    const rolledBack: Story = {
      ...failedStory,
      verdict: { state: "published", run: 1 },
      document: { ...failedStory.document, runs: [first!, second!], published: { run: 1, highWater: 2 } },
    };
    const page = render(rolledBack);
    expect(textOf(page)).to.include(
      "Published Readers see run 1: 60 rows of user_activity, made from 3 files. Rolled back from run 2.",
    );
    expect(section(page, "runs")).to.include("1 published the batch was complete; readers see it");
    // The files of run 1 have been replaced by newer ones.
    expect(rowsOf(sectionOf(page, "timeline")).map(([step]) => step)).to.deep.equal([
      "Step",
      "run 1 +0 s, claimed, Glue begins",
      "run 1 +0.5 s, Glue at work",
      "run 1 +31.4 s, ended, being settled",
      "run 1 +34.5 s, published",
    ]);
  });

  describe("whatever the data says", () => {
    const hostile = render(hostileStory, hostileGold, attacks.quotes);
    const waiting = render(hostileWaitingStory);
    const pages = () => ({ day, hostile, waiting, failed: render(failedStory) });

    it("has no script, no handler, and no element but those of the page", () => {
      const allowed = new Set(
        "a article bdi body caption circle code dd defs desc details div dl dt figcaption figure footer g h1 h2 h3 h4 head header html li line main marker meta nav ol p path rect section small span style summary svg table tbody td text th thead title tr ul".split(
          " ",
        ),
      );
      for (const page of Object.values(pages())) {
        const found = [...page.matchAll(/<([a-z][a-z0-9]*)/gi)].map(([, name]) => name!);
        expect(found.filter((name) => !allowed.has(name))).to.deep.equal([]);
        expect(page.replace(/"[^"]*"/g, '""')).not.to.match(/<[^<>]*\s(on\w+|autofocus|srcdoc)\b/i);
        expect(page.match(/<style>/g)).to.have.length(1);
      }
    });

    it("asks nobody for anything: no URL but anchors, and a policy that allows its own style only", () => {
      for (const page of Object.values(pages())) {
        const links = [...page.matchAll(/\s(?:href|src|action|data|poster|srcset)="([^"]*)"/g)].map(([, url]) => url!);
        expect(links.filter((url) => !/^#[a-z]+$/.test(url))).to.deep.equal([]);
        const [, css] = /<style>([\s\S]*?)<\/style>/.exec(page)!;
        expect(css).not.to.match(/url\(|@import/);
        const sha256 = createHash("sha256").update(css!).digest("base64");
        expect(page).to.include(
          `content="default-src &#39;none&#39;; style-src &#39;sha256-${sha256}&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;"`,
        );
        expect(page).not.to.match(/\sstyle="/);
      }
    });

    it("shows control characters and marks of direction as their codes", () => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      expect(hostile).not.to.match(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028]/);
      expect(hostile).to.include("a\\u0000b\\u0007c\\u001b[31m");
      expect(hostile).to.include("users\\u202egpj.exe\\u2066");
      expect(hostile).to.include("half \\ud83d pair");
      expect(hostile).to.include(`<bdi>2026-11-22/${attacks.hebrew}</bdi>`);
    });

    it("shows a hostile text as it is written", () => {
      const shown = rowsOf(sectionOf(hostile, "files")).map(([key]) => key);
      for (const text of [attacks.script, attacks.attribute, attacks.quotes, attacks.closing, attacks.entity])
        expect(shown).to.include(`2026-11-22/${text}`);
    });

    it("has balanced tags and ids of its own", () => {
      for (const page of Object.values(pages())) {
        const open: string[] = [];
        for (const [, slash, name, closed] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*?(\/?)>/g)) {
          if (closed === "/" || name === "meta") continue;
          if (slash === "") open.push(name!);
          else expect(open.pop()).to.equal(name);
        }
        expect(open).to.deep.equal([]);
        const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
        expect(ids).to.have.length(new Set(ids).size);
      }
    });
  });
});
