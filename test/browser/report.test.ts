import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { hostileCapture, MARKUP } from '../unit/report/hostileCapture.ts';
import { reportOf } from '../unit/report/support.ts';
import { lossyPods, manyConnections } from './captures.ts';
import { reportBrowser } from './reportPage.ts';

const browser = reportBrowser();
const pages = { few: '', many: '', lossy: '', hostile: '' };

beforeAll(async () => {
  pages.few = (await reportOf({ 'web.pcap': manyConnections(80) })).page;
  pages.many = (await reportOf({ 'web.pcap': manyConnections(100_000) })).page;
  pages.lossy = (await reportOf({ 'shop.pcapng': lossyPods() })).page;
  pages.hostile = (await reportOf({ [MARKUP]: hostileCapture() })).page;
}, 120_000);

const TABLE = '#conversations table';

async function column(page: Page, title: string): Promise<string[]> {
  const titles = await page.locator(`${TABLE} thead th`).allInnerTexts();
  const index = titles.findIndex((text) => text.startsWith(title)) + 1;
  return page.locator(`${TABLE} tbody tr[data-place] td:nth-child(${index})`).allInnerTexts();
}

const status = (page: Page) => page.locator('#conversations [role=status]').innerText();
const head = (page: Page, title: string) =>
  page.locator(`${TABLE} th`, { hasText: title }).locator('button');

/** The text of the diagram, row by row. */
const packetTexts = (page: Page) => page.locator('#packets .packet title').allTextContents();

describe.each(['few', 'many'] as const)('a report with %s conversations', (size) => {
  const count = size === 'few' ? 80 : 100_000;
  const shown = count.toLocaleString('en');

  it('opens in less than 2 s and within its size', async () => {
    const { openedIn, page } = await browser.open(pages[size]);
    expect(pages[size].length).toBeLessThan(size === 'few' ? 1e6 : 15e6);
    expect(await status(page)).toBe(`${shown} of ${shown} conversations.`);
    expect(await page.locator(`${TABLE} tbody tr`).count()).toBeLessThan(80);
    expect(openedIn).toBeGreaterThan(0);
    expect(openedIn).toBeLessThan(2);
  });

  it('sorts by any column, both ways', async () => {
    const { page } = await browser.open(pages[size]);
    await head(page, 'Received').click();
    const bytes = (await column(page, 'Received')).map(Number.parseFloat);
    expect(bytes.slice(0, 9)).toEqual([...bytes.slice(0, 9)].sort((a, b) => b - a));
    await head(page, 'Server').click();
    expect((await column(page, 'Server'))[0]).toBe('10.96.0.10:8000');
    await head(page, 'Server').click();
    expect((await column(page, 'Server'))[0]).toMatch(/^10\.96\.0\.9:/);
    expect(await page.locator(`${TABLE} th[aria-sort=descending]`).innerText()).toMatch(/^Server/);
  });

  it('finds the rows that contain all words', async () => {
    const { page } = await browser.open(pages[size]);
    await page.fill('#conversations input[type=search]', ':8001 REFUSED');
    const expected = Math.ceil(count / 30);
    await expect
      .poll(() => status(page))
      .toMatch(
        new RegExp(
          `^(${expected}|${expected - 1}|${(expected - 1).toLocaleString('en')}|${expected.toLocaleString('en')}) of`,
        ),
      );
    expect(new Set(await column(page, 'State'))).toEqual(new Set(['refused']));
    await page.fill('#conversations input[type=search]', 'no such thing');
    await expect.poll(() => status(page)).toMatch(/^0 of/);
    expect(await page.locator(`${TABLE} tbody`).innerText()).toContain('Nothing matches');
  });

  it('shows the packets of the last conversation', async () => {
    const { page } = await browser.open(pages[size]);
    await head(page, 'Start').click();
    await head(page, 'Start').click();
    await page.locator(`${TABLE} tbody tr[data-place="1"]`).click();
    await page.waitForSelector('#packets svg');
    const texts = await packetTexts(page);
    expect(texts).toHaveLength(8);
    expect(texts[0]).toMatch(/SYN$/);
    expect(texts[3]).toMatch(/data · \d+ B, seq 1/);
  });

  it('can be used with the keyboard only', async () => {
    const { page } = await browser.open(pages[size]);
    await page.locator('#conversations input[type=search]').focus();
    for (let step = 0; step < 40; step++) {
      await page.keyboard.press('Tab');
      if (
        await page.evaluate(
          () => document.activeElement?.matches('#conversations tbody tr') === true,
        )
      )
        break;
    }
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowUp');
    const place = () =>
      page.evaluate(() => Number((document.activeElement as HTMLElement | null)?.dataset.place));
    expect(await place()).toBe(count - 2);
    await page.keyboard.press('Home');
    await page.keyboard.press('PageDown');
    expect(await place()).toBeGreaterThan(5);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#packets svg');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('packets');
    await page.locator('.timeline').focus();
    const span = () => page.locator('#timeline .reading').innerText();
    const whole = await span();
    await page.keyboard.press('+');
    expect(await span()).not.toBe(whole);
    expect(await status(page)).not.toMatch(new RegExp(`^${shown} of`));
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('0');
    expect(await span()).toBe(whole);
  });
});

