import { terminalSafe } from '../../output/terminalSafe.ts';
import type { NetworkFinding } from '../findings/finding.ts';
import type { Hop, OneWayPath, PathDecision } from '../trace/oneWayPath.ts';

const WIDTH = 80;
const GAP = 2;
/** Narrower lanes have no room for a device. Then all nodes share one lane. */
const MIN_LANE_WIDTH = 24;

/**
 * Draws a path in at most 80 columns: a lane for each node, with the devices that the packet passes from top to
 * bottom, and below each device what is wrong with it.
 */
export function* drawPath(
  path: OneWayPath,
  findings: readonly NetworkFinding[],
): Generator<string> {
  const lanes = [...new Set(path.hops.map(laneOf))];
  const width = Math.floor((WIDTH - GAP * (lanes.length - 1)) / Math.max(1, lanes.length));
  const isNarrow = width < MIN_LANE_WIDTH;
  const names = isNarrow ? ['path'] : lanes;
  const lanesOut = new LaneWriter(names.length, isNarrow ? WIDTH : width);
  yield lanesOut.row(names.map((name) => name));
  yield lanesOut.row(names.map(() => '─'.repeat(lanesOut.width)));
  let before: Hop | undefined;
  for (const hop of path.hops) {
    const lane = isNarrow ? 0 : lanes.indexOf(laneOf(hop));
    const previousLane = before === undefined || isNarrow ? lane : lanes.indexOf(laneOf(before));
    if (before !== undefined) {
      yield previousLane === lane
        ? lanesOut.laneRow(lane, ' │')
        : lanesOut.connector(previousLane, lane);
    }
    const entersNamespace = before?.netns !== hop.netns || before?.node !== hop.node;
    if (entersNamespace && hop.pod !== undefined) yield lanesOut.laneRow(lane, `pod ${hop.pod}`);
    for (const line of hopLines(hop, lanesOut.width)) yield lanesOut.laneRow(lane, line);
    for (const decision of path.decisions.filter((candidate) =>
      isRouteAt(candidate, hop, path.hops),
    )) {
      for (const line of wrapText(decisionText(decision), lanesOut.width))
        yield lanesOut.laneRow(lane, line);
    }
    for (const { kind, where } of findings) {
      const isHere =
        where.node === hop.node && where.netns === hop.netns && where.device === hop.device;
      if (isHere) yield lanesOut.laneRow(lane, ` ✗ ${kind}`);
    }
    before = hop;
  }
  const lane = before === undefined || isNarrow ? 0 : lanes.indexOf(laneOf(before));
  yield lanesOut.laneRow(lane, ` ${END_TEXT[path.end]}`);
}

/** The end of a path, in words. */
export const END_TEXT: Readonly<Record<OneWayPath['end'], string>> = {
  delivered: '● arrives',
  left: '→ leaves the cluster',
  stopped: '✗ goes no further',
  unknown: '? it is unknown whether it arrives',
};

function laneOf({ node }: Hop): string {
  return node ?? 'outside';
}

/** A device as lines that fit a lane: its name and kind, then its address. */
function hopLines(hop: Hop, width: number): string[] {
  const { device, kind, mtu, state, addresses = [], detail, counters } = hop;
  const stateText = state !== undefined && !['UP', 'UNKNOWN'].includes(state) ? ` ${state}` : '';
  const count = (counter: 'errors' | 'dropped') =>
    (counters?.rx[counter] ?? 0) + (counters?.tx[counter] ?? 0);
  const head =
    ` ${device ?? ''} ${kind}${mtu === undefined ? '' : ` mtu ${mtu}`}${stateText}`.replace(
      '  ',
      ' ',
    );
  const address = addresses.find(
    (candidate) => !candidate.startsWith('fe80') && !candidate.startsWith('127.'),
  );
  const details = [
    ...(address === undefined ? [] : [address]),
    ...(count('dropped') > 0 ? [`${count('dropped')} drops`] : []),
    ...(count('errors') > 0 ? [`${count('errors')} errors`] : []),
  ].join(', ');
  const joined = details === '' ? head : `${head}  ${details}`;
  const lines = joined.length <= width ? [joined] : [head, ` │   ${details}`];
  return detail === undefined ? lines : [...lines, ...wrapText(detail, width)];
}

/** A text beside the connecting line, wrapped into lines. */
function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${lines.length === 0 ? ' │   ' : ' │     '}${word}`);
  }
  return lines;
}

/** A route is shown at the last device before it is used: the one on which the packet arrived. */
export function isRouteAt(decision: PathDecision, hop: Hop, hops: readonly Hop[]): boolean {
  if (decision.kind !== 'route' || decision.node !== hop.node || decision.netns !== hop.netns)
    return false;
  const { inputDevice } = decision.question ?? {};
  if (inputDevice !== undefined) return inputDevice === hop.device;
  return (
    hops.find(({ node, netns }) => node === hop.node && netns === hop.netns) === hop &&
    hop === hops[0]
  );
}

function decisionText({ by, decision }: PathDecision): string {
  return `route (${by}): ${decision}`;
}

/** Lines of several lanes side by side. */
class LaneWriter {
  readonly #lanes: number;
  readonly width: number;

  constructor(laneCount: number, width: number) {
    this.#lanes = laneCount;
    this.width = width;
  }

  row(cells: readonly string[]): string {
    return `${cells
      .map((cell) => this.#fit(cell))
      .join(' '.repeat(GAP))
      .trimEnd()}\n`;
  }

  laneRow(lane: number, text: string): string {
    return this.row(
      Array.from({ length: this.#lanes }, (_, index) => (index === lane ? text : '')),
    );
  }

  /** Draws a line from one lane to another. */
  connector(from: number, to: number): string {
    const start = (this.width + GAP) * Math.min(from, to) + 1;
    const end = (this.width + GAP) * Math.max(from, to) + 1;
    const [left, right] = from < to ? ['└', '┐'] : ['┌', '┘'];
    return `${' '.repeat(start)}${left}${'─'.repeat(Math.max(0, end - start - 1))}${right}\n`;
  }

  #fit(text: string): string {
    const safe = terminalSafe(text);
    const characters = [...safe];
    return characters.length > this.width
      ? `${characters.slice(0, this.width - 1).join('')}…`
      : safe.padEnd(this.width);
  }
}
