import type { CaptureInterface } from '../captureInterface.ts';
import { Note } from '../notes.ts';
import type {
  JoinedConnection,
  PointComparison,
  WayComparison,
} from '../points/pointComparison.ts';
import { isSameEnd, type PointView } from '../points/pointView.ts';
import { counted, durationText, percentText } from '../timeText.ts';
import type { Finder } from './finder.ts';

/** Smaller clock offsets are not reported. Nanoseconds. */
const LEAST_OFFSET_NS = 0.5e6;
/** A smaller share of lost packets is harmless. */
const LOSS_SHARE = 0.001;
const SHOWN_TRANSLATIONS = 3;

/** Adds findings for differences between points of capture. */
export function statePoints(finder: Finder, comparisons: readonly PointComparison[]): void {
  for (const comparison of comparisons) {
    const { first, second, toSecond, toFirst } = comparison;
    stateLoss(finder, comparison, toSecond, [first, second]);
    stateLoss(finder, comparison, toFirst, [second, first]);
    stateForeignResets(finder, toSecond, [first, second]);
    stateForeignResets(finder, toFirst, [second, first]);
    stateClock(finder, comparison);
    stateJoined(finder, comparison);
  }
}

type FromTo = readonly [from: CaptureInterface, to: CaptureInterface];

function stateLoss(
  finder: Finder,
  { isPartial }: PointComparison,
  way: WayComparison,
  [from, to]: FromTo,
): void {
  const { lost, lostData, packets, note, connections } = way;
  if (lost === 0) return;
  const isHarmful = lostData > 0 && lost / Math.max(1, packets) >= LOSS_SHARE;
  // If the recorder dropped at least as many packets, the network may not have lost any.
  const isDrop = (to.dropped ?? 0) >= lost || to.gaps > 0;
  const bare = lostData === 0 ? ', all of them bare acknowledgments' : '';
  const part = isPartial ? ' (only the first packets were compared)' : '';
  finder.state({
    kind: 'loss-between-points',
    severity: isHarmful && !isDrop ? 'error' : 'warning',
    what: `${counted(lost, 'packet')} of ${packets} (${percentText(lost, packets)}) passed ${from.label} and ${isDrop ? `were not recorded at ${to.label}, whose capture ${missingText(to)}: probably not lost` : `never reached ${to.label}: lost between the two`}${bare}${part}`,
    who: [...new Set(connections.map((view) => whoOf(finder, view)))].join(', '),
    note,
    interfaceIndex: from.index,
    filter: packetsFilter(note),
    scope: {
      conversations: way.losing,
      hasMore: way.hasMoreLosing,
      servers: connections.map(({ server }) => server),
    },
    causes: [
      ...captureCauses(way, [from, to]),
      `a device, queue, policy or firewall between ${from.label} and ${to.label} drops them`,
      'a smaller MTU between them, if only large packets are lost',
    ],
  });
}

/** What a capture lacks: `dropped 3 packets and misses 1 part`. */
function missingText({ dropped = 0, gaps }: CaptureInterface): string {
  return [
    ...(dropped > 0 ? [`dropped ${counted(dropped, 'packet')}`] : []),
    ...(gaps > 0 ? [`misses ${counted(gaps, 'part')}`] : []),
  ].join(' and ');
}

/** Possible causes in the capture itself, listed before the others if there is evidence for them. */
function captureCauses({ unseen }: WayComparison, [, to]: FromTo): string[] {
  const causes: string[] = [];
  if ((to.dropped ?? 0) > 0 || to.gaps > 0)
    causes.push(`the capture at ${to.label} itself ${missingText(to)}`);
  if (unseen > 0)
    causes.push(
      `the captures miss packets: ${counted(unseen, 'other packet')} arrived at ${to.label} without being seen at the other point`,
    );
  return causes;
}

function stateForeignResets(
  finder: Finder,
  { foreignResets, resetConnection: view }: WayComparison,
  [from, to]: FromTo,
): void {
  if (foreignResets.count === 0) return;
  finder.state({
    kind: 'reset-by-middlebox',
    severity: 'error',
    what: `${counted(foreignResets.count, 'RST')} arrived at ${to.label} but never passed ${from.label}, the side of the sender: something between the two sent it`,
    who: view ? whoOf(finder, view) : `${from.label} → ${to.label}`,
    note: foreignResets,
    interfaceIndex: to.index,
    filter: packetsFilter(foreignResets),
    ...(view && {
      scope: { conversations: new Set([view.serial]), hasMore: false, servers: [view.server] },
    }),
    causes: [
      'a firewall, load balancer or NAT that lost track of the connection or forbids it',
      'a policy engine or intrusion prevention that forbids the content',
    ],
  });
}

function stateClock(finder: Finder, { first, second, clock, connections }: PointComparison): void {
  if (!clock) return;
  const { offset, uncertainty } = clock;
  if (Math.abs(offset) < LEAST_OFFSET_NS || Math.abs(offset) <= uncertainty) return;
  const [ahead, behind] = offset > 0 ? [second, first] : [first, second];
  const note = new Note();
  const [connection] = connections;
  if (connection) note.firstTime = note.lastTime = connection.near.start;
  note.count = 1;
  finder.state({
    kind: 'clock-offset',
    severity: 'info',
    what: `the clock at ${ahead.label} is ${durationText(Math.abs(offset))} ahead of that at ${behind.label} (± ${durationText(uncertainty)}): times and packet order of the two cannot be compared directly`,
    who: `${first.label}, ${second.label}`,
    note,
    interfaceIndex: -1,
    filter: '',
    causes: [
      'the clocks of the two nodes are not synchronized (NTP, chrony)',
      'to correct the times of a file, use editcap -t',
    ],
  });
}

function stateJoined(finder: Finder, comparison: PointComparison): void {
  const { first, second, joined, translated, connections } = comparison;
  const note = new Note();
  note.count = joined;
  const starts = connections.map(({ near }) => near.start);
  note.firstTime = Math.min(...starts);
  note.lastTime = Math.max(...starts);
  const place =
    first === second ? `${first.label} has twice` : `${first.label} and ${second.label} both have`;
  finder.state({
    kind: 'joined-connection',
    severity: 'info',
    what: `${place} ${counted(joined, 'connection')}${translated > 0 ? `, ${translated} of them translated between the points: ${translations(finder, connections)}` : ''}; they are compared, not counted twice`,
    who: connections[0] ? whoOf(finder, connections[0].near) : '',
    note,
    interfaceIndex: -1,
    filter: '',
    causes: [
      translated > 0
        ? 'a service address or SNAT: one point is before the translation, the other after it'
        : 'two points on the same path',
    ],
  });
}

function translations(finder: Finder, connections: readonly JoinedConnection[]): string {
  const found = new Set<string>();
  for (const { near, far } of connections) {
    if (!isSameEnd(near.server, far.server))
      found.add(`${finder.endpoint(near.server)} is ${finder.endpoint(far.server)} there`);
    if (near.client.address !== far.client.address)
      found.add(
        `the client ${finder.names.withName(near.client.address)} is ${finder.names.withName(far.client.address)} there`,
      );
    if (found.size >= SHOWN_TRANSLATIONS) break;
  }
  return [...found].join(', ');
}

function whoOf(finder: Finder, { client, server }: PointView): string {
  return `${finder.names.withName(client.address)} → ${finder.endpoint(server)}`;
}

function packetsFilter({ packets }: Note): string {
  return `frame.number in {${packets.join(', ')}}`;
}
