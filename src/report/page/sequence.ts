import { packetText, problemsOf, remarksOf } from './describePacket.ts';
import { element, svg } from './dom.ts';
import { numberText, spanText, utcClockText } from './format.ts';
import { firstTime, type PassingPacket } from './mergePoints.ts';

const WIDTH = 1_120;
const LEFT = 170;
const RIGHT = 800;
const NOTES_LEFT = 830;
const HEAD_HEIGHT = 52;
const ROW_HEIGHT = 30;
const GAP_HEIGHT = 26;

/** The most packets in one diagram. */
const MAX_ROWS = 600;
/** The shortest silence that is shown. Microseconds. */
const MIN_SILENCE = 150_000;

export interface Diagram {
  readonly protocol: string;
  readonly client: string;
  readonly server: string;
  /** The capture points, from client to server. */
  readonly points: readonly string[];
  readonly packets: readonly PassingPacket[];
  /** How many packets follow the last one. */
  readonly skippedAtEnd: number;
  /** The report's start in milliseconds since 1970, and the conversation's start in microseconds after it. */
  readonly start: number;
  readonly offset: number;
}

/** Draws the packets of a conversation as arrows between its endpoints, or between its capture points. */
export function sequenceDiagram(diagram: Diagram): HTMLElement {
  const lines = diagram.points.length > 1 ? diagram.points.length : 2;
  const x = (place: number) => LEFT + (place / (lines - 1)) * (RIGHT - LEFT);
  const rows: SVGElement[] = [];
  let top = HEAD_HEIGHT;
  let previousTime: number | undefined;
  let hasProblem = false;
  const addGap = (text: string) => {
    if (text === '') return;
    const at = { x: (LEFT + RIGHT) / 2, y: top + 17, 'text-anchor': 'middle' };
    rows.push(svg('text', { class: 'muted gap', ...at }, text));
    top += GAP_HEIGHT;
  };
  for (const passing of diagram.packets.slice(0, MAX_ROWS)) {
    const time = firstTime(passing);
    addGap(describeGap(passing.skipped, previousTime === undefined ? 0 : time - previousTime));
    const row = drawPacketRow(passing, diagram, x, lines, top);
    if (row.classList.contains('problem') && !hasProblem) {
      hasProblem = true;
      row.id = 'first-problem';
    }
    rows.push(row);
    previousTime = time;
    top += ROW_HEIGHT;
  }
  const omittedCount = diagram.packets.length - MAX_ROWS;
  addGap(describeGap(diagram.skippedAtEnd + Math.max(0, omittedCount), 0));
  const picture = svg(
    'svg',
    {
      class: 'sequence',
      width: WIDTH,
      height: top + 10,
      viewBox: `0 0 ${WIDTH} ${top + 10}`,
      role: 'img',
      'aria-label': `Packets between ${diagram.client} and ${diagram.server}`,
    },
    drawArrowHeads(),
    ...Array.from({ length: lines }, (_, place) =>
      svg('line', { class: 'lifeline', x1: x(place), x2: x(place), y1: HEAD_HEIGHT - 6, y2: top }),
    ),
    ...drawHeads(diagram, x, lines),
    ...rows,
  );
  return element(
    'div',
    { class: 'scroll diagram', tabindex: 0, role: 'region', 'aria-label': 'Sequence diagram' },
    picture,
  );
}

function drawHeads(diagram: Diagram, x: (place: number) => number, lines: number): SVGElement[] {
  const isBoth = diagram.points.length > 1;
  return Array.from({ length: lines }, (_, place) => {
    const isFirst = place === 0;
    const isLast = place === lines - 1;
    const end = isFirst ? diagram.client : isLast ? diagram.server : '';
    const role = isFirst ? 'client' : isLast ? 'server' : '';
    const point = diagram.points[place] ?? '';
    const caption = isBoth ? `captured at ${truncate(point, 34)}` : role;
    const anchor = 'middle';
    return svg(
      'g',
      {},
      svg(
        'text',
        { class: 'end', x: x(place), y: 18, 'text-anchor': anchor },
        truncate(end || point, 44),
      ),
      svg(
        'text',
        { class: 'muted', x: x(place), y: 36, 'text-anchor': anchor },
        end === '' ? '' : caption,
      ),
      svg('title', {}, [end, point].filter(Boolean).join(', captured at ')),
    );
  });
}

