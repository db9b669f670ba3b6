import type { NetworkFinding } from '../findings/finding.ts';
import { isTunnel } from '../trace/crossTunnel.ts';
import type { Place, Port, Wiring } from '../wiring.ts';
import type { Device, Graph, GraphGroup, GraphLine, Mark } from './graph.ts';

/** A whole node, from left to right: pods, their peer devices on the node, bridges, tunnels and uplinks. */
export function nodeGraph(wiring: Wiring, host: Place, findings: readonly NetworkFinding[]): Graph {
  const ports = (host.network.links ?? [])
    .filter(({ type }) => type !== 'loopback')
    .map((link): Port => ({ ...host, link }));
  const pairs = ports.flatMap((port) => {
    const end = isPair(port) ? wiring.otherEnd(port) : undefined;
    return end === undefined || end.network === port.network ? [] : [{ port, end }];
  });
  const ofPods = new Set(pairs.map(({ port }) => port.link.ifindex));
  const masters = new Set(ports.map(({ link }) => link.master));
  const rest = ports.filter(({ link }) => !ofPods.has(link.ifindex));
  const bridges = rest.filter(({ link }) => link.kind === 'bridge' || masters.has(link.name));
  const others = rest.filter((port) => !bridges.includes(port));
  const toDevice = (port: Port) => deviceOf(wiring, port, findings);
  const pods = pairs.map(
    ({ end }): GraphGroup => ({
      title: wiring.podName(end) ?? `namespace ${end.network.inode}`,
      devices: [toDevice(end)],
    }),
  );
  const column = (title: string, groups: readonly GraphGroup[]) => ({
    title,
    groups: groups.filter(({ devices }) => devices.length > 0),
    reads: 'down' as const,
  });
  return {
    title: '',
    columns: [
      column('pods', pods),
      column(host.node.name, [
        { title: 'ends of pods', devices: pairs.map(({ port }) => toDevice(port)) },
      ]),
      column(host.node.name, [{ title: 'bridges', devices: bridges.map(toDevice) }]),
      column(host.node.name, [
        { title: 'tunnels', devices: others.filter(({ link }) => isTunnel(link)).map(toDevice) },
        {
          title: 'uplinks and others',
          devices: others.filter(({ link }) => !isTunnel(link)).map(toDevice),
        },
      ]),
    ].filter(({ groups }) => groups.length > 0),
    lines: [
      ...pairs.map(
        ({ port, end }): GraphLine => ({ from: idOf(end), to: idOf(port), isWay: false }),
      ),
      ...ports.flatMap((port): GraphLine[] => {
        const master = wiring.master(port);
        return master ? [{ from: idOf(port), to: idOf(master), isWay: false }] : [];
      }),
    ],
  };
}

function isPair({ link }: Port): boolean {
  return link.kind === 'veth' || link.kind === 'netkit';
}

function idOf({ network, link }: Port): string {
  return `n${network.inode}i${link.ifindex}`;
}

function deviceOf(wiring: Wiring, port: Port, findings: readonly NetworkFinding[]): Device {
  const { node, network, link } = port;
  const isBad = !['UP', 'UNKNOWN'].includes(link.state);
  const marks = findings
    .filter(
      ({ where }) =>
        where.node === node.name &&
        where.device === link.name &&
        (where.netns === undefined ? wiring.isHost(port) : where.netns === network.inode),
    )
    .map(({ severity, kind }): Mark => ({ severity, text: kind }));
  const far = isTunnel(link)
    ? (network.fdb ?? []).flatMap(({ device, mac, destination }) =>
        device === link.name && destination !== undefined ? [`to ${destination} (${mac})`] : [],
      )
    : [];
  return {
    id: idOf(port),
    name: link.name,
    kind: [link.kind ?? 'device', `mtu ${link.mtu}`, isBad ? link.state : '']
      .filter(Boolean)
      .join(' · '),
    details: [
      ...link.addresses
        .filter(({ scope }) => scope === 'global')
        .map(({ address, prefixLength }) => `${address}/${prefixLength}`),
      ...far,
    ],
    marks,
  };
}
