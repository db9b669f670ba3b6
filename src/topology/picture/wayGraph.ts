import type { NetworkFinding } from '../findings/finding.ts';
import { END_TEXT, isRouteAt } from '../render/drawWay.ts';
import type { Hop, PathDecision, Way } from '../trace/way.ts';
import type { Device, Graph, GraphColumn, GraphGroup, GraphLine } from './graph.ts';

/** Makes a graph of a way, with a column for each node: the first is read downwards, the others upwards. */
export function wayGraph(way: Way, findings: readonly NetworkFinding[], title: string): Graph {
  const stretches: { hop: Hop; device: Device }[][] = [];
  let before: Hop | undefined;
  for (const [at, hop] of way.hops.entries()) {
    const device = deviceOf(hop, `d${at}`, way, findings);
    if (before === undefined || before.node !== hop.node) stretches.push([]);
    stretches.at(-1)?.push({ hop, device });
    before = hop;
  }
  const columns = stretches.map(
    (stretch, at): GraphColumn => ({
      title: stretch[0]?.hop.node ?? 'outside',
      reads: at === 0 ? 'down' : 'up',
      groups: groupsOf(stretch),
    }),
  );
  const all = stretches.flat().map(({ device }) => device);
  const lines = all
    .slice(1)
    .map((device, at): GraphLine => ({ from: all[at]?.id ?? '', to: device.id, isWay: true }));
  return { title, columns, lines };
}

function groupsOf(stretch: readonly { hop: Hop; device: Device }[]): GraphGroup[] {
  const groups: { title: string; netns: number | undefined; devices: Device[] }[] = [];
  for (const { hop, device } of stretch) {
    const last = groups.at(-1);
    if (last !== undefined && last.netns === hop.netns) last.devices.push(device);
    else {
      const owner = hop.node === undefined ? '' : 'network of the node';
      const title = hop.pod === undefined ? owner : `pod ${hop.pod}`;
      groups.push({ title, netns: hop.netns, devices: [device] });
    }
  }
  return groups;
}

function deviceOf(hop: Hop, id: string, way: Way, findings: readonly NetworkFinding[]): Device {
  const { device, kind, mtu, state, addresses = [], counters, detail } = hop;
  const lost = [counters?.rx, counters?.tx].reduce(
    (sum, one) => sum + (one?.errors ?? 0) + (one?.dropped ?? 0),
    0,
  );
  const address = addresses.find((one) => !one.startsWith('fe80') && !one.startsWith('127.'));
  const isBad = state !== undefined && !['UP', 'UNKNOWN'].includes(state);
  const own = findings.filter(
    ({ where }) =>
      where.node === hop.node && where.netns === hop.netns && where.device === hop.device,
  );
  const isLast = way.hops.at(-1) === hop;
  return {
    id,
    name: device ?? kind,
    kind: [
      device === undefined ? '' : kind,
      mtu === undefined ? '' : `mtu ${mtu}`,
      isBad ? state : '',
    ]
      .filter(Boolean)
      .join(' · '),
    details: [
      ...(address === undefined ? [] : [address]),
      ...(lost > 0 ? [`${lost} dropped or errors`] : []),
      ...(detail === undefined ? [] : [detail]),
      ...way.decisions.filter((one) => isRouteAt(one, hop, way.hops)).map(routeText),
    ],
    marks: [
      ...own.map(({ kind, severity }) => ({ severity, text: kind })),
      ...(isLast ? [endOf(way)] : []),
    ],
  };
}

function routeText({ by, decision }: PathDecision): string {
  return `route (${by}): ${decision}`;
}

function endOf({ end }: Way): Device['marks'][number] {
  const text = END_TEXT[end];
  if (end === 'stopped') return { severity: 'error', text };
  return { severity: end === 'unknown' ? 'warning' : 'good', text };
}