function drawPacketRow(
  passing: PassingPacket,
  { protocol, points, start, offset }: Diagram,
  x: (place: number) => number,
  lines: number,
  top: number,
): SVGElement {
  const { packet, times, lostAfter } = passing;
  const isLost = lostAfter >= 0;
  const problems = problemsOf(packet);
  const y = top + 22;
  const [from, to] = arrowEnds(passing, points.length, lines, x);
  const text = packetText(packet, protocol);
  const notes = [...problems, ...remarksOf(packet)];
  if (isLost) notes.unshift(lossNote(passing, points));
  const kind = isLost ? 'lost' : problems.length > 0 ? 'trouble' : 'fine';
  const travel = travelText(times);
  return svg(
    'g',
    { class: `packet ${kind}${kind === 'fine' ? '' : ' problem'}` },
    svg(
      'title',
      {},
      `Packet ${packet.number} at ${utcClockText(start, offset + Math.round(firstTime(passing)), 6)}: ${[text, ...notes].join('; ')}`,
    ),
    svg('rect', { class: 'row', x: 0, y: top, width: WIDTH, height: ROW_HEIGHT }),
    svg(
      'text',
      { class: 'muted mono', x: LEFT - 26, y: y - 2, 'text-anchor': 'end' },
      utcClockText(start, offset + Math.round(firstTime(passing)), 6),
    ),
    svg('line', {
      class: 'arrow',
      x1: from,
      x2: to,
      y1: y,
      y2: y,
      'marker-end': isLost ? undefined : `url(#head-${kind})`,
    }),
    isLost
      ? svg('path', { class: 'cross', d: `M${to - 6},${y - 6}l12,12m0,-12l-12,12` })
      : undefined,
    svg('text', { x: (LEFT + RIGHT) / 2, y: y - 5, 'text-anchor': 'middle' }, truncate(text, 78)),
    svg(
      'text',
      { class: notes.length > 0 && kind !== 'fine' ? 'note' : 'muted', x: NOTES_LEFT, y: y - 2 },
      truncate([...notes, travel].filter(Boolean).join(' · '), 46),
    ),
  );
}

/** The start and the end of the packet's arrow. The arrow of a lost packet ends half way to the next point. */
function arrowEnds(
  { packet: { fromClient }, times, lostAfter }: PassingPacket,
  points: number,
  lines: number,
  x: (place: number) => number,
): [number, number] {
  const last = lines - 1;
  if (points <= 1) return fromClient ? [x(0), x(last)] : [x(last), x(0)];
  const seenPlaces = [...times.keys()].filter((place) => times[place] !== undefined);
  const [lowest, highest] = [seenPlaces[0] ?? 0, seenPlaces.at(-1) ?? last];
  const step = fromClient ? 1 : -1;
  const begin = fromClient ? lowest : highest;
  if (lostAfter >= 0) return [x(begin), x(lostAfter + step * 0.55)];
  // A packet that only one point saw, and that is not marked as lost, is drawn from one end to the other.
  const [a, b] = seenPlaces.length > 1 ? [lowest, highest] : [0, last];
  return fromClient ? [x(a), x(b)] : [x(b), x(a)];
}

/** Says where a lost packet was heading. */
function lossNote({ packet, lostAfter }: PassingPacket, points: readonly string[]): string {
  const next = points[lostAfter + (packet.fromClient ? 1 : -1)];
  return next === undefined ? 'LOST on the way' : `LOST on the way to ${next}`;
}

function travelText(times: readonly (number | undefined)[]): string {
  const seenTimes = times.filter((time) => time !== undefined);
  if (seenTimes.length < 2) return '';
  return `${spanText(Math.round(Math.max(...seenTimes) - Math.min(...seenTimes)))} on the way`;
}

function drawArrowHeads(): SVGElement {
  return svg(
    'defs',
    {},
    ...['fine', 'trouble', 'lost'].map((kind) =>
      svg(
        'marker',
        {
          id: `head-${kind}`,
          class: `head ${kind}`,
          markerWidth: 9,
          markerHeight: 9,
          refX: 8,
          refY: 4,
          orient: 'auto',
        },
        svg('path', { d: 'M0,0L9,4L0,8Z' }),
      ),
    ),
  );
}

function truncate(text: string, limit: number): string {
  return text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
}

/** How many packets of the diagram were lost, in words. */
export function lossText(packets: readonly PassingPacket[]): string {
  const lost = packets.filter(({ lostAfter }) => lostAfter >= 0).length;
  return lost === 0 ? '' : `${numberText(lost)} lost on the way`;
}

/** Describes the gap between two packets: packets left out, and silence. */
function describeGap(skipped: number, silence: number): string {
  const parts: string[] = [];
  if (skipped > 0)
    parts.push(`${numberText(skipped)} ${skipped === 1 ? 'packet' : 'packets'} not shown`);
  if (silence >= MIN_SILENCE) parts.push(`${spanText(Math.round(silence))} later`);
  return parts.length > 0 ? `⋮ ${parts.join(', ')} ⋮` : '';
}