describe('the timeline', () => {
  it('zooms into a dragged range, and limits the conversations to it', async () => {
    const { page } = await browser.open(pages.few);
    await page.locator('.timeline').scrollIntoViewIfNeeded();
    const box = await page.locator('.timeline svg').boundingBox();
    if (!box) throw new Error('no timeline');
    const y = box.y + 60;
    await page.mouse.move(box.x + box.width * 0.25, y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, y, { steps: 4 });
    await page.mouse.up();
    await expect.poll(() => status(page)).toMatch(/^2\d of 80/);
    await page.locator('#conversations .chip').click();
    await expect.poll(() => status(page)).toBe('80 of 80 conversations.');
    await page.getByRole('button', { name: 'Zoom in' }).click();
    await expect.poll(() => status(page)).toMatch(/^4\d of 80/);
    await page.locator('.timeline svg').dblclick({ position: { x: 300, y: 80 } });
    await expect.poll(() => status(page)).toBe('80 of 80 conversations.');
  });
});

describe('a capture of two pods with loss between them', () => {
  it('shows where and when packets were lost', async () => {
    const { page } = await browser.open(pages.lossy);
    const first = await page.locator('.finding').first().innerText();
    expect(first).toContain('Packets lost on the way');
    expect(first).toMatch(/5 packets.*shop\/web-7d4f9c.*shop\/cart-0/);
    expect(first).toMatch(/22:13:25\.003 to 22:13:25\.803/);
    expect(await page.locator('.timeline').innerText()).toContain(
      'Lost from shop/web-7d4f9c to shop/cart-0: 5',
    );
    expect(await page.locator('#points tbody tr').first().innerText()).toMatch(
      /shop\/web-7d4f9c\s+shop\/cart-0\s+\d+\s+5 /,
    );
  });

  it('shows a conversation from both ends', async () => {
    const { page } = await browser.open(pages.lossy);
    await page
      .locator('.finding')
      .first()
      .getByRole('button', { name: 'Show packets of the first connection' })
      .click();
    await page.waitForSelector('#packets svg');
    const texts = await packetTexts(page);
    expect(texts).toHaveLength(9);
    expect(texts[3]).toContain('LOST on the way to shop/cart-0');
    expect(texts[4]).toMatch(/GET \/cart\/20.*sent again/);
    expect(await page.locator('#packets .cross').count()).toBe(1);
    expect(await page.locator('#packets svg').innerHTML()).toContain('captured at shop/cart-0');
  });

  it('has one row for a connection that both ends captured', async () => {
    const { page } = await browser.open(pages.lossy);
    const [, shown, all, others, rows] =
      /^(\d+) of (\d+) conversations\. (\d+) of the (\d+)/.exec(await status(page)) ?? [];
    expect(shown).toBe(all);
    expect(Number(all) + Number(others)).toBe(Number(rows));
    const first = await page.locator(`${TABLE} tbody tr[data-place]`).first().innerText();
    expect(first).toContain('shop/web-7d4f9c → shop/cart-0');
    expect(first).toMatch(/1 lost/);
  });

  it('filters by a finding and its time', async () => {
    const { page } = await browser.open(pages.lossy);
    const finding = page.locator('.finding').first();
    await finding.getByRole('button', { name: 'Show in timeline' }).click();
    expect(await page.locator('#timeline .reading').innerText()).toMatch(
      /^22:13:24\.\d+ to 22:13:26/,
    );
    await finding.getByRole('button', { name: /^Show the 5 conversations/ }).click();
    await expect.poll(() => status(page)).toMatch(/^5 of/);
  });
});

