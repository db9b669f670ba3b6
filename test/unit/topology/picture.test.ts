import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { checkPictureFlags, writePictures } from '../../../src/cli/pictures.ts';
import type { ClusterFacts } from '../../../src/topology/model/clusterFacts.ts';
import { type Picture, pictureOf } from '../../../src/topology/picture/picture.ts';
import { renderMermaid } from '../../../src/topology/picture/renderMermaid.ts';
import { renderPicturePage } from '../../../src/topology/picture/renderPicturePage.ts';
import { renderSvg } from '../../../src/topology/picture/renderSvg.ts';
import { textLines } from '../../../src/topology/picture/textLines.ts';
import { FLANNEL, FLANNEL_NODES, runLab } from './support/lab.ts';
import { pathBetween } from './support/pathBetween.ts';

let healthyFacts: ClusterFacts;
let brokenFacts: ClusterFacts;
beforeAll(async () => {
  const [first, second] = await runLab({
    nodes: FLANNEL_NODES,
    stages: [FLANNEL, 'ip -n node-b link set sw0 down'],
    rules: true,
  });
  if (first === undefined || second === undefined) throw new Error('no facts');
  healthyFacts = first.facts;
  brokenFacts = second.facts;
});

function pictures(facts: ClusterFacts): Picture[] {
  return [['a1', 'b1'] as const, ['node/node-a'] as const, ['a1', '203.0.113.9'] as const].map(
    ([from, to]) => {
      const { trace, findings } = pathBetween(facts, from, to);
      return pictureOf(trace, findings);
    },
  );
}

/** Tags and their attributes, as a browser would read them. */
function tagsOf(markup: string): Set<string> {
  return new Set([...markup.matchAll(/<\/?([^\s>/]*)/g)].map(([, name]) => name ?? ''));
}

const SVG_TAGS = ['svg', 'title', 'style', 'defs', 'marker', 'path', 'rect', 'text', 'g'];
const PAGE_TAGS = [
  ...['!doctype', 'html', 'head', 'meta', 'title', 'style', 'body', 'main', 'h1', 'h2', 'h3', 'p'],
  ...['section', 'div', 'ul', 'li', 'span', 'dl', 'dt', 'dd', ...SVG_TAGS],
];

describe('the picture', () => {
  it('shows every device on the path, and that nothing is wrong', () => {
    const [path, node] = pictures(healthyFacts).map(renderSvg);
    for (const device of ['p-a1', 'sw0', 'tun9', 'p-b1'])
      expect(path).toContain(`>${device}</text>`);
    expect(path).toContain('No problems found in the tables of node-a, node-b');
    for (const device of ['p-a1', 'sw0', 'tun9', 'eth0'])
      expect(node).toContain(`>${device}</text>`);
  });

  it('shows findings at their device, with evidence, meaning and fix', () => {
    const [picture] = pictures(brokenFacts);
    if (picture === undefined) throw new Error('no picture');
    const [finding] = picture.findings;
    expect(finding?.kind).toBe('link-down');
    const svg = renderSvg(picture);
    expect(svg).toContain('✗ link-down');
    expect(svg).toContain('Fix: ');
    expect([...renderPicturePage(picture)].join('')).toContain('<dt>Evidence</dt>');
    expect([...renderMermaid(picture)].join('')).toContain(':::error');
  });

  it.each([
    '</text><script>alert(1)</script>',
    `" onload='alert(1)`,
    ']]>&<!--',
    '\u001b[2J\u202e',
  ])('never treats a name as markup: %j', (evil) => {
    const text = JSON.stringify(evil).slice(1, -1);
    const facts = JSON.parse(
      JSON.stringify(brokenFacts)
        .replaceAll('p-a1', `p-${text}`)
        .replaceAll('node-b', `node-b${text}`)
        .replaceAll('b1', `b1${text}`),
    );
    const { trace, findings } = pathBetween(facts, 'a1', '10.244.2.2');
    const { trace: node, findings: more } = pathBetween(facts, 'node/node-a');
    for (const picture of [pictureOf(trace, findings), pictureOf(node, more)]) {
      const svg = renderSvg(picture);
      expect(SVG_TAGS).toEqual(expect.arrayContaining([...tagsOf(svg)]));
      const page = [...renderPicturePage(picture)].join('');
      expect(PAGE_TAGS).toEqual(expect.arrayContaining([...tagsOf(page)]));
      const chart = [...renderMermaid(picture)].join('');
      for (const document of [svg, page]) {
        expect(document).not.toMatch(/<[^>]*\son\w+=/);
        expect(document).not.toContain('<!--');
      }
      for (const document of [svg, page, chart])
        expect(document).not.toMatch(/[\u001b\u202e]|<script>alert/);
    }
  });

  it('is readable only by the user, and overwrites nothing without force', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'picture-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const svg = join(folder, 'path.svg');
    const flags = { svg, html: join(folder, 'path.html'), mermaid: false, force: false };
    const { trace, findings } = pathBetween(healthyFacts, 'a1', 'b1');
    await checkPictureFlags(flags);
    await writePictures(flags, trace, findings);
    expect(statSync(svg).mode & 0o777).toBe(0o600);
    expect(readFileSync(flags.html, 'utf8')).toContain('Content-Security-Policy');
    await expect(checkPictureFlags(flags)).rejects.toMatchObject({ kind: 'exists' });
    await checkPictureFlags({ ...flags, force: true });
  });
});

describe('lines of text', () => {
  it.each([
    ['one two three', 8, undefined, ['one two', 'three']],
    ['abcdefghij', 4, undefined, ['abcd', 'efgh', 'ij']],
    ['abcdefghij', 4, 2, ['abcd', 'efg…']],
    ['日本語', 4, undefined, ['日本', '語']],
    ['', 4, undefined, ['']],
  ])('of %j in %i columns', (text, columns, longest, lines) => {
    expect(textLines(text, columns, longest)).toEqual(lines);
  });
});
