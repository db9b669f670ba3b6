import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import type { NetworkFinding } from '../../src/topology/findings/finding.ts';
import { type Picture, pictureOf } from '../../src/topology/picture/picture.ts';
import { renderPicturePage } from '../../src/topology/picture/renderPicturePage.ts';
import { renderSvg } from '../../src/topology/picture/renderSvg.ts';
import { factsOf } from '../unit/topology/support/fixture.ts';
import { ROUTED } from '../unit/topology/support/fixtures/routed.ts';
import { pathBetween } from '../unit/topology/support/pathBetween.ts';
import { reportBrowser } from './reportPage.ts';

const browser = reportBrowser();
/** The pictures contain no script, and the browser must not run any. */
const NO_SCRIPT = { javaScriptEnabled: false };
const MARKUP = '<img src="http://127.0.0.1:9/x" onerror="alert(1)"></svg><script>alert(1)</script>';

/** A path between two nodes whose last device is down, and a finding with text from an attacker. */
function brokenPath(): Picture {
  const { CALICO_BGP } = ROUTED;
  const node = CALICO_BGP.nodes['node-b'];
  if (node === undefined) throw new Error('no node-b');
  const links = node.links.map((link) => (link.name === 'calib1' ? { ...link, down: true } : link));
  const nodes = { ...CALICO_BGP.nodes, 'node-b': { ...node, links } };
  const { trace, findings } = pathBetween(factsOf({ ...CALICO_BGP, nodes }), 'a1', 'b1', 80);
  const [down] = findings;
  if (down === undefined) throw new Error('nothing was found');
  const hostile: NetworkFinding = {
    ...down,
    evidence: MARKUP,
    meaning: `${MARKUP} ${'x'.repeat(400)}`,
  };
  return pictureOf(trace, [...findings, hostile]);
}

const picture = brokenPath();
const page = [...renderPicturePage(picture)].join('');
const svg = renderSvg(picture);

/** The lightness of a colour: 0 is black, 255 white. */
const lightness = (colour: string) =>
  Math.max(...(colour.match(/\d+/g) ?? []).slice(0, 3).map(Number));
const styleOf = (opened: Page, selector: string, property: string) =>
  opened
    .locator(selector)
    .first()
    .evaluate((element, name) => getComputedStyle(element).getPropertyValue(name), property);

/** Texts of the drawing that exceed its edge with the browser's own fonts. */
const cutTexts = (opened: Page) =>
  opened.evaluate(() =>
    [...document.querySelectorAll('svg text')]
      .filter((text) => {
        const drawing = text.closest('svg')?.getBoundingClientRect() ?? new DOMRect();
        const { left, right, top, bottom } = text.getBoundingClientRect();
        return (
          left < drawing.left ||
          right > drawing.right + 1 ||
          top < drawing.top ||
          bottom > drawing.bottom + 1
        );
      })
      .map((text) => text.textContent),
  );

describe.each([
  ['the page', page, 'html', 'body', 'background-color'],
  ['the SVG file', svg, 'svg', '.nd-paper', 'fill'],
] as const)('%s of a path', (_, text, extension, paper, colour) => {
  const open = async (options = {}) =>
    (await browser.open(text, { ...NO_SCRIPT, ...options }, extension)).page;

  it('shows every device and the finding, and cuts off no text', async () => {
    const opened = await open();
    const texts = (await opened.locator('svg text').allTextContents()).join(' ');
    for (const device of ['cali', 'calib1', 'eth0']) expect(texts).toContain(device);
    expect(texts).toContain('link-down');
    expect(await cutTexts(opened)).toEqual([]);
  });

  it('follows the system: light or dark', async () => {
    const light = await open({ colorScheme: 'light' });
    const dark = await open({ colorScheme: 'dark' });
    expect(lightness(await styleOf(light, paper, colour))).toBeGreaterThan(230);
    expect(lightness(await styleOf(dark, paper, colour))).toBeLessThan(60);
    expect(lightness(await styleOf(dark, 'svg .nd-name, svg text', 'fill'))).toBeGreaterThan(150);
  });

  it('is not dark when printed', async () => {
    const opened = await open({ colorScheme: 'dark' });
    await opened.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(lightness(await styleOf(opened, 'svg .nd-name, svg text', 'fill'))).toBeLessThan(120);
  });

  it('shows markup as text, and sends no requests', async () => {
    const opened = await open();
    expect(await opened.locator('img, script').count()).toBe(0);
    expect(await opened.locator(':root').first().textContent()).toContain('<script>alert(1)');
  });
});

it('the page fits a narrow screen; the drawing scrolls', async () => {
  const { page: opened } = await browser.open(page, {
    ...NO_SCRIPT,
    viewport: { width: 360, height: 700 },
  });
  const width = await opened.evaluate(() => document.documentElement.scrollWidth);
  expect(width).toBeLessThanOrEqual(360);
});
