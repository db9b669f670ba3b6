import type { NetworkFinding } from '../findings/finding.ts';
import type { Place, Port, Topology } from '../topology.ts';
import { isTunnel } from '../trace/crossTunnel.ts';
import type { Device, Graph, GraphGroup, GraphLine, Mark } from './graph.ts';

/** A whole node, from left to right: pods, their peer devices on the node, bridges, tunnels and uplinks. */
export function nodeGraph(
  topology: Topology,
  host: Place,
  findings: readonly NetworkFinding[],
): Graph {
  const ports = (host.network.links ?? [])
    .filter(({ type }) => type !== 'loopback')
    .map((link): Port => ({ ...host, link }));
  const pairs = ports.flatMap((port) => {
    const end = isPair(port) ? topology.otherEnd(port) : undefined;
    return end === undefined || end.network === port.network ? [] : [{ port, end }];
  });
  const podPorts = new Set(pairs.map(({ port }) => port.link.ifindex));
  const masters = new Set(ports.map(({ link }) => link.master));
  const rest = ports.filter(({ link }) => !podPorts.has(link.ifindex));
  const bridges = rest.filter(({ link }) => link.kind === 'bridge' || masters.has(link.name));
  const otherPorts = rest.filter((port) => !bridges.includes(port));
  const toDevice = (port: Port) => deviceOf(topology, port, findings);
  const pods = pairs.map(
    ({ end }): GraphGroup => ({
      title: topology.podName(end) ?? `namespace ${end.network.inode}`,
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
        {
          title: 'tunnels',
          devices: otherPorts.filter(({ link }) => isTunnel(link)).map(toDevice),
        },
        {
          title: 'uplinks and others',
          devices: otherPorts.filter(({ link }) => !isTunnel(link)).map(toDevice),
        },
      ]),
    ].filter(({ groups }) => groups.length > 0),
    lines: [
      ...pairs.map(
        ({ port, end }): GraphLine => ({ from: idOf(end), to: idOf(port), isPath: false }),
      ),
      ...ports.flatMap((port): GraphLine[] => {
        const master = topology.master(port);
        return master ? [{ from: idOf(port), to: idOf(master), isPath: false }] : [];
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

function deviceOf(topology: Topology, port: Port, findings: readonly NetworkFinding[]): Device {
  const { node, network, link } = port;
  const isBad = !['UP', 'UNKNOWN'].includes(link.state);
  const marks = findings
    .filter(
      ({ where }) =>
        where.node === node.name &&
        where.device === link.name &&
        (where.netns === undefined ? topology.isHost(port) : where.netns === network.inode),
    )
    .map(({ severity, kind }): Mark => ({ severity, text: kind }));
  const remoteText = isTunnel(link)
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
      ...remoteText,
    ],
    marks,
  };
}
