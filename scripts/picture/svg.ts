import { parseScreen, type Run } from './screen.ts';

/** Pixels. */
const CELL = { width: 8, height: 18 };
const MARGIN = 14;
const TITLE_BAR = 32;
const FONT_SIZE = 13;

const COLOURS = { screen: '#16181d', bar: '#262a32', text: '#d7dae0', title: '#9aa0ab' };
const BUTTONS = ['#ef6b73', '#e5c07b', '#98c379'];
const FONTS =
  "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace";

/**
 * A terminal's screen as SVG. Each run of text declares its length, and each column is a run of its own, so that the
 * text stays in its cells with any font.
 */
export function terminalSvg(title: string, columns: number, screen: string): string {
  const rows = parseScreen(screen.trimEnd());
  const width = columns * CELL.width + 2 * MARGIN;
  const height = TITLE_BAR + rows.length * CELL.height + 2 * MARGIN;
  const text = rows.flatMap((runs, row) => runs.flatMap((run) => drawn(run, row)));
  const buttons = BUTTONS.map(
    (colour, index) =>
      `<circle cx="${20 + index * 20}" cy="${TITLE_BAR / 2}" r="6" fill="${colour}"/>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="100%" height="100%" rx="8" fill="${COLOURS.screen}"/>`,
    `<path d="M0 ${TITLE_BAR}V8a8 8 0 0 1 8-8h${width - 16}a8 8 0 0 1 8 8v${TITLE_BAR - 8}z" fill="${COLOURS.bar}"/>`,
    ...buttons,
    `<g font-family="${FONTS}" font-size="${FONT_SIZE}" fill="${COLOURS.text}" xml:space="preserve">`,
    `<text x="${width / 2}" y="21" text-anchor="middle" fill="${COLOURS.title}">${escaped(title)}</text>`,
    ...text,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

/** The background of a run, and its words at their positions. */
function drawn(run: Run, row: number): string[] {
  const top = TITLE_BAR + MARGIN + row * CELL.height;
  const left = MARGIN + run.column * CELL.width;
  const look = [
    run.colour === undefined ? '' : ` fill="${run.colour}"`,
    run.isBold ? ' font-weight="bold"' : '',
    run.isDim ? ' opacity=".6"' : '',
  ].join('');
  const box = `x="${left}" y="${top}" width="${run.width * CELL.width}" height="${CELL.height}"`;
  const background =
    run.background === undefined ? [] : [`<rect ${box} fill="${run.background}"/>`];
  const words = [...run.text.matchAll(/\S+(?: \S+)*/gu)].map(({ 0: word, index }) => {
    const x = left + cells(run.text.slice(0, index)) * CELL.width;
    const length = (word === run.text ? run.width : cells(word)) * CELL.width;
    return `<text x="${x}" y="${top + 13}" textLength="${length}" lengthAdjust="spacingAndGlyphs"${look}>${escaped(word)}</text>`;
  });
  return [...background, ...words];
}

/** The number of cells that a text of narrow characters fills. */
function cells(text: string): number {
  return [...text.replace(/\p{M}/gu, '')].length;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
