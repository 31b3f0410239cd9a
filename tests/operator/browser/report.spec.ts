/**
 * The report in a real Chromium: that it asks nobody for anything, that everybody can use it, in both schemes and on a
 * phone, and that the pictures in docs/ are of it. What the page says is for tests/operator/report.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AxeResults } from "axe-core";
import { expect } from "chai";
import type { Page } from "playwright-core";
import { renderReport } from "../../../operator/report/report.ts";
import type { Story } from "../../../operator/story/story.ts";
import { attacks, hostileGold, hostileStory, hostileWaitingStory } from "../report/hostile.ts";
import { goldOf, shopDay } from "../report/shopDay.ts";
import { stories } from "../stories.ts";
import { type ReportBrowser, startBrowser } from "./chromium.ts";
import { clashes, type Focused, focused, overhang } from "./probes.mjs";
import { expectScreenshot } from "./screenshot.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const wide = { width: 1200, height: 900 };
/** A4 without its margins, in CSS pixels. */
const paper = { width: 718, height: 1000 };
const phone = { width: 360, height: 740 };

/** What axe-core finds, of any impact, each with where. */
async function findingsOf(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate<AxeResults>("axe.run(document, { resultTypes: ['violations'] })");
  return violations.flatMap(({ id, impact, nodes }) =>
    nodes.map(({ target }) => `${impact} ${id}: ${target.join(" ")}`),
  );
}

/** A story with numbers as long as they get. */
const enormous: Story = (() => {
  const [first] = shopDay.runs;
  const [jobRun] = first!.jobRuns;
  const report = jobRun!.report!;
  const datasets = Object.fromEntries(
    Object.entries(report.datasets).map(([name, dataset]) => [
      name,
      { ...dataset, read: 33_000_000, malformed: 333_333, kept: 33_000_000, deduplicated: 0, rejected: {} },
    ]),
  );
  const outputs = { user_activity: { ...report.outputs.user_activity!, rows: 99_999_999 } };
  const run = { ...first!.run, run: 9_999 };
  return {
    ...shopDay,
    verdict: { state: "published", run: 9_999 },
    document: { ...shopDay.document, runs: [run], published: { run: 9_999, highWater: 9_999 } },
    files: shopDay.files.map((file) => ({ ...file, bytes: 999_900_000_000 })),
    runs: [
      {
        ...first!,
        run,
        jobRuns: [{ ...jobRun!, job: { ...jobRun!.job!, seconds: 86_340 }, report: { ...report, datasets, outputs } }],
      },
    ],
  };
})();