describe('layout', () => {
  it('follows the system: light or dark', async () => {
    const background = (page: Page) =>
      page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await browser.open(pages.few, { colorScheme: 'light' });
    const dark = await browser.open(pages.few, { colorScheme: 'dark' });
    const brightness = async (page: Page) => Number((await background(page)).match(/\d+/)?.[0]);
    expect(await brightness(light.page)).toBeGreaterThan(200);
    expect(await brightness(dark.page)).toBeLessThan(60);
  });

  it('fits a narrow screen', async () => {
    const { page } = await browser.open(pages.lossy, { viewport: { width: 390, height: 800 } });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
      390,
    );
  });

  it('prints every section and the first rows of each table, and is not dark then', async () => {
    const { page } = await browser.open(pages.many, { colorScheme: 'dark' });
    const pdf = await page.pdf({ format: 'A4' });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator(`${TABLE} tbody tr[data-place]`).count()).toBe(100);
    expect(await page.locator('#conversations').innerText()).toContain(
      'The first 100 of 100,000 rows',
    );
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe(
      'rgb(255, 255, 255)',
    );
  });

  it('shows its findings without scripts', async () => {
    const { page } = await browser.open(pages.lossy, { javaScriptEnabled: false });
    expect(await page.locator('.finding').first().innerText()).toContain('shop/cart-0');
    expect(await page.locator('noscript').innerText()).toContain('needs JavaScript');
  });
});

describe('hostile captures', () => {
  it('are shown as text', async () => {
    const { page } = await browser.open(pages.hostile);
    expect(await page.title()).toContain('</script><script>');
    await page.locator(`${TABLE} tbody tr`, { hasText: 'TLS' }).first().click();
    await page.waitForSelector('#packets svg');
    const text = await page.evaluate(() => document.body.textContent ?? '');
    for (const part of ['<img', 'onerror', '\\x1b', '\\u202e', '\\u2066', '\\u200b', 'characters)'])
      expect(text).toContain(part);
    expect(text).not.toMatch(/[\u001b\u202e\u2066\u200b]/);
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.locator('script').count()).toBe(3);
    for (const table of ['#dns', '#tls', '#http'])
      expect(await page.locator(`${table} tbody`).innerText()).not.toBe('');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
      1280,
    );
  });

  it('cannot run an injected script', async () => {
    const injected = pages.few.replace(
      '<div id="app">',
      '<script>document.title = "owned"</script><img src="http://127.0.0.1:9/x" onerror="document.title = \'owned\'"><a href="javascript:document.title=1">x</a><div id="app">',
    );
    const { page, complaints, requests } = await browser.open(injected);
    await page.waitForTimeout(200);
    expect(await page.title()).toBe('Capture report: web.pcap');
    expect(
      complaints.filter((text) => text.includes('Content Security Policy')).length,
    ).toBeGreaterThanOrEqual(2);
    const refused = await page.evaluate(() => {
      try {
        document.body.innerHTML = '<b>x</b>';
        return false;
      } catch {
        return true;
      }
    });
    expect(refused).toBe(true);
    complaints.length = 0;
    requests.length = 0;
  });

  it('cannot make the page send requests', async () => {
    const { page, complaints } = await browser.open(pages.few);
    const refused = await page.evaluate(() =>
      fetch('http://127.0.0.1:9/').then(
        () => 'sent',
        (error: unknown) => String(error),
      ),
    );
    expect(refused).not.toBe('sent');
    expect(complaints.join()).toContain('connect');
    complaints.length = 0;
  });
});
