import { describe, expect, it } from 'vitest';
import { parseScreen } from '../../scripts/picture/screen.ts';
import { terminalSvg } from '../../scripts/picture/svg.ts';

/** Column, cells and text of each run. */
const placed = (line: string) =>
  parseScreen(line)[0]?.map(({ column, width, text }) => [column, width, text]);

/** Each text of a picture with its attributes, except the title. */
const textsOf = (screen: string) =>
  [...terminalSvg('', 80, screen).matchAll(/<text ([^>]*textLength[^>]*)>(.*?)<\/text>/g)].map(
    ([, attributes = '', text]) => ({
      text,
      ...Object.fromEntries(
        [...attributes.matchAll(/(\S+)="(.*?)"/g)].map(([, name, value]) => [name, value]),
      ),
    }),
  );

describe('the screen of a picture', () => {
  it('keeps styles over several lines until they are changed', () => {
    const [first, second] = parseScreen('a\x1b[1;32mb\nc\x1b[22md\x1b[39me\x1b[2;97;44mf\x1b[m g');
    expect(first).toMatchObject([
      { text: 'a', isBold: false, colour: undefined },
      { text: 'b', isBold: true, colour: '#98c379' },
    ]);
    expect(second).toMatchObject([
      { text: 'c', isBold: true, colour: '#98c379' },
      { text: 'd', isBold: false, colour: '#98c379' },
      { text: 'e', isBold: false, colour: undefined },
      { text: 'f', isDim: true, colour: '#ffffff', background: '#61afef' },
      { text: ' g', isDim: false, colour: undefined, background: undefined },
    ]);
  });

  it('distinguishes all sixteen colours, in the foreground and background', () => {
    const codes = [...Array(8).keys()].flatMap((index) => [30 + index, 90 + index]);
    const text = codes.map((code) => `\x1b[${code};${code + 10}mx`).join('');
    const [runs = []] = parseScreen(text);
    expect(new Set(runs.map(({ colour }) => colour)).size).toBe(16);
    for (const { colour, background } of runs) expect(background).toBe(colour);
  });

  it('gives wide characters two cells and combining marks none', () => {
    expect(placed('e\u0301x漢b😀─▶')).toEqual([
      [0, 2, 'e\u0301x'],
      [2, 2, '漢'],
      [4, 1, 'b'],
      [5, 2, '😀'],
      [7, 2, '─▶'],
    ]);
  });

  it.each(['\x1b[38;5;9mx', '\x1b[4mx', '\x1b[98mx', '\x1b[2Kx', 'a\tb'])('refuses %j', (text) => {
    expect(() => parseScreen(text)).toThrow();
  });
});

describe('the picture of a terminal', () => {
  it('places columns apart, with a length that does not depend on the font', () => {
    expect(textsOf('tcp   LISTEN 0   *:80\n\n q')).toMatchObject([
      { text: 'tcp', x: '14', y: '59', textLength: '24' },
      { text: 'LISTEN 0', x: '62', y: '59', textLength: '64' },
      { text: '*:80', x: '150', y: '59', textLength: '32' },
      { text: 'q', x: '22', y: '95', textLength: '8' },
    ]);
  });

  it('places marks, wide characters and surrogate pairs by their cells', () => {
    expect(textsOf('e\u0301  漢  𝒳  y')).toMatchObject([
      { text: 'e\u0301', x: '14', textLength: '8' },
      { text: '漢', x: '38', textLength: '16' },
      { text: '𝒳', x: '70', textLength: '8' },
      { text: 'y', x: '94', textLength: '8' },
    ]);
  });

  it('has colours, bold, dim and backgrounds', () => {
    expect(textsOf('\x1b[31;1mred\x1b[0;2mdim')).toMatchObject([
      { text: 'red', fill: '#ef6b73', 'font-weight': 'bold' },
      { text: 'dim', opacity: '.6' },
    ]);
    const svg = terminalSvg('', 80, 'ab\x1b[42mcd');
    expect(svg).toContain('<rect x="30" y="46" width="16" height="18" fill="#98c379"/>');
  });

  it('escapes characters that are special in XML', () => {
    const svg = terminalSvg('a & b', 80, '10.0.0.1 > "x" <&amp;>');
    expect(svg).toContain('>a &amp; b</text>');
    expect(textsOf('10.0.0.1 > "x" <&amp;>')).toMatchObject([
      { text: '10.0.0.1 &gt; "x" &lt;&amp;amp;&gt;', textLength: '176' },
    ]);
  });

  it('is as high as its rows, and as wide as its columns', () => {
    expect(terminalSvg('', 80, 'a\nb\n\n\n')).toContain('width="668" height="96"');
    expect(terminalSvg('', 40, 'a\nb\nc')).toContain('width="348" height="114"');
  });
});
