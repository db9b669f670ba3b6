import type { CaptureInterface } from '../captureInterface.ts';
import { Note } from '../notes.ts';
import type {
  DirectionComparison,
  JoinedConnection,
  PointComparison,
} from '../points/pointComparison.ts';
import { isSameEnd, type PointView } from '../points/pointView.ts';
import { durationText, percentText, pluralise } from '../timeText.ts';
import type { Finder } from './finder.ts';

/** Smaller clock offsets are not reported. Nanoseconds. */
const MIN_OFFSET_NS = 0.5e6;
/** A smaller share of lost packets is harmless. */
const LOSS_SHARE = 0.001;
const MAX_SHOWN_TRANSLATIONS = 3;

/** Adds findings for differences between points of capture. */
export function addPointFindings(finder: Finder, comparisons: readonly PointComparison[]): void {
  for (const comparison of comparisons) {
    const { first, second, toSecond, toFirst } = comparison;
    addLossFinding(finder, comparison, toSecond, [first, second]);
    addLossFinding(finder, comparison, toFirst, [second, first]);
    addForeignResetsFinding(finder, toSecond, [first, second]);
    addForeignResetsFinding(finder, toFirst, [second, first]);
    addClockFinding(finder, comparison);
    addJoinedFinding(finder, comparison);
  }
}

type FromTo = readonly [from: CaptureInterface, to: CaptureInterface];

function addLossFinding(
  finder: Finder,
  { isPartial }: PointComparison,
  direction: DirectionComparison,
  [from, to]: FromTo,
): void {
  const { lost, lostData, packets, note, connections } = direction;
  if (lost === 0) return;
  const isHarmful = lostData > 0 && lost / Math.max(1, packets) >= LOSS_SHARE;
  // If the recorder dropped at least as many packets, the network may not have lost any.
  const isDrop = (to.dropped ?? 0) >= lost || to.gaps > 0;
  const onlyBareAcks = lostData === 0 ? ', all of them bare acknowledgments' : '';
  const partialText = isPartial ? ' (only the first packets were compared)' : '';
  finder.add({
    kind: 'loss-between-points',
    severity: isHarmful && !isDrop ? 'error' : 'warning',
    what: `${pluralise(lost, 'packet')} of ${packets} (${percentText(lost, packets)}) passed ${from.label} and ${isDrop ? `were not recorded at ${to.label}, whose capture ${missingText(to)}: probably not lost` : `never reached ${to.label}: lost between the two`}${onlyBareAcks}${partialText}`,
    who: [...new Set(connections.map((view) => whoOf(finder, view)))].join(', '),
    note,
    interfaceIndex: from.index,
    filter: packetsFilter(note),
    scope: {
      conversations: direction.losing,
      hasMore: direction.hasMoreLosing,
      servers: connections.map(({ server }) => server),
    },
    causes: [
      ...captureCauses(direction, [from, to]),
      `a device, queue, policy or firewall between ${from.label} and ${to.label} drops them`,
      'a smaller MTU between them, if only large packets are lost',
    ],
  });
}

/** What a capture lacks: `dropped 3 packets and misses 1 part`. */
function missingText({ dropped = 0, gaps }: CaptureInterface): string {
  return [
    ...(dropped > 0 ? [`dropped ${pluralise(dropped, 'packet')}`] : []),
    ...(gaps > 0 ? [`misses ${pluralise(gaps, 'part')}`] : []),
  ].join(' and ');
}

/** Possible causes in the capture itself, listed before the others if there is evidence for them. */
function captureCauses({ unseen }: DirectionComparison, [, to]: FromTo): string[] {
  const causes: string[] = [];
  if ((to.dropped ?? 0) > 0 || to.gaps > 0)
    causes.push(`the capture at ${to.label} itself ${missingText(to)}`);
  if (unseen > 0)
    causes.push(
      `the captures miss packets: ${pluralise(unseen, 'other packet')} arrived at ${to.label} without being seen at the other point`,
    );
  return causes;
}

function addForeignResetsFinding(
  finder: Finder,
  { foreignResets, resetConnection: view }: DirectionComparison,
  [from, to]: FromTo,
): void {
  if (foreignResets.count === 0) return;
  finder.add({
    kind: 'reset-by-middlebox',
    severity: 'error',
    what: `${pluralise(foreignResets.count, 'RST')} arrived at ${to.label} but never passed ${from.label}, the side of the sender: something between the two sent it`,
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

function addClockFinding(
  finder: Finder,
  { first, second, clock, connections }: PointComparison,
): void {
  if (!clock) return;
  const { offset, uncertainty } = clock;
  if (Math.abs(offset) < MIN_OFFSET_NS || Math.abs(offset) <= uncertainty) return;
  const [ahead, behind] = offset > 0 ? [second, first] : [first, second];
  const note = new Note();
  const [connection] = connections;
  if (connection) note.firstTime = note.lastTime = connection.near.start;
  note.count = 1;
  finder.add({
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

function addJoinedFinding(finder: Finder, comparison: PointComparison): void {
  const { first, second, joined, translated, connections } = comparison;
  const note = new Note();
  note.count = joined;
  const starts = connections.map(({ near }) => near.start);
  note.firstTime = Math.min(...starts);
  note.lastTime = Math.max(...starts);
  const place =
    first === second ? `twice at ${first.label}` : `at both ${first.label} and ${second.label}`;
  finder.add({
    kind: 'joined-connection',
    severity: 'info',
    what: `recorded ${place}: ${pluralise(joined, 'connection')}${translated > 0 ? `, ${translated} of them translated between the points: ${translations(finder, connections)}` : ''}; they are compared, not counted twice`,
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
  const texts = new Set<string>();
  for (const { near, far } of connections) {
    if (!isSameEnd(near.server, far.server))
      texts.add(`${finder.endpoint(near.server)} is ${finder.endpoint(far.server)} there`);
    if (near.client.address !== far.client.address)
      texts.add(
        `the client ${finder.names.withName(near.client.address)} is ${finder.names.withName(far.client.address)} there`,
      );
    if (texts.size >= MAX_SHOWN_TRANSLATIONS) break;
  }
  return [...texts].join(', ');
}

function whoOf(finder: Finder, { client, server }: PointView): string {
  return `${finder.names.withName(client.address)} → ${finder.endpoint(server)}`;
}

function packetsFilter({ packets }: Note): string {
  return `frame.number in {${packets.join(', ')}}`;
}
