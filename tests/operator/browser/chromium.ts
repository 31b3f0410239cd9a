import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** What CHROMIUM names, else Debian's package, else what other machines have in its place. */
function findBrowser(): string {
  const usual = ["/usr/bin/chromium", "/usr/bin/google-chrome"];
  const named = process.env.CHROMIUM;
  const found = (named ? [named] : usual).find((path) => existsSync(path));
  if (found === undefined)
    throw new Error(`there is no ${named ?? usual[0]}: apt-get install chromium, or name another with CHROMIUM`);
  return found;
}

const args = [
  "--no-first-run",
  "--disable-gpu",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--hide-scrollbars",
  "--force-color-profile=srgb",
  "--font-render-hinting=none",
];

/** A page in a real browser, with all that it asked for and all that the browser said of it. */
export interface Visit {
  readonly page: Page;
  /** URLs. */
  readonly requests: readonly string[];
  /** Console messages, exceptions and dialogs. */
  readonly complaints: readonly string[];
}

export interface ReportBrowser {
  /** Opens the page in a profile of its own. */
  open(html: string, options?: BrowserContextOptions): Promise<Visit>;
  /** Closes what was opened since. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** @throws Error that says how to get a browser */
export async function startBrowser(): Promise<ReportBrowser> {
  const executablePath = findBrowser();
  const folder = mkdtempSync(join(tmpdir(), "report-browser-"));
  // Chromium's own sandbox is not to be had for root.
  const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const browser: Browser = await chromium.launch({ executablePath, args: [...args, ...sandbox] });
  let pages = 0;
  return {
    async open(html, options = {}) {
      const file = join(folder, `${++pages}.html`);
      writeFileSync(file, html);
      const context = await browser.newContext({ reducedMotion: "reduce", ...options });
      const page = await context.newPage();
      const requests: string[] = [];
      const complaints: string[] = [];
      page.on("request", (request) => requests.push(request.url()));
      page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
      page.on("pageerror", (error) => complaints.push(`exception: ${error.message}`));
      page.on("dialog", (dialog) => {
        complaints.push(`dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
      await page.goto(pathToFileURL(file).href);
      return { page, requests: requests.map((url) => (url === page.url() ? "the page" : url)), complaints };
    },
    async clear() {
      await Promise.all(browser.contexts().map((context) => context.close()));
    },
    async close() {
      await browser.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
