import type { NetworkFinding } from '../findings/finding.ts';
import { END_TEXT, isRouteAt } from '../render/drawPath.ts';
import type { Hop, OneWayPath, PathDecision } from '../trace/oneWayPath.ts';
import type { Device, Graph, GraphColumn, GraphGroup, GraphLine } from './graph.ts';

/** Makes a graph of a path, with a column for each node: the first is read downwards, the others upwards. */
export function pathGraph(
  path: OneWayPath,
  findings: readonly NetworkFinding[],
  title: string,
): Graph {
  const sections: { hop: Hop; device: Device }[][] = [];
  let before: Hop | undefined;
  for (const [at, hop] of path.hops.entries()) {
    const device = deviceOf(hop, `d${at}`, path, findings);
    if (before === undefined || before.node !== hop.node) sections.push([]);
    sections.at(-1)?.push({ hop, device });
    before = hop;
  }
  const columns = sections.map(
    (section, at): GraphColumn => ({
      title: section[0]?.hop.node ?? 'outside',
      reads: at === 0 ? 'down' : 'up',
      groups: groupsOf(section),
    }),
  );
  const all = sections.flat().map(({ device }) => device);
  const lines = all
    .slice(1)
    .map((device, at): GraphLine => ({ from: all[at]?.id ?? '', to: device.id, isPath: true }));
  return { title, columns, lines };
}

function groupsOf(section: readonly { hop: Hop; device: Device }[]): GraphGroup[] {
  const groups: { title: string; netns: number | undefined; devices: Device[] }[] = [];
  for (const { hop, device } of section) {
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

function deviceOf(
  hop: Hop,
  id: string,
  path: OneWayPath,
  findings: readonly NetworkFinding[],
): Device {
  const { device, kind, mtu, state, addresses = [], counters, detail } = hop;
  const drops = [counters?.rx, counters?.tx].reduce(
    (sum, count) => sum + (count?.errors ?? 0) + (count?.dropped ?? 0),
    0,
  );
  const address = addresses.find(
    (candidate) => !candidate.startsWith('fe80') && !candidate.startsWith('127.'),
  );
  const isBad = state !== undefined && !['UP', 'UNKNOWN'].includes(state);
  const deviceFindings = findings.filter(
    ({ where }) =>
      where.node === hop.node && where.netns === hop.netns && where.device === hop.device,
  );
  const isLast = path.hops.at(-1) === hop;
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
      ...(drops > 0 ? [`${drops} dropped or errors`] : []),
      ...(detail === undefined ? [] : [detail]),
      ...path.decisions.filter((decision) => isRouteAt(decision, hop, path.hops)).map(routeText),
    ],
    marks: [
      ...deviceFindings.map(({ kind, severity }) => ({ severity, text: kind })),
      ...(isLast ? [endOf(path)] : []),
    ],
  };
}

function routeText({ by, decision }: PathDecision): string {
  return `route (${by}): ${decision}`;
}

function endOf({ end }: OneWayPath): Device['marks'][number] {
  const text = END_TEXT[end];
  if (end === 'stopped') return { severity: 'error', text };
  return { severity: end === 'unknown' ? 'warning' : 'good', text };
}
