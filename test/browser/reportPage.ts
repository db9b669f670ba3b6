import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type Browser,
  type BrowserContextOptions,
  type CDPSession,
  chromium,
  type Page,
} from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';

/** Where Debian and other distributions install it. */
const PATHS = ['/usr/bin/chromium', '/usr/bin/google-chrome', '/usr/bin/chromium-browser'];

export interface OpenedReport {
  readonly page: Page;
  /** URLs that the page requested, other than itself. */
  readonly requests: string[];
  /** Errors and warnings of the browser. */
  readonly complaints: string[];
  /** CPU time from an empty page until the report can be used, independent of other load. Seconds. */
  readonly openedIn: number;
}

/** Opens reports in one browser per test file. After each test, its pages must not have logged errors. */
export function reportBrowser() {
  let browser: Browser | undefined;
  let folder: string;
  let opened: OpenedReport[] = [];
  let files = 0;

  beforeAll(async () => {
    const executablePath = process.env.CHROMIUM ?? PATHS.find(existsSync);
    if (executablePath === undefined)
      throw new Error('no Chromium here: apt-get install chromium, or name one with CHROMIUM=');
    folder = await mkdtemp(join(tmpdir(), 'report-browser-'));
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  });

  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  afterEach(async () => {
    const complaints = opened.flatMap((report) => report.complaints);
    const requests = opened.flatMap((report) => report.requests);
    for (const { page } of opened) await page.context().close();
    opened = [];
    expect(complaints).toEqual([]);
    expect(requests).toEqual([]);
  });

  return {
    /** Opens the file of a report, or of another kind of document, unchanged. */
    async open(
      text: string,
      options: BrowserContextOptions = {},
      extension = 'html',
    ): Promise<OpenedReport> {
      files += 1;
      const path = join(folder, `${files}.${extension}`);
      await writeFile(path, text);
      const context = await (browser as Browser).newContext({
        viewport: { width: 1280, height: 900 },
        ...options,
      });
      const page = await context.newPage();
      const requests: string[] = [];
      const complaints: string[] = [];
      const url = pathToFileURL(path).href;
      page.on('request', (request) => {
        if (request.url().split('#')[0] !== url) requests.push(request.url());
      });
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning')
          complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(String(error)));
      const devtools = await context.newCDPSession(page);
      await devtools.send('Performance.enable');
      const before = await processTime(devtools);
      await page.goto(url);
      if (options.javaScriptEnabled !== false) await page.waitForSelector('html[data-ready]');
      const report = {
        page,
        requests,
        complaints,
        openedIn: (await processTime(devtools)) - before,
      };
      opened.push(report);
      return report;
    },
  };
}

/** CPU time that the page's process has used. Seconds. */
async function processTime(devtools: CDPSession): Promise<number> {
  const { metrics } = await devtools.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'ProcessTime')?.value ?? 0;
}
