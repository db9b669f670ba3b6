import { type Html, html } from '../../output/html/html.ts';
import type { Device, Graph, GraphColumn, GraphGroup, GraphLine } from './graph.ts';
import { textLines } from './textLines.ts';

/** A drawing and its size, in CSS pixels. */
export interface Drawing {
  readonly content: Html;
  readonly width: number;
  readonly height: number;
}

const DEVICE = { width: 268, gap: 22, padding: 9, line: 15 } as const;
const GROUP = { padding: 12, title: 22, gap: 22 } as const;
const COLUMN = { title: 26, gap: 64, padding: 10 } as const;
/** The most characters per line in a device's box. Usual fonts are narrower than assumed here. */
const CHARACTERS = { name: 32, detail: 40 } as const;
const DETAIL_LINES = 4;

interface TextLine {
  readonly text: string;
  readonly style: 'name' | 'detail' | 'error' | 'warning' | 'info' | 'good';
}

interface Box {
  readonly device: Device;
  readonly lines: readonly TextLine[];
  readonly x: number;
  readonly y: number;
  readonly height: number;
}

interface Frame {
  readonly title: string;
  readonly isColumn: boolean;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Draws a graph: frames of nodes and namespaces, boxes of devices, lines between them. */
export function drawGraph(graph: Graph): Drawing {
  const width = DEVICE.width + 2 * (GROUP.padding + COLUMN.padding);
  const heights = graph.columns.map(columnHeight);
  const height = Math.max(0, ...heights);
  const boxes = new Map<string, Box>();
  const frames: Frame[] = [];
  for (const [at, column] of graph.columns.entries()) {
    const x = at * (width + COLUMN.gap);
    // A column that is read upwards begins at the bottom, where the line from the previous column arrives.
    const isUp = column.reads === 'up';
    const usedHeight = heights[at] ?? 0;
    frames.push({
      title: column.title,
      isColumn: true,
      x,
      y: height - usedHeight,
      width,
      height: usedHeight,
    });
    if (!isUp && graph.columns.every(({ reads }) => reads === 'down'))
      frames[frames.length - 1] = {
        title: column.title,
        isColumn: true,
        x,
        y: 0,
        width,
        height: usedHeight,
      };
    let y = (frames.at(-1)?.y ?? 0) + COLUMN.title;
    for (const group of isUp ? column.groups.toReversed() : column.groups) {
      const boxesHeight = groupHeight(group);
      frames.push({
        title: group.title,
        isColumn: false,
        x: x + COLUMN.padding,
        y,
        width: width - 2 * COLUMN.padding,
        height: boxesHeight,
      });
      let inner = y + GROUP.title;
      for (const device of isUp ? group.devices.toReversed() : group.devices) {
        const lines = linesOf(device);
        const boxHeight = deviceHeight(device);
        boxes.set(device.id, {
          device,
          lines,
          x: x + COLUMN.padding + GROUP.padding,
          y: inner,
          height: boxHeight,
        });
        inner += boxHeight + DEVICE.gap;
      }
      y += boxesHeight + GROUP.gap;
    }
  }
  const total = graph.columns.length * (width + COLUMN.gap) - COLUMN.gap;
  const content = html`${frames.map(drawFrame)}${graph.lines.map((line) => drawLine(line, boxes))}${[...boxes.values()].map(drawBox)}`;
  return { content, width: Math.max(total, width), height };
}

function linesOf({ name, kind, details, marks }: Device): TextLine[] {
  const [first = '', ...more] = textLines(name, CHARACTERS.name, 3);
  return [
    ...[first, ...more].map((text): TextLine => ({ text, style: 'name' })),
    ...(kind === '' ? [] : [{ text: kind, style: 'detail' as const }]),
    ...details.flatMap((detail) =>
      textLines(detail, CHARACTERS.detail, DETAIL_LINES).map(
        (text): TextLine => ({ text, style: 'detail' }),
      ),
    ),
    ...marks.flatMap(({ text, severity }) =>
      textLines(
        severity === 'good' || /^\W/.test(text) ? text : `✗ ${text}`,
        CHARACTERS.name,
        2,
      ).map((markLine): TextLine => ({ text: markLine, style: severity })),
    ),
  ];
}

function deviceHeight(device: Device): number {
  return linesOf(device).length * DEVICE.line + 2 * DEVICE.padding;
}

function groupHeight({ devices }: GraphGroup): number {
  const boxes = devices.reduce((sum, device) => sum + deviceHeight(device), 0);
  return GROUP.title + boxes + DEVICE.gap * (devices.length - 1) + GROUP.padding;
}

function columnHeight({ groups }: GraphColumn): number {
  const all = groups.reduce((sum, group) => sum + groupHeight(group), 0);
  return COLUMN.title + all + GROUP.gap * (groups.length - 1) + COLUMN.padding;
}

function drawFrame({ title, isColumn, x, y, width, height }: Frame): Html {
  const style = isColumn ? 'node' : 'space';
  return html`<rect class="nd-${style}" x="${x}" y="${y}" width="${width}" height="${height}" rx="${isColumn ? 12 : 9}"/><text class="nd-${style}-title" x="${x + 12}" y="${y + 17}">${textLines(title, 38, 1)}</text>`;
}

function drawBox({ device, lines, x, y, height }: Box): Html {
  const order = ['error', 'warning', 'info'] as const;
  const worst = order.find((severity) => device.marks.some((mark) => mark.severity === severity));
  return html`<g><rect class="nd-device${worst === undefined ? '' : ` nd-${worst}`}" x="${x}" y="${y}" width="${DEVICE.width}" height="${height}" rx="6"/>${lines.map(
    ({ text, style }, at) =>
      html`<text class="nd-${style}" x="${x + DEVICE.padding}" y="${y + DEVICE.padding + 11 + at * DEVICE.line}">${text}</text>`,
  )}</g>`;
}

function drawLine(
  { from, to, label, isPath: isWay }: GraphLine,
  boxes: ReadonlyMap<string, Box>,
): Html {
  const [source, target] = [boxes.get(from), boxes.get(to)];
  if (source === undefined || target === undefined) return html``;
  const style = isWay ? 'nd-way' : 'nd-pair';
  const marker = isWay ? html` marker-end="url(#nd-arrow)"` : html``;
  const path = linePath(source, target);
  const middle = { x: (source.x + target.x + DEVICE.width) / 2, y: (source.y + target.y) / 2 };
  const text =
    label === undefined
      ? html``
      : html`<text class="nd-label" x="${middle.x}" y="${middle.y}" text-anchor="middle">${label}</text>`;
  return html`<path class="${style}" d="${path}"${marker}/>${text}`;
}

/** A straight line within a column; a curve from side to side across columns. */
function linePath(source: Box, target: Box): string {
  if (source.x === target.x) {
    const x = source.x + DEVICE.width - 30;
    return source.y < target.y
      ? `M${x} ${source.y + source.height}V${target.y - 2}`
      : `M${x} ${source.y}V${target.y + target.height + 2}`;
  }
  const isRight = source.x < target.x;
  const [startX, endX] = isRight
    ? [source.x + DEVICE.width, target.x - 2]
    : [source.x, target.x + DEVICE.width + 2];
  const [startY, endY] = [source.y + source.height / 2, target.y + target.height / 2];
  const middle = (startX + endX) / 2;
  return `M${startX} ${startY}C${middle} ${startY} ${middle} ${endY} ${endX} ${endY}`;
}
