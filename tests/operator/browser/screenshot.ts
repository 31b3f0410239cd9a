import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect } from "chai";
import { regenerate } from "../../docs/generatedFile.ts";
import type { ReportBrowser } from "./chromium.ts";
import { headerOf, smaller } from "./png.ts";

export interface ScreenshotOptions {
  readonly colorScheme: "light" | "dark";
  /** CSS pixels; the picture has two of its own for each, both ways. */
  readonly viewport: { readonly width: number; readonly height: number };
  /** Ids of the sections that it begins and ends with; all above or below where there is none. */
  readonly from?: string;
  readonly to?: string;
  /** The greatest height. */
  readonly most?: number;
}

const scale = 2;
const margin = 24;
const mostBytes = 200_000;

/**
 * The committed picture is of this very page: it carries the page's hash, since its pixels depend on the machine's fonts.
 * With UPDATE_GENERATED=1 it is taken instead.
 */
export async function expectScreenshot(
  browser: ReportBrowser,
  path: string,
  html: string,
  options: ScreenshotOptions,
): Promise<void> {
  const source = createHash("sha256")
    .update(JSON.stringify([html, options]))
    .digest("hex");
  if (process.env.UPDATE_GENERATED === "1") {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, smaller(await take(browser, html, options), { Source: source }));
  }
  const stale = `${path} is not current: ${regenerate("tests/operator/browser/*.spec.ts")}`;
  expect(existsSync(path), stale).to.equal(true);
  const png = readFileSync(path);
  const { width, texts } = headerOf(png);
  expect({ width, texts }, stale).to.deep.equal({ width: options.viewport.width * scale, texts: { Source: source } });
  expect(png.length, `${path} is too large`).to.be.lessThan(mostBytes);
}

async function take(browser: ReportBrowser, html: string, options: ScreenshotOptions): Promise<Buffer> {
  const { colorScheme, viewport, from, to, most = Number.POSITIVE_INFINITY } = options;
  const { page } = await browser.open(html, { colorScheme, viewport, deviceScaleFactor: scale });
  const box = async (id: string) => (await page.locator(id).boundingBox())!;
  const top = from === undefined ? 0 : (await box(`#${from}`)).y - margin;
  const last = await box(to === undefined ? "body" : `#${to}`);
  const height = Math.min(most, last.y + last.height + margin - top);
  return await page.screenshot({ fullPage: true, clip: { x: 0, y: top, width: viewport.width, height } });
}