describe("report.html in a browser", function () {
  this.timeout(120_000);
  let browser: ReportBrowser;
  const pages: Record<string, string> = {};

  before(async () => {
    const folder = mkdtempSync(join(tmpdir(), "report-gold-"));
    try {
      for (const [name, story] of Object.entries({ ...stories, day: shopDay, enormous })) {
        const gold = story.document.published && name !== "enormous" ? await goldOf(story, folder) : [];
        pages[name] = renderReport(story, { gold, choice: "--stack dev" });
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
    pages.hostile = renderReport(hostileStory, { gold: hostileGold, choice: attacks.quotes });
    pages["hostile, waiting"] = renderReport(hostileWaitingStory, { gold: [], choice: "" });
    browser = await startBrowser();
  });
  afterEach(() => browser?.clear());
  after(() => browser?.close());

  for (const name of ["good", "failed", "waiting", "hostile", "hostile, waiting"])
    describe(`of a ${name} batch`, () => {
      for (const colorScheme of ["light", "dark"] as const)
        for (const viewport of [wide, phone])
          it(`can be used by everybody, ${colorScheme}, ${viewport.width} pixels wide`, async () => {
            const { page, requests, complaints } = await browser.open(pages[name]!, { colorScheme, viewport });
            expect(await findingsOf(page)).to.deep.equal([]);
            expect(await page.evaluate(overhang), "pixels of horizontal scrolling").to.equal(0);
            expect(requests).to.deep.equal(["the page"]);
            expect(complaints).to.deep.equal([]);
          });

      it("can be printed: nothing is cut off at the side, and what is folded is open", async () => {
        const { page } = await browser.open(pages[name]!, { viewport: paper });
        await page.emulateMedia({ media: "print" });
        expect(await page.evaluate(overhang), "pixels of horizontal scrolling").to.equal(0);
        expect(await page.locator("nav").isVisible()).to.equal(false);
        expect(await page.locator("#flow details li").first().isVisible()).to.equal(true);
      });
    });

  it("lets a keyboard reach all that can be used, in the order of the page, and shows where it is", async () => {
    const { page } = await browser.open(pages.failed!, { viewport: wide });
    const usable = await page.locator('a[href], summary, [tabindex="0"]').count();
    const seen: Focused[] = [];
    for (let index = 0; index < usable; index++) {
      await page.keyboard.press("Tab");
      seen.push(await page.evaluate(focused));
    }
    expect(seen[0]).to.include({ what: "Skip to the content", isInView: true });
    expect(seen.filter(({ outline }) => outline < 2)).to.deep.equal([]);
    expect(seen.filter(({ isInView }) => !isInView)).to.deep.equal([]);
    const tops = seen.map(({ top }) => top);
    expect(tops).to.deep.equal([...tops].sort((a, b) => a - b));
    expect(new Set(seen.map(({ what, top }) => `${what} ${top}`)).size).to.equal(usable);
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement === document.body"), "all have been reached").to.equal(true);
  });

  it("skips to the content, and opens the words of the flow, from the keyboard", async () => {
    const { page } = await browser.open(pages.good!, { viewport: wide });
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await page.evaluate("document.activeElement.id")).to.equal("main");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await page.locator("#flow details li").first().isVisible()).to.equal(true);
  });

  it("keeps its tables tables where a phone shows their rows as blocks", async () => {
    const { page } = await browser.open(pages.failed!, { viewport: phone });
    const checks = page.getByRole("table", { name: "1 of 3 checks failed, so nothing was published" });
    expect(await checks.getByRole("row").count()).to.equal(4);
    expect(await checks.getByRole("rowheader", { name: "orders.max_rejected" }).count()).to.equal(1);
    expect(await checks.getByRole("columnheader").allTextContents()).to.deep.equal([
      "Check",
      "Result",
      "What was found",
    ]);
  });

  it("names its pictures, and shows one flow at a time", async () => {
    for (const [viewport, shown] of [
      [wide, "wide"],
      [phone, "tall"],
    ] as const) {
      const { page } = await browser.open(pages.good!, { viewport });
      const flow = page.getByRole("img", { name: "How far the batch has come, from its files to the catalog" });
      expect(await flow.count()).to.equal(1);
      expect(await flow.getAttribute("id")).to.equal(shown);
      expect(await page.getByRole("img", { name: "events: 482 read = 480 kept" }).count()).to.equal(1);
    }
  });

  for (const viewport of [wide, phone])
    for (const name of ["good", "failed", "waiting", "hostile", "enormous"])
      it(`draws the flow of the ${name} batch with no text over an edge, ${viewport.width} pixels wide`, async () => {
        const { page } = await browser.open(pages[name]!, { viewport });
        expect(await page.evaluate(clashes)).to.deep.equal([]);
      });

  describe("the pictures in docs/", () => {
    const at1200 = { width: 1200, height: 900 };
    const shots = [
      { file: "report-published-light.png", name: "day", colorScheme: "light", viewport: at1200, to: "flow" },
      { file: "report-published-dark.png", name: "day", colorScheme: "dark", viewport: at1200, to: "flow" },
      { file: "report-rows.png", name: "day", colorScheme: "light", viewport: at1200, from: "rows", to: "rows" },
      {
        file: "report-timeline.png",
        name: "day",
        colorScheme: "dark",
        viewport: at1200,
        from: "timeline",
        to: "timeline",
      },
      { file: "report-gold.png", name: "day", colorScheme: "light", viewport: at1200, from: "gold", most: 914 },
      { file: "report-failed.png", name: "failed", colorScheme: "light", viewport: at1200, to: "flow" },
      { file: "report-waiting-phone.png", name: "waiting", colorScheme: "dark", viewport: phone, to: "flow" },
    ] as const;
    for (const { file, name, ...options } of shots)
      it(`${file} is of the page as it is now`, async () => {
        await expectScreenshot(browser, `docs/screenshots/${file}`, pages[name]!, options);
      });
  });
});
