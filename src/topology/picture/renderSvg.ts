import { Html, html } from '../../output/html/html.ts';
import type { NetworkFinding } from '../findings/finding.ts';
import { drawGraph } from './drawGraph.ts';
import type { Graph } from './graph.ts';
import style from './picture.css';
import { type Picture, placeText } from './picture.ts';
import { textLines } from './textLines.ts';

const MARGIN = 20;
/** The text below the drawing is at least this wide, however narrow the drawing. */
const MIN_WIDTH = 720;
const LINE = 16;
/** Pixels per character of text, and of the title. The average of usual fonts is less. */
const CHARACTER = 6.6;
const TITLE_CHARACTER = 9.5;

const ARROW = html`<defs><marker id="nd-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path class="nd-arrow" d="M0 0L8 4L0 8z"/></marker></defs>`;

/** The topology alone, for a page that includes the stylesheet. */
export function graphSvg(graph: Graph): Html {
  const { content, width, height } = drawGraph(graph);
  return html`<svg class="nd-picture" viewBox="-2 -2 ${width + 4} ${height + 4}" width="${width + 4}" height="${height + 4}" role="img" aria-label="${graph.title}">${ARROW}${content}</svg>`;
}

/** Renders a standalone SVG with topology and findings. It follows the light or dark theme, and is light in print. */
export function renderSvg(picture: Picture): string {
  const drawings = picture.graphs.map((graph) => ({ title: graph.title, ...drawGraph(graph) }));
  const width = Math.max(MIN_WIDTH, ...drawings.map((drawing) => drawing.width));
  const sheet = new TextSheet(width);
  sheet.write(picture.title, 'nd-title', { advance: 23, character: TITLE_CHARACTER });
  sheet.y += 6;
  for (const { title, content, height } of drawings) {
    if (title !== '') sheet.write(title, 'nd-name', { advance: 20 });
    sheet.parts.push(html`<g transform="translate(${MARGIN} ${sheet.y})">${content}</g>`);
    sheet.y += height + 22;
  }
  for (const note of picture.notes) sheet.write(note, 'nd-label');
  sheet.y += 8;
  if (picture.nothing !== undefined) sheet.write(picture.nothing, 'nd-good');
  for (const finding of picture.findings) drawFinding(sheet, finding, width);
  for (const line of picture.unknown) sheet.write(`unknown: ${line}`, 'nd-muted');
  sheet.y += 8;
  sheet.write(`kubectl netdebug path, ${picture.collectedAt}`, 'nd-muted');
  const [all, tall] = [width + 2 * MARGIN, sheet.y + MARGIN - 4];
  return html`<svg xmlns="http://www.w3.org/2000/svg" class="nd-picture" viewBox="0 0 ${all} ${tall}" width="${all}" height="${tall}" role="img"><title>${picture.title}</title><style>${new Html(style)}</style>${ARROW}<rect class="nd-paper" width="${all}" height="${tall}"/>${sheet.parts}</svg>
`.text;
}

function drawFinding(sheet: TextSheet, finding: NetworkFinding, width: number): void {
  const { severity, kind, where, causedBy, meaning, evidence, fix } = finding;
  const text = new TextSheet(width, sheet.y + 8);
  const place = placeText(where);
  const cause = causedBy === undefined ? '' : ` (follows from ${causedBy})`;
  const indent = 16;
  text.write(
    `${severity}: ${kind}${place === '' ? '' : ` on ${place}`}${cause}`,
    `nd-${severity}`,
    {
      indent,
    },
  );
  text.write(meaning, 'nd-text', { indent });
  for (const line of evidence.split('\n'))
    text.write(line, 'nd-mono', { indent, character: MONO_CHARACTER });
  text.write(`Fix: ${fix}`, 'nd-text', { indent });
  const height = text.y + 4 - sheet.y;
  sheet.parts.push(
    html`<rect class="nd-card" x="${MARGIN}" y="${sheet.y}" width="${width}" height="${height}" rx="6"/><rect class="nd-bar nd-${severity}" x="${MARGIN}" y="${sheet.y}" width="5" height="${height}" rx="2"/>`,
    ...text.parts,
  );
  sheet.y += height + 10;
}

const MONO_CHARACTER = 7;

/** Writes lines of text from top to bottom. */
class TextSheet {
  readonly parts: Html[] = [];
  readonly #width: number;
  y: number;

  constructor(width: number, y = MARGIN) {
    this.#width = width;
    this.y = y;
  }

  write(
    text: string,
    kind: string,
    { indent = 0, advance = LINE, character = CHARACTER } = {},
  ): void {
    const columns = Math.floor((this.#width - 2 * indent) / character);
    for (const line of textLines(text, columns)) {
      this.parts.push(
        html`<text class="${kind}" x="${MARGIN + indent}" y="${this.y + 12}">${line}</text>`,
      );
      this.y += advance;
    }
  }
}
