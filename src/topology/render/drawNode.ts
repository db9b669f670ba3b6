import { terminalSafe } from '../../output/terminalSafe.ts';
import type { Place, Port, Topology } from '../topology.ts';
import { isTunnel } from '../trace/crossTunnel.ts';

/** Draws a whole node: its bridges with their pods, pods on routed veths, tunnels and uplinks. */
export function* drawNode(topology: Topology, host: Place): Generator<string> {
  const ports = (host.network.links ?? []).map((link): Port => ({ ...host, link }));
  const tops = ports.filter(({ link }) => link.master === undefined && link.type !== 'loopback');
  const order = (port: Port) => ORDER.findIndex((matches) => matches(port, topology));
  yield `${terminalSafe(`node ${host.node.name}`)}\n`;
  const sorted = tops.toSorted((a, b) => order(a) - order(b));
  for (const [at, port] of sorted.entries()) {
    const isLast = at === sorted.length - 1;
    yield `${line(`${isLast ? '└─' : '├─'} ${deviceText(port)}${podText(topology, port)}`)}\n`;
    const children = topology.portsOf(port);
    for (const [index, child] of children.entries()) {
      const branch = index === children.length - 1 ? '└─' : '├─';
      yield `${line(`${isLast ? '  ' : '│ '}   ${branch} ${deviceText(child)}${podText(topology, child)}`)}\n`;
    }
    for (const entry of tunnelEntries(port))
      yield `${line(`${isLast ? '  ' : '│ '}   to ${entry}`)}\n`;
  }
}

const ORDER: readonly ((port: Port, topology: Topology) => boolean)[] = [
  ({ link }) => link.kind === 'bridge',
  (port, topology) => podText(topology, port) !== '',
  ({ link }) => isTunnel(link),
  () => true,
];

function deviceText({ link }: Port): string {
  const { name, kind, mtu, state, addresses } = link;
  const globalAddresses = addresses
    .filter(({ scope }) => scope === 'global')
    .map(({ address, prefixLength }) => `${address}/${prefixLength}`);
  const stateText = ['UP', 'UNKNOWN'].includes(state) ? '' : ` ${state}`;
  return [`${name} ${kind ?? 'device'} mtu ${mtu}${stateText}`, ...globalAddresses].join('  ');
}

function podText(topology: Topology, port: Port): string {
  if (port.link.kind !== 'veth' && port.link.kind !== 'netkit') return '';
  const end = topology.otherEnd(port);
  if (end === undefined || end.network === port.network) return '';
  const pod = topology.podName(end);
  const address = end.link.addresses.find(({ scope }) => scope === 'global')?.address;
  return ` → ${[pod ?? `namespace ${end.network.inode}`, end.link.name, address].filter(Boolean).join(' ')}`;
}

function tunnelEntries({ network, link }: Port): string[] {
  if (!isTunnel(link)) return [];
  return (network.fdb ?? []).flatMap(({ device, mac, destination }) =>
    device === link.name && destination !== undefined ? [`${destination} (${mac})`] : [],
  );
}

function line(text: string): string {
  const characters = [...terminalSafe(text)];
  return characters.length > 80 ? `${characters.slice(0, 79).join('')}…` : characters.join('');
}
